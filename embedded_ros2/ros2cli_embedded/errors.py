"""Errors that end `ros2` with one clear line instead of a traceback."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

EXIT_FAILURE = 1
EXIT_USAGE = 2


class CliError(Exception):
    """A mistake of the user: the message says what was got, what is wanted and how to mend it."""

    def __init__(self, message: str, exit_code: int = EXIT_USAGE) -> None:
        super().__init__(message)
        self.exit_code = exit_code


def close_names(name: str, known: Iterable[str]) -> str:
    """Return ``; did you mean 'a' or 'b'?`` for the nearest of `known`, or nothing."""
    nearest = difflib.get_close_matches(name, list(known), n=3, cutoff=0.6)
    return f"; did you mean {' or '.join(repr(n) for n in nearest)}?" if nearest else ""


def listed(names: Iterable[str]) -> str:
    """Return the sorted names as ``a, b, c``, or ``none``."""
    return ", ".join(sorted(names)) or "none"
