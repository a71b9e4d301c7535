"""The folder of a launch in the temporary directory: gone with the launch, or with the next one."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator

_PREFIX = "ros2_launch_"
_LOCK = ".lock"
_YOUNG_S = 60.0
"""A folder younger than this may belong to a launch that has not locked it yet."""


@contextlib.contextmanager
def launch_folder() -> Iterator[str]:
    """Make a folder for this launch and remove it at the end.

    A launch that is killed cannot; what such ones have left is removed first.
    """
    _sweep(tempfile.gettempdir())
    with tempfile.TemporaryDirectory(prefix=_PREFIX) as folder:
        # The kernel lets the lock go however the launch ends; its processes do not inherit it.
        with open(os.path.join(folder, _LOCK), "w", encoding="ascii") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield folder


def _sweep(base: str) -> None:
    with contextlib.suppress(OSError):
        for entry in os.scandir(base):
            if entry.name.startswith(_PREFIX) and _is_left(entry.path):
                shutil.rmtree(entry.path, ignore_errors=True)


def _is_left(folder: str) -> bool:
    """Whether it is ours, a folder, and no launch has it any more."""
    try:
        found = os.lstat(folder)
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
            return False
        if time.time() - found.st_mtime < _YOUNG_S:
            return False
        with open(os.path.join(folder, _LOCK), "a", encoding="ascii") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:  # locked, or gone meanwhile
        return False
    return True
