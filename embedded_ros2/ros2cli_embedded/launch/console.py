"""What a launch shows and keeps: one line at a time on stdout, and the launch log file.

As in the real launch everything goes to stdout: the lines of the processes as ``[name-N] text``
and the launcher's own as ``[LEVEL] [source]: text``.
"""

from __future__ import annotations

import contextlib
import datetime
import os
import socket
import sys
import time
from collections.abc import Mapping
from typing import TextIO


def make_log_dir(environment: Mapping[str, str]) -> str:
    """Create and return the log folder of this launch, named as the real launch names it.

    Raises OSError if it cannot be created.
    """
    base = environment.get("ROS_LOG_DIR") or os.path.join(
        environment.get("ROS_HOME") or os.path.join("~", ".ros"), "log"
    )
    stamp = datetime.datetime.now().strftime("%Y-%m-%d-%H-%M-%S-%f")
    name = f"{stamp}-{socket.gethostname()}-{os.getpid()}"
    folder = os.path.join(os.path.abspath(os.path.expanduser(base)), name)
    os.makedirs(folder)
    return folder


class Console:
    """Prints lines and keeps them in files below `log_dir` (None: keeps nothing)."""

    def __init__(self, log_dir: str | None, screen: TextIO | None = None) -> None:
        self._screen = screen or sys.stdout
        self._log_dir = log_dir
        self._files: dict[str, TextIO] = {}
        self.broken = False
        """True once the reader of stdout has gone away."""

    def info(self, source: str, message: str) -> None:
        """Report what happens."""
        self._report("INFO", source, message)

    def warning(self, source: str, message: str) -> None:
        """Report what is odd."""
        self._report("WARNING", source, message)

    def error(self, source: str, message: str) -> None:
        """Report what went wrong."""
        self._report("ERROR", source, message)

    def output(self, name: str, stream: str, line: str, mode: str) -> None:
        """Show a line that process `name` wrote to `stream` ("stdout" or "stderr").

        `mode` is the process's ``output`` attribute: "log" shows stderr alone and keeps both,
        "screen" shows both, "both" does both, "own_log" keeps files per process, "full" does all.
        """
        text = f"[{name}] {line}"
        if mode in ("screen", "both", "full") or (mode == "log" and stream == "stderr"):
            self._print(text)
        if mode in ("log", "both", "full"):
            self._keep("launch.log", f"{time.time():.7f} {text}")
        if mode in ("own_log", "full"):
            self._keep(f"{name}-{stream}.log", line)
            self._keep(f"{name}.log", line)

    def close(self) -> None:
        """Close the files."""
        for file in self._files.values():
            with contextlib.suppress(OSError):  # what a full disk did not take before
                file.close()
        self._files.clear()

    def _report(self, level: str, source: str, message: str) -> None:
        self._print(f"[{level}] [{source}]: {message}")
        self._keep("launch.log", f"{time.time():.7f} [{level}] [{source}]: {message}")

    def _print(self, line: str) -> None:
        if self.broken:
            return
        try:
            self._screen.write(line + "\n")
            self._screen.flush()
        except BrokenPipeError:
            self.broken = True
            # Python flushes stdout once more at its end; give it somewhere to go.
            os.dup2(os.open(os.devnull, os.O_WRONLY), self._screen.fileno())
        except OSError:  # into a file on a full disk
            pass

    def _keep(self, name: str, line: str) -> None:
        if self._log_dir is None:
            return
        try:
            if name not in self._files:
                path = os.path.join(self._log_dir, name)
                # Stays open for the whole launch; `close` closes it.
                file = open(path, "a", encoding="utf-8", errors="replace")
                self._files[name] = file
            self._files[name].write(line + "\n")
            self._files[name].flush()
        except OSError as error:  # a full disk, say: it costs the log, not the launch
            folder, self._log_dir = self._log_dir, None
            self.close()
            self.warning("launch", f"no more log is written to {folder}: {error.strerror}")
