"""Blocks over time: which estimate is which block, what moved, what came and what went.

Frames: estimates come in the optical frame of their image. Tracks live in a fixed frame, which is
the optical frame itself where the camera does not move.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from simreal_common.block_estimate import BlockEstimate
from simreal_common.camera import Camera
from simreal_common.errors import ConfigurationError
from simreal_common.geometry import Pose
from simreal_perception.pose_estimation.calibration import logit
from simreal_perception.pose_estimation.detection import Region
from simreal_perception.tracking.fusion_over_time import FusedPose, Measurement

Array = NDArray[np.float64]

# Squared sigmas of a position that one image in a thousand exceeds: chi-squared, 3 degrees.
GATE = 16.3
# Blocks are solid: whatever the covariances say, an estimate this near (edges) may be of the block.
SOLID_SHARE = 0.15
# Nor is one at another place of the image, farther off its viewing ray than this (edges).
WIDEST_SHARE = 0.75
# A block is hidden where a nearer one's centre passes its viewing ray closer than this (edges).
HIDDEN_SHARE = 0.75
# What an image without a block says of it where its place is in sight, as log odds.
MISS_LOG_ODDS = -2.0
CLOCK_BACK_S = 1.0  # a stamp that goes back by more is a simulation or a bag that started again


@dataclass(frozen=True)
class TrackingConfig:
    """How long tracks live and what makes one.

    Args:
        confirm_frames: images in which a block must be seen to get an id, or to have moved.
        confirm_score: least mean score for an id.
        absent_frames: a block not seen in so many images, though its place is in sight, is gone.
        max_missed_s: a block not seen for so long is gone, even where its place is hidden.
        max_frames: scores are means over so many images at most.

    Raises:
        ConfigurationError: a value that makes no sense.
    """

    confirm_frames: int = 3
    confirm_score: float = 0.4
    absent_frames: int = 10
    max_missed_s: float = 5.0
    max_frames: int = 20

    def __post_init__(self) -> None:
        for name in ("confirm_frames", "absent_frames", "max_frames"):
            if getattr(self, name) < 1:
                raise ConfigurationError(f"{name} {getattr(self, name)}: wanted 1 or more")
        if not 0 < self.max_missed_s < float("inf"):
            raise ConfigurationError(f"max_missed_s {self.max_missed_s}: wanted seconds above 0")
        if not 0 <= self.confirm_score <= 1:
            raise ConfigurationError(f"confirm_score {self.confirm_score}: wanted 0 to 1")


@dataclass(eq=False)
class _Track:
    """One block, or what may become one (without an id yet)."""

    fused: FusedPose
    edge: float
    log_odds: float
    first_seen: float
    last_seen: float
    id: str = ""
    frames: int = 1  # images that speak for or against it
    sightings: int = 1
    colors: Counter[str] = field(default_factory=Counter)
    moving: FusedPose | None = None  # where it seems to be of late, if no longer at `fused`
    missed_since: float | None = None
    missed: int = 0  # images in a row that lack it, though its place is in sight

    @property
    def score(self) -> float:
        return float(1.0 / (1.0 + np.exp(-self.log_odds)))

    @property
    def color(self) -> str:
        return self.colors.most_common(1)[0][0] if self.colors else ""

    @property
    def latest(self) -> FusedPose:
        """Where to look for it."""
        return self.moving or self.fused

    def weigh(self, log_odds: float, max_frames: int) -> None:
        """One more image. The mean counts, not the sum: images of a resting scene repeat what
        fools the network (on the simulated cell 0.05 is their std, 0.84 that of the blocks)."""
        self.frames = min(self.frames + 1, max_frames)
        self.log_odds += (log_odds - self.log_odds) / self.frames

    def see(
        self, estimate: BlockEstimate, measurement: Measurement, config: TrackingConfig
    ) -> None:
        """Take what an image shows of it."""
        self.sightings += 1
        self.missed_since, self.missed = None, 0
        self.weigh(float(logit(estimate.score)), config.max_frames)
        if estimate.color:
            self.colors[estimate.color] += 1
        if self.fused.fits(measurement):
            self.fused, self.moving = self.fused.plus(measurement), None
            return
        if self.moving is not None and self.moving.fits(measurement):
            self.moving = self.moving.plus(measurement)
        else:
            self.moving = FusedPose.of(measurement)
        if self.moving.count >= config.confirm_frames:
            self.fused, self.moving = self.moving.turned_like(self.fused.pose.rotation), None


@dataclass(frozen=True)
class _Sight:
    """What an image can show: camera's pose and calibration, and where it is in motion."""

    pose_camera_in_fixed: Pose
    camera: Camera | None
    unsettled: Sequence[Region]

    def shows(self, position: Array, edge: float, nearer: Sequence[Array]) -> bool:
        """Whether a block at a place in the fixed frame would be seen.

        Args:
            nearer: places of the blocks that the image shows, fixed frame.
        """
        to_camera = self.pose_camera_in_fixed.inverse()
        place = to_camera.transform_points(position)
        if place[2] < edge:
            return False
        if self.camera is not None:
            x, y = self.camera.project(place)
            radius = float(self.camera.matrix[0, 0]) * edge / float(place[2]) / 2.0
            if not (radius <= x < self.camera.width - radius):
                return False
            if not (radius <= y < self.camera.height - radius):
                return False
            if any(region.holds(float(x), float(y)) for region in self.unsettled):
                return False
        far = float(np.linalg.norm(place))
        for other in nearer:
            block = to_camera.transform_points(other)
            along = float(block @ place) / far
            aside = float(np.linalg.norm(block - along * place / far))
            if 0 < along < far - 0.5 * edge and aside < HIDDEN_SHARE * edge:
                return False
        return True


