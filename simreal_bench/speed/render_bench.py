"""The ray caster beside PyBullet's TinyRenderer: images a second of the same scenes on one CPU."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numba
import numpy as np
from numpy.typing import NDArray

from simreal_sim.randomization.cameras import draw_views
from simreal_sim.randomization.random_scenes import draw_scenes
from simreal_sim.randomization.ranges.randomization_config import RandomizationConfig
from simreal_sim.randomization.sensor_images import take_images
from simreal_sim.rendering.raycaster import render
from simreal_sim.rendering.scene import SceneBatch, ViewBatch
from simreal_sim.rendering.textures import texture_pool

TEXTURES = 600
STREAM = 0xBE7D  # keeps these scenes apart from those of training and of evaluation

# Draws views and returns the seconds that drawing alone took.
Reference = Callable[[SceneBatch, ViewBatch, NDArray[np.uint8], int, int], float]


@dataclass(frozen=True)
class Round:
    """One turn of both, seconds an image.

    Attributes:
        scenes, drawing, sensor: the parts of the ray caster's way from nothing to an image.
        reference: of the other renderer; None where it did not run.
    """

    scenes: float
    drawing: float
    sensor: float
    reference: float | None

    @property
    def whole(self) -> float:
        return self.scenes + self.drawing + self.sensor


@dataclass(frozen=True)
class RenderBench:
    """One run of several rounds."""

    rounds: tuple[Round, ...]

    def rate(self, part: str) -> float:
        """Images a second of a part of `Round`, or of `whole`: median of the rounds."""
        return float(np.median([1.0 / getattr(turn, part) for turn in self.rounds]))

    @property
    def ratio(self) -> float | None:
        """How many times faster the ray caster is, end to end: median of the rounds."""
        ratios = [turn.reference / turn.whole for turn in self.rounds if turn.reference is not None]
        return float(np.median(ratios)) if ratios else None


def bench_render(
    images: int,
    size: tuple[int, int],
    seed: int,
    threads: int,
    rounds: int,
    device: str = "cpu",
    reference: Reference | None = None,
    reference_images: int = 0,
    progress: Callable[[], object] = lambda: None,
) -> RenderBench:
    """Draw fresh scenes, everything randomized, with both renderers in turns.

    Args:
        images: scenes a round, one view each.
        size: width and height, pixels.
        seed: of the scenes.
        threads: of the ray caster.
        rounds: how often both have a turn.
        device: the ray caster's, "cpu" or "cuda".
        reference: the other renderer.
        reference_images: how many of a round's scenes the other renderer draws, the first ones.
        progress: called after each turn.
    """
    numba.set_num_threads(threads)
    rng = np.random.default_rng([seed, STREAM])
    textures = texture_pool(TEXTURES, rng)
    _turn(images, size, device, textures, rng)  # compiles, and warms up the caches
    turns = []
    for _ in range(rounds):
        turn, scenes, views = _turn(images, size, device, textures, rng)
        progress()
        if reference is not None:
            # A renderer without lens distortion is not asked for it.
            some = _first(views, reference_images)
            seconds = reference(scenes, some, textures, *size)
            turn = replace(turn, reference=seconds / some.size)
        progress()
        turns.append(turn)
    return RenderBench(tuple(turns))


def _turn(
    images: int,
    size: tuple[int, int],
    device: str,
    textures: NDArray[np.uint8],
    rng: np.random.Generator,
) -> tuple[Round, SceneBatch, ViewBatch]:
    """From nothing to exposed images, timed by parts."""
    everything = RandomizationConfig.load()
    times = [time.perf_counter()]
    scenes = draw_scenes(images, len(textures), everything, rng)
    views = draw_views(scenes, np.arange(images), *size, everything, rng)
    times.append(time.perf_counter())
    drawn = render(scenes, views, textures, *size, rng, device)
    times.append(time.perf_counter())
    take_images(drawn.color, everything, 0.0, rng)
    times.append(time.perf_counter())
    first, second, third = (np.diff(times) / images).tolist()
    return Round(first, second, third, None), scenes, views


def _first(views: ViewBatch, count: int) -> ViewBatch:
    """The first views of a batch, without lens distortion."""
    return ViewBatch(
        views.scene[:count], views.rotation[:count], views.position[:count],
        views.intrinsics[:count], np.zeros_like(views.distortion[:count]),
    )  # fmt: skip
