"""What lies beside the block zone of the simulated cell and is no block: a class each."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar

import numpy as np

from simreal_sim.physics.world_ranges import WorldDistractorRanges

Size = tuple[float, ...]


class WorldDistractor(ABC):
    """A kind of distractors of the simulated cell, entered in `WORLD_DISTRACTORS`; metres.

    Attributes:
        primitive: of PyBullet, without its GEOM_.
        soft: it gives way a little where it touches the table: else it would roll for ever.
    """

    primitive: ClassVar[str]
    soft: ClassVar[bool] = False

    @staticmethod
    @abstractmethod
    def draw_size(ranges: WorldDistractorRanges, rng: np.random.Generator) -> Size:
        """The lengths that say how large one is."""

    @staticmethod
    @abstractmethod
    def height(size: Size) -> float:
        """Of one of that size, as it lies on the table."""

    @staticmethod
    @abstractmethod
    def dimensions(size: Size) -> dict[str, Any]:
        """What PyBullet makes its collision shape of."""


class Sphere(WorldDistractor):
    """Size: radius."""

    primitive = "SPHERE"
    soft = True

    @staticmethod
    def draw_size(ranges: WorldDistractorRanges, rng: np.random.Generator) -> Size:
        return (ranges.radius_m.draw_one(rng),)

    @staticmethod
    def height(size: Size) -> float:
        return 2 * size[0]

    @staticmethod
    def dimensions(size: Size) -> dict[str, Any]:
        return {"radius": size[0]}


class Cylinder(WorldDistractor):
    """Size: radius, height."""

    primitive = "CYLINDER"

    @staticmethod
    def draw_size(ranges: WorldDistractorRanges, rng: np.random.Generator) -> Size:
        return ranges.radius_m.draw_one(rng), ranges.height_m.draw_one(rng)

    @staticmethod
    def height(size: Size) -> float:
        return size[1]

    @staticmethod
    def dimensions(size: Size) -> dict[str, Any]:
        return {"radius": size[0], "height": size[1]}


class Bar(WorldDistractor):
    """Size: three edges."""

    primitive = "BOX"

    @staticmethod
    def draw_size(ranges: WorldDistractorRanges, rng: np.random.Generator) -> Size:
        thickness = ranges.thickness_m.draw_one(rng)
        return ranges.bar_length.draw_one(rng) * thickness, thickness, thickness

    @staticmethod
    def height(size: Size) -> float:
        return size[2]

    @staticmethod
    def dimensions(size: Size) -> dict[str, Any]:
        return {"halfExtents": [length / 2 for length in size]}


# New ones go to the end; worlds of seeds that drew others before will be others.
WORLD_DISTRACTORS: dict[str, type[WorldDistractor]] = {
    "sphere": Sphere,
    "cylinder": Cylinder,
    "bar": Bar,
}
