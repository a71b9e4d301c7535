"""The boundaries that automatic domain randomization moves: one for each end of each range.

A range begins as a point, where scenes are plain, and opens towards its limits, which are the ranges
that a run would learn from otherwise. How far a boundary is open is a share, from 0 to 1.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from simreal_sim.randomization.ranges.randomization_config import GROUPS, RandomizationConfig
from simreal_sim.randomization.ranges.ranges import Integers, LogUniform, Normal, Share, Uniform
from simreal_sim.randomization.ranges.sensor_ranges import LEAST, LogUniformFromZero

LOW, HIGH, VALUE = "low", "high", "value"


@dataclass(frozen=True)
class Boundary:
    """One end of a range.

    Args:
        group, key: of the range in the file of ranges.
        side: "low" or "high"; "value" of a range that is one number, a share or a standard deviation.
    """

    group: str
    key: str
    side: str

    @property
    def name(self) -> str:
        """As logs and checkpoints call it."""
        return f"{self.group}.{self.key}.{self.side}"


def boundaries(limits: RandomizationConfig) -> tuple[Boundary, ...]:
    """All boundaries that have a way to go within the limits.

    Groups that are switched off have none, nor have weights of kinds, which have no order.
    """
    return tuple(
        Boundary(group, key, side)
        for group in GROUPS
        if limits.on(group)
        for key, limit in _ranges(limits, group)
        for side in _sides(limit)
    )


def opened(limits: RandomizationConfig, shares: Mapping[str, float]) -> RandomizationConfig:
    """The ranges, each boundary as far open as its share says; 0 where it is not named."""
    changed = {}
    for group in GROUPS:
        if limits.on(group):
            keys = {
                key: _opened(limit, group, key, shares) for key, limit in _ranges(limits, group)
            }
            changed[group] = dataclasses.replace(getattr(limits, group), **keys)
    return dataclasses.replace(limits, **changed)


def pinned(
    limits: RandomizationConfig, shares: Mapping[str, float], boundary: Boundary
) -> RandomizationConfig:
    """The opened ranges, but for one, of which all draws lie at a boundary.

    A share or a standard deviation is as it is: at its boundary a thing comes as often, or spreads as
    far, as it says.
    """
    ranges = opened(limits, shares)
    group = getattr(ranges, boundary.group)
    found = getattr(group, boundary.key)
    if boundary.side == VALUE:
        return ranges
    at = found.low if boundary.side == LOW else found.high
    group = dataclasses.replace(group, **{boundary.key: type(found)(at, at)})
    return dataclasses.replace(ranges, **{boundary.group: group})


def _ranges(limits: RandomizationConfig, group: str) -> list[tuple[str, Any]]:
    """Names and limits of a group's ranges, without its weights of kinds."""
    values = getattr(limits, group)
    named = [(field.name, getattr(values, field.name)) for field in dataclasses.fields(values)]
    return [(key, limit) for key, limit in named if isinstance(limit, (Uniform, Normal, Share))]


def _sides(limit: Any) -> tuple[str, ...]:
    if isinstance(limit, Share):
        return (VALUE,) if limit.value > 0 else ()
    if isinstance(limit, Normal):
        return (VALUE,) if limit.sigma > 0 else ()
    if limit.low == limit.high:
        return ()
    # Numbers of things begin with the fewest.
    return (HIGH,) if isinstance(limit, Integers) else (LOW, HIGH)


def _opened(limit: Any, group: str, key: str, shares: Mapping[str, float]) -> Any:
    low, high, value = (shares.get(Boundary(group, key, s).name, 0.0) for s in (LOW, HIGH, VALUE))
    if isinstance(limit, Share):
        return Share(limit.value * value)
    if isinstance(limit, Normal):
        return Normal(limit.sigma * value)
    if limit.low == limit.high:
        return limit
    if isinstance(limit, Integers):
        return Integers(limit.low, round(limit.low + high * (limit.high - limit.low)))
    if isinstance(limit, (LogUniform, LogUniformFromZero)):
        least = max(limit.low, LEAST) if isinstance(limit, LogUniformFromZero) else limit.low
        largest = max(limit.high, least)
        middle = (least * largest) ** 0.5
        ends = (middle * (least / middle) ** low, middle * (largest / middle) ** high)
    else:
        middle = (limit.low + limit.high) / 2
        ends = (middle + low * (limit.low - middle), middle + high * (limit.high - middle))
    # Rounding must not leave an end beside its limit, nor carry it beyond.
    return type(limit)(
        limit.low if low >= 1 else max(ends[0], limit.low),
        limit.high if high >= 1 else min(ends[1], limit.high),
    )
