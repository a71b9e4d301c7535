"""A closed-form start of hand-eye calibration that finds out which corner is which.

After Park and Martin (1994): relative motions of the arm and of the target turn by the same angle
about axes that the wanted rotation maps onto each other; translations follow linearly. OpenCV's own
solutions are not in the Python modules of OpenCV 5, and know no symmetric targets.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from simreal_common.camera import Camera
from simreal_common.errors import CalibrationError
from simreal_common.geometry import Pose
from simreal_perception.camera_calibration.board_detection import Sight

Array = NDArray[np.float64]

# How far two measured rotations may differ: by what one picture of a block tells at worst.
SAME_ANGLE_RAD = np.radians(6.0)
LEAST_TURN_RAD = np.radians(8.0)  # a smaller one has no sure axis
MOST_PAIRS = 40  # of relative motions that are tried
MOST_REFERENCES = 3


@dataclass(frozen=True, eq=False)
class Start:
    """Where refinement begins.

    Args:
        pose_camera_in_parent, pose_target_in_other: as in `HandEyeFit`.
        namings: for each sight the rotation by which the target's points are to be named, (3, 3).
    """

    pose_camera_in_parent: Pose
    pose_target_in_other: Pose
    namings: list[Array]


def target_pose(sight: Sight, camera: Camera) -> Pose:
    """Pose of a target in the optical frame, from one picture (PnP).

    Raises:
        CalibrationError: no pose explains it.
    """
    ideal = np.ascontiguousarray(camera.normalize(sight.pixels))
    points = np.ascontiguousarray(sight.points)
    flat = (
        np.ptp(points @ np.linalg.svd(points - points.mean(axis=0), full_matrices=False)[2][2])
        < 1e-9
    )
    flags = cv2.SOLVEPNP_IPPE if flat else cv2.SOLVEPNP_SQPNP
    try:
        found, turn, shift = cv2.solvePnP(points, ideal, np.eye(3), None, flags=flags)
        if found:
            turn, shift = cv2.solvePnPRefineLM(points, ideal, np.eye(3), None, turn, shift)
    except cv2.error:
        found = False
    if not found or not np.isfinite([turn, shift]).all() or shift[2] <= 0:
        raise CalibrationError(
            f"{sight.name}: no pose of the target explains this picture; leave it out, or see that the "
            "camera file is of this camera"
        )
    return Pose(np.ravel(shift), Rotation.from_rotvec(np.ravel(turn)).as_quat())


def solve_start(
    sights: Sequence[Sight], chains: Sequence[Pose], camera: Camera, symmetries: Array
) -> Start:
    """A start from sights and the arm's chains (A_i in `hand_eye`).

    Raises:
        CalibrationError: poses that turn too little, or that do not fit the pictures.
    """
    seen = [target_pose(sight, camera) for sight in sights]
    arm = np.array([chain.rotation for chain in chains])
    eye = np.array([pose.rotation for pose in seen])
    turn, namings = _best_rotation(arm, eye, symmetries)
    named = np.einsum("nij,njk->nik", eye, namings)
    # turn = rotation of Y, the inverse of the camera's pose: C_i = Y A_i Z.
    turn = _aligned(turn, arm, named)
    other = Rotation.from_matrix(np.einsum("nji,njk->nik", turn @ arm, named)).mean().as_matrix()
    shifts = np.array([chain.position for chain in chains])
    places = np.array([pose.position for pose in seen])
    rows = np.concatenate([np.concatenate([turn @ a, np.eye(3)], axis=1) for a in arm])
    solved = np.linalg.lstsq(rows, (places - shifts @ turn.T).ravel(), rcond=None)[0]
    camera_pose = Pose.from_rotation(turn, solved[3:]).inverse()
    # A point p is named rotation^T p, so that the pose with the found naming is the one above.
    return Start(camera_pose, Pose.from_rotation(other, solved[:3]), [n.T for n in namings])


def _best_rotation(arm: Array, eye: Array, symmetries: Array) -> tuple[Array, Array]:
    """Rotation of Y that most views agree with, and the naming of each view, (N, 3, 3).

    All namings that the angles of two relative motions allow are tried, for some pairs of motions.
    """
    best, best_cost = None, np.inf
    for reference in _references(arm):
        moves = arm @ arm[reference].T
        # Relative motions of the target for each naming, (N, K, 3, 3).
        seen = np.einsum("nij,kjl,ml->nkim", eye, symmetries, eye[reference])
        axes = Rotation.from_matrix(moves).as_rotvec()
        turns = Rotation.from_matrix(seen.reshape(-1, 3, 3)).as_rotvec().reshape(*seen.shape[:2], 3)
        lengths = np.linalg.norm(axes, axis=1)
        fits = np.abs(np.linalg.norm(turns, axis=2) - lengths[:, None]) < SAME_ANGLE_RAD
        for one, two in _pairs(axes, lengths):
            for j in np.flatnonzero(fits[one]):
                for k in np.flatnonzero(fits[two]):
                    turn = _triad(axes[[one, two]], np.array([turns[one, j], turns[two, k]]))
                    moved = turn @ moves @ turn.T
                    traces = np.einsum("nkij,nij->nk", seen, moved)
                    angles = np.arccos(np.clip((traces.max(axis=1) - 1) / 2, -1, 1))
                    cost = float(np.minimum(angles, SAME_ANGLE_RAD).sum())
                    if cost < best_cost:
                        best, best_cost = (turn, symmetries[traces.argmax(axis=1)]), cost
    if best is None:
        raise CalibrationError(
            "poses and pictures do not belong together: the arm turned otherwise than the target did; "
            "see that each pose stands beside its picture, that poses are those of the tool in the "
            "base (quaternions x, y, z, w) and that the mount (eye-to-hand, eye-in-hand) is right"
        )
    return best


def _references(arm: Array) -> list[int]:
    count = min(MOST_REFERENCES, len(arm))
    return [int(number) for number in np.linspace(0, len(arm) - 1, count)]


def _pairs(axes: Array, lengths: Array) -> list[tuple[int, int]]:
    """Pairs of motions, those first whose axes are large and least parallel."""
    large = np.flatnonzero((lengths > LEAST_TURN_RAD) & (lengths < np.pi - SAME_ANGLE_RAD))
    area = {
        (int(a), int(b)): float(np.linalg.norm(np.cross(axes[a], axes[b])))
        for a, b in combinations(large, 2)
    }
    sure = [pair for pair, size in area.items() if size > LEAST_TURN_RAD**2]
    return sorted(sure, key=lambda pair: -area[pair])[:MOST_PAIRS]


def _triad(before: Array, after: Array) -> Array:
    """The rotation that takes two vectors, (2, 3), to two others."""
    rotation, _ = Rotation.align_vectors(after, before)
    return np.asarray(rotation.as_matrix())


def _aligned(turn: Array, arm: Array, eye: Array) -> Array:
    """The rotation of Y that fits the motions of all pairs of views that agree with it."""
    first, second = np.array(list(combinations(range(len(arm)), 2))).T
    moves = np.einsum("nij,nkj->nik", arm[first], arm[second])
    seen = np.einsum("nij,nkj->nik", eye[first], eye[second])
    axes = Rotation.from_matrix(moves).as_rotvec()
    turns = Rotation.from_matrix(seen).as_rotvec()
    lengths = np.linalg.norm(axes, axis=1)
    missed = np.linalg.norm(axes @ turn.T - turns, axis=1)
    good = (missed < SAME_ANGLE_RAD) & (lengths > LEAST_TURN_RAD)
    if good.sum() < 2:
        return turn
    rotation, _ = Rotation.align_vectors(turns[good], axes[good])
    return np.asarray(rotation.as_matrix())