class BlockTracker:
    """Follows blocks through the images of one camera.

    Blocks rest, unless they are moved: nothing is predicted. What an image shows is assigned to
    tracks by Mahalanobis distance. Where a track is contradicted by several images that agree
    among themselves, it restarts there; until then the images themselves are told, not the mean.
    """

    def __init__(self, config: TrackingConfig | None = None) -> None:
        self.config = config or TrackingConfig()
        self._tracks: list[_Track] = []
        self._last_stamp: float | None = None
        self._fixed: bool | None = None
        self._next_id = 1

    def reset(self) -> None:
        """Forget all blocks; ids are not used again."""
        self._tracks, self._last_stamp, self._fixed = [], None, None

    def update(
        self,
        estimates: Sequence[BlockEstimate],
        stamp: float,
        camera: Camera | None = None,
        pose_camera_in_fixed: Pose | None = None,
        unsettled: Sequence[Region] = (),
    ) -> list[BlockEstimate]:
        """The blocks that an image shows, best first, each fused with the earlier images.

        What has been seen often enough has an `id`, the same as long as it is followed. A block
        that this image lacks is not among them, though it keeps its id for some time.

        Args:
            estimates: of one image, in its optical frame.
            stamp: of the image, seconds. One that goes back by more than a second resets all.
            camera: tells what lies outside of the image.
            pose_camera_in_fixed: where the camera was; without it the camera is taken as fixed.
            unsettled: regions of the image in motion: a block not seen there may be covered.

        Returns:
            Estimates in the optical frame of this image.
        """
        moves = pose_camera_in_fixed is not None
        back = self._last_stamp is not None and stamp < self._last_stamp - CLOCK_BACK_S
        if back or (self._fixed is not None and self._fixed != moves):
            self.reset()
        self._fixed = moves
        now = stamp if self._last_stamp is None else max(stamp, self._last_stamp)
        self._last_stamp = now
        pose = pose_camera_in_fixed or Pose.identity()
        measured = [_in_fixed(estimate, pose_camera_in_fixed) for estimate in estimates]

        seen: list[tuple[_Track, int]] = []
        given: set[int] = set()
        # Blocks that are known choose first: a passing guess takes nothing from them.
        for known in (True, False):
            tracks = [track for track in self._tracks if bool(track.id) == known]
            free = [index for index in range(len(estimates)) if index not in given]
            for track, index in _assign(tracks, measured, free, pose):
                track.see(estimates[index], measured[index], self.config)
                track.last_seen = now
                seen.append((track, index))
                given.add(index)
        shown = [measurement.pose.position for measurement in measured]
        sight = _Sight(pose, camera, unsettled)
        self._miss({id(track) for track, _ in seen}, shown, now, sight)
        for index, estimate in enumerate(estimates):
            if index not in given:
                track = _Track(
                    FusedPose.of(measured[index]), estimate.edge, float(logit(estimate.score)),
                    now, now, colors=Counter([estimate.color] if estimate.color else []),
                )  # fmt: skip
                self._tracks.append(track)
                seen.append((track, index))
        self._confirm()
        to_camera = pose.inverse() if moves else None
        told = [_told(track, estimates[index], to_camera) for track, index in seen]
        return sorted(told, key=lambda estimate: -estimate.score)

    def _miss(self, seen: set[int], shown: Sequence[Array], now: float, sight: _Sight) -> None:
        """Count an image against the tracks that it lacks; drop those that are gone."""
        config = self.config
        kept: list[_Track] = []
        for track in self._tracks:
            if id(track) not in seen:
                if track.missed_since is None:
                    track.missed_since = now
                if sight.shows(track.latest.pose.position, track.edge, shown):
                    track.missed += 1
                    track.weigh(MISS_LOG_ODDS, config.max_frames)
                patience = config.absent_frames if track.id else config.confirm_frames - 1
                if now - track.missed_since > config.max_missed_s or track.missed >= patience:
                    continue
            kept.append(track)
        self._tracks = kept

    def _confirm(self) -> None:
        """Give ids to what was seen often enough: a new one, or that of the block that moved here."""
        config = self.config
        ready = [
            track
            for track in self._tracks
            if not track.id
            and track.missed_since is None
            and track.sightings >= config.confirm_frames
            and track.score >= config.confirm_score
        ]
        lost = [track for track in self._tracks if track.id and track.missed > 0]
        for track in ready:
            # Gone before this one came, and not of another colour.
            gone = [
                other
                for other in lost
                if other.last_seen <= track.first_seen
                and (not other.color or not track.color or other.color == track.color)
            ]
            rivals = [other for other in ready if other is not track]
            if len(gone) == 1 and not rivals:
                track.id = gone[0].id
                track.fused = track.fused.turned_like(gone[0].fused.pose.rotation)
                self._tracks.remove(gone[0])
            else:
                track.id = str(self._next_id)
                self._next_id += 1


