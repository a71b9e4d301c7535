"""Simulated recordings: a board as a camera sees it, and an arm that carries it or the camera."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import cv2
import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from simreal_common.camera import Camera
from simreal_common.geometry import Pose, look_at
from simreal_perception.camera_calibration.board import Board
from simreal_perception.camera_calibration.board_detection import Sight
from simreal_perception.camera_calibration.board_page import BoardPage
from simreal_perception.camera_calibration.hand_eye import EYE_TO_HAND, View, arm_chain

LENS = np.array([0.08, -0.15, 0.0005, -0.0008, 0.03])
CAMERA = Camera(
    640, 480, np.array([[612.0, 0.0, 316.0], [0.0, 609.0, 243.0], [0.0, 0.0, 1.0]]), LENS
)


def turned(pose: Pose, degrees: Sequence[float]) -> Pose:
    """A pose whose child is turned about its own axes."""
    turn = Rotation.from_euler("xyz", degrees, degrees=True)
    return Pose(pose.position, (Rotation.from_quat(pose.orientation) * turn).as_quat())


@cache
def _sheet(board: Board) -> tuple[np.ndarray, np.ndarray]:
    """A sheet with the board in its middle, and its width and height in metres."""
    page = BoardPage(board, "a3")
    raw = np.frombuffer(page.png(), np.uint8)
    sheet = cv2.imdecode(raw, cv2.IMREAD_REDUCED_GRAYSCALE_4)
    return sheet, np.array(page.size_m)


@cache
def _ideal(camera: Camera) -> np.ndarray:
    """Of each pixel the place on the plane at z = 1, (height, width, 2)."""
    u, v = np.meshgrid(np.arange(camera.width), np.arange(camera.height))
    return camera.normalize(np.stack([u, v], axis=-1)).astype(np.float32)


@dataclass(frozen=True)
class Simulation:
    """Draws what is seen; see the fixture `simulation`."""

    camera: Camera = CAMERA

    def board_pose(self, rng: np.random.Generator, far: float = 0.45) -> Pose:
        """A board somewhere in view, tilted."""
        distance = rng.uniform(0.6, 1.2) * far
        place = self.camera.rays(
            rng.uniform(0.25, 0.75, 2) * [self.camera.width, self.camera.height]
        )
        tilt = (
            rng.uniform(15, 40)
            * np.array([rng.choice([-1, 1]), rng.choice([-1, 1])])
            * rng.permutation([1, 0.2])
        )
        return turned(
            Pose(place * distance, np.array([0.0, 0.0, 0.0, 1.0])), [*tilt, rng.uniform(-20, 20)]
        )

    def sight(
        self, name: str, points: Any, pose: Pose, rng: np.random.Generator, noise: float = 0.2
    ) -> Sight:
        """Points in the image, those outside left out."""
        pixels = self.camera.project(pose.transform_points(points))
        pixels += rng.normal(0.0, noise, pixels.shape)
        size = (self.camera.width, self.camera.height)
        inside = ((pixels > 2) & (pixels < np.array(size) - 3)).all(axis=1)
        return Sight(name, np.asarray(points)[inside], pixels[inside], size)

    def board_sights(
        self, board: Board, count: int, rng: np.random.Generator, noise: float = 0.2
    ) -> list[Sight]:
        """A board waved before the camera."""
        return [
            self.sight(f"{number:02}.png", board.points, self.board_pose(rng), rng, noise)
            for number in range(count)
        ]

    def picture(self, board: Board, pose: Pose, oversampling: int = 2) -> np.ndarray:
        """RGB picture of a printed board, with the lens's distortion."""
        sheet, paper = _sheet(board)
        width, height = self.camera.width, self.camera.height
        ideal = cv2.resize(
            _ideal(self.camera), None, fx=oversampling, fy=oversampling
        )  # between its pixels a lens bends evenly
        rays = np.concatenate(
            [ideal, np.ones((*ideal.shape[:2], 1), np.float32)], axis=-1
        ) @ pose.rotation.astype(np.float32)
        eye = pose.inverse().position
        depth = -eye[2] / rays[..., 2]
        places = (eye + rays * depth[..., None])[..., :2] + paper / 2
        scale = np.array(sheet.shape[::-1]) / paper
        x, y = np.moveaxis((places * scale - 0.5).astype(np.float32), -1, 0)
        fine = cv2.remap(
            sheet,
            np.ascontiguousarray(x),
            np.ascontiguousarray(y),
            cv2.INTER_LINEAR,
            borderValue=120,
        )
        grey = cv2.resize(fine, (width, height), interpolation=cv2.INTER_AREA)
        grey = cv2.GaussianBlur((grey * 0.8 + 20).astype(np.uint8), (0, 0), 0.6)
        return np.repeat(grey[..., None], 3, axis=2)

    def arm_poses(
        self,
        mount: str,
        camera_in_parent: Pose,
        target_in_other: Pose,
        count: int,
        rng: Any,
        far: float = 0.5,
    ) -> list[Pose]:
        """Poses of the tool in the base that bring the target into view, turned to all sides."""
        poses = []
        for _ in range(count):
            place = self.camera.rays(
                rng.uniform(0.35, 0.65, 2) * [self.camera.width, self.camera.height]
            )
            tilt = rng.uniform(-35, 35, 2)
            seen = turned(
                Pose(place * far * rng.uniform(0.8, 1.3), np.array([0, 0, 0, 1.0])),
                [*tilt, rng.uniform(-60, 60)],
            )
            chain = camera_in_parent @ seen @ target_in_other.inverse()
            poses.append(arm_chain(chain, mount))
        return poses

    def views(
        self,
        mount: str,
        points: Any,
        count: int,
        rng: np.random.Generator,
        noise: float = 0.2,
        far: float = 0.5,
    ) -> tuple[list[View], Pose]:
        """A simulated hand-eye recording, and the camera's true place."""
        if mount == EYE_TO_HAND:
            camera_in_parent = look_at([1.2, 0.3, 0.7], [0.45, 0.0, 0.3])
            target = turned(
                Pose(np.array([0.01, -0.03, 0.08]), np.array([0, 0, 0, 1.0])), [170, 10, 30]
            )
        else:
            camera_in_parent = turned(
                Pose(np.array([0.05, -0.03, 0.06]), np.array([0, 0, 0, 1.0])), [5, -8, 88]
            )
            target = turned(
                Pose(np.array([0.5, 0.1, 0.01]), np.array([0, 0, 0, 1.0])), [180, 0, 20]
            )
        views = []
        for number, pose in enumerate(
            self.arm_poses(mount, camera_in_parent, target, count, rng, far)
        ):
            there = camera_in_parent.inverse() @ arm_chain(pose, mount) @ target
            views.append(View(self.sight(f"{number:02}.png", points, there, rng, noise), pose))
        return views, camera_in_parent


@pytest.fixture
def simulation() -> Simulation:
    """A camera of 640x480 with a lens that bends, and what it sees."""
    return Simulation()


@pytest.fixture
def with_camera() -> Callable[[Camera], Simulation]:
    """The same with another camera."""
    return Simulation
