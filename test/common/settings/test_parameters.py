"""Parameter classes: what they accept, and what they say about the rest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from simreal_common.errors import ConfigurationError
from simreal_common.settings.parameters import check_parameters, parameter, parameter_specs


@dataclass(frozen=True)
class Sample:
    edge: float = parameter(0.05, "edge of the blocks, metres", range=(0.005, 1.0))
    count: int = parameter(3, "how many", range=(1, 8))
    grip: str = parameter("firm", "how to hold", choices=("firm", "soft"))
    fast: bool = parameter(False, "whether to hurry")
    home: tuple[float, ...] = parameter((0.0, 0.5), "joint angles, radians", range=(-3.0, 3.0))
    names: tuple[str, ...] = parameter((), "names of joints")

    def __post_init__(self) -> None:
        check_parameters(self)


def test_defaults_pass() -> None:
    assert Sample().home == (0.0, 0.5)


def test_lists_become_tuples() -> None:
    assert Sample(home=[1, 2.5]).home == (1, 2.5)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"edge": 0.0}, "'edge': got 0.0, wanted double from 0.005 to 1 .*edge:=0.05"),
        ({"edge": float("nan")}, "'edge': got nan"),
        ({"edge": "big"}, r"'edge': got 'big' \(string\), wanted double"),
        ({"edge": True}, r"'edge': got true \(bool\)"),
        ({"edge": [0.1]}, r"'edge': got \[0.1\] \(double array\)"),
        ({"count": 9}, "'count': got 9, wanted integer from 1 to 8 .*count:=3"),
        ({"count": 2.0}, r"'count': got 2.0 \(double\), wanted integer"),
        ({"count": True}, r"'count': got true \(bool\)"),
        ({"grip": "limp"}, "'grip': got 'limp', wanted string out of 'firm', 'soft'"),
        ({"fast": 1}, r"'fast': got 1 \(integer\), wanted bool"),
        ({"home": (0.0, 4.0)}, r"'home': got \[0.0, 4.0\], wanted double array from -3 to 3"),
        ({"home": 1.0}, r"'home': got 1.0 \(double\), wanted double array"),
        ({"names": ("a", 1)}, r"'names': got \['a', 1\] \(array\), wanted string array"),
    ],
)
def test_mistakes_are_named_in_one_line(given: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigurationError, match=says) as caught:
        Sample(**given)
    assert "\n" not in str(caught.value)


def test_specs_carry_what_a_table_needs() -> None:
    spec = {spec.name: spec for spec in parameter_specs(Sample)}
    assert list(spec) == ["edge", "count", "grip", "fast", "home", "names"]
    assert spec["edge"].type_name == "double"
    assert spec["home"].type_name == "double array"
    assert spec["home"].example() == "[0.0, 0.5]"
    assert spec["names"].example() == "['text']"


def test_a_type_that_ros_does_not_have_is_a_programmers_mistake() -> None:
    @dataclass(frozen=True)
    class Wrong:
        thing: dict[str, int] = parameter(None, "what is this")

    with pytest.raises(TypeError, match=r"Wrong\.thing"):
        parameter_specs(Wrong)
