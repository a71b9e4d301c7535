"""The plane fitted to estimates of blocks that stand on it, and `simreal fit-plane`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from simreal_cli import cli_estimate
from simreal_cli.cli import main
from simreal_common.block_estimate import BlockEstimate
from simreal_common.errors import ConfigurationError
from simreal_common.geometry import Pose, look_at
from simreal_perception.pose_estimation.image_pyramid import PyramidLimits
from simreal_perception.pose_estimation.plane_fit import common_plane, fit_plane
from simreal_perception.pose_estimation.support_plane import SupportPlane

EDGE = 0.05
RANGE_SIGMA_M, ACROSS_SIGMA_M, TURN_SIGMA_RAD = 0.005, 0.0005, float(np.radians(1.0))
HEIGHT_M = 0.12  # of the table in the world


def table_scene(
    seed: int, levels: list[int], elevation: float = 0.9
) -> tuple[list[BlockEstimate], SupportPlane]:
    """Noisy estimates of blocks turned at random, one on each of some levels, and the true plane."""
    rng = np.random.default_rng(seed)
    target = np.array([0, 0, HEIGHT_M])
    eye = target + 0.8 * np.array([-np.cos(elevation), 0, np.sin(elevation)])
    camera = look_at(eye, target)
    estimates = []
    for number, level in enumerate(levels):
        angle = 2 * np.pi * number / len(levels) + rng.uniform(0, 0.5)
        place = [0.15 * np.cos(angle), 0.15 * np.sin(angle), HEIGHT_M + (level + 0.5) * EDGE]
        turn = 0.35 * number + rng.uniform(0.05, 0.3)
        truth = camera.inverse() @ Pose(np.array(place), Rotation.from_euler("z", turn).as_quat())
        ray = truth.position / np.linalg.norm(truth.position)
        along = np.outer(ray, ray)
        covariance = np.zeros((6, 6))
        covariance[:3, :3] = RANGE_SIGMA_M**2 * along + ACROSS_SIGMA_M**2 * (np.eye(3) - along)
        covariance[3:, 3:] = TURN_SIGMA_RAD**2 * np.eye(3)
        off = rng.multivariate_normal(np.zeros(6), covariance)
        turned = Rotation.from_rotvec(off[3:]) * Rotation.from_quat(truth.orientation)
        pose = Pose(truth.position + off[:3], turned.as_quat())
        estimates.append(BlockEstimate(pose, covariance, 0.9, EDGE))
    return estimates, SupportPlane.in_frame([0, 0, 1], HEIGHT_M, 0.002, camera.inverse())


@given(
    st.integers(0, 10**6),
    st.lists(st.integers(0, 2), min_size=4, max_size=9),
    st.floats(0.5, 1.4),
)
@settings(max_examples=20)
@example(8006, [0, 1, 0, 0, 0, 0, 0, 0, 0], 0.5)  # a proposal runs into the camera
def test_the_true_plane_is_found(seed: int, upper: list[int], elevation: float) -> None:
    estimates, truth = table_scene(seed, [0, 0, *upper], elevation)
    fit = fit_plane(estimates)
    most = 2.0 if len(estimates) >= 5 else 5.0  # degrees; few blocks tell a tilt less well
    assert np.degrees(np.arccos(min(fit.plane.normal @ truth.normal, 1.0))) < most
    middle = np.mean([e.pose.position for e in estimates], axis=0)
    off = float(fit.plane.height(middle) - truth.height(middle))
    assert abs(off) < 4 * fit.plane.sigma
    assert fit.plane.sigma < 0.006
    assert fit.seen == len(estimates)
    assert fit.used >= 0.8 * fit.seen


def test_what_does_not_stand_on_the_plane_is_left_out() -> None:
    estimates, truth = table_scene(3, [0, 0, 0, 1, 0])
    held = estimates[0]
    lifted = Pose(
        held.pose.position + 0.12 * truth.normal,
        (Rotation.from_rotvec([0.4, 0.3, 0]) * Rotation.from_quat(held.pose.orientation)).as_quat(),
    )
    fit = fit_plane([*estimates, BlockEstimate(lifted, held.covariance, 0.9, EDGE)])
    assert (fit.used, fit.seen) == (5, 6)
    assert fit.plane.normal @ truth.normal > np.cos(np.radians(1.5))


def test_too_few_blocks_and_blocks_that_disagree_are_refused() -> None:
    estimates, _ = table_scene(1, [0])
    with pytest.raises(ConfigurationError, match="1 block is seen: wanted at least 2"):
        fit_plane(estimates)
    rng = np.random.default_rng(0)
    tumbling = [
        BlockEstimate(
            Pose(
                np.array([*rng.normal(0, 0.2, 2), 0.8]), Rotation.random(random_state=rng).as_quat()
            ),
            estimates[0].covariance,
            0.9,
            EDGE,
        )
        for _ in range(6)
    ]
    with pytest.raises(ConfigurationError, match=r"of 6 blocks agree on a plane.*check --edge"):
        fit_plane(tumbling)


@given(
    st.integers(0, 10**6),
    st.lists(st.integers(0, 2), max_size=20),
    st.floats(0.5, 1.4),
)
@settings(max_examples=50)
def test_blocks_of_one_image_tell_the_plane_or_nothing(
    seed: int, upper: list[int], elevation: float
) -> None:
    estimates, truth = table_scene(seed, [0, 0, *upper], elevation)
    fit = common_plane(estimates)
    if fit is None:  # some arrangements fit a second plane
        return
    most = 2.0 if len(estimates) >= 5 else 5.0  # degrees; few blocks tell a tilt less well
    assert np.degrees(np.arccos(min(fit.plane.normal @ truth.normal, 1.0))) < most
    middle = np.mean([e.pose.position for e in estimates], axis=0)
    assert abs(float(fit.plane.height(middle) - truth.height(middle))) < 4 * fit.plane.sigma


def test_an_image_tells_the_plane_from_two_blocks_on() -> None:
    estimates, truth = table_scene(4, [0, 0, 0, 0, 1])
    fit = common_plane(estimates)
    assert fit is not None
    assert fit.plane.normal @ truth.normal > np.cos(np.radians(1.5))
    two = common_plane(estimates[:2])
    assert two is not None
    assert two.plane.normal @ truth.normal > np.cos(np.radians(3.0))
    assert common_plane(estimates[:1]) is None
    assert common_plane([]) is None


CAMERA_YAML = """\
image_width: 64
image_height: 48
camera_matrix: {rows: 3, cols: 3, data: [60.0, 0.0, 32.0, 0.0, 60.0, 24.0, 0.0, 0.0, 1.0]}
distortion_model: plumb_bob
distortion_coefficients: {rows: 1, cols: 5, data: [0.0, 0.0, 0.0, 0.0, 0.0]}
"""


@pytest.fixture
def estimates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[BlockEstimate]:
    """What a stand-in for the network finds in every image; images a.png and b.png lie there."""
    for name in ("a.png", "b.png"):
        cv2.imwrite(str(tmp_path / name), np.zeros((48, 64, 3), np.uint8))
    (tmp_path / "camera.yaml").write_text(CAMERA_YAML)
    monkeypatch.chdir(tmp_path)
    found: list[BlockEstimate] = []
    monkeypatch.setattr(cli_estimate, "load_estimator", lambda model, search: lambda *known: found)
    return found


def test_the_line_it_prints_is_what_estimate_takes(
    estimates: list[BlockEstimate], capsys: pytest.CaptureFixture[str]
) -> None:
    blocks, truth = table_scene(5, [0, 0, 1, 0])
    estimates += blocks
    given = ["a.png", "b.png", "--camera", "camera.yaml", "--edge", "0.05"]
    assert main(["fit-plane", *given]) == 0
    said = capsys.readouterr()
    assert said.out.count("\n") == 1
    line = json.loads(said.out)
    assert (line["blocks"], line["blocks_seen"]) == (8, 8)
    assert np.dot(line["normal"], truth.normal) > np.cos(np.radians(1.5))
    assert 0 <= line["residual_mm"] < 10
    assert main(["estimate", "a.png", *given[2:], *line["arguments"].split()]) == 0


def test_unsure_blocks_do_not_count(
    estimates: list[BlockEstimate], capsys: pytest.CaptureFixture[str]
) -> None:
    estimates += table_scene(5, [0, 0, 1, 0])[0]
    given = ["a.png", "--camera", "camera.yaml", "--edge", "0.05", "--min-score", "0.95"]
    assert main(["fit-plane", *given]) == 2
    said = capsys.readouterr().err
    assert said.startswith("error: 0 blocks are seen: wanted at least 2")
    assert said.count("\n") == 1


def test_blocks_are_looked_for_as_far_as_told(
    estimates: list[BlockEstimate], monkeypatch: pytest.MonkeyPatch
) -> None:
    estimates += table_scene(5, [0, 0, 1, 0])[0]
    told: list[PyramidLimits] = []

    def load(model: str, search: PyramidLimits) -> Callable[..., list[BlockEstimate]]:
        told.append(search)
        return lambda *known: estimates

    monkeypatch.setattr(cli_estimate, "load_estimator", load)
    given = ["a.png", "--camera", "camera.yaml", "--edge", "0.05"]
    assert main(["fit-plane", *given, "--max-distance", "3.5", "--max-width", "900"]) == 0
    assert told == [PyramidLimits(3.5, 900)]
