"""rclpy for machines without ROS 2: the same API over Cyclone DDS, on the wire the same ROS 2."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from . import exceptions, utilities
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
    "exceptions",
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


class InitContextManager:
    """What init() returns: `with rclpy.init(): ...` shuts down at the end."""

    def __init__(self, context: Context) -> None:
        self.context = context

    def __enter__(self) -> InitContextManager:
        return self

    def __exit__(self, *exc: object) -> None:
        try_shutdown(context=None if self.context is get_default_context() else self.context)


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
    """The executor of rclpy.spin(): each default context has one of its own."""
    from .executors import SingleThreadedExecutor

    context = get_default_context()
    with _executor_lock:
        if context._global_executor is None:
            context._global_executor = SingleThreadedExecutor(context=context)
        return context._global_executor


def shutdown(*, context: Context | None = None, uninstall_handlers: bool | None = None) -> None:
    """End the context, None: the default one, which the next init() makes anew. RuntimeError when
    already done."""
    is_default = context is None or context is get_default_context()
    try:
        utilities.shutdown(context=context)
    finally:
        if uninstall_handlers or (uninstall_handlers is None and is_default):
            uninstall_signal_handlers()


def try_shutdown(*, context: Context | None = None, uninstall_handlers: bool | None = None) -> None:
    """Shut down unless already done."""
    is_default = context is None or context is get_default_context()
    utilities.try_shutdown(context=context)
    if uninstall_handlers or (uninstall_handlers is None and is_default):
        uninstall_signal_handlers()


def create_node(node_name: str, **kwargs: Any) -> Node:
    """Node(node_name, ...)."""
    from .node import Node

    return Node(node_name, **kwargs)


@contextmanager
def _spinning(node: Node, executor: Executor | None) -> Any:
    try:
        chosen = executor or get_global_executor()
    except exceptions.NotInitializedException:
        if node.context.ok():
            raise
        from .executors import ExternalShutdownException

        # Another thread was faster: its shutdown came between init() and this.
        raise ExternalShutdownException() from None
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