def _in_fixed(estimate: BlockEstimate, pose_camera_in_fixed: Pose | None) -> Measurement:
    if pose_camera_in_fixed is None:
        ray = estimate.pose.position / np.linalg.norm(estimate.pose.position)
        return Measurement(
            estimate.pose, np.asarray(estimate.covariance), ray, estimate.shape.symmetry
        )
    turn = np.kron(np.eye(2), pose_camera_in_fixed.rotation)
    position = np.asarray(estimate.pose.position)
    return Measurement(
        pose=pose_camera_in_fixed @ estimate.pose,
        covariance=turn @ np.asarray(estimate.covariance) @ turn.T,
        direction=pose_camera_in_fixed.rotation @ (position / np.linalg.norm(position)),
        symmetry=estimate.shape.symmetry,
    )


def _assign(
    tracks: Sequence[_Track], measured: Sequence[Measurement], free: Sequence[int], camera: Pose
) -> list[tuple[_Track, int]]:
    """Tracks and the measurements, out of `free`, that are likely of the same block."""
    if not tracks or not free:
        return []
    costs = np.full((len(tracks), len(free)), np.inf)
    places = np.array([measured[index].pose.position for index in free])
    covariances = np.array([measured[index].covariance[:3, :3] for index in free])
    for row, track in enumerate(tracks):
        fused = track.latest
        place = fused.pose.position
        solid = (SOLID_SHARE * track.edge) ** 2 * np.eye(3)
        ray = (place - camera.position) / np.linalg.norm(place - camera.position)
        offsets = places - place
        total = covariances + fused.covariance[:3, :3] + solid
        squared = np.einsum("ni,nij,nj->n", offsets, np.linalg.inv(total), offsets)
        aside = np.linalg.norm(offsets - (offsets @ ray)[:, None] * ray, axis=1)
        near = (squared < GATE) & (aside < WIDEST_SHARE * track.edge)
        costs[row, near] = squared[near]
    # A pair beyond the gate costs more than all others within, so that most are assigned.
    bounded = np.where(np.isfinite(costs), costs, GATE * (min(costs.shape) + 1))
    rows, columns = linear_sum_assignment(bounded)
    return [
        (tracks[row], free[column])
        for row, column in zip(rows.tolist(), columns.tolist(), strict=True)
        if np.isfinite(costs[row, column])
    ]


def _told(track: _Track, estimate: BlockEstimate, to_camera: Pose | None) -> BlockEstimate:
    """A track in the optical frame; where the last images contradict it, these."""
    fused = track.fused
    if track.moving is not None:
        fused = track.moving.turned_like(track.fused.pose.rotation)
    pose, covariance = fused.pose, fused.covariance
    if to_camera is not None:
        turn = np.kron(np.eye(2), to_camera.rotation)
        pose, covariance = to_camera @ pose, turn @ covariance @ turn.T
    return dataclasses.replace(
        estimate,
        pose=pose,
        covariance=covariance,
        score=track.score,
        color=track.color,
        id=track.id,
    )
