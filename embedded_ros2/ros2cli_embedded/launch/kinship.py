"""Tie the launched processes to the launcher, so that none outlives it (Linux).

Three ties: the kernel kills a child whose parent dies (PR_SET_PDEATHSIG); a guardian process
kills the children's process groups, grandchildren included; and as "child subreaper" the launcher
inherits what left its group, so that it can be found and killed at the end.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_LIBC = ctypes.CDLL(None) if sys.platform.startswith("linux") else None


def become_subreaper() -> None:
    """Make orphaned descendants children of this process."""
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def child_setup() -> Callable[[bool], None]:
    """Return what a child does between fork and exec; it is told whether to block SIGINT.

    The launcher has one thread, the library is loaded before the fork, and the function only
    makes system calls; that is what makes a function at this place safe.
    """
    parent = os.getpid()

    def set_up(block_sigint: bool) -> None:
        # A launcher in the background inherits SIGINT ignored; its nodes must still hear it.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        if block_sigint:
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        if _LIBC is not None:
            _LIBC.prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
            if os.getppid() != parent:  # the launcher died before the line above
                os._exit(1)

    return set_up


class Guardian:
    """The process that kills the entered groups, and removes a folder, when this process is gone."""

    def __init__(self, folder: str) -> None:
        script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "guardian.py")
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", script, folder],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            start_new_session=True,
            text=True,
        )

    @property
    def pid(self) -> int:
        """Process id of the guardian."""
        return self._process.pid

    def enter(self, group: int) -> None:
        """Have the process group killed if the launcher dies."""
        self._tell(f"+{group}")

    def strike_off(self, group: int) -> None:
        """Forget a process group that is gone."""
        self._tell(f"-{group}")

    def dismiss(self) -> None:
        """End the guardian and wait for its end."""
        try:
            if self._process.stdin is not None:
                self._process.stdin.close()
        except BrokenPipeError:
            pass
        self._process.send_signal(signal.SIGCONT)  # someone may have stopped it
        self._process.wait()

    def _tell(self, line: str) -> None:
        if self._process.stdin is None:
            return
        try:
            self._process.stdin.write(line + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:  # someone killed the guardian: PDEATHSIG is left
            pass


def children() -> list[int]:
    """Return the ids of this process's children, those inherited from dead children included."""
    found = []
    for name in os.listdir("/proc") if _LIBC is not None else []:
        if not name.isdigit():
            continue
        try:
            with open(f"/proc/{name}/stat", encoding="ascii", errors="replace") as file:
                # pid (command, may hold spaces and parentheses) state parent ...
                parent = int(file.read().rpartition(")")[2].split()[1])
        except (OSError, ValueError, IndexError):
            continue
        if parent == os.getpid():
            found.append(int(name))
    return found


def group_exists(group: int) -> bool:
    """Return whether the process group has a member (a zombie counts)."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def signal_group(group: int, number: int) -> None:
    """Send a signal to a process group; one that is gone is no error."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)
