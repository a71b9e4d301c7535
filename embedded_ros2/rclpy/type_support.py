"""Names that annotations in nodes use."""

from __future__ import annotations

from typing import Any, TypeVar

MsgT = TypeVar("MsgT")
SrvT = TypeVar("SrvT")
SrvRequestT = TypeVar("SrvRequestT")
SrvResponseT = TypeVar("SrvResponseT")
Action = Any
Msg = Any
Srv = Any


def check_for_type_support(msg_or_srv_type: Any) -> None:
    """TypeError unless it is a ROS interface class."""
    if not any(
        hasattr(msg_or_srv_type, name)
        for name in ("_ros_definition_", "_service_name", "_action_name")
    ):
        raise TypeError(f"{msg_or_srv_type!r} is not a ROS message, service or action class")
