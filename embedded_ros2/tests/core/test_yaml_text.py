"""YAML of files and command lines: a value, or the reader's own kind of error."""

from __future__ import annotations

import os
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from embedded_ros2_core.parameter_files import ParameterFileError, parse_value, read_file
from embedded_ros2_core.yaml_text import load_yaml
from ros2cli_embedded.errors import CliError
from ros2cli_embedded.interfaces import parse_values
from ros2cli_embedded.launch.errors import LaunchError, Location
from ros2cli_embedded.launch.process_planner import check_parameter_file
from ros2cli_embedded.launch.typed_values import ValueTypeError
from ros2cli_embedded.launch.typed_values import load_yaml as typed_value

ABSURD = [
    "a: 2020-99-99",
    "a: !!int abc",
    "a: !!timestamp x",
    "[" * 3000,
    "{a: " * 3000,
    "a: &a [*a]",
    "a: !!float " + "x" * 5000,
    '"\\U7fffffff": 1',
    "a: &a [x, x, x, x, x, x, x, x]\n"
    + "".join(
        f"{new}: &{new} [{', '.join(['*' + old] * 8)}]\n" for old, new in pairwise("abcdefgh")
    ),
]


@pytest.mark.parametrize("text", ABSURD, ids=range(len(ABSURD)))
@pytest.mark.parametrize(
    ("read", "error"),
    [
        (lambda text: parse_value(text, "p"), ParameterFileError),
        (parse_values, CliError),
        (typed_value, ValueTypeError),
    ],
    ids=["parameter", "fields", "launch"],
)
def test_absurd_texts(read: Callable[[str], Any], error: type[Exception], text: str) -> None:
    with pytest.raises(error):
        read(text)


# A parameter file has no dates: that one is a text there.
@pytest.mark.parametrize("text", ABSURD[1:], ids=range(1, len(ABSURD)))
def test_absurd_parameter_files(tmp_path: Path, text: str) -> None:
    path = tmp_path / "p.yaml"
    inside = "\n".join("    " + line for line in text.splitlines())
    path.write_text(f"/**:\n  ros__parameters:\n{inside}\n")
    with pytest.raises(ParameterFileError):
        read_file(str(path))
    with pytest.raises(LaunchError):
        check_parameter_file(str(path), Location("launch.xml", 1))


@pytest.mark.parametrize("place", ["/dev/zero", "/", "fifo", "large", "latin", "a\0b"])
def test_what_is_no_parameter_file_is_not_waited_for(tmp_path: Path, place: str) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "large").write_text("a: 1\n" * 100_000)
    (tmp_path / "latin").write_bytes(b"a: \xff")
    with pytest.raises(ParameterFileError, match="parameter file '.*': "):
        read_file(str(tmp_path / place))


def test_aliases_and_merges() -> None:
    assert load_yaml("a: &a {x: 1}\nb: {<<: *a}\nc: *a") == {
        "a": {"x": 1},
        "b": {"x": 1},
        "c": {"x": 1},
    }
