"""A context: one init/shutdown cycle, one DDS participant, shared by all its nodes."""

from __future__ import annotations

import atexit
import sys
import threading
import weakref
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from embedded_ros2_core.arguments import ArgumentError, RosArguments, parse
from embedded_ros2_core.dds.domain import domain_id_from_environment

from ._rclpy_pybind11 import UnknownROSArgsError
from .exceptions import NotInitializedException

if TYPE_CHECKING:
    from embedded_ros2_core.dds.participant import Participant
    from embedded_ros2_core.graph import Graph

_all: weakref.WeakSet[Context] = weakref.WeakSet()
_all_lock = threading.Lock()


class Context:
    """Initialized once, ended once: who still ends an old one cannot hit its successor."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._close_lock = threading.RLock()
        self._used = False
        self._valid = False
        self._global_executor: Any = None  # that of rclpy.spin(), when this is the default context
        self._participant: Participant | None = None
        self._graph: Graph | None = None
        self._callbacks: list[Any] = []
        self._wakers: set[Callable[[], None]] = set()
        self.arguments = RosArguments()

    def init(
        self,
        args: Sequence[str] | None = None,
        *,
        initialize_logging: bool = True,
        domain_id: int | None = None,
    ) -> None:
        """Join the DDS domain; `args` are the command line (default sys.argv)."""
        from embedded_ros2_core.dds.participant import Participant
        from embedded_ros2_core.definitions import registry
        from embedded_ros2_core.graph import Graph

        from . import logging

        with self._lock:
            if self._used:
                raise RuntimeError("Context.init() must only be called once")
            try:
                self.arguments = parse(sys.argv[1:] if args is None else list(args))
            except ArgumentError as error:
                raise UnknownROSArgsError(str(error)) from error
            if initialize_logging:
                logging._configure(self.arguments)
            self._participant = Participant(
                domain_id_from_environment() if domain_id is None else domain_id, registry
            )
            self._graph = Graph(self._participant)
            self._used = self._valid = True
        with _all_lock:
            _all.add(self)

    @property
    def participant(self) -> Participant:
        participant = self._participant  # another thread may end the context at any time
        if not self._valid or participant is None:
            raise NotInitializedException()
        return participant

    @property
    def graph(self) -> Graph:
        graph = self._graph
        if not self._valid or graph is None:
            raise NotInitializedException()
        return graph

    def ok(self) -> bool:
        return self._valid

    def get_domain_id(self) -> int:
        return self.participant.domain_id

    def on_shutdown(self, callback: Callable[[], None]) -> None:
        """Call `callback` once at shutdown, at once after it; bound methods are held weakly."""
        if not callable(callback):
            raise TypeError(f"callback should be a callable, got {type(callback)}")
        with self._lock:
            ended = self._used and not self._valid
            if ended:
                pass
            elif hasattr(callback, "__self__"):
                self._callbacks.append(weakref.WeakMethod(callback))  # type: ignore[arg-type]
            else:
                self._callbacks.append(lambda: callback)
        if ended:
            callback()

    def _invalidate(self) -> bool:
        """End validity and wake everything that waits; leaves DDS alone. True when it was valid."""
        with self._lock:
            if not self._valid:
                return False
            self._valid = False
            callbacks, self._callbacks = self._callbacks, []
            wakers = list(self._wakers)
        for reference in callbacks:
            callback = reference()
            if callback is not None:
                callback()
        for wake in wakers:
            wake()
        return True

    def _close_participant(self) -> None:
        with self._close_lock:  # who comes second waits until the peers have been told
            with self._lock:
                graph, self._graph = self._graph, None
                participant, self._participant = self._participant, None
            if graph is not None:
                graph.close()
            if participant is not None:
                participant.close()

    def shutdown(self) -> None:
        """End the context; RuntimeError when it is not valid."""
        if not self._used:
            raise RuntimeError("Context must be initialized before it can be shutdown")
        if not self._invalidate():
            self._close_participant()
            raise RuntimeError(
                "failed to shutdown: rcl_shutdown already called on the given context"
            )
        self._close_participant()

    def try_shutdown(self) -> None:
        """End the context if it has not ended yet."""
        self._invalidate()
        self._close_participant()

    def __enter__(self) -> Context:
        return self

    def __exit__(self, *exc: object) -> None:
        self.try_shutdown()


def invalidate_all() -> None:
    """What a signal does: every context ends; the entities live until shutdown() or the end of the
    process."""
    for context in _every():
        context._invalidate()


def _every() -> list[Context]:
    with _all_lock:
        return list(_all)


@atexit.register
def _close_all() -> None:
    # Tell the peers that we go; otherwise they hold our endpoints until the lease of 10 s runs out.
    for context in _every():
        context.try_shutdown()
