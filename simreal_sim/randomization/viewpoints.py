"""Draws viewpoints: where cameras stand and how they look, for many views at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def looking(forward: Array, roll: Array) -> Array:
    """Rotations optical -> world, (N, 3, 3), along unit vectors (N, 3), rolled by angles (N,)."""
    up = np.zeros_like(forward)
    up[:, 2] = 1.0
    up[np.abs(forward[:, 2]) > 0.999] = (1.0, 0.0, 0.0)
    right = np.cross(forward, up)
    right /= np.linalg.norm(right, axis=1, keepdims=True)
    down = np.cross(forward, right)
    cos, sin = np.cos(roll)[:, None], np.sin(roll)[:, None]
    return np.stack([cos * right + sin * down, cos * down - sin * right, forward], axis=-1)


def turned_aside(rotation: Array, slope: Array) -> Array:
    """Turn cameras, (N, 3, 3), so that their old axis appears at `slope` (N, 2) off the new one."""
    old_axis = np.column_stack([slope, np.ones(len(slope))])
    old_axis /= np.linalg.norm(old_axis, axis=1, keepdims=True)
    right = np.stack([old_axis[:, 2], np.zeros(len(slope)), -old_axis[:, 0]], axis=-1)
    right /= np.linalg.norm(right, axis=1, keepdims=True)
    # Columns: the old camera's axes as the new camera sees them.
    seen = np.stack([right, np.cross(old_axis, right), old_axis], axis=-1)
    return np.asarray(rotation @ seen.transpose(0, 2, 1))
