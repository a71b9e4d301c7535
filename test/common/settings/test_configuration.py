"""Configuration read from YAML: what is given, what keeps its default, mistakes in one line."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from simreal_common.errors import ConfigurationError
from simreal_common.settings.configuration import from_values, load_yaml, number
from simreal_common.settings.yaml_loader import load_settings


@dataclass(frozen=True)
class Length:
    """Reads itself: YAML gives centimetres."""

    metres: float

    def from_plain(self, value: Any) -> Length:
        return Length(number(value) / 100)


@dataclass(frozen=True)
class Part:
    count: int = 1

    def __post_init__(self) -> None:
        if self.count > 8:
            raise ConfigurationError(f"count: got {self.count}, wanted up to 8")


@dataclass(frozen=True)
class Sample:
    name: str = "a"
    steps: int = 3
    rate: float = 1e-3
    kinds: tuple[str, ...] = ()
    loud: bool = False
    edge: Length = Length(0.05)  # noqa: RUF009  # frozen
    part: Part = Part()  # noqa: RUF009


def read(text: str) -> Sample:
    return from_values(Sample, load_settings(text), "sample.yaml")


def test_what_is_given_and_what_is_not() -> None:
    found = read("{name: b, steps: 4.0, kinds: [x, y], edge: 4, part: {count: 2}}")
    assert found == Sample("b", 4, kinds=("x", "y"), edge=Length(0.04), part=Part(2))
    assert type(found.steps) is int
    assert read("loud: true").loud is True
    assert read("{}") == read("part:") == Sample()


@pytest.mark.parametrize("text", ["1e-3", "1E-3", "+1.e-3", "0.001"])
def test_powers_of_ten_are_numbers(text: str) -> None:
    assert read(f"rate: {text}").rate == 1e-3


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("loud: 1", "loud: got 1, wanted true or false"),
        (
            "stepps: 3",
            "stepps is not known; the keys are name, steps, rate, kinds, loud, edge, part",
        ),
        ("7: 3", "7 is not known; the keys are name"),
        ("[1]", r"got \[1\], wanted keys out of name"),
        ("steps: many", "steps: got 'many', wanted a whole number"),
        ("steps: 2.5", "steps: got 2.5, wanted a whole number"),
        ("steps: .inf", "steps: got inf, wanted a whole number"),
        ("steps: true", "steps: got True, wanted a whole number"),
        ("rate: '1'", "rate: got '1', wanted a number"),
        ("rate:", "rate: got None, wanted a number"),
        ("name: 3", "name: got 3, wanted a text"),
        ("kinds: lens", r"kinds: got 'lens', wanted a list of names, e.g. \[one, two\]"),
        ("edge: wide", "edge: got 'wide', wanted a number"),
        ("part: 3", "part: got 3, wanted keys out of count"),
        ("part: {count: 9}", "part: count: got 9, wanted up to 8"),
        ("part: {cuont: 9}", "part: cuont is not known; the keys are count"),
    ],
)
def test_mistakes_say_where_they_are_and_what_is_wanted(text: str, says: str) -> None:
    with pytest.raises(ConfigurationError, match=f"^sample.yaml: {says}") as caught:
        read(text)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", [None, b"a: [", b"a: b: c", b"\xff\xfe\xff"])
def test_a_file_that_cannot_be_read_is_told_in_the_words_of_its_reader(
    tmp_path: Path, content: bytes | None
) -> None:
    path = tmp_path / "sample.yaml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigurationError, match=r"^no sample in .*sample.yaml \(.+\)$") as caught:
        load_yaml(path, "no sample in {path} ({reason})")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a: 2020-99-99", "a value that cannot be: month must be in 1..12"),
        ("a: !!int abc", "a value that cannot be"),
        ("[" * 3000, "nested deeper than 32"),
        ("a: &a [*a]", "an alias stands within what it means"),
        ("a: &a [1, 2]\nb: &b [" + "*a, " * 5000 + "]\nc: [*b, *b]", "more than 20000 values"),
        ("a: [" + "1, " * 90_000 + "]", "too large: wanted at most 200000 bytes"),
    ],
)
def test_more_than_settings_hold_is_refused(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "sample.yaml"
    path.write_text(text)
    with pytest.raises(ConfigurationError, match=says):
        load_yaml(path, "no sample in {path} ({reason})")


def test_what_an_alias_repeats_is_its_value(tmp_path: Path) -> None:
    path = tmp_path / "sample.yaml"
    path.write_text("a: &a {x: 1}\nb: *a\nc: {<<: *a, y: 1e-3}")
    assert load_yaml(path, "{path} {reason}") == {
        "a": {"x": 1}, "b": {"x": 1}, "c": {"x": 1, "y": 0.001},
    }  # fmt: skip


@pytest.mark.parametrize("place", ["/dev/zero", "/", "fifo"])
def test_what_is_no_file_is_not_waited_for(tmp_path: Path, place: str) -> None:
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(ConfigurationError, match="is no regular file|Is a directory"):
        load_yaml(tmp_path / place, "no sample in {path} ({reason})")
