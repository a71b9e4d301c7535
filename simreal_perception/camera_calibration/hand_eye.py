"""Hand-eye calibration: where a camera is mounted on an arm, or stands beside it.

With T_i the tool in the base at picture i, X the camera and Z the target, what the camera sees of the
target is inverse(X) A_i Z. A camera beside the arm (eye to hand) has X in the base, Z in the tool and
A_i = T_i; one on the arm (eye in hand) has X in the tool, Z in the base and A_i = inverse(T_i).
X and Z of least reprojection error are found from a closed form (`hand_eye_start`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares
from scipy.spatial.transform import Rotation

from simreal_common.camera import Camera
from simreal_common.errors import CalibrationError
from simreal_common.geometry import Pose
from simreal_perception.camera_calibration.board_detection import Sight
from simreal_perception.camera_calibration.hand_eye_start import solve_start

Array = NDArray[np.float64]

EYE_TO_HAND, EYE_IN_HAND = "eye-to-hand", "eye-in-hand"
MOUNTS = (EYE_TO_HAND, EYE_IN_HAND)
# A picture is left out that is off by this many times the median, and by this much.
OUTLIER_TIMES, OUTLIER_PX = 4.0, 1.0
MOST_OUTLIERS = 0.25  # of the pictures
# What is further off is no measurement: poses and pictures do not belong together.
LARGEST_RMS_PX = 15.0
HUBER_PX = 2.0  # residuals beyond it count linearly
BEHIND_M = 0.01  # points nearer to the camera's plane than this are moved there


@dataclass(frozen=True, eq=False)
class View:
    """A picture of the target together with the arm's pose.

    Args:
        sight: what the picture shows of the target.
        pose_tool_in_base: where the arm was.
    """

    sight: Sight
    pose_tool_in_base: Pose


@dataclass(frozen=True, eq=False)
class HandEyeFit:
    """A camera's place and how well it explains the pictures.

    Args:
        mount: eye-to-hand or eye-in-hand.
        pose_camera_in_parent: optical frame in the base (eye-to-hand) or in the tool (eye-in-hand).
        pose_target_in_other: target in the tool, or in the base.
        views: those that were used, the target's points named as they must be.
        errors_px: RMS distance of seen and computed points, one a view, pixels.
        left_out: names of views that fit none of the others, and their errors in pixels.
        scale: size of the target that fits best, as a share of what was told; 1 unless it was set
            free.
    """

    mount: str
    pose_camera_in_parent: Pose
    pose_target_in_other: Pose
    views: tuple[View, ...]
    errors_px: Array
    left_out: tuple[tuple[str, float], ...] = ()
    scale: float = 1.0

    @property
    def rms_px(self) -> float:
        """RMS distance of seen and computed points over all views, pixels."""
        counts = [len(view.sight.pixels) for view in self.views]
        return float(np.sqrt(np.average(self.errors_px**2, weights=counts)))

    def target_in_camera(self, pose_tool_in_base: Pose) -> Pose:
        """Where the camera sees the target when the arm is there."""
        chain = arm_chain(pose_tool_in_base, self.mount)
        return self.pose_camera_in_parent.inverse() @ chain @ self.pose_target_in_other


def arm_chain(pose_tool_in_base: Pose, mount: str) -> Pose:
    """A_i of the module's formula."""
    return pose_tool_in_base if mount == EYE_TO_HAND else pose_tool_in_base.inverse()


