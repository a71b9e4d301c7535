"""A rosbag2 opened for reading; what is wrong with it becomes one line."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ros2cli_embedded.errors import EXIT_FAILURE, CliError


@contextlib.contextmanager
def open_bag(path: str) -> Iterator[Any]:
    """Yield a `rosbags.rosbag2.Reader` of a folder, or of one of its files.

    Raises:
        CliError: there is none, or it cannot be read, here or while it is in use.
    """
    from rosbags.rosbag2 import Reader

    place = Path(path)
    if not place.exists():
        raise CliError(f"bag '{path}' is not there", EXIT_FAILURE)
    if place.is_dir() and not (place / "metadata.yaml").is_file():
        raise CliError(
            f"'{path}' has no metadata.yaml: it is no rosbag2, or its recording was not ended; "
            "name one of its files (.mcap, .db3)",
            EXIT_FAILURE,
        )
    try:
        with Reader(place) as reader:
            yield reader
    except (CliError, KeyboardInterrupt, BrokenPipeError):
        raise
    except Exception as error:  # damaged: rosbags, apsw and struct raise what they like
        reason = " ".join(str(error).split()) or type(error).__name__
        raise CliError(f"bag '{path}' cannot be read: {reason}", EXIT_FAILURE) from error
