"""Photographs that lie outside of what training shows are named, with the reason; others are not."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from simreal_common.camera import Camera
from simreal_common.geometry import Pose, look_at
from simreal_perception.inspection.coverage import LEAST_TRAINING, Measured, coverage
from simreal_perception.inspection.duplicates import find_duplicates
from simreal_perception.inspection.histograms import histogram
from simreal_perception.inspection.picture_features import (
    Feature,
    block_features,
    difference_hash,
    image_features,
)

CAMERA = Camera.pinhole(640, 480, np.radians(60))
UP = np.array([0.0, 0.0, 1.0])


def measured(
    name: str, rng: np.random.Generator, elevations: Sequence[float], brightness: float = 120.0
) -> Measured:
    image = {
        "brightness": brightness + rng.normal(0, 15),
        "contrast": 50 + rng.normal(0, 8),
        "sharpness": float(np.exp(rng.normal(2, 0.4))),
    }
    blocks = [
        {"size_px": float(np.exp(rng.normal(4, 0.5))), "elevation_deg": e} for e in elevations
    ]
    every = {"distance_edges": 15.0, "visible": 1.0, "off_axis": 0.3}
    return Measured(name, image, [{**block, **every} for block in blocks])


@pytest.fixture
def training() -> list[Measured]:
    rng = np.random.default_rng(1)
    return [measured(f"scene {n}", rng, rng.uniform(10, 55, size=4)) for n in range(200)]


def test_views_from_above_that_training_lacks_are_told(training: list[Measured]) -> None:
    rng = np.random.default_rng(2)
    real = [measured("from above", rng, [84.0, 80.0]), measured("usual", rng, [40.0])]
    found = {one.name: one.reasons for one in coverage(training, real)}
    assert any(
        "elevation of the view" in reason and "84" in reason for reason in found["from above"]
    )
    assert found["usual"] == ()


def test_what_is_like_training_is_inside(training: list[Measured]) -> None:
    rng = np.random.default_rng(3)
    real = [measured(f"real {n}", rng, rng.uniform(12, 53, size=2)) for n in range(200)]
    assert sum(bool(one.reasons) for one in coverage(training, real)) < 20


def test_unlabelled_photographs_are_held_against_images_alone(training: list[Measured]) -> None:
    rng = np.random.default_rng(4)
    dark = measured("dark", rng, [], brightness=12.0)
    usual = measured("usual", rng, [])
    outside = coverage(training, [usual, dark])
    assert outside[0].name == "dark"
    assert any("brightness" in reason for reason in outside[0].reasons)
    assert outside[0].distances["image"] > 1
    assert outside[1].reasons == ()


def test_network_features_count_where_all_have_them(training: list[Measured]) -> None:
    rng = np.random.default_rng(5)

    def with_network(one: Measured, shift: float) -> Measured:
        return Measured(one.name, one.image, one.blocks, rng.normal(shift, 1, size=24))

    known = [with_network(one, 0.0) for one in training]
    strange = with_network(measured("strange", rng, [40.0]), 6.0)
    usual = with_network(measured("usual", rng, [40.0]), 0.0)
    outside = coverage(known, [usual, strange])
    assert outside[0].name == "strange"
    assert outside[0].distances["network"] > 1.5 > outside[1].distances["network"]


def test_too_little_training_says_nothing(training: list[Measured]) -> None:
    assert coverage(training[: LEAST_TRAINING - 1], training[:3]) == []


@given(
    st.floats(15, 88), st.floats(0, 360), st.floats(0, 360), st.floats(-12, 12), st.floats(0.3, 2)
)
@settings(max_examples=25, deadline=None)
def test_the_elevation_of_an_upright_block_needs_no_table(
    elevation: float, around: float, yaw: float, roll: float, distance: float
) -> None:
    """Of all 24 orientations in which it may be labelled."""
    e, a = np.radians([elevation, around])
    eye = distance * np.array([np.cos(e) * np.cos(a), np.cos(e) * np.sin(a), np.sin(e)])
    world = look_at(eye, np.zeros(3), np.radians(roll)).inverse()
    for turn in Rotation.create_group("O"):
        rotation = Rotation.from_euler("z", yaw, degrees=True) * turn
        pose = world @ Pose(np.zeros(3), rotation.as_quat())
        values = block_features(CAMERA, pose.matrix, 0.05, 1.0, None)
        told = block_features(CAMERA, pose.matrix, 0.05, 1.0, world.rotation @ UP)
        assert told["elevation_deg"] == pytest.approx(elevation, abs=1e-4)
        assert values["elevation_deg"] == pytest.approx(elevation, abs=1e-4)


def test_features_of_a_block_are_what_they_are_called() -> None:
    pose = np.eye(4)
    pose[:3, 3] = [0.0, 0.0, 0.5]
    values = block_features(CAMERA, pose, 0.05, 0.7, None)
    assert values["distance_m"] == pytest.approx(0.5)
    assert values["distance_edges"] == pytest.approx(10)
    assert values["size_px"] == pytest.approx(CAMERA.matrix[0, 0] * 0.1)
    assert values["visible"] == 0.7
    assert values["off_axis"] == pytest.approx(0, abs=1e-9)
    assert values["edge_mm"] == pytest.approx(50)


def picture(seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    small = rng.uniform(0, 255, size=(9, 12, 3)).astype(np.uint8)
    return cv2.resize(small, (320, 240), interpolation=cv2.INTER_CUBIC)


def test_image_features_tell_dark_blurred_and_grey_ones() -> None:
    image = picture(1)
    usual = image_features(image)
    assert image_features(image // 4)["brightness"] < 0.3 * usual["brightness"]
    assert image_features(cv2.GaussianBlur(image, (0, 0), 9))["sharpness"] < usual["sharpness"]
    grey = np.repeat(image[..., :1], 3, axis=2)
    assert image_features(grey)["saturation"] == 0


def test_a_picture_that_comes_again_is_told_also_when_it_was_compressed() -> None:
    first, other = picture(1), picture(2)
    _, content = cv2.imencode(".jpg", first, [cv2.IMWRITE_JPEG_QUALITY, 80])
    again = cv2.imdecode(content, cv2.IMREAD_COLOR)
    hashes = np.array([difference_hash(image) for image in (first, other, first, again)])
    found = find_duplicates(list("abcd"), ["1", "2", "1", "3"], hashes, ["x", "y", "x", "x"])
    assert [(one.picture, one.kind) for one in found] == [
        ("c", "duplicate"),
        ("d", "near duplicate"),
    ]
    assert not any(one.error for one in found)


def test_flat_pictures_are_no_duplicates() -> None:
    flat = [np.full((240, 320, 3), value, np.uint8) for value in (10, 20)]
    hashes = np.array([difference_hash(image) for image in flat])
    assert find_duplicates(["a", "b"], ["1", "2"], hashes, ["", ""]) == []


@given(
    st.lists(st.floats(1e-3, 1e6), min_size=1, max_size=50),
    st.lists(st.floats(1e-3, 1e6), max_size=5),
    st.booleans(),
)
@settings(max_examples=30, deadline=None)
def test_a_histogram_shows_every_value_once(
    values: list[float], real: list[float], logarithmic: bool
) -> None:
    plot = histogram(Feature("a <b>", logarithmic), np.array(values), np.array(real))
    counts = [int(part.split("</title>")[0]) for part in plot.split("<title>")[1:]]
    assert sum(counts) == len(values)
    assert plot.count("stroke=") == len(real) + 1
    assert "<b>" not in plot
    assert "nan" not in plot


def test_the_network_tells_pictures_apart() -> None:
    pytest.importorskip("onnx", reason="reads the network's layers: pip install 'simreal[train]'")
    from simreal_perception.inspection.image_embedding import ImageEmbedding

    card = Path(__file__).resolve().parents[3] / "models" / "block.json"
    features = ImageEmbedding(str(card), threads=1)
    image = picture(1)
    first = features.of(image)
    np.testing.assert_array_equal(first, features.of(image))
    blurred = np.abs(first - features.of(cv2.GaussianBlur(image, (0, 0), 1.0))).mean()
    assert blurred < np.abs(first - features.of(picture(2) // 3)).mean()
