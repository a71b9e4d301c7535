"""Many detections of a resting scene to one list of blocks, each on the table or on a block.

A single camera sees a block well across its viewing ray and badly along it. Three things mend that:
several pictures are fused (robustly: a picture may miss a block or invent one); so are cameras, and
viewpoints of one camera, by their covariances; and blocks rest on something, so the height of a
centre is table + (level + 1/2) edge. That height is a measurement like any other: the Kalman update
with it moves x and y too, along the viewing ray, by as much as the covariance says. Which level it is
is decided by likelihood, from the lowest block upwards.

All positions are metres in the base frame (z up).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from simreal_common.block_estimate import BLOCK_EDGE_M, BlockEstimate
from simreal_common.errors import ConfigurationError
from simreal_common.geometry import Pose, cube_symmetries
from simreal_control.world_model.detection_clusters import DetectionCluster, View, clusters_of

Array = NDArray[np.float64]

QUARTER_TURN = np.pi / 2.0
# Blocks of one edge cannot have centres nearer than this share of an edge.
DISTINCT_SHARE = 0.7
# A block rests on another when, from above, their centres are nearer than this share of an edge.
SUPPORT_SHARE = 0.7
# Blocks tilted by more lean on something. Rotations are seen to a degree or two.
LEANING_RAD = 0.17
# Off the log likelihood of a level whose supporting block was not seen: blocks do not float, but
# the one below may be hidden. Worth 2.8 sigmas.
UNSUPPORTED_PENALTY = 4.0


@dataclass(frozen=True)
class BlockMapConfig:
    """How detections become blocks.

    Args:
        edge_m: edge of the blocks.
        table_height_m: height of the table top in the base frame.
        min_score: detections below it, likelier no blocks than blocks, do not count. How well
            the place of a block is known is told by its covariance, not by its score.
        low_confidence_score: those from here to min_score count where a block lacks otherwise.
        min_share: share of the pictures in which a block must be seen.
        lateral_sigma_m: error floor in all directions, added to every published covariance.
        ray_sigma_m: error floor along the viewing ray, added likewise; the errors of a network
            along the ray are common to all pictures of a scene, so fusion does not shrink it.
        support_sigma_m: how exactly a resting block has the height of its level.
        gate_sigmas: detections farther than this from every level are taken for false.
        max_tilt_rad: blocks tilted more are not taken for resting upright.
        max_level: highest level that is considered.
    """

    edge_m: float = BLOCK_EDGE_M
    table_height_m: float = 0.0
    min_score: float = 0.5
    low_confidence_score: float = 0.2
    min_share: float = 0.5
    lateral_sigma_m: float = 0.003
    ray_sigma_m: float = 0.010
    support_sigma_m: float = 0.002
    gate_sigmas: float = 3.5
    max_tilt_rad: float = 0.6
    max_level: int = 15

    def __post_init__(self) -> None:
        if not self.edge_m > 0:
            raise ConfigurationError(f"edge {self.edge_m} m: wanted above 0, the blocks' true edge")
        if not 0 <= self.low_confidence_score <= self.min_score:
            raise ConfigurationError(
                f"low_confidence_score {self.low_confidence_score}: wanted 0 to min_score, "
                f"{self.min_score}"
            )
        if not 0 < self.min_share <= 1:
            raise ConfigurationError(f"min_share {self.min_share}: wanted in (0, 1]")
        for name in ("lateral_sigma_m", "ray_sigma_m", "support_sigma_m", "gate_sigmas"):
            if not getattr(self, name) > 0:
                raise ConfigurationError(f"{name} {getattr(self, name)}: wanted above 0")

    def height(self, level: int) -> float:
        """Height of the centre of a block on `level` (0 is on the table), metres."""
        return self.table_height_m + (level + 0.5) * self.edge_m


@dataclass(frozen=True, eq=False)
class Block:
    """One block as the map believes it to be.

    Args:
        position: centre, metres, shape (3,).
        yaw: rotation about z modulo a quarter turn, radians in [-pi/4, pi/4).
        level: 0 on the table, 1 on a block of level 0, ...
        covariance: of the position, m^2, shape (3, 3); where it may lie on another level as well,
            about this position.
        score: mean score of its detections.
        seen: in how many pictures.
        color: what most of the pictures say, see BlockEstimate.
        yaw_sigma: standard deviation of the yaw, radians.
        lean_axis: of a block that leans on something: the direction of the horizontal axis about
            which it is tilted, radians modulo a half turn; None where it lies flat.
    """

    position: Array
    yaw: float
    level: int
    covariance: Array
    score: float
    seen: int
    color: str = ""
    yaw_sigma: float = 0.0
    lean_axis: float | None = None

    @property
    def pose(self) -> Pose:
        return Pose(self.position, Rotation.from_euler("z", self.yaw).as_quat())

    def horizontal_distance(self, other: Array) -> float:
        """Distance of the centre to a point, shape (2,) or (3,), seen from above; metres."""
        return float(np.linalg.norm(self.position[:2] - np.asarray(other)[:2]))


def estimate_in_base(
    estimate: BlockEstimate, pose_camera_in_base: Pose, ray_sigma_m: float, lateral_sigma_m: float
) -> BlockEstimate:
    """An estimate, expressed in the base instead of the optical frame; error floors are added."""
    position = np.asarray(estimate.pose.position)
    distance = float(np.linalg.norm(position))
    ray = position / distance if distance > 0 else np.array([0.0, 0.0, 1.0])
    covariance = np.array(estimate.covariance, dtype=np.float64)
    covariance[:3, :3] += lateral_sigma_m**2 * np.eye(3) + ray_sigma_m**2 * np.outer(ray, ray)
    turn = np.zeros((6, 6))
    turn[:3, :3] = turn[3:, 3:] = pose_camera_in_base.rotation
    return BlockEstimate(
        pose=pose_camera_in_base @ estimate.pose,
        covariance=turn @ covariance @ turn.T,
        score=estimate.score,
        edge=estimate.edge,
        color=estimate.color,
        id=estimate.id,
    )


def upright(rotation: Array) -> tuple[float, float]:
    """(yaw, tilt) of a cube's orientation, radians.

    Of the orientations that look alike on a cube, the most upright one; its rotation about z modulo
    a quarter turn, in [-pi/4, pi/4), and the angle of its z axis to the vertical.
    """
    best = _most_upright(rotation)
    tilt = float(np.arccos(np.clip(best[2, 2], -1.0, 1.0)))
    return wrap_quarter(float(np.arctan2(best[1, 0], best[0, 0]))), tilt


def _most_upright(rotation: Array) -> Array:
    """Of the orientations that look alike on a cube the one whose z axis is the most vertical."""
    candidates = rotation @ cube_symmetries()
    return np.asarray(candidates[int(np.argmax(candidates[:, 2, 2]))])


def lean_axis(rotation: Array) -> float:
    """Direction of the horizontal axis about which a cube is tilted, radians in [0, pi)."""
    best = _most_upright(rotation)
    axis = best[:, int(np.argmin(np.abs(best[2, :2])))]  # the more level one of x and y
    return float(np.arctan2(axis[1], axis[0]) % np.pi)


def wrap_quarter(yaw: float) -> float:
    """An angle modulo a quarter turn, radians in [-pi/4, pi/4)."""
    return float((yaw + QUARTER_TURN / 2.0) % QUARTER_TURN - QUARTER_TURN / 2.0)


def mean_yaw(yaws: Sequence[float], weights: Sequence[float]) -> float:
    """Robust circular mean modulo a quarter turn: one reweighting against outliers."""
    angles, factors = np.asarray(yaws), np.asarray(weights, dtype=np.float64)
    mean = _circular(angles, factors)
    away = np.abs([wrap_quarter(yaw - mean) for yaw in angles])
    return wrap_quarter(_circular(angles, factors / (1.0 + (away / 0.1) ** 2)))


def _circular(angles: Array, weights: Array) -> float:
    total = np.sum(weights * np.exp(4j * angles))
    return float(np.angle(total)) / 4.0


def rest_on_level(
    position: Array, covariance: Array, level: int, config: BlockMapConfig, raised_m: float = 0.0
) -> tuple[Array, Array, float]:
    """Kalman update with the height of a level; a leaning block's centre is `raised_m` higher.

    Returns:
        The corrected position, its covariance, and the log likelihood of the level up to a constant
        that is the same for all levels: minus half the squared number of sigmas.
    """
    innovation = config.height(level) + raised_m - position[2]
    variance = covariance[2, 2] + config.support_sigma_m**2
    gain = covariance[:, 2] / variance
    updated = position + gain * innovation
    reduced = covariance - np.outer(gain, covariance[2])
    return updated, (reduced + reduced.T) / 2.0, -0.5 * innovation**2 / variance


def fuse(
    images: Sequence[Sequence[BlockEstimate]],
    config: BlockMapConfig,
    views: Sequence[View] | None = None,
) -> list[Block]:
    """The blocks of a resting scene from several pictures of it.

    A block counts that is seen in enough pictures of any view: from others it may be hidden.

    Args:
        images: for each picture its estimates in the base frame (see `estimate_in_base`).
        config: see there.
        views: from where each was taken, and when; None: all by one camera from one viewpoint.

    Returns:
        Blocks, lowest level first; empty where nothing was seen.
    """
    if not images:
        return []
    known = [View()] * len(images) if views is None else views
    found = [
        [estimate for estimate in estimates if estimate.score >= config.min_score]
        for estimates in images
    ]
    clusters = [
        cluster
        for cluster in clusters_of(found, known, config.edge_m, config.gate_sigmas)
        if any(
            cluster.pictures_of(view) >= config.min_share * known.count(view) for view in set(known)
        )
    ]
    blocks: list[Block] = []
    for cluster in sorted(clusters, key=lambda cluster: float(cluster.centre[2])):
        block = _settle(cluster, blocks, config)
        if block is not None:
            blocks.append(block)
    blocks.sort(key=lambda block: block.level)
    return blocks


def _settle(cluster: DetectionCluster, below: list[Block], config: BlockMapConfig) -> Block | None:
    """The block on its likeliest level; None where it fits none or stands in another block."""
    orientations = [upright(member.pose.rotation) for member in cluster.members]
    tilt = float(np.median([tilt for _, tilt in orientations]))
    if tilt > config.max_tilt_rad:
        return None
    raised_m, leaning = 0.0, None
    if tilt > LEANING_RAD:
        # It stands on an edge: half of its height is e/2 (cos + sin).
        raised_m = config.edge_m / 2.0 * (np.cos(tilt) + np.sin(tilt) - 1.0)
        surest = max(cluster.members, key=lambda member: member.score)
        leaning = lean_axis(surest.pose.rotation)
    weights = [
        factor * member.score / (0.05 + tilt)
        for factor, member, (_, tilt) in zip(
            cluster.yaw_weights, cluster.members, orientations, strict=True
        )
    ]
    yaw = mean_yaw([yaw for yaw, _ in orientations], weights)
    from_above = cluster.seen_from_above
    best: Block | None = None
    best_likelihood = -0.5 * config.gate_sigmas**2
    levels: list[
        tuple[Array, Array, float]
    ] = []  # where it may lie: position, covariance, likelihood
    for level in range(config.max_level + 1):
        position, covariance, likelihood = rest_on_level(
            cluster.centre, cluster.covariance, level, config, raised_m
        )
        under = [
            block.level
            for block in below
            if block.horizontal_distance(position) < SUPPORT_SHARE * config.edge_m
        ]
        if level > 0 and level - 1 not in under:
            # One block of a stack may be hidden, not all of them; but from above.
            if level > 1 and level - 2 not in under and not from_above:
                continue
            likelihood -= UNSUPPORTED_PENALTY
        levels.append((position, covariance, likelihood))
        if likelihood > best_likelihood:
            best_likelihood = likelihood
            best = Block(
                position, yaw, level, covariance, cluster.score, len(cluster.images),
                cluster.color, cluster.yaw_sigma, leaning,
            )  # fmt: skip
    if best is not None and any(
        np.linalg.norm(block.position - best.position) < DISTINCT_SHARE * config.edge_m
        for block in below
    ):
        return None  # a second detection of a block that is there already
    return None if best is None else replace(best, covariance=_spread(best.position, levels))


def _spread(position: Array, levels: Sequence[tuple[Array, Array, float]]) -> Array:
    """Covariance about a position of what lies on one of several levels, by their likelihoods."""
    most = max(likelihood for _, _, likelihood in levels)
    weights = np.exp([likelihood - most for _, _, likelihood in levels])
    weights /= weights.sum()
    total = np.zeros((3, 3))
    for (place, covariance, _), weight in zip(levels, weights, strict=True):
        total += weight * (covariance + np.outer(place - position, place - position))
    return total
