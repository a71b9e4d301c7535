"""SIGINT and SIGTERM: both end all contexts; SIGINT raises KeyboardInterrupt as well.

A thread that waits inside DDS does not run Python signal handlers. The interpreter's wake-up
descriptor gets the
signal's number at once, whatever the main thread does; a small thread reads it and ends the
contexts, which wakes
every waiting executor.
"""

from __future__ import annotations

import os
import signal
import socket
import threading
from enum import IntEnum
from types import FrameType
from typing import Any


class SignalHandlerOptions(IntEnum):
    NO = 0
    SIGINT = 1
    SIGTERM = 2
    ALL = 3


_lock = threading.Lock()
_installed = SignalHandlerOptions.NO
_previous: dict[int, Any] = {}
_sockets: tuple[socket.socket, socket.socket] | None = None
_previous_fd = -1


def _watch(reader: socket.socket, watched: frozenset[int]) -> None:
    from .context import invalidate_all

    while True:
        try:
            data = reader.recv(64)
        except OSError:
            return
        if not data or b"\0" in data:  # 0 is no signal: uninstall's farewell
            return
        if any(number in watched for number in data):
            invalidate_all()


def _on_sigint(number: int, frame: FrameType | None) -> None:
    before = _previous.get(number)
    if callable(before):
        before(number, frame)


def _on_sigterm(number: int, frame: FrameType | None) -> None:
    before = _previous.get(number)
    if callable(before) and before is not signal.default_int_handler:
        before(number, frame)


def install_signal_handlers(options: SignalHandlerOptions = SignalHandlerOptions.ALL) -> None:
    """Install what `options` asks for; only the main thread of the main interpreter may (others:
    nothing happens)."""
    global _installed, _sockets, _previous_fd
    if (
        options == SignalHandlerOptions.NO
        or threading.current_thread() is not threading.main_thread()
    ):
        return
    uninstall_signal_handlers()
    with _lock:
        reader, writer = socket.socketpair()
        writer.setblocking(False)
        _sockets = (reader, writer)
        watched = set()
        if options & SignalHandlerOptions.SIGINT:
            watched.add(int(signal.SIGINT))
            _previous[signal.SIGINT] = signal.signal(signal.SIGINT, _on_sigint)
        if options & SignalHandlerOptions.SIGTERM:
            watched.add(int(signal.SIGTERM))
            _previous[signal.SIGTERM] = signal.signal(signal.SIGTERM, _on_sigterm)
        _previous_fd = signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
        threading.Thread(
            target=_watch, args=(reader, frozenset(watched)), name="rclpy-signals", daemon=True
        ).start()
        _installed = options


def uninstall_signal_handlers() -> None:
    """Put back what was there before."""
    global _installed, _sockets
    with _lock:
        if _sockets is None:
            return
        _, writer = _sockets
        if threading.current_thread() is threading.main_thread():
            try:
                signal.set_wakeup_fd(_previous_fd)
                for number, handler in _previous.items():
                    signal.signal(number, handler if handler is not None else signal.SIG_DFL)
            except ValueError:
                pass
            _previous.clear()
            try:
                writer.send(b"\0")
            except OSError:
                pass
            _sockets = None
            writer.close()
            _installed = SignalHandlerOptions.NO


def get_current_signal_handlers_options() -> SignalHandlerOptions:
    return _installed


def _after_fork() -> None:  # a forked child has no watcher thread
    global _sockets
    _sockets = None


os.register_at_fork(after_in_child=_after_fork)


class SignalHandlerGuardCondition:
    def __init__(self, *args: object) -> None:
        raise NotImplementedError(
            "SignalHandlerGuardCondition is not available in embedded_ros2; executors wake on signals themselves"
        )
