"""Whether poses determine a hand-eye calibration, which to add, and how far off the result is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from simreal_common.camera import Camera
from simreal_common.errors import CalibrationError
from simreal_common.geometry import Pose, rotation_distance
from simreal_perception.camera_calibration.hand_eye import (
    EYE_IN_HAND,
    EYE_TO_HAND,
    HandEyeFit,
    View,
    calibrate_hand_eye,
    refine,
)
from simreal_perception.camera_calibration.hand_eye_start import target_pose

Array = NDArray[np.float64]

FEWEST_POSES = 8
# Two poses that differ by less tell the same.
SAME_PLACE_M, SAME_TURN_RAD = 0.01, np.radians(3.0)
# How much the tool turns, RMS over all pairs of poses, about the axis with most and with second
# most of it: from turns about one axis alone the place along that axis cannot be told.
LEAST_TURN_RAD, LEAST_SECOND_TURN_RAD = np.radians(12.0), np.radians(8.0)
# What is known worse than this is no calibration.
LARGEST_SIGMA_M, LARGEST_SIGMA_RAD = 0.005, np.radians(1.0)
MOST_FOLDS = 12
# A target of another size than told is recognised by this share, if it is as many sigmas off.
WRONG_SCALE, WRONG_SCALE_SIGMAS = 0.01, 5.0


@dataclass(frozen=True, eq=False)
class HeldOut:
    """How far off a calibration is, by poses that were left out of it, in turns.

    Args:
        position_m: for each view, distance of the target as computed without this view from where
            the picture shows it, metres; of the picture itself the noise is in it.
        rotation_rad: likewise the angle.
        sigma_m, sigma_rad: standard deviation of the camera's place and orientation (jackknife).
    """

    position_m: Array
    rotation_rad: Array
    sigma_m: float
    sigma_rad: float


def different_views(views: Sequence[View]) -> tuple[list[View], list[tuple[str, str]]]:
    """The views without those at an earlier one's pose; their names and those they repeat."""
    kept: list[View] = []
    repeated: list[tuple[str, str]] = []
    for view in views:
        twin = next((other for other in kept if _same(view, other)), None)
        if twin is None:
            kept.append(view)
        else:
            repeated.append((view.sight.name, twin.sight.name))
    return kept, repeated


def _same(one: View, other: View) -> bool:
    a, b = one.pose_tool_in_base, other.pose_tool_in_base
    near = float(np.linalg.norm(a.position - b.position)) < SAME_PLACE_M
    return near and rotation_distance(a.rotation, b.rotation) < SAME_TURN_RAD


def check_poses(views: Sequence[View], repeated: int = 0) -> None:
    """Raise a CalibrationError unless there are enough poses that turn enough; says which to add.

    Args:
        views: different ones.
        repeated: how many more there were.
    """
    if len(views) < FEWEST_POSES:
        similar = f" ({repeated} more repeat others)" if repeated else ""
        raise CalibrationError(
            f"the target was seen at {len(views)} different poses of the arm{similar}, wanted "
            f"{FEWEST_POSES} or more: take 15 to 25, with the tool turned by 20 to 40 degrees about "
            "each of its axes, and at several places"
        )
    turns = _turns(views)
    values, axes = np.linalg.eigh(turns.T @ turns / len(turns))
    spread = np.sqrt(np.maximum(values, 0.0))  # ascending
    if spread[2] >= LEAST_TURN_RAD and spread[1] >= LEAST_SECOND_TURN_RAD:
        return
    about = np.sqrt(np.mean(turns**2, axis=0))
    if spread[2] < LEAST_TURN_RAD:
        have = f"the tool hardly turns between the poses (by {np.degrees(spread[2]):.0f} degrees)"
        add = "three poses or more turned by 20 to 40 degrees about each of two of its axes"
    else:
        axis = ", ".join(f"{value:.1f}" for value in axes[:, 2])
        have = f"the tool turns about one axis alone ({axis} in its own frame)"
        weakest = "xyz"[int(np.argmin(about))]
        add = f"three poses or more turned by 20 to 40 degrees about the tool's {weakest} axis"
    raise CalibrationError(f"{have}, which leaves the camera's place open: add {add}")


