"""rclpy for machines without ROS 2: the same API over Cyclone DDS, on the wire the same ROS 2."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from . import exceptions, serialization
from ._rclpy_pybind11 import RCLError
from .context import Context
from .parameter import Parameter
from .signals import SignalHandlerOptions, install_signal_handlers, uninstall_signal_handlers
from .task import Future
from .utilities import get_default_context, get_rmw_implementation_identifier, ok

if TYPE_CHECKING:
    from .executors import Executor
    from .node import Node

__all__ = [
    "Context",
    "Future",
    "Parameter",
    "RCLError",
    "exceptions",
    "serialization",
    "SignalHandlerOptions",
    "create_node",
    "get_default_context",
    "get_global_executor",
    "get_rmw_implementation_identifier",
    "init",
    "install_signal_handlers",
    "ok",
    "shutdown",
    "spin",
    "spin_once",
    "spin_until_future_complete",
    "try_shutdown",
    "uninstall_signal_handlers",
]

_executor_lock = threading.Lock()
_global_executor: Executor | None = None


class InitContextManager:
    """What init() returns: `with rclpy.init(): ...` shuts down at the end."""

    def __init__(self, context: Context) -> None:
        self.context = context

    def __enter__(self) -> InitContextManager:
        return self

    def __exit__(self, *exc: object) -> None:
        try_shutdown(context=self.context)


def init(
    *,
    args: list[str] | None = None,
    context: Context | None = None,
    domain_id: int | None = None,
    signal_handler_options: SignalHandlerOptions | None = None,
) -> InitContextManager:
    """Join ROS: parse --ros-args, join the DDS domain, install signal handlers (default context
    only)."""
    if context is None:
        context = get_default_context()
        if signal_handler_options is None:
            signal_handler_options = SignalHandlerOptions.ALL
    elif signal_handler_options is None:
        signal_handler_options = SignalHandlerOptions.NO
    context.init(args, domain_id=domain_id)
    install_signal_handlers(signal_handler_options)
    return InitContextManager(context)


def get_global_executor() -> Executor:
    """The executor of rclpy.spin(): one per init/shutdown cycle of the default context."""
    global _global_executor
    from .executors import SingleThreadedExecutor

    with _executor_lock:
        if _global_executor is None:
            _global_executor = SingleThreadedExecutor()
            get_default_context().on_shutdown(_forget_global_executor)
        return _global_executor


def _forget_global_executor() -> None:
    global _global_executor
    _global_executor = None


def shutdown(*, context: Context | None = None, uninstall_handlers: bool | None = None) -> None:
    """Shut down; RuntimeError when already done."""
    _end(context, uninstall_handlers, must=True)


def try_shutdown(*, context: Context | None = None, uninstall_handlers: bool | None = None) -> None:
    """Shut down unless already done."""
    _end(context, uninstall_handlers, must=False)


def _end(context: Context | None, uninstall: bool | None, must: bool) -> None:
    target = context or get_default_context()
    try:
        target.shutdown() if must else target.try_shutdown()
    finally:
        if uninstall or (uninstall is None and target is get_default_context()):
            uninstall_signal_handlers()


def create_node(node_name: str, **kwargs: Any) -> Node:
    """Node(node_name, ...)."""
    from .node import Node

    return Node(node_name, **kwargs)


@contextmanager
def _spinning(node: Node, executor: Executor | None) -> Any:
    chosen = executor or get_global_executor()
    added = chosen.add_node(node)
    try:
        yield chosen
    finally:
        if added:
            chosen.remove_node(node)


def spin_once(
    node: Node, *, executor: Executor | None = None, timeout_sec: float | None = None
) -> None:
    """Run one callback of `node`, or return at the timeout."""
    with _spinning(node, executor) as chosen:
        chosen.spin_once(timeout_sec=timeout_sec)


def spin(node: Node, executor: Executor | None = None) -> None:
    """Run callbacks until shutdown."""
    with _spinning(node, executor) as chosen:
        while chosen.context.ok():
            chosen.spin_once()


def spin_until_future_complete(
    node: Node,
    future: Future[Any],
    executor: Executor | None = None,
    timeout_sec: float | None = None,
) -> None:
    """Run callbacks until the future is done, the timeout or shutdown."""
    with _spinning(node, executor) as chosen:
        chosen.spin_until_future_complete(future, timeout_sec)
