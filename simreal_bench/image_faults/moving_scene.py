"""Images of a resting camera in which an arm and blocks move, drawn by the ray caster."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from simreal_common.camera import Camera
from simreal_perception.evaluation.evaluation_splits import find_split
from simreal_perception.pose_estimation.support_plane import SupportPlane
from simreal_sim.randomization.cameras import draw_views
from simreal_sim.randomization.layout.layout import FIRST_BLOCK, FIRST_DISTRACTOR, FIRST_ROBOT
from simreal_sim.randomization.random_scenes import draw_scenes
from simreal_sim.randomization.ranges.randomization_config import RandomizationConfig
from simreal_sim.randomization.sensor_images import view_camera
from simreal_sim.rendering.raycaster import render
from simreal_sim.rendering.scene import BOX, SceneBatch, ViewBatch
from simreal_sim.rendering.sensor_effects import expose, plain_sensors
from simreal_sim.rendering.textures import texture_pool

Image = NDArray[np.uint8]

SALT = 0x3A7C  # apart from the scenes of training, calibration and evaluation
TEXTURES = 200
SIZE = (640, 480)
# The arm: half extents, metres, and how it leans; and how far it and what it carries go.
ARM_HALF_M, ARM_LEAN_RAD, ARM_GREY = (0.02, 0.02, 0.3), 0.6, 0.4
SWEEP_M, LIFT_M = 0.22, 0.12
NOISE_LEVELS = 2.5  # sigma of a pixel: a webcam in a room
NOISE_FIELDS = 16
FLICKER, FLICKER_HZ = 0.02, 7.0  # of the light, as the lamp's 100 Hz beats with the exposures
WANDER, WANDER_S = 0.08, 45.0  # of the light: clouds, automatic exposure
# What stands where blocks stood, as shares of a block's extents along its own axes.
SHAPES: Mapping[str, tuple[float, float, float]] = {
    "cubes": (1.0, 1.0, 1.0),
    "flat": (1.0, 1.0, 0.65),
    "narrow": (0.5, 1.0, 1.0),
    "small": (0.7, 0.7, 0.7),
}

Fault = Callable[[Image, float, np.random.Generator], Image]


@dataclass(frozen=True, eq=False)
class Shot:
    """One image.

    Args:
        time: seconds.
        image: RGB uint8 (H, W, 3).
        number: of the drawn frame that it shows.
    """

    time: float
    image: Image
    number: int


class MovingScene:
    """A scene whose blocks and arm move to and fro.

    Args:
        seed: of all that is drawn.
        frames: how many different ones; they are shown to and fro.
        blocks: what stands where blocks stood, of `SHAPES`.

    Attributes:
        camera: of its images.
        plane: what the blocks stand on, in the camera's optical frame.
        edge: of its blocks, metres.
        drawn: the frames, without noise.
    """

    def __init__(self, seed: int, frames: int = 30, *, blocks: str = "cubes") -> None:
        ranges = find_split("everything").narrowed(RandomizationConfig.load())
        rng = np.random.default_rng([seed, SALT])
        textures = _textures()
        scenes = draw_scenes(1, len(textures), ranges, rng)
        views = draw_views(scenes, np.zeros(1, int), *SIZE, ranges, rng)
        self.camera: Camera = view_camera(views, 0, *SIZE)
        self.edge = float(scenes.edge[0])
        turn, place = views.rotation[0].T, views.position[0]
        # The table is z = 0 of the world.
        self.plane = SupportPlane(turn @ np.array([0.0, 0.0, 1.0]), -float(place[2]))
        _reshape(scenes, SHAPES[blocks])
        carried = _first_block(scenes)
        self.drawn = [
            _draw(scenes, views, textures, carried, share, seed)
            for share in np.linspace(0.0, 1.0, frames).tolist()
        ]
        noise = np.random.default_rng([seed, SALT, 1])
        shape = (NOISE_FIELDS, SIZE[1], SIZE[0], 3)
        self._noise = (NOISE_LEVELS * noise.standard_normal(shape, np.float32)).astype(np.int8)

    def shots(
        self,
        rate: float,
        seconds: float,
        seed: int,
        fault: Fault | None = None,
    ) -> Iterator[Shot]:
        """Images as a camera gives them.

        Args:
            rate: images a second.
            seconds: how long.
            seed: of noise and fault.
            fault: what spoils the light's image, before the pixels' noise; None: nothing.
        """
        rng = np.random.default_rng([seed, SALT, 2])
        for index in range(round(rate * seconds)):
            time = index / rate
            number = _to_and_fro(index, len(self.drawn))
            light = 1.0 + FLICKER * np.sin(2 * np.pi * FLICKER_HZ * time)
            light *= 1.0 + WANDER * np.sin(2 * np.pi * time / WANDER_S)
            image = cv2.convertScaleAbs(self.drawn[number], alpha=light)
            if fault is not None:
                image = fault(image, time, rng)
            yield Shot(time, self._noisy(image, rng), number)

    def _noisy(self, image: Image, rng: np.random.Generator) -> Image:
        field = self._noise[rng.integers(len(self._noise))]
        down, right = rng.integers(SIZE[1]), rng.integers(SIZE[0])
        # Rolled: sixteen fields would be seen again soon.
        field = np.roll(field, (int(down), int(right)), axis=(0, 1))
        return np.asarray(cv2.add(image, field, dtype=cv2.CV_8U))


@lru_cache(maxsize=1)
def _textures() -> NDArray[np.uint8]:
    return texture_pool(TEXTURES, np.random.default_rng(SALT))


def _to_and_fro(index: int, count: int) -> int:
    """0, 1, ... count - 1, count - 2, ... 0, 1, ..."""
    place = index % max(2 * count - 2, 1)
    return place if place < count else 2 * count - 2 - place


def _first_block(scenes: SceneBatch) -> int:
    slots = np.flatnonzero(scenes.is_block[0, FIRST_BLOCK:FIRST_DISTRACTOR])
    return FIRST_BLOCK + int(slots[-1]) if slots.size else -1


def _reshape(scenes: SceneBatch, shares: tuple[float, float, float]) -> None:
    blocks = scenes.is_block[0]
    scenes.half_size[0, blocks] *= shares
    # What is lower stands lower, in towers too.
    scenes.position[0, blocks, 2] *= shares[2]


def _draw(
    scenes: SceneBatch,
    views: ViewBatch,
    textures: NDArray[np.uint8],
    carried: int,
    share: float,
    seed: int,
) -> Image:
    """The image when a share of the way is done."""
    now = copy.copy(scenes)
    now.shape, now.position = scenes.shape.copy(), scenes.position.copy()
    now.rotation, now.half_size = scenes.rotation.copy(), scenes.half_size.copy()
    way = np.array([SWEEP_M * (share - 0.5), SWEEP_M * (0.5 - share) / 2, LIFT_M])
    if carried >= 0:
        now.position[0, carried] += [SWEEP_M * share, 0.0, LIFT_M * np.sin(np.pi * share)]
    arm = FIRST_ROBOT
    now.shape[0, arm], now.half_size[0, arm] = BOX, ARM_HALF_M
    now.color_low, now.color_high = scenes.color_low.copy(), scenes.color_high.copy()
    now.color_low[0, arm] = now.color_high[0, arm] = ARM_GREY
    now.rotation[0, arm] = Rotation.from_euler("xy", [ARM_LEAN_RAD, share]).as_matrix()
    now.position[0, arm] = way + np.array([0.0, 0.0, ARM_HALF_M[2]])
    drawn = render(now, views, textures, *SIZE, np.random.default_rng(seed))
    sensors = plain_sensors(1)
    return np.asarray(expose(drawn.color, sensors, np.random.default_rng(seed))[0])
