"""What a program says to people, whatever their terminal can write."""

from __future__ import annotations

import io
import sys


def write_any_text() -> None:
    """Have stdout write escapes for characters that its encoding lacks, as stderr does.

    An ASCII locale (cron, a container) would otherwise end the program in the middle of a line.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
