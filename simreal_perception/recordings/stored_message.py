"""A message as it lies in a recording, and the place where a recording breaks off."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class StoredMessage:
    """One message.

    Args:
        topic: name, as recorded.
        type: such as sensor_msgs/msg/Image.
        time_ns: when it was recorded, nanoseconds since the epoch.
        data: CDR, with its encapsulation header.
    """

    topic: str
    type: str
    time_ns: int
    data: bytes


class RecordingBreak(Exception):
    """A recording cannot be read beyond this point; the text says which file, where and why.

    What came before was good. It never leaves this room but as `RecordedBag.broken`.
    """
