"""Kinds of synthetic scenes that a model is measured on: everything at once, or what is hard about one.

A split narrows the ranges of randomization; it says nothing of how images are drawn.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass

from simreal_common.block_estimate import BLOCK_EDGE_M
from simreal_common.errors import ConfigurationError
from simreal_sim.randomization.ranges.randomization_config import NumberRanges, RandomizationConfig
from simreal_sim.randomization.ranges.ranges import Integers, LogUniform, Share, Uniform

LEAST_VISIBLE = 0.5  # share of a block's outline that must be seen for it to count
LEAST_EDGE_PX = 20.0  # smaller ones may be found
SMALL_EDGE_M = 0.025  # of the blocks that most people have


@dataclass(frozen=True)
class Split:
    """Scenes of one kind.

    Args:
        name: as on the command line.
        words: what they are, for people.
        narrowed: of the ranges that a model is trained on those of this split.
        size: width and height of the images, pixels.
    """

    name: str
    words: str
    narrowed: Callable[[RandomizationConfig], RandomizationConfig]
    size: tuple[int, int]


def _everything(ranges: RandomizationConfig) -> RandomizationConfig:
    return dataclasses.replace(
        ranges,
        disabled=ranges.disabled | {"edge"},
        camera=dataclasses.replace(ranges.camera, distance_m=LogUniform(*EVERYTHING_M)),
    )


def _overhead(ranges: RandomizationConfig) -> RandomizationConfig:
    camera = dataclasses.replace(
        ranges.camera, overhead=Share(1.0), overhead_deg=Uniform(0.0, 20.0),
        distance_m=LogUniform(0.7, 1.1), fov_deg=Uniform(55.0, 70.0),
    )  # fmt: skip
    return _of_edge(dataclasses.replace(ranges, camera=camera), SMALL_EDGE_M)


def _crowded(ranges: RandomizationConfig) -> RandomizationConfig:
    tabletop = dataclasses.replace(
        ranges.tabletop, share=Share(1.0), blocks=LogUniform(12.0, 30.0), board=Share(1.0)
    )
    camera = dataclasses.replace(
        ranges.camera, distance_m=LogUniform(0.5, 1.0), fov_deg=Uniform(50.0, 75.0)
    )
    ranges = dataclasses.replace(ranges, tabletop=tabletop, camera=camera)
    return _of_edge(ranges, SMALL_EDGE_M)


def _face_on(ranges: RandomizationConfig) -> RandomizationConfig:
    camera = dataclasses.replace(
        ranges.camera, overhead=Share(1.0), overhead_deg=Uniform(0.0, 10.0),
        distance_m=LogUniform(0.35, 0.9), off_axis=Uniform(-0.4, 0.4),
    )  # fmt: skip
    return _of_edge(dataclasses.replace(ranges, camera=camera), BLOCK_EDGE_M)


def _held(ranges: RandomizationConfig) -> RandomizationConfig:
    held = dataclasses.replace(ranges.held, held=Share(1.0))
    camera = dataclasses.replace(ranges.camera, distance_m=LogUniform(*HELD_M))
    one = dataclasses.replace(
        ranges, number=NumberRanges(Integers(1, 1)), held=held, camera=camera,
        tabletop=dataclasses.replace(ranges.tabletop, share=Share(0.0)),
    )  # fmt: skip
    return _of_edge(one, BLOCK_EDGE_M)


def _trained(ranges: RandomizationConfig) -> RandomizationConfig:
    return ranges


def _of_edge(ranges: RandomizationConfig, edge_m: float) -> RandomizationConfig:
    edge = dataclasses.replace(ranges.edge, edge_m=LogUniform(edge_m, edge_m), several=Share(0.0))
    return dataclasses.replace(ranges, edge=edge)


EVERYTHING_M = (0.5, 1.1)
HELD_M = (0.3, 0.8)  # a hand before its camera
SPLITS = {
    split.name: split
    for split in (
        Split(
            "everything", "50 mm blocks at 0.5 to 1.1 m, everything randomized", _everything,
            (640, 480),
        ),
        Split(
            "overhead", "25 mm blocks 20 to 45 pixels wide, from above", _overhead, (1280, 720)
        ),
        Split("crowded", "12 to 30 small blocks on a board among distractors", _crowded, (1280, 720)),
        Split("face-on", "50 mm blocks from straight above", _face_on, (640, 480)),
        Split("held", "one 50 mm block between fingers, turned anyhow", _held, (640, 480)),
        Split("trained", "blocks of all sizes at all distances of the ranges", _trained, (960, 720)),
    )
}  # fmt: skip


def find_split(name: str) -> Split:
    """The split of a name.

    Raises:
        ConfigurationError: no such split.
    """
    if name not in SPLITS:
        raise ConfigurationError(f"no split is called '{name}'; wanted one of {', '.join(SPLITS)}")
    return SPLITS[name]
