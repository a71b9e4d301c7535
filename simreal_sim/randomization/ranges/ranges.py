"""Named ranges that random numbers are drawn from, and how YAML writes them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simreal_common.errors import ConfigurationError
from simreal_common.settings.configuration import check_names, number

Floats64 = NDArray[np.float64]
Size = int | tuple[int, ...]

NORMAL_LIMIT = 3.0  # standard deviations; draws beyond are moved there, so that a range is a range


@dataclass(frozen=True)
class Uniform:
    """Even between low and high.

    Raises:
        ConfigurationError: low above high, or not finite.
    """

    low: float
    high: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.low) and math.isfinite(self.high) and self.low <= self.high):
            raise ConfigurationError(
                f"got [{self.low}, {self.high}], wanted [low, high] with low <= high"
            )

    def draw(self, size: Size, rng: np.random.Generator) -> Floats64:
        """Draws of shape `size`, float64."""
        return rng.uniform(self.low, self.high, size=size)

    def draw_one(self, rng: np.random.Generator) -> float:
        """A single draw."""
        return float(self.draw(1, rng)[0])

    def from_plain(self, value: Any) -> Uniform:
        """A range of this kind from [low, high]."""
        if not isinstance(value, list) or len(value) != 2:
            raise ConfigurationError(f"got {value!r}, wanted two numbers [low, high]")
        return type(self)(number(value[0]), number(value[1]))

    def plain(self) -> list[float]:
        """What `from_plain` reads."""
        return [float(self.low), float(self.high)]


@dataclass(frozen=True)
class LogUniform(Uniform):
    """Even in the logarithm between low and high, both above zero."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.low <= 0:
            raise ConfigurationError(
                f"got [{self.low:g}, {self.high:g}], wanted numbers above zero (log-uniform)"
            )

    def draw(self, size: Size, rng: np.random.Generator) -> Floats64:
        """Draws of shape `size`, float64."""
        return np.exp(rng.uniform(math.log(self.low), math.log(self.high), size=size))


@dataclass(frozen=True)
class Integers(Uniform):
    """Whole numbers from low to high, both included."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.low != int(self.low) or self.high != int(self.high):
            raise ConfigurationError(f"got [{self.low:g}, {self.high:g}], wanted whole numbers")

    def draw_integers(self, size: Size, rng: np.random.Generator) -> NDArray[np.int64]:
        """Draws of shape `size`, int64."""
        return rng.integers(int(self.low), int(self.high) + 1, size=size)


@dataclass(frozen=True)
class Normal:
    """Normal about zero with a standard deviation, cut at three of them.

    Raises:
        ConfigurationError: negative or not finite.
    """

    sigma: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.sigma) and self.sigma >= 0):
            raise ConfigurationError(
                f"got {self.sigma:g}, wanted a standard deviation of 0 or more"
            )

    def draw(self, size: Size, rng: np.random.Generator) -> Floats64:
        """Draws of shape `size`, float64, at most three standard deviations from zero."""
        return self.sigma * rng.standard_normal(size).clip(-NORMAL_LIMIT, NORMAL_LIMIT)

    def from_plain(self, value: Any) -> Normal:
        """Another, from its standard deviation."""
        return Normal(number(value))

    def plain(self) -> float:
        """What `from_plain` reads."""
        return float(self.sigma)


@dataclass(frozen=True)
class Share:
    """A probability.

    Raises:
        ConfigurationError: not from 0 to 1.
    """

    value: float

    def __post_init__(self) -> None:
        if not 0 <= self.value <= 1:
            raise ConfigurationError(f"got {self.value:g}, wanted a share from 0 to 1")

    def draw(self, size: Size, rng: np.random.Generator) -> NDArray[np.bool_]:
        """True with this probability, shape `size`."""
        return rng.uniform(size=size) < self.value

    def from_plain(self, value: Any) -> Share:
        """Another, from a number."""
        return Share(number(value))

    def plain(self) -> float:
        """What `from_plain` reads."""
        return float(self.value)


@dataclass(frozen=True)
class Weights:
    """Kinds of a thing and how often each comes; the weights need not add up to one.

    Raises:
        ConfigurationError: a negative weight, or none above zero.
    """

    names: tuple[str, ...]
    values: tuple[float, ...]

    def __post_init__(self) -> None:
        if min(self.values) < 0 or not 0 < sum(self.values) < math.inf:
            raise ConfigurationError(
                f"got {dict(zip(self.names, self.values, strict=True))}, "
                "wanted weights of 0 or more, one above zero"
            )

    def draw(self, size: Size, rng: np.random.Generator) -> NDArray[np.int64]:
        """Indices into `names`, int64, shape `size`."""
        steps = np.cumsum(self.values)
        return np.searchsorted(steps / steps[-1], rng.uniform(size=size), side="right")

    def from_plain(self, value: Any) -> Weights:
        """Others of the same kinds from a table; what it leaves out never comes."""
        check_names(value, self.names)
        return Weights(self.names, tuple(number(value.get(name, 0.0)) for name in self.names))

    def plain(self) -> dict[str, float]:
        """What `from_plain` reads."""
        return {name: float(v) for name, v in zip(self.names, self.values, strict=True)}


def weights(**values: float) -> Weights:
    """Weights written as keywords."""
    return Weights(tuple(values), tuple(values.values()))
