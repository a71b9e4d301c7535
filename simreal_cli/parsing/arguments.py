"""Values on the command line, checked where they are read."""

from __future__ import annotations

import argparse


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
