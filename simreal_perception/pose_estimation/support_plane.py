"""The plane that blocks stand on, as a prior: it tells the range that one camera sees badly.

A block that stands, on the plane or on other blocks, has its centre a known height above it; one
that lies flat has a face axis along the plane's normal. Neither is certain: a gripper holds blocks,
some lean, and what is no block at all stands nowhere. So each estimate becomes a mixture over the
levels k = 0, 1, ... of a tower and "free", which the plane says nothing of. The most probable of them
is published, with a covariance that covers the others.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial.transform import Rotation
from scipy.special import ndtr

from simreal_common.block_estimate import BlockEstimate
from simreal_common.errors import ConfigurationError
from simreal_common.geometry import Pose, cross

Array = NDArray[np.float64]

DEFAULT_PLANE_SIGMA_M = 0.002
# A camera nearer to the plane than this does not see what stands on it.
LEAST_CAMERA_HEIGHT_M = 0.005

LEVELS = 8  # heights that are thought of: as many blocks as a tower may have
LEVEL_DECAY = 0.5  # each level is that much rarer than the one below it
# Real edges differ by half a percent from what they should be, and that adds up in a tower.
SLACK_SHARE = 0.005
# The normal's uncertainty: as if the plane were known to `sigma` this far from its middle, and
# blocks stood on it straight to half a degree.
PLANE_REACH_M = 0.3
TILT_SLACK_RAD = float(np.radians(0.5))
# A tilt that chance explains only once in a thousand times (chi squared, two degrees of freedom):
# the block leans.
LEANING = 13.8
# Errors have longer tails than one Gaussian: some estimates are several times as far off as their
# covariance says. So each is taken at its word, or, more rarely, at a multiple of it.
SCALES, SCALE_SHARES = (1.0, 4.0), (0.8, 0.2)
FREE = 0.2  # share of the true blocks that stand on nothing: held, or seen while they move
BELOW_EDGES = 3.0  # so far below the plane may lie what is no block, in edges
# Where a block's supporter is not among the estimates, it may be hidden after all: behind another
# block at the least, below the block itself where the camera looks down.
HIDDEN = 0.2
# A block right below another is seen where that one stands on it, and by chance below one that
# floats one time in so many: towers are rarer the higher they are, but not where they are seen.
BY_CHANCE = 2.0
# Centres of a block and of the one below it lie this near in the plane, in edges; half an edge
# in a pyramid. The second is how softly that ends.
OVERLAP, OVERLAP_SIGMA = 0.6, 0.15
# Estimates whose rays pass each other at less are of one block: the one does not carry the other.
BESIDE = 0.4
NO_DENSITY = 1e-9  # per metre
CARRIED_PASSES = 3  # what carries must be carried itself
LEAST_FACTOR = 0.05  # odds of a score fall to this share at most: planes are wrong at times
# So much of what is no block has, by chance or for it is a box of that size, the height of one that
# stands; the rest has any height. With 0.1 to 0.2 scores are most likely on scenes with everything
# randomized and on those seen from above (260 scenes, seeds 2001 and 1): log loss 0.22 where the
# image tells the plane, 0.26 without any.
ALIKE = 0.15


@dataclass(frozen=True, eq=False)
class SupportPlane:
    """The plane {x: normal . x = offset} in a camera's optical frame, metres.

    Args:
        normal: any length above 0, shape (3,); normalized together with `offset`, and both turned
            round where the camera would lie on the negative side.
        offset: metres, where the normal has length 1.
        sigma: standard deviation of the plane's height where blocks stand, metres.

    Raises:
        ConfigurationError: not finite, a normal of no length, a sigma that is not positive, or a
            camera that lies in the plane.
    """

    normal: Array
    offset: float
    sigma: float = DEFAULT_PLANE_SIGMA_M

    def __post_init__(self) -> None:
        normal = np.array(self.normal, dtype=np.float64)
        length = float(np.linalg.norm(normal)) if normal.shape == (3,) else float("nan")
        if not (np.isfinite(length) and length > 1e-6 and np.isfinite(self.offset)):
            raise ConfigurationError(
                f"support plane with normal {normal.tolist()} and offset {self.offset}: wanted three "
                "finite numbers that are not all 0, and a finite offset in metres"
            )
        if not (np.isfinite(self.sigma) and self.sigma > 0):
            raise ConfigurationError(
                f"support plane with sigma {self.sigma}: wanted metres above 0, for example "
                f"{DEFAULT_PLANE_SIGMA_M:g}"
            )
        offset = float(self.offset) / length
        if abs(offset) < LEAST_CAMERA_HEIGHT_M:
            raise ConfigurationError(
                f"support plane {1000 * abs(offset):.1f} mm from the camera: wanted at least "
                f"{1000 * LEAST_CAMERA_HEIGHT_M:g} mm; give it in the camera's optical frame, in metres"
            )
        normal = normal / (length if offset < 0 else -length)
        normal.flags.writeable = False
        object.__setattr__(self, "normal", normal)
        object.__setattr__(self, "offset", -abs(offset))
        object.__setattr__(self, "sigma", float(self.sigma))

    @staticmethod
    def in_frame(
        normal: ArrayLike, offset: float, sigma: float, pose_frame_in_camera: Pose
    ) -> SupportPlane:
        """A plane that is given in another frame, for example the base of a robot."""
        length = float(np.linalg.norm(np.asarray(normal, dtype=np.float64)))
        if not (np.isfinite(length) and length > 1e-6):
            return SupportPlane(np.asarray(normal, dtype=np.float64), offset, sigma)  # says why not
        turned = pose_frame_in_camera.rotation @ np.asarray(normal, dtype=np.float64) / length
        moved = offset / length + float(turned @ pose_frame_in_camera.position)
        return SupportPlane(turned, moved, sigma)

    @property
    def camera_height(self) -> float:
        """Of the camera above the plane, metres."""
        return -self.offset

    def height(self, points: ArrayLike) -> Array:
        """Signed distances (...,) of points (..., 3), positive on the camera's side."""
        return np.asarray(np.asarray(points, dtype=np.float64) @ self.normal - self.offset)

    @property
    def basis(self) -> Array:
        """Two unit vectors within the plane, at right angles, shape (2, 3)."""
        first = cross(self.normal, np.eye(3)[int(np.argmin(np.abs(self.normal)))])
        first /= np.linalg.norm(first)
        return np.stack([first, cross(self.normal, first)])


