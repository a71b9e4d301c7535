"""BOP scenes as examples: millimetres, models off their middle, splits; and what is wrong with them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from simreal_common.errors import ConfigurationError, SimrealError
from simreal_perception.evaluation.bop_scenes import BopScenes
from simreal_perception.evaluation.labelled_photographs import photograph_source

WIDTH, HEIGHT = 320, 240
K = [300.0, 0, 159.5, 0, 300.0, 119.5, 0, 0, 1]
TURN = Rotation.from_rotvec([0.4, 0.1, -0.3]).as_matrix()


def truth(number: int, place_mm: tuple[float, float, float]) -> dict[str, Any]:
    return {"obj_id": number, "cam_R_m2c": TURN.ravel().tolist(), "cam_t_m2c": list(place_mm)}


def cube(edge_mm: float, low_mm: float) -> dict[str, float]:
    return {f"min_{a}": low_mm for a in "xyz"} | {f"size_{a}": edge_mm for a in "xyz"}


def write_json(path: Path, content: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Two scenes; object 1 is a cube with its frame in a corner, 2 one in its middle, 3 a box."""
    root = tmp_path / "bop"
    box = cube(40.0, -20.0) | {"size_z": 90.0}
    write_json(
        root / "models" / "models_info.json",
        {"1": cube(60.0, 0.0), "2": cube(25.0, -12.5), "3": box},
    )
    for name, folder, ending in (("000001", "rgb", "png"), ("000002", "gray", "jpg")):
        scene = root / "test" / name
        objects = [truth(1, (0, 0, 600)), truth(2, (50, 0, 500)), truth(3, (0, 0, 700))]
        write_json(scene / "scene_camera.json", {"7": {"cam_K": K, "depth_scale": 1.0}})
        write_json(scene / "scene_gt.json", {"7": objects})
        write_json(
            scene / "scene_gt_info.json", {"7": [{"visib_fract": s} for s in (0.9, 0.2, 1.0)]}
        )
        (scene / folder).mkdir()
        pixels = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
        assert cv2.imwrite(str(scene / folder / f"000007.{ending}"), pixels)
    return root


def test_cubes_are_read_in_metres_about_their_middle(data: Path) -> None:
    source = BopScenes(data)
    assert source.count == 2
    example, gray = source.examples([0, 1])
    assert example.name == "test/000001/7"
    assert example.image.shape == gray.image.shape == (HEIGHT, WIDTH, 3)
    np.testing.assert_allclose(example.camera.matrix, np.reshape(K, (3, 3)))
    (pose,) = example.blocks
    np.testing.assert_allclose(pose.position, [0, 0, 0.6] + TURN @ [0.03, 0.03, 0.03], atol=1e-9)
    np.testing.assert_allclose(pose.rotation, TURN, atol=1e-9)
    (hidden,) = example.hidden
    np.testing.assert_allclose(hidden.position, [0.05, 0, 0.5], atol=1e-9)
    assert example.edges == pytest.approx([0.06, 0.025])
    assert example.visible == [0.9, 0.2]
    assert example.edge == pytest.approx(0.06)


@pytest.mark.parametrize("folder", ["", "test", "test/000001"])
def test_a_data_set_a_split_and_a_scene_are_recognised(data: Path, folder: str) -> None:
    source = photograph_source(data / folder)
    assert isinstance(source, BopScenes)
    assert source.count == (1 if folder.endswith("1") else 2)
    assert len(next(source.examples([0])).blocks) == 1


def test_splits_and_scenes_are_picked_by_name(data: Path) -> None:
    assert BopScenes(data, ("000002",)).count == 1
    assert BopScenes(data, ("test",)).count == 2
    with pytest.raises(SimrealError, match="no such split or scene, but 000001, 000002, test"):
        BopScenes(data, ("train",)).count  # noqa: B018


def test_without_visibility_all_that_is_large_enough_counts(data: Path) -> None:
    for info in data.rglob("scene_gt_info.json"):
        info.unlink()
    (example,) = BopScenes(data).examples([0])
    assert example.visible == []
    assert [len(example.blocks), len(example.hidden)] == [1, 1]  # the other is 15 pixels wide


def edit(data: Path, name: str, change: Callable[[Any], Any]) -> None:
    path = next(iter(sorted(data.rglob(name))))
    path.write_text(json.dumps(change(json.loads(path.read_text()))))


SPOILT: dict[str, tuple[Callable[[Path], object], str]] = {
    "no models": (lambda d: shutil.rmtree(d / "models"), "no models/models_info.json"),
    "no cube": (
        lambda d: edit(d, "models_info.json", lambda c: {"3": c["3"]}),
        "has no cube: wanted an object with size_x",
    ),
    "no camera": (lambda d: edit(d, "scene_camera.json", lambda c: {}), "wanted cam_K of each image"),
    "a mirror": (
        lambda d: edit(
            d, "scene_gt.json",
            lambda c: {"7": [c["7"][0] | {"cam_R_m2c": [1, 0, 0, 0, 1, 0, 0, 0, -1]}]},
        ),
        "is no rotation",
    ),
    "no pose": (
        lambda d: edit(d, "scene_gt.json", lambda c: {"7": [{"obj_id": 1}]}),
        "lacks cam_R_m2c, cam_t_m2c",
    ),
    "no list": (lambda d: edit(d, "scene_gt.json", lambda c: {"7": 3}), "wanted a list of objects"),
    "no number": (lambda d: edit(d, "scene_gt.json", lambda c: {"x": []}), "a whole number is wanted"),
    "NaN": (
        lambda d: edit(
            d, "scene_gt.json", lambda c: {"7": [c["7"][0] | {"cam_t_m2c": [0, None, 1]}]}
        ),
        "wanted 3 finite numbers",
    ),
    "a place that squares overflow at": (
        lambda d: edit(
            d, "scene_gt.json", lambda c: {"7": [c["7"][0] | {"cam_t_m2c": [1e300, 0, 1]}]}
        ),
        "is farther than 1000 m",
    ),
    "no image": (lambda d: shutil.rmtree(d / "test/000001/rgb"), "has no image 000007"),
    "no JSON": (
        lambda d: (d / "test/000001/scene_gt.json").write_text("{"), "a list of objects for each image",
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", SPOILT)
def test_what_is_wrong_is_said_in_one_line(data: Path, kind: str) -> None:
    spoil, words = SPOILT[kind]
    spoil(data)
    with pytest.raises(SimrealError, match=words) as caught:
        list(BopScenes(data).examples([0]))
    assert "\n" not in str(caught.value)


def test_scenes_without_images_are_refused(data: Path) -> None:
    for path in data.rglob("scene_gt.json"):
        write_json(path, {})
    with pytest.raises(ConfigurationError, match="names no image"):
        _ = BopScenes(data).count
