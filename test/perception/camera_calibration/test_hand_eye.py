"""Hand-eye calibration on simulated recordings: how far off, what is refused, what is said."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from simreal_common.errors import CalibrationError
from simreal_common.geometry import Pose, cube_corners, cube_symmetries, rotation_distance
from simreal_perception.camera_calibration.board import Board
from simreal_perception.camera_calibration.board_detection import Sight
from simreal_perception.camera_calibration.hand_eye import (
    EYE_IN_HAND,
    EYE_TO_HAND,
    MOUNTS,
    View,
    calibrate_hand_eye,
)
from simreal_perception.camera_calibration.hand_eye_checks import (
    check_held_out,
    check_poses,
    different_views,
    held_out_errors,
    likely_mistake,
    wrong_size,
)

CHARUCO, CHESSBOARD = Board(), Board("chessboard", 8, 6, 0.03)
# What is promised, at 0.2 pixels of noise in each coordinate.
LARGEST_M, LARGEST_RAD = 1e-3, np.radians(0.2)
TARGETS = {
    "charuco": (CHARUCO.points, CHARUCO.symmetries, 0.5),
    "chessboard": (CHESSBOARD.points, CHESSBOARD.symmetries, 0.5),
    "block": (cube_corners(0.05), cube_symmetries(), 0.4),
}


def misnamed(views: list[View], symmetries: np.ndarray, rng: np.random.Generator) -> list[View]:
    """As a detector names the points of a target that looks alike from several sides."""
    turned = []
    for view in views:
        points = view.sight.points @ symmetries[rng.integers(len(symmetries))].T
        turned.append(View(replace(view.sight, points=points), view.pose_tool_in_base))
    return turned


def off(found: Pose, truth: Pose) -> tuple[float, float]:
    place = float(np.linalg.norm(found.position - truth.position))
    return place, rotation_distance(found.rotation, truth.rotation)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("mount", MOUNTS)
@pytest.mark.parametrize("seed", range(3))
def test_within_a_millimetre(simulation: Any, target: str, mount: str, seed: int) -> None:
    points, symmetries, far = TARGETS[target]
    rng = np.random.default_rng([seed, MOUNTS.index(mount), list(TARGETS).index(target)])
    views, truth = simulation.views(mount, points, 15, rng, noise=0.2, far=far)
    check_poses(views)
    fit = calibrate_hand_eye(misnamed(views, symmetries, rng), simulation.camera, mount, symmetries)
    place, turn = off(fit.pose_camera_in_parent, truth)
    assert place < LARGEST_M
    assert turn < LARGEST_RAD
    assert fit.left_out == ()
    assert fit.rms_px < 0.35


@pytest.mark.parametrize("mount", MOUNTS)
def test_poses_left_out_tell_how_far_off_it_is(simulation: Any, mount: str) -> None:
    rng = np.random.default_rng(4)
    views, truth = simulation.views(mount, CHARUCO.points, 14, rng)
    # An arm that repeats to half a millimetre and 0.05 degrees.
    shaken = [
        View(
            view.sight,
            Pose(
                view.pose_tool_in_base.position + rng.normal(0, 5e-4, 3),
                (
                    Rotation.from_quat(view.pose_tool_in_base.orientation)
                    * Rotation.from_rotvec(rng.normal(0, np.radians(0.05), 3))
                ).as_quat(),
            ),
        )
        for view in views
    ]
    exact = held_out_errors(
        calibrate_hand_eye(views, simulation.camera, mount, CHARUCO.symmetries), simulation.camera
    )
    fit = calibrate_hand_eye(shaken, simulation.camera, mount, CHARUCO.symmetries)
    held_out = held_out_errors(fit, simulation.camera)
    assert np.median(exact.position_m) < 5e-4
    assert 5e-4 < np.median(held_out.position_m) < 3e-3
    assert held_out.sigma_m > exact.sigma_m
    place, turn = off(fit.pose_camera_in_parent, truth)
    assert place < 4 * held_out.sigma_m
    assert turn < 4 * held_out.sigma_rad
    check_held_out(held_out)


def test_what_is_not_known_well_is_refused(simulation: Any) -> None:
    rng = np.random.default_rng(4)
    views, _ = simulation.views(EYE_TO_HAND, cube_corners(0.02), 8, rng, noise=2.0, far=0.8)
    fit = calibrate_hand_eye(views, simulation.camera, EYE_TO_HAND, np.eye(3)[None])
    with pytest.raises(
        CalibrationError, match=r"known to [\d.]+ mm and .* wanted 5 mm and 1 degrees: add"
    ):
        check_held_out(held_out_errors(fit, simulation.camera))


def test_a_wrong_pose_is_left_out(simulation: Any) -> None:
    rng = np.random.default_rng(8)
    views, truth = simulation.views(EYE_IN_HAND, CHARUCO.points, 15, rng)
    shifted = views[5].pose_tool_in_base
    views[5] = View(
        views[5].sight, Pose(shifted.position + np.array([0, 0.03, 0]), shifted.orientation)
    )
    fit = calibrate_hand_eye(views, simulation.camera, EYE_IN_HAND, CHARUCO.symmetries)
    assert [name for name, _ in fit.left_out] == ["05.png"]
    assert off(fit.pose_camera_in_parent, truth)[0] < LARGEST_M


@pytest.mark.parametrize("mount", MOUNTS)
def test_a_wrong_mount_is_said(simulation: Any, mount: str) -> None:
    other = EYE_TO_HAND if mount == EYE_IN_HAND else EYE_IN_HAND
    views, _ = simulation.views(mount, CHARUCO.points, 12, np.random.default_rng(1))
    with pytest.raises(CalibrationError, match="do not belong together"):
        calibrate_hand_eye(views, simulation.camera, other, CHARUCO.symmetries)
    words = likely_mistake(views, simulation.camera, other, CHARUCO.symmetries)
    assert f"they fit as {mount}" in words


def test_quaternions_with_w_first_are_said(simulation: Any) -> None:
    views, _ = simulation.views(EYE_TO_HAND, CHARUCO.points, 12, np.random.default_rng(1))
    wrong = [
        View(
            v.sight, Pose(v.pose_tool_in_base.position, np.roll(v.pose_tool_in_base.orientation, 1))
        )
        for v in views
    ]
    with pytest.raises(CalibrationError, match="do not belong together"):
        calibrate_hand_eye(wrong, simulation.camera, EYE_TO_HAND, CHARUCO.symmetries)
    words = likely_mistake(wrong, simulation.camera, EYE_TO_HAND, CHARUCO.symmetries)
    assert "w, x, y, z" in words


def test_poses_of_other_pictures(simulation: Any) -> None:
    views, _ = simulation.views(EYE_TO_HAND, CHARUCO.points, 12, np.random.default_rng(1))
    mixed = [View(a.sight, b.pose_tool_in_base) for a, b in zip(views, views[5:] + views[:5])]
    with pytest.raises(CalibrationError, match="each pose stands beside its picture|each stands"):
        calibrate_hand_eye(mixed, simulation.camera, EYE_TO_HAND, CHARUCO.symmetries)
    assert likely_mistake(mixed, simulation.camera, EYE_TO_HAND, CHARUCO.symmetries) == ""


def test_a_board_of_another_size_than_told(simulation: Any) -> None:
    rng = np.random.default_rng(1)
    views, _ = simulation.views(EYE_IN_HAND, CHARUCO.points * 0.97, 14, rng)
    told = [
        View(replace(v.sight, points=v.sight.points / 0.97), v.pose_tool_in_base) for v in views
    ]
    fit = calibrate_hand_eye(told, simulation.camera, EYE_IN_HAND, CHARUCO.symmetries)
    assert wrong_size(fit, simulation.camera) == pytest.approx(0.97, abs=0.003)
    fit = calibrate_hand_eye(views, simulation.camera, EYE_IN_HAND, CHARUCO.symmetries)
    assert wrong_size(fit, simulation.camera) is None


def blind(poses: list[Pose]) -> list[View]:
    sight = Sight("", np.zeros((0, 3)), np.zeros((0, 2)), (640, 480))
    return [View(replace(sight, name=f"{n}"), pose) for n, pose in enumerate(poses)]


def poses_turned(vectors: np.ndarray) -> list[Pose]:
    places = np.linspace(0.2, 0.6, len(vectors))
    return [
        Pose(np.array([x, 0.1, 0.3]), Rotation.from_rotvec(vector).as_quat())
        for x, vector in zip(places, vectors)
    ]


def test_a_tool_that_does_not_turn() -> None:
    with pytest.raises(
        CalibrationError, match="hardly turns.*three poses or more turned by 20 to 40"
    ):
        check_poses(blind(poses_turned(np.zeros((10, 3)))))


@pytest.mark.parametrize(("axis", "add"), [(0, "y"), (1, "x"), (2, "x")])
def test_a_tool_that_turns_about_one_axis(axis: int, add: str) -> None:
    vectors = np.zeros((10, 3))
    vectors[:, axis] = np.linspace(-0.6, 0.6, 10)
    with pytest.raises(CalibrationError, match=f"one axis alone.*the tool's {add} axis"):
        check_poses(blind(poses_turned(vectors)))
    vectors[:5, (axis + 1) % 3] = 0.5
    check_poses(blind(poses_turned(vectors)))


def test_too_few_poses_and_poses_that_repeat() -> None:
    poses = poses_turned(np.random.default_rng(0).uniform(-0.5, 0.5, (7, 3)))
    again = [Pose(pose.position + 0.002, pose.orientation) for pose in poses[:3]]
    views, repeated = different_views(blind([*poses, *again]))
    assert len(views) == 7
    assert repeated == [("7", "0"), ("8", "1"), ("9", "2")]
    words = "seen at 7 different poses of the arm (3 more repeat others), wanted 8 or more"
    with pytest.raises(CalibrationError, match=re.escape(words)):
        check_poses(views, len(repeated))