def _turns(views: Sequence[View]) -> Array:
    """Rotation vectors between all pairs of poses, in the tool's frame, radians, (M, 3)."""
    rotations = Rotation.from_quat([view.pose_tool_in_base.orientation for view in views])
    first, second = np.triu_indices(len(views), k=1)
    return np.asarray((rotations[first].inv() * rotations[second]).as_rotvec())


def held_out_errors(fit: HandEyeFit, camera: Camera) -> HeldOut:
    """Leave out views in turns (each by itself, up to a dozen; else in a dozen parts), and compute.

    Raises:
        CalibrationError: without some of the views the others determine no place.
    """
    folds = min(len(fit.views), MOST_FOLDS)
    position, rotation = np.zeros(len(fit.views)), np.zeros(len(fit.views))
    places, turns = [], []
    for fold in range(folds):
        kept = [view for number, view in enumerate(fit.views) if number % folds != fold]
        part = refine(kept, camera, fit.mount, fit.pose_camera_in_parent, fit.pose_target_in_other)
        places.append(part.pose_camera_in_parent.position)
        turns.append(
            (
                Rotation.from_quat(part.pose_camera_in_parent.orientation)
                * Rotation.from_quat(fit.pose_camera_in_parent.orientation).inv()
            ).as_rotvec()
        )
        for number in range(fold, len(fit.views), folds):
            view = fit.views[number]
            seen = target_pose(view.sight, camera)
            there = part.target_in_camera(view.pose_tool_in_base)
            position[number] = np.linalg.norm(seen.position - there.position)
            rotation[number] = rotation_distance(seen.rotation, there.rotation)
    return HeldOut(position, rotation, _jackknife(np.array(places)), _jackknife(np.array(turns)))


def _jackknife(values: Array) -> float:
    """Standard deviation of an estimate, all its components together, from parts left out."""
    count = len(values)
    spread = values - values.mean(axis=0)
    return float(np.sqrt((count - 1) / count * np.sum(spread**2)))


def check_held_out(held_out: HeldOut) -> None:
    """Raise a CalibrationError where the camera's place is not known well enough to be used."""
    if held_out.sigma_m > LARGEST_SIGMA_M or held_out.sigma_rad > LARGEST_SIGMA_RAD:
        raise CalibrationError(
            f"the camera's place is known to {1e3 * held_out.sigma_m:.1f} mm and "
            f"{np.degrees(held_out.sigma_rad):.2f} degrees only, wanted {1e3 * LARGEST_SIGMA_M:g} mm "
            f"and {np.degrees(LARGEST_SIGMA_RAD):g} degrees: add poses with the target nearer to the "
            "camera and with the tool turned further, and see that the arm was at rest in each picture"
        )


def wrong_size(fit: HandEyeFit, camera: Camera) -> float | None:
    """By which factor the target is larger than told, where the arm's motions say so; else None."""
    free = refine(
        fit.views, camera, fit.mount, fit.pose_camera_in_parent, fit.pose_target_in_other,
        free_scale=True,
    )  # fmt: skip
    if abs(free.scale - 1.0) < WRONG_SCALE:
        return None
    folds = min(len(fit.views), MOST_FOLDS)
    scales = [
        refine(
            [view for number, view in enumerate(fit.views) if number % folds != fold],
            camera, fit.mount, free.pose_camera_in_parent, free.pose_target_in_other,
            free_scale=True,
        ).scale
        for fold in range(folds)
    ]  # fmt: skip
    sigma = _jackknife(np.array(scales)[:, None])
    return free.scale if abs(free.scale - 1.0) > WRONG_SCALE_SIGMAS * sigma else None


def likely_mistake(views: Sequence[View], camera: Camera, mount: str, symmetries: Array) -> str:
    """What makes poses fit that do not as they are, in words; empty where nothing does."""
    other = EYE_IN_HAND if mount == EYE_TO_HAND else EYE_TO_HAND
    turned = [View(view.sight, _w_first(view.pose_tool_in_base)) for view in views]
    for poses, place, words in (
        (
            views,
            other,
            f"they fit as {other}, or if each pose is inverted (tool in base is wanted)",
        ),
        (turned, mount, "they fit with quaternions read as w, x, y, z: write x, y, z, w"),
    ):
        try:
            calibrate_hand_eye(poses, camera, place, symmetries)
        except CalibrationError:
            continue
        return words
    return ""


def _w_first(pose: Pose) -> Pose:
    """The pose that was meant, if its quaternion was written w first."""
    return Pose(pose.position, np.roll(pose.orientation, -1))
