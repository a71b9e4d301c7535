"""Fits the plane that blocks stand on to estimates of blocks that stand there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simreal_common.block_estimate import BlockEstimate
from simreal_common.errors import ConfigurationError
from simreal_common.geometry import cross
from simreal_perception.pose_estimation.support_plane import (
    DEFAULT_PLANE_SIGMA_M,
    LEAST_CAMERA_HEIGHT_M,
    LEVELS,
    SLACK_SHARE,
    TILT_SLACK_RAD,
    SupportPlane,
)

Array = NDArray[np.float64]

LEAST_BLOCKS = 2
LEAST_SHARE = 0.6  # of the blocks must agree on the plane
# Squared error, normalized, of height and tilt together (three degrees of freedom) beyond which a
# block does not stand on a plane: chance gives more once in a thousand times.
OUTLIER = 16.3
# Of each level, for a level is rarer than the one below it: of planes an edge apart the upper one
# explains as much with less. With 0.2, one plane in nine lay an edge too low (160 scenes, seed 2001);
# now one in 24.
LEVEL_COST = 1.0
# Blocks in a row have two faces in common planes, and both explain them. A camera mostly looks down
# and has its upper side up: normals near this direction, optical frame, are preferred.
LIKELY_NORMAL, LIKELY_COST = np.array([0.0, -0.6, -0.8]), 2.0
# A plane with another normal (20 degrees and more) that costs hardly more leaves the choice open.
OTHER_NORMAL, AMBIGUOUS = float(np.cos(np.radians(20.0))), 4.0
PROPOSED_LEVELS = 3  # a block may stand on two others, and no lower one be seen as well
REFINED = 20  # proposals that all blocks have a say in
PASSES = 12
CONVERGED = 1e-6  # radians and metres that no plane moves by any more
# Where every image is asked: so many blocks must agree, the surest propose, few are refined, and
# nobody is there to choose where two planes cost nearly the same. With two blocks instead of four, 78.8
# instead of 77.6 % of all blocks were found in 600 scenes of everything and from above (seeds 3001,
# 3002), with as few false ones; at a lead of 10, five of 104 planes of two or three blocks lay along
# their sides, now one.
LEAST_COMMON, PROPOSING, REFINED_IN_IMAGE = 2, 8, 4
CLEAR = 12.0
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

    @staticmethod
    def of(blocks: Sequence[BlockEstimate]) -> _Blocks:
        return _Blocks(
            np.stack([block.pose.position for block in blocks]),
            np.stack([block.pose.rotation for block in blocks]),
            np.stack([block.covariance for block in blocks]),
            blocks[0].edge,
        )


@dataclass(frozen=True, eq=False)
class _Planes:
    """P planes {x: normal . x = offset}: normals (P, 3), unit; offsets (P,)."""

    normals: Array
    offsets: Array

    def __getitem__(self, rows: Any) -> _Planes:
        return _Planes(self.normals[rows], self.offsets[rows])

    @cached_property
    def bases(self) -> Array:
        """Two unit vectors within each plane, at right angles, (P, 2, 3)."""
        least = np.eye(3)[np.abs(self.normals).argmin(axis=1)]
        first = cross(self.normals, least)
        first /= np.sqrt((first * first).sum(axis=1, keepdims=True))
        return np.stack([first, cross(self.normals, first)], axis=1)


@dataclass(frozen=True, eq=False)
class _Residuals:
    """What each of N blocks says about each of P planes: errors, their variances, and its level."""

    heights: Array  # (P, N)
    height_variances: Array  # (P, N)
    tilt_information: Array  # (P, N, 2, 2)
    axes: Array  # (P, N, 3)
    levels: NDArray[np.intp]  # (P, N)
    certain_tilts: Array  # (P, N, 2), tilt_information @ errors of tilt
    squared: Array  # (P, N), normalized squared errors, three degrees of freedom


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
    found = _best(_Blocks.of(blocks), len(blocks), REFINED)
    used = found.fit.used if found else 0
    if found is None or used < max(LEAST_BLOCKS, LEAST_SHARE * len(blocks)):
        raise ConfigurationError(
            f"only {used} of {len(blocks)} blocks agree on a plane: wanted at least {LEAST_BLOCKS} and "
            f"{LEAST_SHARE:.0%}; check --edge and the calibration, put the blocks flat on one "
            "surface, and leave the camera where it is between images"
        )
    if found.lead < AMBIGUOUS:
        raise ConfigurationError(
            f"the {len(blocks)} blocks seen fit two planes, one through their sides: wanted one; put "
            "more blocks on the plane, turned differently and not in rows"
        )
    return found.fit


def common_plane(blocks: Sequence[BlockEstimate]) -> PlaneFit | None:
    """The plane that blocks seen in one image stand on; None where they do not tell it for sure.

    As `fit_plane`, in milliseconds: the first blocks alone propose planes.

    Args:
        blocks: of one edge, the surest first.
    """
    if len(blocks) < LEAST_COMMON:
        return None
    found = _best(_Blocks.of(blocks), PROPOSING, REFINED_IN_IMAGE)
    if found is None or found.lead < CLEAR:
        return None
    return found.fit if found.fit.used >= max(LEAST_COMMON, LEAST_SHARE * len(blocks)) else None


@dataclass(frozen=True, eq=False)
class _Best:
    """The plane that costs least, and how much more the best with another normal costs."""

    fit: PlaneFit
    lead: float


def _best(given: _Blocks, proposing: int, refined: int) -> _Best | None:
    proposals = _proposals(given, proposing)
    if not len(proposals.offsets):
        return None
    order = np.argsort(_costs(_residuals(given, proposals), proposals), kind="stable")
    # What one block proposes is rough: the order changes when all blocks have a say.
    differ = _differ(proposals.normals[order], proposals.normals[order[0]])
    planes = proposals[np.concatenate([order[:refined], order[differ][:refined]])]
    planes, sigmas = _refined(given, planes)
    residuals = _residuals(given, planes)
    costs = _costs(residuals, planes)
    best = int(np.argmin(costs))
    rest = costs[_differ(planes.normals, planes.normals[best])]
    agree = residuals.squared[best] < OUTLIER
    heights = residuals.heights[best][agree]
    plane = SupportPlane(planes.normals[best], float(planes.offsets[best]), float(sigmas[best]))
    fit = PlaneFit(
        plane,
        float(np.sqrt(np.mean(heights**2))) if agree.any() else 0.0,
        int(agree.sum()),
        len(agree),
    )
    return _Best(fit, float(rest.min(initial=np.inf) - costs[best]))


def _differ(normals: Array, other: Array) -> NDArray[np.bool_]:
    return np.asarray(normals @ other < OTHER_NORMAL)


def _costs(residuals: _Residuals, planes: _Planes) -> Array:
    """Of each plane, (P,): low where many blocks agree with it."""
    each = np.minimum(residuals.squared, OUTLIER) + LEVEL_COST * residuals.levels
    return np.asarray(each.sum(axis=1) + LIKELY_COST * (1.0 - planes.normals @ LIKELY_NORMAL))


def _proposals(given: _Blocks, proposing: int) -> _Planes:
    """The planes that faces of the first blocks lie on, on the side away from the camera, and some
    edges below it."""
    axes = given.rotations[:proposing].swapaxes(1, 2)
    normals = np.concatenate([axes, -axes], axis=1)  # (N, 6, 3)
    foot = np.einsum("nai,ni->na", normals, given.positions[:proposing])
    levels = np.arange(PROPOSED_LEVELS) + 0.5
    offsets = foot[..., None] - levels * given.edge
    normals = np.broadcast_to(normals[:, :, None], (*offsets.shape, 3))
    ahead = offsets < -LEAST_CAMERA_HEIGHT_M
    return _Planes(normals[ahead], offsets[ahead])


def _residuals(given: _Blocks, planes: _Planes) -> _Residuals:
    normals, bases = planes.normals, planes.bases
    cosines = normals @ given.rotations  # (N, P, 3): of a plane's normal and each axis of a block
    best = np.abs(cosines).argmax(axis=2)  # (N, P)
    rows = np.arange(len(best))[:, None]
    nearest = np.take_along_axis(cosines, best[..., None], axis=2)
    axes = given.rotations.swapaxes(1, 2)[rows, best] * np.sign(nearest)
    axes = axes.swapaxes(0, 1)  # (P, N, 3)
    turning = cross(axes[:, :, None], bases[:, None])  # (P, N, 2, 3)
    covariances = turning @ given.covariances[:, 3:, 3:] @ turning.swapaxes(2, 3)
    variances = ((normals @ given.covariances[:, :3, :3]) * normals).sum(axis=2).T
    heights = normals @ given.positions.T - planes.offsets[:, None]
    above = heights / given.edge - 0.5
    levels = np.clip(np.rint(above), 0, LEVELS - 1)
    heights = (above - levels) * given.edge
    variances += (given.edge * SLACK_SHARE * (levels + 1.0)) ** 2
    tilts = axes @ bases.swapaxes(1, 2)
    information = _inverse_2x2(covariances + TILT_SLACK_RAD**2 * np.eye(2))
    certain_tilts = (information @ tilts[..., None])[..., 0]
    return _Residuals(
        heights=heights,
        height_variances=variances,
        tilt_information=information,
        axes=axes,
        levels=levels.astype(np.intp),
        certain_tilts=certain_tilts,
        squared=heights**2 / variances + (certain_tilts * tilts).sum(axis=-1),
    )


def _inverse_2x2(matrices: Array) -> Array:
    """Inverses of symmetric matrices, (..., 2, 2); numpy's own takes several times as long."""
    a, b, c = matrices[..., 0, 0], matrices[..., 0, 1], matrices[..., 1, 1]
    inverse = np.empty_like(matrices)
    inverse[..., 0, 0], inverse[..., 1, 1] = c, a
    inverse[..., 0, 1] = inverse[..., 1, 0] = -b
    return np.asarray(inverse / (a * c - b * b)[..., None, None])


