"""Ctrl-C and `kill` during a run: finish the step, save, then stop; and workers without a parent."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Iterator
from multiprocessing.connection import wait
from types import FrameType, TracebackType

GRACE_S = 30.0  # for a worker without a parent to finish its step and save


class Stopped(Exception):
    """Somebody asked to stop; what was learned is saved."""


class StopRequest:
    """Inside its context the first Ctrl-C or `kill` is only noted; a second Ctrl-C stops at once.

    Attributes:
        wanted: whether somebody asked to stop.
    """

    def __init__(self) -> None:
        self.wanted = False
        self._before: dict[signal.Signals, object] = {}

    def __enter__(self) -> StopRequest:
        if threading.current_thread() is threading.main_thread():  # no other may set handlers
            for number in (signal.SIGINT, signal.SIGTERM):
                self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self.wanted and number == signal.SIGINT:
            raise KeyboardInterrupt
        first, self.wanted = not self.wanted, True
        if first:
            with contextlib.suppress(OSError):  # who read it may be gone
                print("\nstopping after this step; Ctrl-C again stops at once", file=sys.stderr)


@contextlib.contextmanager
def kill_as_ctrl_c() -> Iterator[None]:
    """Inside, SIGTERM raises KeyboardInterrupt, as Ctrl-C does; `StopRequest` comes first."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def end_with_parent() -> None:
    """Watch the process that started this one: when it is gone, however it ended, this one ends too.

    As after SIGTERM; what has not ended a while later is ended the hard way.
    """
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch() -> None:
        wait([parent.sentinel])
        os.kill(os.getpid(), signal.SIGTERM)
        threading.Event().wait(GRACE_S)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
