"""A short-lived node that looks at the running system on behalf of a command."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from ros2cli_embedded.errors import EXIT_FAILURE, CliError, close_names, listed

DISCOVERY_S = 0.7
"""How long a listing waits for others to answer: nodes announce themselves within some 100 ms."""
LOOKUP_S = 2.0
"""How long a command waits for the one topic, node, service or action that it was told."""

Found = TypeVar("Found")


@contextlib.contextmanager
def temporary_node() -> Iterator[Any]:
    """Yield a hidden node without parameter services; the end shuts rclpy down."""
    try:
        import rclpy
        from rclpy.signals import SignalHandlerOptions
    except ImportError as error:
        raise CliError(
            f"this command needs rclpy, which cannot be imported: {error}", EXIT_FAILURE
        ) from error
    # Without rclpy's signal handlers ctrl-C stays an exception, and a goal can still be canceled.
    rclpy.init(args=[], signal_handler_options=SignalHandlerOptions.NO)
    try:
        node = rclpy.create_node(f"_ros2cli_{os.getpid()}", start_parameter_services=False)
        try:
            yield node
        finally:
            node.destroy_node()
    finally:
        if rclpy.ok():
            rclpy.shutdown()


def spin_for(node: Any, duration_s: float) -> None:
    """Handle what arrives during `duration_s`."""
    wait_until(node, lambda: None, duration_s)


def wait_until(node: Any, look: Callable[[], Found | None], timeout_s: float) -> Found | None:
    """Spin until `look` returns something true; return that, or None after `timeout_s`."""
    import rclpy

    deadline = time.monotonic() + timeout_s
    while not (found := look()):
        left_s = deadline - time.monotonic()
        if left_s <= 0.0:
            return None
        rclpy.spin_once(node, timeout_sec=min(left_s, 0.05))
    return found


def wait_for_future(node: Any, future: Any, timeout_s: float | None, what: str) -> Any:
    """Spin until the future is done and return its result; CliError after `timeout_s`."""
    limit_s = float("inf") if timeout_s is None else timeout_s
    if not wait_until(node, future.done, limit_s):
        raise CliError(f"{what} did not answer within {limit_s:g} s", EXIT_FAILURE)
    return future.result()


def absolute(name: str) -> str:
    """Return the name as the graph shows it, with a slash in front."""
    return name if name.startswith("/") else "/" + name


def is_hidden(name: str) -> bool:
    """Return whether a part of the name starts with an underscore, as those of actions do."""
    return any(part.startswith("_") for part in name.split("/"))


def lookup_types(
    node: Any, kind: str, name: str, list_all: Callable[[], Sequence[tuple[str, Sequence[str]]]]
) -> str:
    """Return the type of the `kind` (topic, service, action) `name`, waiting for it to appear."""

    def look() -> Sequence[str] | None:
        return dict(list_all()).get(name)

    types = wait_until(node, look, LOOKUP_S)
    if not types:
        raise not_found(kind, name, [n for n, _ in list_all() if not is_hidden(n)])
    if len(types) > 1:
        raise CliError(
            f"{kind} '{name}' has several types: {listed(types)}; name the one you mean",
            EXIT_FAILURE,
        )
    return types[0]


def not_found(kind: str, name: str, known: Sequence[str]) -> CliError:
    """Return the error for a name that is not there, with what is."""
    return CliError(
        f"no {kind} '{name}'{close_names(name, known)}; there are: {listed(known)}", EXIT_FAILURE
    )


def print_names(names_and_types: Mapping[str, Sequence[str]], with_types: bool) -> None:
    """Print names in order, on demand with their types in brackets."""
    for name, types in sorted(names_and_types.items()):
        print(f"{name} [{', '.join(types)}]" if with_types else name)


def node_names(node: Any) -> list[str]:
    """Return the full names of all nodes that are not hidden, in order."""
    pairs = node.get_node_names_and_namespaces()
    names = [f"{namespace.rstrip('/')}/{name}" for name, namespace in pairs]
    return sorted(name for name in names if not is_hidden(name))
