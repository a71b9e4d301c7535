"""Fuses what several cameras, or one from several viewpoints, see of one block.

Pictures by one camera from one viewpoint err alike: their median counts, with the covariance of one of
them. Cameras, and viewpoints of one camera, err each by itself: they are fused in information form. How
yaws are averaged stands in `block_map.py`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from simreal_common.block_estimate import BlockEstimate

Array = NDArray[np.float64]


def fuse_positions(seen: Sequence[tuple[Array, Array]]) -> tuple[Array, Array]:
    """Positions that err each by itself, (3,) with covariance (3, 3), to one, in information form."""
    information = [np.linalg.inv(covariance) for _, covariance in seen]
    covariance = np.linalg.inv(np.sum(information, axis=0))
    weighted = [part @ position for part, (position, _) in zip(information, seen, strict=True)]
    return covariance @ np.sum(weighted, axis=0), (covariance + covariance.T) / 2.0


def viewpoint_position(members: Sequence[BlockEstimate]) -> tuple[Array, Array]:
    """Median and covariance of pictures from one viewpoint."""
    positions = np.stack([member.pose.position for member in members])
    covariances = np.stack([member.covariance[:3, :3] for member in members])
    return np.asarray(np.median(positions, axis=0)), np.asarray(np.mean(covariances, axis=0))


def yaw_variance(members: Sequence[BlockEstimate]) -> float:
    """Of the yaw that pictures from one viewpoint tell, rad^2."""
    return float(np.mean([member.covariance[5, 5] for member in members]))