def calibrate_hand_eye(
    views: Sequence[View], camera: Camera, mount: str, symmetries: Array
) -> HandEyeFit:
    """The camera's place that explains what the views show, with outliers left out.

    Args:
        views: `hand_eye_checks.check_poses` says whether they suffice.
        mount: one of MOUNTS.
        symmetries: rotations after which the target's points may be named otherwise, (K, 3, 3); of
            a ChArUco board the identity alone, of a cube 24.

    Raises:
        CalibrationError: no place explains them.
    """
    chains = [arm_chain(view.pose_tool_in_base, mount) for view in views]
    start = solve_start([view.sight for view in views], chains, camera, symmetries)
    named = [
        View(_renamed(view.sight, rotation), view.pose_tool_in_base)
        for view, rotation in zip(views, start.namings)
    ]
    left_out: list[tuple[str, float]] = []
    fit = refine(named, camera, mount, start.pose_camera_in_parent, start.pose_target_in_other)
    while len(left_out) < int(MOST_OUTLIERS * len(views)):
        worst = int(np.argmax(fit.errors_px))
        limit = max(OUTLIER_TIMES * float(np.median(fit.errors_px)), OUTLIER_PX)
        if fit.errors_px[worst] < limit:
            break
        left_out.append((named.pop(worst).sight.name, float(fit.errors_px[worst])))
        fit = refine(named, camera, mount, fit.pose_camera_in_parent, fit.pose_target_in_other)
    if not fit.rms_px < LARGEST_RMS_PX:
        raise CalibrationError(
            f"poses and pictures do not belong together: at best the target is {fit.rms_px:.0f} pixels "
            f"off, wanted below {LARGEST_RMS_PX:g}; see that the poses are those of the tool in the "
            "base, that each stands beside its picture, and that the camera file is of this camera"
        )
    return HandEyeFit(
        mount, fit.pose_camera_in_parent, fit.pose_target_in_other, fit.views, fit.errors_px,
        tuple(left_out),
    )  # fmt: skip


def refine(
    views: Sequence[View],
    camera: Camera,
    mount: str,
    pose_camera_in_parent: Pose,
    pose_target_in_other: Pose,
    free_scale: bool = False,
) -> HandEyeFit:
    """Both poses of least reprojection error, from a start (Levenberg-Marquardt, Huber's loss).

    Args:
        free_scale: the target's size is found, too.
    """
    sizes = [len(view.sight.points) for view in views]
    points = np.concatenate([view.sight.points for view in views])
    pixels = np.concatenate([view.sight.pixels for view in views])
    number = np.repeat(np.arange(len(views)), sizes)
    chains = [arm_chain(view.pose_tool_in_base, mount) for view in views]
    rotations = np.array([chain.rotation for chain in chains])[number]
    shifts = np.array([chain.position for chain in chains])[number]

    def poses(values: Array) -> tuple[Pose, Pose]:
        return _moved(pose_camera_in_parent, values[:6]), _moved(pose_target_in_other, values[6:12])

    def missed(values: Array) -> Array:
        camera_pose, target = poses(values)
        scale = values[12] if free_scale else 1.0
        there = target.transform_points(points * scale)
        there = np.einsum("nij,nj->ni", rotations, there) + shifts
        there = camera_pose.inverse().transform_points(there)
        there[:, 2] = np.maximum(there[:, 2], BEHIND_M)
        return (camera.project(there) - pixels).ravel()

    zero = np.zeros(13 if free_scale else 12)
    zero[12:] = 1.0
    found = least_squares(
        lambda values: _huber(missed(values)), zero, method="lm", x_scale="jac", xtol=1e-10
    ).x
    squares = np.sum(missed(found).reshape(-1, 2) ** 2, axis=1)
    errors = np.sqrt(np.bincount(number, squares) / np.array(sizes))
    scale = float(found[12]) if free_scale else 1.0
    return HandEyeFit(mount, *poses(found), tuple(views), errors, scale=scale)


def _huber(residuals: Array) -> Array:
    """Residuals whose squares are Huber's loss: linear beyond HUBER_PX."""
    size = np.abs(residuals)
    far = np.sqrt(np.maximum(HUBER_PX * (2 * size - HUBER_PX), 0.0))
    return np.where(size <= HUBER_PX, residuals, np.sign(residuals) * far)


def _moved(pose: Pose, step: Array) -> Pose:
    """A pose turned (rotation vector, radians) and shifted (metres) a little in its parent."""
    turned = Rotation.from_rotvec(step[:3]) * Rotation.from_quat(pose.orientation)
    return Pose(pose.position + step[3:], turned.as_quat())


def _renamed(sight: Sight, rotation: Array) -> Sight:
    return Sight(sight.name, sight.points @ rotation.T, sight.pixels, sight.size)
