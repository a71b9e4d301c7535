"""Fits the plane that blocks stand on to estimates of blocks that stand there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simreal_common.block_estimate import BlockEstimate
from simreal_common.errors import ConfigurationError
from simreal_perception.pose_estimation.support_plane import (
    LEAST_CAMERA_HEIGHT_M,
    LEVELS,
    SLACK_SHARE,
    TILT_SLACK_RAD,
    SupportPlane,
    nearest_axes,
)

Array = NDArray[np.float64]

LEAST_BLOCKS = 2
LEAST_SHARE = 0.6  # of the blocks must agree on the plane
# Squared error, normalized, of height and tilt together (three degrees of freedom) beyond which a
# block does not stand on a plane: chance gives more once in a thousand times.
OUTLIER = 16.3
LEVEL_COST = 0.2  # of each level: of planes an edge apart the upper one explains as much with less
# Blocks in a row have two faces in common planes, and both explain them. A camera mostly looks down
# and has its upper side up: normals near this direction, optical frame, are preferred.
LIKELY_NORMAL, LIKELY_COST = np.array([0.0, -0.6, -0.8]), 2.0
# A plane with another normal (20 degrees and more) that costs hardly more leaves the choice open.
OTHER_NORMAL, AMBIGUOUS = float(np.cos(np.radians(20.0))), 4.0
PROPOSED_LEVELS = 3  # a block may stand on two others, and no lower one be seen as well
REFINED = 20  # proposals that all blocks have a say in
PASSES = 12
# Errors of range of one camera belong together: so much of a block's sigma is that of the others, too.
SHARED = 0.5
LEAST_SIGMA_M = 0.001


@dataclass(frozen=True, eq=False)
class PlaneFit:
    """A fitted plane.

    Args:
        plane: its sigma is that of the fit, errors that all blocks share included.
        residual_m: root mean square of the heights that are left, of the blocks used.
        used, seen: blocks that agree with it, and all that were given.
    """

    plane: SupportPlane
    residual_m: float
    used: int
    seen: int


@dataclass(frozen=True, eq=False)
class _Blocks:
    positions: Array
    rotations: Array
    covariances: Array
    edge: float


@dataclass(frozen=True, eq=False)
class _Residuals:
    """What each of N blocks says about a plane: errors, their variances, and its level."""

    heights: Array  # (N,)
    tilts: Array  # (N, 2)
    height_variances: Array  # (N,)
    tilt_covariances: Array  # (N, 2, 2)
    axes: Array  # (N, 3)
    levels: NDArray[np.intp]  # (N,)

    @property
    def squared(self) -> Array:
        """Normalized squared errors, (N,), three degrees of freedom."""
        tilts = np.linalg.solve(self.tilt_covariances, self.tilts[..., None])[..., 0]
        return np.asarray(
            self.heights**2 / self.height_variances + np.einsum("ni,ni->n", self.tilts, tilts)
        )

    @property
    def cost(self) -> float:
        """Of the plane: low where many blocks agree with it."""
        return float((np.minimum(self.squared, OUTLIER) + LEVEL_COST * self.levels).sum())


def fit_plane(blocks: Sequence[BlockEstimate]) -> PlaneFit:
    """Fit the plane to blocks of one edge seen from one place, in one or in several images.

    Every face of every block proposes the plane that it would lie on; the proposal that most blocks
    agree with, each by its covariance, is fitted to these. Blocks may stand on each other, some may
    lean or be none at all.

    Raises:
        ConfigurationError: too few blocks, or too many that disagree.
    """
    if len(blocks) < LEAST_BLOCKS:
        raise ConfigurationError(
            f"{len(blocks)} {'block is' if len(blocks) == 1 else 'blocks are'} seen: wanted at least "
            f"{LEAST_BLOCKS} that lie flat; put more on the plane, or give more images from the "
            "same place"
        )
    given = _Blocks(
        np.stack([block.pose.position for block in blocks]),
        np.stack([block.pose.rotation for block in blocks]),
        np.stack([block.covariance for block in blocks]),
        blocks[0].edge,
    )
    plane, others_cost = _best(given)
    residuals = None if plane is None else _residuals(given, plane)
    agree = np.zeros(len(blocks), bool) if residuals is None else residuals.squared < OUTLIER
    used = int(agree.sum())
    if plane is None or residuals is None or used < max(LEAST_BLOCKS, LEAST_SHARE * len(blocks)):
        raise ConfigurationError(
            f"only {used} of {len(blocks)} blocks agree on a plane: wanted at least {LEAST_BLOCKS} and "
            f"{LEAST_SHARE:.0%}; check --edge and the calibration, put the blocks flat on one "
            "surface, and leave the camera where it is between images"
        )
    if others_cost < _cost(given, plane) + AMBIGUOUS:
        raise ConfigurationError(
            f"the {len(blocks)} blocks seen fit two planes, one through their sides: wanted one; put "
            "more blocks on the plane, turned differently and not in rows"
        )
    residual = float(np.sqrt(np.mean(residuals.heights[agree] ** 2)))
    return PlaneFit(plane, residual, used, len(blocks))


def _cost(given: _Blocks, plane: SupportPlane) -> float:
    return _residuals(given, plane).cost + LIKELY_COST * (1.0 - float(plane.normal @ LIKELY_NORMAL))


def _best(given: _Blocks) -> tuple[SupportPlane | None, float]:
    """The plane that costs least, None if nothing proposes one; and what the best plane with
    another normal costs, infinity if there is none."""
    proposals = sorted(_proposals(given), key=lambda plane: _cost(given, plane))
    if not proposals:
        return None, np.inf
    # What one block proposes is rough: the order changes when all blocks have a say.
    others = [plane for plane in proposals if _differ(plane, proposals[0])]
    planes = [_refined(given, plane) for plane in [*proposals[:REFINED], *others[:REFINED]]]
    costs = [_cost(given, plane) for plane in planes]
    best = int(np.argmin(costs))
    rest = [cost for cost, plane in zip(costs, planes, strict=True) if _differ(plane, planes[best])]
    return planes[best], min(rest, default=np.inf)


def _differ(first: SupportPlane, second: SupportPlane) -> bool:
    return float(first.normal @ second.normal) < OTHER_NORMAL


def _proposals(given: _Blocks) -> list[SupportPlane]:
    """The planes that faces lie on, on the side away from the camera, and some edges below it."""
    proposals = []
    for position, rotation in zip(given.positions, given.rotations, strict=True):
        for normal in [*rotation.T, *-rotation.T]:
            for level in range(PROPOSED_LEVELS):
                offset = float(normal @ position) - (level + 0.5) * given.edge
                if offset < -LEAST_CAMERA_HEIGHT_M:
                    proposals.append(SupportPlane(normal, offset))
    return proposals


def _residuals(given: _Blocks, plane: SupportPlane) -> _Residuals:
    axes = nearest_axes(given.rotations, plane.normal)
    turning = np.cross(axes[:, None], plane.basis[None])
    tilt_covariances = turning @ given.covariances[:, 3:, 3:] @ turning.swapaxes(1, 2)
    tilt_covariances = tilt_covariances + TILT_SLACK_RAD**2 * np.eye(2)
    variances = np.einsum("i,nij,j->n", plane.normal, given.covariances[:, :3, :3], plane.normal)
    above = plane.height(given.positions) / given.edge - 0.5
    levels = np.clip(np.rint(above), 0, LEVELS - 1).astype(np.intp)
    slack = given.edge * SLACK_SHARE * (levels + 1.0)
    return _Residuals(
        heights=(above - levels) * given.edge,
        tilts=axes @ plane.basis.T,
        height_variances=variances + slack**2,
        tilt_covariances=tilt_covariances,
        axes=axes,
        levels=levels,
    )


def _refined(given: _Blocks, plane: SupportPlane) -> SupportPlane:
    """Gauss-Newton on the normal and the offset; what does not fit weighs little."""
    information = np.eye(3)
    residuals = _residuals(given, plane)
    middle = given.positions.mean(axis=0)
    weights = np.ones(len(given.positions))
    for _ in range(PASSES):
        residuals = _residuals(given, plane)
        weights = (residuals.squared < OUTLIER) / (1.0 + residuals.squared / OUTLIER)
        if not weights.any():
            return plane
        middle = np.average(given.positions, axis=0, weights=weights)
        # The plane turns about the middle of its blocks by t1, t2 along its basis and rises by r: the
        # normal gains t . basis, a height t . basis (p - middle) - r, a tilt -t times the cosine.
        levers = (given.positions - middle) @ plane.basis.T
        of_height = np.concatenate([levers, -np.ones((len(levers), 1))], axis=1)
        of_tilt = np.zeros((len(levers), 2, 3))
        of_tilt[:, :, :2] = -(residuals.axes @ plane.normal)[:, None, None] * np.eye(2)
        scale = weights / residuals.height_variances
        certain = weights[:, None, None] * np.linalg.inv(residuals.tilt_covariances)
        information = np.einsum("n,ni,nj->ij", scale, of_height, of_height) + np.einsum(
            "nai,nab,nbj->ij", of_tilt, certain, of_tilt
        )
        slope = np.einsum("n,ni,n->i", scale, of_height, residuals.heights) + np.einsum(
            "nai,nab,nb->i", of_tilt, certain, residuals.tilts
        )
        step = -np.linalg.solve(information, slope)
        normal = plane.normal + step[:2] @ plane.basis
        normal /= np.linalg.norm(normal)
        foot = middle - plane.height(middle) * plane.normal
        offset = float(normal @ foot) + float(step[2])
        if offset > -LEAST_CAMERA_HEIGHT_M:
            return plane  # it would run into the camera: nothing that blocks are seen to stand on
        plane = SupportPlane(normal, offset, plane.sigma)
    shared = SHARED**2 * float(np.average(residuals.height_variances, weights=weights))
    own = float(np.linalg.inv(information)[2, 2])
    return SupportPlane(plane.normal, plane.offset, float(np.sqrt(own + shared + LEAST_SIGMA_M**2)))
