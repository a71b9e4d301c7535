"""Rigid transforms and rotations.

A pose is the frozen pair (position, orientation) of a child frame in a parent frame; it is named
`pose_<child>_in_<parent>`. Positions are metres, float64, shape (3,). Orientations are unit
quaternions x, y, z, w, float64, shape (4,). Frames follow REP 103: a camera's optical frame is
x right, y down, z forward.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial.transform import Rotation

from simreal_common.shapes.shape import CUBE

Array = NDArray[np.float64]

# OpenGL cameras look along -z with y up; optical frames look along +z with y down. A half turn
# about x takes one to the other, and is its own inverse.
OPTICAL_FROM_OPENGL: Array = np.diag([1.0, -1.0, -1.0])

QUATERNION_NORM_TOLERANCE = 1e-3  # float32 quaternions off the wire are good to about 1e-6


@dataclass(frozen=True, eq=False)
class Pose:
    """Pose of a child frame in a parent frame, equally the transform child -> parent.

    Args:
        position: metres, shape (3,).
        orientation: unit quaternion x, y, z, w, shape (4,); normalized on construction.

    Raises:
        ValueError: wrong shapes, not finite, or a quaternion that is far from unit length.
    """

    position: Array
    orientation: Array

    def __post_init__(self) -> None:
        position = np.array(self.position, dtype=np.float64)
        orientation = np.array(self.orientation, dtype=np.float64)
        if position.shape != (3,) or orientation.shape != (4,):
            raise ValueError(
                f"a pose is a position (3,) and a quaternion (4,), got {position.shape} "
                f"and {orientation.shape}"
            )
        norm = float(np.linalg.norm(orientation))
        if not np.isfinite(position).all() or not abs(norm - 1.0) < QUATERNION_NORM_TOLERANCE:
            raise ValueError(f"not a pose: position {position}, quaternion of length {norm:.4g}")
        orientation = orientation / norm
        position.flags.writeable = False
        orientation.flags.writeable = False
        object.__setattr__(self, "position", position)
        object.__setattr__(self, "orientation", orientation)

    @staticmethod
    def identity() -> Pose:
        return Pose(np.zeros(3), np.array([0.0, 0.0, 0.0, 1.0]))

    @staticmethod
    def from_matrix(matrix: ArrayLike) -> Pose:
        """From a homogeneous matrix, shape (4, 4)."""
        matrix = np.asarray(matrix, dtype=np.float64)
        return Pose(matrix[:3, 3], Rotation.from_matrix(matrix[:3, :3]).as_quat())

    @staticmethod
    def from_rotation(rotation: ArrayLike, position: ArrayLike) -> Pose:
        """From a rotation matrix, shape (3, 3), and a position, shape (3,)."""
        quaternion = Rotation.from_matrix(np.asarray(rotation, dtype=np.float64)).as_quat()
        return Pose(np.asarray(position, dtype=np.float64), quaternion)

    @cached_property
    def rotation(self) -> Array:
        """Rotation matrix child -> parent, shape (3, 3)."""
        rotation = np.asarray(Rotation.from_quat(self.orientation).as_matrix(), dtype=np.float64)
        rotation.flags.writeable = False
        return rotation

    @property
    def matrix(self) -> Array:
        """Homogeneous matrix child -> parent, shape (4, 4)."""
        matrix = np.eye(4)
        matrix[:3, :3] = self.rotation
        matrix[:3, 3] = self.position
        return matrix

    def inverse(self) -> Pose:
        """Pose of the parent in the child."""
        rotation = self.rotation.T
        return Pose.from_rotation(rotation, -rotation @ self.position)

    def __matmul__(self, other: Pose) -> Pose:
        """Compose: `pose_b_in_a @ pose_c_in_b` is `pose_c_in_a`."""
        rotation = Rotation.from_quat(self.orientation)
        return Pose(
            self.transform_points(other.position),
            (rotation * Rotation.from_quat(other.orientation)).as_quat(),
        )

    def transform_points(self, points: ArrayLike) -> Array:
        """Points given in the child, shape (..., 3), expressed in the parent."""
        points = np.asarray(points, dtype=np.float64)
        return np.asarray(points @ self.rotation.T + self.position, dtype=np.float64)


def look_at(eye: ArrayLike, target: ArrayLike, roll: float = 0.0) -> Pose:
    """Pose of an optical frame at `eye` that looks at `target`, in their common z-up frame.

    Args:
        eye, target: metres, shape (3,).
        roll: radians about the viewing direction.

    Raises:
        ValueError: eye and target coincide.
    """
    eye = np.asarray(eye, dtype=np.float64)
    forward = np.asarray(target, dtype=np.float64) - eye
    distance = float(np.linalg.norm(forward))
    if distance < 1e-9:
        raise ValueError(f"eye and target coincide at {eye}")
    forward /= distance
    # Straight down, "up in the image" is undefined: take the frame's x axis instead.
    up = np.array([0.0, 0.0, 1.0]) if abs(forward[2]) < 1.0 - 1e-6 else np.array([1.0, 0.0, 0.0])
    right = np.cross(forward, up)
    right /= np.linalg.norm(right)
    rotation = np.column_stack([right, np.cross(forward, right), forward])
    return Pose.from_rotation(rotation @ Rotation.from_rotvec([0, 0, roll]).as_matrix(), eye)


def cross(first: Array, second: Array) -> Array:
    """Cross products of vectors, (..., 3) each: numpy's own takes several times as long for few."""
    x, y, z = first[..., 0], first[..., 1], first[..., 2]
    a, b, c = second[..., 0], second[..., 1], second[..., 2]
    return np.stack([y * c - z * b, z * a - x * c, x * b - y * a], axis=-1)


def cube_symmetries() -> Array:
    """The 24 rotations that map a cube onto itself, matrices, shape (24, 3, 3), identity first."""
    return CUBE.symmetry.rotations


def rotation_distance(first: ArrayLike, second: ArrayLike) -> float:
    """Angle between two rotation matrices, radians in [0, pi]."""
    relative = np.asarray(first, dtype=np.float64).T @ np.asarray(second, dtype=np.float64)
    return float(Rotation.from_matrix(relative).magnitude())


def cube_rotation_distance(first: ArrayLike, second: ArrayLike) -> float:
    """Angle between two orientations of a cube modulo its 24 symmetries, radians, at most 1.096."""
    return CUBE.symmetry.distance(first, second)


def nearest_equivalent_rotation(rotation: ArrayLike, reference: ArrayLike) -> Array:
    """Of the 24 rotations that look alike on a cube, the nearest to `reference`, shape (3, 3)."""
    return CUBE.symmetry.nearest(rotation, reference)


def cube_corners(edge: float) -> Array:
    """Corners of a cube centred on its frame, metres, shape (8, 3).

    Corner i has the sign of bit 0 of i along x, of bit 1 along y and of bit 2 along z.
    """
    index = np.arange(8)
    signs = np.stack([index & 1, (index >> 1) & 1, (index >> 2) & 1], axis=1) * 2.0 - 1.0
    return np.asarray(signs * (edge / 2.0), dtype=np.float64)
