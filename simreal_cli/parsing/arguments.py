"""Values on the command line, checked where they are read."""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from simreal_common.errors import ConfigurationError
from simreal_common.output_files import check_folder_writable, check_writable


def positive(text: str) -> int:
    """A whole number of at least 1, for argparse's `type`."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"got '{text}', wanted a whole number of at least 1")
    return int(text)


def probability(text: str) -> float:
    """A number from 0 to 1, for argparse's `type`."""
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not 0.0 <= value <= 1.0:
        raise argparse.ArgumentTypeError(f"got '{text}', wanted a number from 0 to 1")
    return value


def image_size(text: str) -> tuple[int, int]:
    """Width and height written as 640x480, for argparse's `type`."""
    parts = re.fullmatch(r"(\d{1,5})x(\d{1,5})", text)
    if parts is None:
        raise argparse.ArgumentTypeError(f"got '{text}', wanted a width and a height like 640x480")
    return int(parts[1]), int(parts[2])


def nonempty(text: str) -> str:
    """A path or a name that is not empty, for argparse's `type`.

    An empty one comes of a variable of the shell that is not set, and would mean the current folder,
    or that nothing was given.
    """
    if not text.strip():
        raise argparse.ArgumentTypeError(f"got '{text}', wanted a path or a name that is not empty")
    return text


def nonempty_path(text: str) -> Path:
    """A path that is not empty, for argparse's `type`."""
    return Path(nonempty(text))


class OutputFile(type(Path())):  # type: ignore[misc]
    """A path that will be written."""


def output_file(text: str) -> OutputFile:
    """A file that can be written, for argparse's `type`: told before a long measurement, not after."""
    file = OutputFile(nonempty(text))
    try:
        check_writable(file)
    except ConfigurationError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    return file


def output_folder(text: str) -> Path:
    """A folder, there or to be made, into which can be written, for argparse's `type`."""
    folder = nonempty_path(text)
    try:
        check_folder_writable(folder)
    except ConfigurationError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    return folder


def check_outputs(options: argparse.Namespace) -> None:
    """See to it that no output would be written over what is read, or over another output.

    Raises:
        ConfigurationError: one would; names the two options.
    """
    given = list(_paths(options))
    for number, (name, path) in enumerate(given):
        if not isinstance(path, OutputFile):
            continue
        for other, (other_name, other_path) in enumerate(given):
            if other != number and _same_file(path, other_path):
                raise ConfigurationError(
                    f"{path} is given twice, as {other_name} and as {name}, which would be written "
                    "over it; wanted another name for what is written"
                )


def _paths(options: argparse.Namespace) -> Iterator[tuple[str, Any]]:
    for name, value in vars(options).items():
        for one in value if isinstance(value, list | tuple) else (value,):
            if isinstance(one, str | Path) and str(one):
                yield f"'{name.replace('_', '-')}'", one


def _same_file(path: Path, other: str | Path) -> bool:
    try:
        return os.path.samefile(path, other)
    except (OSError, ValueError):  # one is not there, or names no file at all
        return isinstance(other, OutputFile) and path.absolute() == other.absolute()
