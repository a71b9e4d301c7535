"""Bags that are whole, read by the `rosbags` library: rosbag2 of every release, ROS 1 bags."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from simreal_common.errors import MissingDependencyError
from simreal_perception.recordings.stored_message import StoredMessage
from simreal_perception.recordings.unpacking import bound_rosbags

Messages = Callable[[Sequence[str]], Iterator[StoredMessage]]


def need_rosbags() -> None:
    """Raise a MissingDependencyError unless `rosbags` is installed."""
    try:
        import rosbags.highlevel  # noqa: F401
    except ModuleNotFoundError as error:
        raise MissingDependencyError(
            f"reading a bag needs {error.name}, which is not installed; it comes with "
            "embedded_ros2, and elsewhere with: pip install rosbags"
        ) from error


@contextmanager
def open_rosbag2(path: Path) -> Iterator[tuple[dict[str, tuple[str, int]], Messages]]:
    """A rosbag2 (folder or file): type and number of messages of each topic, and the messages.

    The bytes are handed on as they lie there: ROS 2 itself never reads a definition that a bag
    brings, and some name their fields as ROS 1 did.

    Raises:
        Exception: whatever rosbags raises for one that is damaged, also while it is read.
    """
    from rosbags.rosbag2 import Reader

    bound_rosbags()
    with Reader(path) as reader:
        topics: dict[str, tuple[str, int]] = {}
        for connection in reader.connections:
            count = topics.get(connection.topic, ("", 0))[1] + connection.msgcount
            topics[connection.topic] = connection.msgtype, count

        def messages(wanted: Sequence[str]) -> Iterator[StoredMessage]:
            chosen = [c for c in reader.connections if c.topic in wanted]
            if not chosen:
                return
            for connection, time_ns, data in reader.messages(chosen):
                yield StoredMessage(connection.topic, connection.msgtype, time_ns, bytes(data))

        yield topics, messages


@contextmanager
def open_rosbag1(path: Path) -> Iterator[tuple[dict[str, tuple[str, int]], Messages]]:
    """A ROS 1 bag; messages become those of ROS 2. Topics of types that ROS 2 lacks are left out.

    Raises:
        Exception: whatever rosbags raises for one that is damaged, also while it is read.
    """
    from rosbags.convert.converter import STATIC_MSGTYPE_RENAMES, migrate_bytes
    from rosbags.highlevel import AnyReader
    from rosbags.typesys import Stores, get_typestore

    ros2 = get_typestore(Stores.ROS2_JAZZY)
    cache: dict[str, Any] = {}
    with AnyReader([path], default_typestore=get_typestore(Stores.ROS1_NOETIC)) as reader:

        def name(connection: Any) -> str:
            return str(STATIC_MSGTYPE_RENAMES.get(connection.msgtype, connection.msgtype))

        known = [c for c in reader.connections if name(c) in ros2.fielddefs]
        topics: dict[str, tuple[str, int]] = {}
        for connection in known:
            count = topics.get(connection.topic, ("", 0))[1] + connection.msgcount
            topics[connection.topic] = name(connection), count

        def messages(wanted: Sequence[str]) -> Iterator[StoredMessage]:
            chosen = [c for c in known if c.topic in wanted]
            if not chosen:
                return
            for connection, time_ns, data in reader.messages(chosen):
                converted = migrate_bytes(
                    reader.typestore, ros2, connection.msgtype, name(connection), cache, data,
                    src_is2=False, dst_is2=True,
                )  # fmt: skip
                yield StoredMessage(connection.topic, name(connection), time_ns, bytes(converted))

        yield topics, messages
