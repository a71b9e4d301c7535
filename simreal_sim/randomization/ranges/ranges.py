"""Named ranges that random numbers are drawn from, and how they are read from a YAML section."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from simreal_common.errors import ConfigurationError

Floats64 = NDArray[np.float64]
Size = int | tuple[int, ...]
Group = TypeVar("Group")

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
                f"got [{self.low:g}, {self.high:g}], wanted [low, high] with low <= high"
            )

    def draw(self, size: Size, rng: np.random.Generator) -> Floats64:
        """Draws of shape `size`, float64."""
        return rng.uniform(self.low, self.high, size=size)


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


def weights(**values: float) -> Weights:
    """Weights written as keywords."""
    return Weights(tuple(values), tuple(values.values()))


def read_group(default: Group, section: Any, where: str) -> Group:
    """A copy of a group of ranges with the values that a YAML section gives.

    Args:
        default: a frozen dataclass whose fields are ranges of this module.
        section: what the YAML holds under the group's name; keys left out keep their defaults.
        where: file and group, for messages.

    Raises:
        ConfigurationError: an unknown key or a value that the key's range cannot be.
    """
    if section is None:
        return default
    names = [field.name for field in dataclasses.fields(default)]  # type: ignore[arg-type]
    _check_keys(section, names, where)
    values = {
        key: _read(getattr(default, key), value, f"{where}: {key}")
        for key, value in section.items()
    }
    try:
        return dataclasses.replace(default, **values)  # type: ignore[type-var]
    except ConfigurationError as error:
        raise ConfigurationError(f"{where}: {error}") from None


def _check_keys(section: Any, names: list[str], where: str) -> None:
    if not isinstance(section, Mapping):
        raise ConfigurationError(f"{where}: got {section!r}, wanted keys out of {', '.join(names)}")
    unknown = [str(key) for key in section if key not in names]
    if unknown:
        raise ConfigurationError(
            f"{where}: {', '.join(unknown)} is not known; the keys are {', '.join(names)}"
        )


def _read(default: Any, value: Any, where: str) -> Any:
    try:
        if isinstance(default, Weights):
            _check_keys(value, list(default.names), where)
            numbers = tuple(_number(value.get(name, 0.0)) for name in default.names)
            return Weights(default.names, numbers)
        if isinstance(default, Uniform):
            if not isinstance(value, list) or len(value) != 2:
                raise ConfigurationError(f"got {value!r}, wanted two numbers [low, high]")
            return type(default)(_number(value[0]), _number(value[1]))
        return type(default)(_number(value))
    except ConfigurationError as error:
        message = str(error)
        raise ConfigurationError(
            message if message.startswith(where) else f"{where}: {message}"
        ) from None


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ConfigurationError(f"got {value!r}, wanted a number")
    return float(value)
