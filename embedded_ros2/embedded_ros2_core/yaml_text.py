"""YAML of files and command lines: read within limits, with one kind of error whatever is wrong."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

import yaml

LARGEST_BYTES = 250_000
DEEPEST = 64  # lists and mappings in each other
MOST_VALUES = 100_000  # with what aliases repeat


class BoundedLoader(yaml.SafeLoader):
    """PyYAML's safe loader, which alone recurses as deep, and repeats as much, as a text wants."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._depth = self._count = 0
        self._counts: dict[int, int] = {}
        """How many values are in what has an anchor, by its node's id."""

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        """Return the next node; yaml.YAMLError if it is too deep, or one too many."""
        alias = self.check_event(yaml.AliasEvent)
        before = self._count
        self._depth += 1
        if self._depth > DEEPEST:
            raise yaml.YAMLError(f"values nested deeper than {DEEPEST}")
        node = super().compose_node(parent, index)
        self._depth -= 1
        if alias and id(node) not in self._counts:
            raise yaml.YAMLError("an alias stands within what it means")
        self._count += self._counts[id(node)] if alias else 1
        if self._count > MOST_VALUES:
            raise yaml.YAMLError(f"more than {MOST_VALUES} values")
        self._counts.setdefault(id(node), self._count - before)
        return node


def load_yaml(text: str, loader: type[BoundedLoader] = BoundedLoader) -> Any:
    """Return what a text says; yaml.YAMLError for whatever is wrong with it."""
    try:
        return yaml.load(text, Loader=loader)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        # PyYAML's own, for escapes of no character, and tags and dates of no value.
        raise yaml.YAMLError(f"a value that cannot be: {error}") from error


def read_text(path: str | Path) -> str:
    """Return the text of a regular file of at most LARGEST_BYTES.

    OSError with a `strerror` if there is none, and for another kind of file, a larger one, or one
    that is not UTF-8. Nothing waits for a pipe, and a device without an end is not read.
    """
    try:
        with open(path, "rb", opener=_open_at_once) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise OSError(0, "it is no regular file")
            content = file.read(LARGEST_BYTES + 1)
        if len(content) > LARGEST_BYTES:
            raise OSError(0, f"it is larger than {LARGEST_BYTES} bytes")
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise OSError(0, "it is not UTF-8") from error
    except ValueError as error:
        raise OSError(0, "this is no name of a file") from error


def _open_at_once(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK)