def _refined(given: _Blocks, planes: _Planes) -> tuple[_Planes, Array]:
    """Gauss-Newton on normals and offsets; what does not fit weighs little. With sigmas, metres."""
    normals, offsets = planes.normals, planes.offsets
    sigmas = np.full(len(offsets), np.inf)
    for _ in range(PASSES):
        planes = _Planes(normals, offsets)
        bases, residuals = planes.bases, _residuals(given, planes)
        weights = (residuals.squared < OUTLIER) / (1.0 + residuals.squared / OUTLIER)
        some = np.maximum(weights.sum(axis=1), 1e-9)
        middles = weights @ given.positions / some[:, None]
        # A plane turns about the middle of its blocks by t1, t2 along its basis and rises by r: the
        # normal gains t . basis, a height t . basis (p - middle) - r, a tilt -t times the cosine.
        arms = given.positions - middles[:, None]
        of_height = np.empty((*arms.shape[:2], 3))
        of_height[..., :2], of_height[..., 2] = arms @ bases.swapaxes(1, 2), -1.0
        cosines = (residuals.axes @ normals[..., None])[..., 0]
        weighted = of_height * (weights / residuals.height_variances)[..., None]
        certain = (weights * cosines**2)[..., None, None] * residuals.tilt_information
        information = weighted.swapaxes(1, 2) @ of_height
        information[:, :2, :2] += certain.sum(axis=1)
        slope = (weighted * residuals.heights[..., None]).sum(axis=1)
        slope[:, :2] -= ((weights * cosines)[..., None] * residuals.certain_tilts).sum(axis=1)
        # Where no block agrees any more, nothing moves.
        inverse = np.linalg.inv(information + 1e-9 * np.eye(3))
        step = -(inverse @ slope[..., None])[..., 0]
        turned = normals + (step[:, None, :2] @ bases)[:, 0]
        turned /= np.sqrt((turned * turned).sum(axis=1, keepdims=True))
        feet = middles - ((normals * middles).sum(axis=1) - offsets)[:, None] * normals
        moved = (turned * feet).sum(axis=1) + step[:, 2]
        # One that would run into the camera is nothing that blocks are seen to stand on: it stays.
        good = weights.any(axis=1) & (moved < -LEAST_CAMERA_HEIGHT_M)
        normals = np.where(good[:, None], turned, normals)
        offsets = np.where(good, moved, offsets)
        shared = SHARED**2 * (weights * residuals.height_variances).sum(axis=1) / some
        found = np.sqrt(inverse[:, 2, 2] + shared + LEAST_SIGMA_M**2)
        sigmas = np.where(good, found, sigmas)
        if not (np.abs(step[good]) > CONVERGED).any():
            break
    return _Planes(normals, offsets), np.where(np.isfinite(sigmas), sigmas, DEFAULT_PLANE_SIGMA_M)
