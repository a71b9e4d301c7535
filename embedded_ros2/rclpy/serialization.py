"""Messages to CDR bytes and back."""

from __future__ import annotations

from typing import Any

from embedded_ros2_core import codec
from embedded_ros2_core.messages import full_name


def serialize_message(message: Any) -> bytes:
    return bytes(codec.serialize(message))


def deserialize_message(serialized_message: bytes, message_type: Any) -> Any:
    return codec.deserialize(serialized_message, full_name(message_type))
