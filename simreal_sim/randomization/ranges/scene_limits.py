"""How much there is room for in a scene."""

from __future__ import annotations

from simreal_common.errors import ConfigurationError
from simreal_sim.randomization.ranges.ranges import Integers

MOST_BLOCKS, MOST_DISTRACTORS, MOST_SHEETS, MOST_LIGHTS = 30, 24, 4, 3  # room in a scene


def within(numbers: Integers, name: str, least: int, most: int) -> None:
    """Refuse a range of numbers beyond `least` to `most`.

    Raises:
        ConfigurationError: it is.
    """
    if not least <= numbers.low <= numbers.high <= most:
        raise ConfigurationError(
            f"{name}: got [{numbers.low:g}, {numbers.high:g}], wanted numbers from {least} to {most}"
        )