@dataclass(frozen=True, eq=False)
class _Hypotheses:
    """For N estimates, what each of `SCALES`, and there each of L = `LEVELS` levels and last "free",
    would mean: H = len(SCALES) * (L + 1) hypotheses, the levels running fastest.

    Attributes:
        shifts: of position and small rotation from the estimate, (N, H, 6).
        covariances: (N, H, 6, 6).
        priors: share of each among blocks, (N, H).
        densities: of the estimated height given each, times `priors`, (N, H).
        anything: density of that height for what is no block, (N,).
    """

    shifts: Array
    covariances: Array
    priors: Array
    densities: Array
    anything: Array


def fuse_plane(blocks: Sequence[BlockEstimate], plane: SupportPlane) -> list[BlockEstimate]:
    """Estimates of one image, made better by the plane that they stand on, in the same order.

    Poses move by what their covariances allow, which is along their rays above all, so that they
    keep their place in the image. Scores fall where a block would stand on nothing, and rise where
    one stands; no estimate is left out.

    Args:
        blocks: of one edge, in the camera's optical frame, all that may be there: they carry each
            other.
        plane: in the same frame.
    """
    if not blocks:
        return []
    edge = blocks[0].edge
    positions = np.stack([block.pose.position for block in blocks])
    rotations = np.stack([block.pose.rotation for block in blocks])
    covariances = np.stack([block.covariance for block in blocks])
    scores = np.array([block.score for block in blocks])
    cases = _all_hypotheses(positions, rotations, covariances, edge, plane)
    explained = cases.densities.sum(axis=1)
    plain = cases.densities / explained[:, None]
    carried, weights = np.ones_like(plain), plain
    for _ in range(CARRIED_PASSES):
        carried = _carried(positions, cases.shifts, weights, scores, edge, plane)
        weights = plain * carried
        weights /= weights.sum(axis=1, keepdims=True)
    # Both ratios are 1 where the plane, or the estimate, is known so badly that it says nothing.
    stands = (plain * carried).sum(axis=1) / (cases.priors * carried).sum(axis=1)
    ratios = explained / cases.anything
    factors = np.minimum(stands, 1.0) * ratios / (1.0 - ALIKE + ALIKE * ratios)
    turns = Rotation.from_quat(np.stack([block.pose.orientation for block in blocks]))
    rows, best = np.arange(len(blocks)), weights.argmax(axis=1)
    shifts = cases.shifts[rows, best]
    off = cases.shifts - shifts[:, None]
    # Between the hypotheses all is covered; within them the scale of the best one holds.
    shape = (len(blocks), len(SCALES), LEVELS + 1)
    own = cases.covariances.reshape(*shape, 6, 6)[rows, best // (LEVELS + 1)]
    fused = np.einsum("nl,nlij->nij", weights.reshape(shape).sum(axis=1), own)
    fused += (weights[..., None] * off).swapaxes(1, 2) @ off
    orientations = (Rotation.from_rotvec(shifts[:, 3:]) * turns).as_quat()
    return [
        dataclasses.replace(
            block,
            pose=Pose(positions[index] + shifts[index, :3], orientations[index]),
            covariance=0.5 * (fused[index] + fused[index].T),
            score=at_odds(block.score, max(float(factors[index]), LEAST_FACTOR)),
        )
        for index, block in enumerate(blocks)
    ]


def at_odds(score: float, factor: float) -> float:
    """A probability whose odds are multiplied by `factor`."""
    return score * factor / (score * factor + 1.0 - score) if score < 1.0 else score


def nearest_axes(rotations: Array, normal: Array) -> Array:
    """Of each block's six face axes the one nearest to a direction, (N, 3)."""
    cosines = normal @ rotations
    best = np.abs(cosines).argmax(axis=1)
    rows = np.arange(len(rotations))
    axes = rotations[rows, :, best]
    return np.asarray(axes * np.sign(cosines[rows, best])[:, None])


def _all_hypotheses(
    positions: Array, rotations: Array, covariances: Array, edge: float, plane: SupportPlane
) -> _Hypotheses:
    parts = [
        _hypotheses(positions, rotations, covariances * scale**2, edge, plane, share)
        for scale, share in zip(SCALES, SCALE_SHARES, strict=True)
    ]
    return _Hypotheses(
        np.concatenate([part.shifts for part in parts], axis=1),
        np.concatenate([part.covariances for part in parts], axis=1),
        np.concatenate([part.priors for part in parts], axis=1),
        np.concatenate([part.densities for part in parts], axis=1),
        np.sum([part.anything for part in parts], axis=0),
    )


def _hypotheses(
    positions: Array,
    rotations: Array,
    covariances: Array,
    edge: float,
    plane: SupportPlane,
    weight: float,
) -> _Hypotheses:
    """The hypotheses of one scale, whose share among all is `weight`; `covariances` are scaled."""
    count = len(positions)
    tilt_shift, tilt_covariance, flat = _laid_flat(rotations, covariances, plane)
    # A leaning block reaches down to its lowest corner, whatever it leans on.
    reach = 0.5 * edge * np.abs(plane.normal @ rotations).sum(axis=1)
    half = np.where(flat, 0.5 * edge, reach)
    level = np.arange(LEVELS)
    slack = edge * SLACK_SHARE * (level + 1.0) + (half - 0.5 * edge)[:, None]
    noise = plane.sigma**2 + slack**2  # (N, LEVELS)
    heights = plane.height(positions + tilt_shift[:, :3])
    wanted = level * edge + half[:, None]
    lever = tilt_covariance[:, :, :3] @ plane.normal  # covariance of everything with the height
    variance = np.maximum(lever[:, :3] @ plane.normal, 0.0)
    total = variance[:, None] + noise
    gain = lever[:, None, :] / total[..., None]  # (N, LEVELS, 6)
    residual = wanted - heights[:, None]
    shifts = np.zeros((count, LEVELS + 1, 6))
    shifts[:, :-1] = tilt_shift[:, None] + gain * residual[..., None]
    after = np.empty((count, LEVELS + 1, 6, 6))
    after[:, :-1] = tilt_covariance[:, None] - gain[..., None] * lever[:, None, None]
    after[:, -1] = covariances
    after = 0.5 * (after + after.swapaxes(-1, -2))

    # What is seen on a table is lower than the camera, as far as that height is known.
    top = max(plane.camera_height, edge)
    priors = np.full((count, LEVELS + 1), FREE)
    share = LEVEL_DECAY**level * (wanted < plane.camera_height + 3.0 * plane.sigma)
    priors[:, :-1] = (1.0 - FREE) * share / np.maximum(share.sum(axis=1, keepdims=True), 1e-300)
    likelihoods = np.empty((count, LEVELS + 1))
    likelihoods[:, :-1] = np.exp(-0.5 * residual**2 / total) / np.sqrt(2.0 * np.pi * total)
    sigma = np.sqrt(variance + plane.sigma**2 + (SLACK_SHARE * edge) ** 2)
    measured = plane.height(positions)
    likelihoods[:, -1] = _uniform(measured, 0.5 * edge, top, sigma)
    anything = _uniform(measured, -BELOW_EDGES * edge, top, sigma)
    # Far out densities vanish; what is left is no opinion.
    densities = weight * priors * (likelihoods + NO_DENSITY)
    return _Hypotheses(shifts, after, weight * priors, densities, weight * (anything + NO_DENSITY))


def _laid_flat(
    rotations: Array, covariances: Array, plane: SupportPlane
) -> tuple[Array, Array, NDArray[np.bool_]]:
    """Shifts (N, 6) and covariances (N, 6, 6) of estimates that are laid flat, and which can be."""
    axes = nearest_axes(rotations, plane.normal)
    basis = plane.basis
    # A small rotation d moves the axis a by d x a, along a vector u of the plane by d . (a x u).
    turning = cross(axes[:, None], basis[None])  # (N, 2, 3)
    tilt = -axes @ basis.T
    sigma = np.hypot(plane.sigma / PLANE_REACH_M, TILT_SLACK_RAD)
    lever = covariances[:, :, 3:] @ turning.swapaxes(1, 2)  # (N, 6, 2)
    total = turning @ lever[:, 3:] + sigma**2 * np.eye(2)
    gain = lever @ np.linalg.inv(total)
    flat = (tilt * np.linalg.solve(total, tilt[..., None])[..., 0]).sum(axis=1) < LEANING
    shift = np.where(flat[:, None], (gain @ tilt[..., None])[..., 0], 0.0)
    covariance = np.where(
        flat[:, None, None], covariances - gain @ lever.swapaxes(1, 2), covariances
    )
    return shift, covariance, flat


def _carried(
    positions: Array, shifts: Array, weights: Array, scores: Array, edge: float, plane: SupportPlane
) -> Array:
    """How much likelier what is seen below a block becomes by each hypothesis, (N, H), than by chance.

    Args:
        shifts: those of the first scale place a block at its levels, as good as any.
        weights: of the hypotheses, (N, H); rows add up to 1.
    """
    shape = (len(positions), len(SCALES), LEVELS + 1)
    far = np.linalg.norm(positions, axis=1)
    rays = positions / far[:, None]
    in_plane = (positions[:, None] + shifts[:, : LEVELS + 1, :3]) @ plane.basis.T
    aside = np.arccos(np.clip(rays @ rays.T, -1.0, 1.0)) * np.minimum.outer(far, far)
    other = np.clip(2.0 * scores, 0.0, 1.0) * (aside > BESIDE * edge)
    level_weights = weights.reshape(shape).sum(axis=1)
    # Seen from above, what carries a block is hidden by it.
    hidden = np.maximum(HIDDEN, np.abs(rays @ plane.normal) ** 4)
    carried = np.ones(shape)
    # Of each block on each level above the first from each other one on the level below, (N, N, L - 1).
    between = in_plane[:, None, 1:LEVELS] - in_plane[None, :, : LEVELS - 1]
    beyond = np.maximum(np.hypot(between[..., 0], between[..., 1]) / edge - OVERLAP, 0.0)
    below = level_weights[None, :, : LEVELS - 1] * other[..., None]
    seen = (np.exp(-0.5 * (beyond / OVERLAP_SIGMA) ** 2) * below).max(axis=1)
    carried[..., 1:LEVELS] = (hidden[:, None] + (BY_CHANCE - hidden[:, None]) * seen)[:, None]
    return carried.reshape(weights.shape)


def _uniform(heights: Array, low: float, high: float, sigma: Array) -> Array:
    """Density of heights that are uniform from `low` to `high` and measured with `sigma`."""
    inside = ndtr((high - heights) / sigma) - ndtr((low - heights) / sigma)
    return np.asarray(inside / (high - low))
