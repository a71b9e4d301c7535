"""The default context and small questions about it."""

from __future__ import annotations

import sys
import threading
from collections.abc import Sequence
from typing import Any

from embedded_ros2_core.arguments import without_ros_arguments

_lock = threading.Lock()
_default: Any = None


def get_default_context(*, shutting_down: bool = False) -> Any:
    """The context of who names none; `shutting_down`: the next call gets a new one."""
    global _default
    with _lock:
        if _default is None:
            from .context import Context

            _default = Context()
        context = _default
        if shutting_down:
            _default = None
        return context


def remove_ros_args(args: Sequence[str] | None = None) -> list[str]:
    """The command line without --ros-args ... --."""
    return without_ros_arguments(sys.argv if args is None else args)


def ok(*, context: Any = None) -> bool:
    return bool((context or get_default_context()).ok())


def shutdown(*, context: Any = None) -> None:
    (context or get_default_context(shutting_down=True)).shutdown()


def try_shutdown(*, context: Any = None) -> None:
    (context or get_default_context(shutting_down=True)).try_shutdown()


def get_rmw_implementation_identifier() -> str:
    return "rmw_cyclonedds_cpp"


def get_available_rmw_implementations() -> set[str]:
    return {"rmw_cyclonedds_cpp"}


def timeout_sec_to_nsec(timeout_sec: float | None) -> int:
    """-1 for None or a negative number (for ever), else nanoseconds."""
    return -1 if timeout_sec is None or timeout_sec < 0 else int(float(timeout_sec) * 10**9)


def get_message_from_type_support(msg_type: Any) -> Any:
    return msg_type()
