"""Occupancy grid: which cells of the workspace depth images show to be occupied, and since when.

A cell is occupied when several frames have shown a surface in it, and free again when several have
seen through it. What the arm hides stays as it was. So single wrong pixels are no obstacles, and an
obstacle that goes away is none any more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from simreal_common.camera import Camera
from simreal_common.geometry import Pose
from simreal_common.settings.obstacles import Obstacle
from simreal_control.occupancy.depth_config import DepthConfig
from simreal_control.robot_interface.depth_frame import DepthFrame

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

CONFIRMED, CERTAIN = 2, 3  # frames that show a surface: occupied; and how many are remembered
FIRST_FRAMES = 5  # tell what stood there before
LEAST_POINTS = 3  # of a frame in a cell
POINTS_ACROSS = 4.0  # a cell, of the pixels that are looked at
LEAST_CELLS = 3  # of one thing; less is noise
SUDDEN_CELLS = 8  # of a thing that counts as there from its first frame on, for those it may hurt
DEPTH_NOISE = 0.005  # share of the depth by which what is measured may be off
NEAREST_M = 0.1  # depth cameras see nothing nearer
ABOUT_M = 0.4  # so far about the grid what is seen may be the arm
NEIGHBOURS = np.ones((3, 3, 3), dtype=bool)


class OccupancyGrid:
    """Cells of the workspace, the axes those of the base frame.

    Args:
        config: where, and how fine.

    Attributes:
        centres: of all cells, metres, shape (x, y, z, 3).
    """

    def __init__(self, config: DepthConfig) -> None:
        self._config = config
        self._corner, self._voxel_m = config.corner, config.voxel_m
        shape = config.shape
        cells = np.stack(np.meshgrid(*map(np.arange, shape), indexing="ij"), axis=-1)
        self.centres: Array = self._corner + (cells + 0.5) * self._voxel_m
        self._evidence = np.zeros(shape, dtype=np.int8)
        self._occupied = np.zeros(shape, dtype=bool)
        self._since = np.full(shape, np.inf)
        # Seen through the last time that a look was not stopped by the arm.
        self._free = np.zeros(shape, dtype=bool)
        self._hit = np.zeros(shape, dtype=bool)
        self._frames = 0
        self._view: tuple[Camera, Pose, int] | None = None

    @property
    def ready(self) -> bool:
        """Whether there were enough frames to tell what is there."""
        return self._frames >= FIRST_FRAMES

    def take(self, frame: DepthFrame, is_robot: Callable[[Array], Mask]) -> None:
        """Take what a frame shows.

        Args:
            is_robot: which of points, metres, base frame, shape (n, 3), are a part of the robot, or of
                what it holds.
        """
        step = self._step(frame)
        self._look_from(frame, step)
        depth = np.asarray(frame.depth[::step, ::step], dtype=np.float64)
        seen = np.isfinite(depth) & (depth > NEAREST_M)
        depth = np.where(seen, depth, 0.0)
        points = frame.pose_camera_in_base.transform_points(self._rays * depth[..., None])
        low, high = self._corner, self._corner + np.array(self._occupied.shape) * self._voxel_m
        about = seen & (points[..., 2] > low[2])
        about &= _between(points, low - ABOUT_M, high + ABOUT_M)
        robot = np.zeros(depth.shape, dtype=bool)
        robot[about] = is_robot(points[about])
        inside = about & ~robot & _between(points, low, high)
        hit = self._counted(points[inside]) >= LEAST_POINTS
        # At the border of the image a surface is seen in cells that are never seen through again.
        whole = np.zeros(hit.size, dtype=bool)
        whole[self._shown] = True
        hit = self._hit = hit & whole.reshape(hit.shape)
        # Of what is there at first nobody has seen it come.
        since = frame.stamp if self.ready else -np.inf
        self._believe(since, hit, depth, seen, robot)
        self._frames += 1

    def occupied(self, known: Iterable[Obstacle] = (), margin_m: float = 0.0) -> Mask:
        """What is occupied by things of several cells, but for what is known; shape (x, y, z)."""
        return things(self._occupied & ~self.covered(known, margin_m))

    def still(self, now: float) -> Mask:
        """What is occupied, and was so for long."""
        return np.asarray(self._occupied & (now - self._since >= self._config.still_s))

    def arrived(self, now: float, known: Iterable[Obstacle] = (), margin_m: float = 0.0) -> Mask:
        """What is occupied since lately, and no mere fringe of what stands still or is known.

        A large thing is there from its first frame on.
        """
        if not self.ready:
            return np.zeros_like(self._occupied)
        sudden = self._hit & ~self._occupied
        new = sudden | (self._occupied & (now - self._since < self._config.still_s))
        new &= ~self.covered(known, margin_m)
        new = things(new)
        if not new.any():
            return new
        new &= ~ndimage.binary_dilation(self.still(now), NEIGHBOURS)
        return things(new & ~sudden) | things(new, SUDDEN_CELLS)

    def solid(self, occupied: Mask) -> Mask:
        """Surfaces with what lies hidden below them, down to the table or to what is seen through."""
        filled = occupied.copy()
        for level in range(filled.shape[2] - 2, -1, -1):
            filled[..., level] |= filled[..., level + 1] & ~self._free[..., level]
        return filled

    def covered(self, boxes: Iterable[Obstacle], margin_m: float) -> Mask:
        """The cells whose centres are nearer to some boxes than that."""
        covered = np.zeros(self._occupied.shape, dtype=bool)
        for box in boxes:
            half = np.abs(box.pose.rotation) @ box.size / 2 + margin_m
            first = np.floor((box.pose.position - half - self._corner) / self._voxel_m)
            last = np.ceil((box.pose.position + half - self._corner) / self._voxel_m)
            part = tuple(
                slice(max(int(a), 0), max(int(b), 0)) for a, b in zip(first, last, strict=True)
            )
            covered[part] |= box.distance(self.centres[part]) < margin_m
        return covered

    def _step(self, frame: DepthFrame) -> int:
        """Of pixels every so many are enough for cells so large, as far away as the grid reaches."""
        corners = self.centres[[0, 0, -1, -1], [0, -1, 0, -1], 0]
        farthest = float(np.linalg.norm(corners - frame.pose_camera_in_base.position, axis=1).max())
        focal = float(frame.camera.matrix[[0, 1], [0, 1]].min())
        return max(int(self._voxel_m * focal / (POINTS_ACROSS * farthest)), 1)

    def _look_from(self, frame: DepthFrame, step: int) -> None:
        """Rays of the pixels, and where each cell is seen; kept as long as nothing moves."""
        camera, pose = frame.camera, frame.pose_camera_in_base
        if self._view is not None:
            before, place, had = self._view
            same = before is camera or (
                before.lens is camera.lens
                and np.array_equal(before.matrix, camera.matrix)
                and np.array_equal(before.distortion, camera.distortion)
                and (before.width, before.height) == (camera.width, camera.height)
            )
            if not same or had != step:
                self._view = None
            elif np.array_equal(place.matrix, pose.matrix):
                return
        if self._view is None:
            u, v = np.meshgrid(np.arange(0, camera.width, step), np.arange(0, camera.height, step))
            flat = camera.normalize(np.stack([u, v], axis=-1).astype(np.float64))
            self._rays = np.concatenate([flat, np.ones((*flat.shape[:2], 1))], axis=-1)
        self._view = (camera, pose, step)
        local = pose.inverse().transform_points(self.centres.reshape(-1, 3))
        away = local[:, 2]
        lowest, highest = self._rays.min(axis=(0, 1))[:2], self._rays.max(axis=(0, 1))[:2]
        with np.errstate(divide="ignore", invalid="ignore"):
            flat = local[:, :2] / away[:, None]
        shown = (away > NEAREST_M) & ((flat >= lowest) & (flat <= highest)).all(axis=1)
        pixels = np.zeros((len(local), 2), dtype=np.int64)
        if shown.any():
            pixels[shown] = np.rint(camera.project(local[shown]) / step)
        rows, columns = self._rays.shape[:2]
        shown &= ((pixels >= 0) & (pixels < [columns, rows])).all(axis=1)
        self._shown = np.flatnonzero(shown)
        self._pixels = pixels[shown, 1] * columns + pixels[shown, 0]
        self._away = away[shown]

    def _counted(self, points: Array) -> NDArray[np.int64]:
        shape = self._occupied.shape
        cells = np.floor((points - self._corner) / self._voxel_m).astype(np.int64)
        cells = np.minimum(cells, np.array(shape) - 1)
        flat = np.ravel_multi_index(tuple(cells.T), shape)
        return np.bincount(flat, minlength=int(np.prod(shape))).reshape(shape)

    def _believe(self, since: float, hit: Mask, depth: Array, seen: Mask, robot: Mask) -> None:
        measured = depth.reshape(-1)[self._pixels]
        valid = seen.reshape(-1)[self._pixels]
        margin = 0.5 * self._voxel_m + DEPTH_NOISE * self._away
        through = np.zeros(hit.size, dtype=bool)
        before = np.zeros(hit.size, dtype=bool)
        through[self._shown] = valid & (measured > self._away + margin)
        hidden = valid & ~robot.reshape(-1)[self._pixels] & (measured <= self._away + margin)
        before[self._shown] = hidden
        empty = through.reshape(hit.shape) & ~hit
        self._evidence[hit] += 1
        self._evidence[empty] -= 1
        np.clip(self._evidence, 0, CERTAIN, out=self._evidence)
        self._free |= empty
        self._free &= ~(before.reshape(hit.shape) | hit)
        new = ~self._occupied & (self._evidence >= CONFIRMED)
        self._since[new] = since
        self._occupied |= new
        self._occupied &= self._evidence > 0


def _between(points: Array, low: Array, high: Array) -> Mask:
    """Which points, shape (..., 3), lie in a box; axis by axis, for that is much faster."""
    inside = np.ones(points.shape[:-1], dtype=bool)
    for axis in range(3):
        along = points[..., axis]
        inside &= (along > low[axis]) & (along < high[axis])
    return inside


def things(cells: Mask, least: int = LEAST_CELLS) -> Mask:
    """Cells without those that hang together with too few others; shape (x, y, z)."""
    if not cells.any():
        return cells
    labels, _ = ndimage.label(cells, NEIGHBOURS)
    large: Any = np.bincount(labels.reshape(-1)) >= least
    large[0] = False
    return np.asarray(large[labels], dtype=bool)
