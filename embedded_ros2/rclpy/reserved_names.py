"""The names under which rclpy's `Node` holds its own things, from Humble to Lyrical.

A node that assigns to one of them, or has a method of that name, runs here and ends on ROS 2 as soon
as somebody lists its parameters or it is destroyed. So it is refused here as well, at once. What
this runtime holds of its own, and ROS 2 does not know, begins with `_rcl_`.
"""

from __future__ import annotations

import sys
from types import FrameType
from typing import Any, ClassVar

OWN_PREFIX = "_rcl_"

ATTRIBUTES = frozenset(
    """
    _allow_undeclared_parameters _clients _clock _context _default_callback_group _descriptors
    _guards _logger _logger_service _on_set_parameters_callbacks _parameter_event_publisher
    _parameter_overrides _parameter_service _parameters _parameters_callbacks
    _post_set_parameters_callbacks _pre_set_parameters_callbacks _publishers _rate_group _services
    _subscriptions _time_source _timers _type_description_service
    _Node__executor_weakref _Node__handle _Node__node _Node__waitables
    """.split()
)
METHODS = frozenset(
    """
    _apply_descriptor _apply_descriptor_and_set _apply_descriptors _apply_floating_point_range
    _apply_integer_range _call_post_set_parameters_callback _call_pre_set_parameters_callback
    _check_undeclared_parameters _count_clients_or_servers _count_publishers_or_subscribers
    _declare_parameter_common _get_info_by_topic _set_parameters _set_parameters_atomically
    _set_parameters_atomically_common _validate_qos_or_depth_parameter
    _validate_topic_or_service_name _wake_executor
    """.split()
)
# What LifecycleNode holds beside those.
MANAGED = frozenset(
    """
    _callbacks _managed_entities _service_change_state _service_get_available_states
    _service_get_available_transitions _service_get_state _service_get_transition_graph
    _state_machine
    """.split()
)
# Public, but what executors read of a node: no place for things of one's own.
PROPERTIES = frozenset(
    """
    clients context default_callback_group executor guards handle publishers services subscriptions
    timers waitables
    """.split()
)


def is_reserved(name: str, managed: bool = False) -> bool:
    """Whether a subclass of `Node`, or of `LifecycleNode`, may not use the name for itself."""
    reserved = ATTRIBUTES | METHODS | MANAGED if managed else ATTRIBUTES | METHODS
    return name.startswith(OWN_PREFIX) or name in reserved


def refuse_clashes(cls: type[ReservedNames]) -> None:
    """TypeError when the body of a subclass of `Node` defines a reserved name."""
    managed = cls._rcl_managed
    clashes = sorted(name for name in vars(cls) if is_reserved(name, managed) or name in PROPERTIES)
    if clashes:
        raise TypeError(
            f"class {cls.__name__} defines {', '.join(clashes)}, which rclpy's Node has for itself; "
            "choose another name"
        )


class ReservedNames:
    """Mixed into Node: its own names are assigned to by rclpy alone."""

    _rcl_managed: ClassVar[bool] = False

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if cls.__module__.partition(".")[0] != "rclpy":
            refuse_clashes(cls)

    def __setattr__(self, name: str, value: Any) -> None:
        """AttributeError where code outside rclpy assigns to a reserved name."""
        if is_reserved(name, self._rcl_managed) and not _called_by_rclpy(sys._getframe(1)):
            raise AttributeError(
                f"'{name}' of {type(self).__name__} is what rclpy's Node has for itself; "
                "choose another name"
            )
        super().__setattr__(name, value)


def _called_by_rclpy(frame: FrameType | None) -> bool:
    while frame is not None and frame.f_code.co_name == "__setattr__":  # of a subclass
        frame = frame.f_back
    return frame is not None and frame.f_globals.get("__name__", "").partition(".")[0] == "rclpy"
