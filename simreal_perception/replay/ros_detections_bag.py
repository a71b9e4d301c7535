"""The detections of a replay as a recording of their own: a rosbag2, MCAP."""

from __future__ import annotations

import importlib
import os
import re
import shutil
from pathlib import Path
from typing import Any, Literal

from simreal_common.errors import ConfigurationError
from simreal_perception.recordings.recorded_bag import METADATA

TYPE = "vision_msgs/msg/Detection3DArray"
VERSION: Literal[9] = 9  # of the metadata: that of ROS 2 Jazzy and later
# How get_fields_and_field_types() calls what a .msg file calls otherwise.
PRIMITIVES = {"boolean": "bool", "octet": "byte", "float": "float32", "double": "float64"}
SEQUENCE = re.compile(r"sequence<(.+?)(?:, *(\d+))?>")
ARRAY = re.compile(r"(.+)\[(\d+)\]")
BOUNDED = re.compile(r"(w?string)<(\d+)>")


class DetectionsBag:
    """Writes detections; the folder is there, whole, once `close` was called.

    Args:
        folder: of the bag; one of an earlier replay is replaced when this one is closed.
        topic: name of the detections' topic.

    Raises:
        ConfigurationError: it cannot be written, or something else lies there.
    """

    def __init__(self, folder: Path, topic: str) -> None:
        from rosbags.rosbag2 import StoragePlugin, Writer

        if folder.exists() and not (folder / METADATA).is_file():
            raise ConfigurationError(
                f"{folder} is there and is no recording: wanted a place for one; give another out"
            )
        self._folder = folder
        # The files of a bag are named after its folder: the draft has the name, in another place.
        self._place = folder.with_name(f".{folder.name}.{os.getpid()}.part")
        try:
            shutil.rmtree(self._place, ignore_errors=True)
            self._writer = Writer(
                self._place / folder.name, version=VERSION, storage_plugin=StoragePlugin.MCAP
            )
            self._writer.open()
        except OSError as error:
            raise ConfigurationError(
                f"cannot write {folder}: {error.strerror}; give a folder that can be written"
            ) from error
        self._connection = self._writer.add_connection(topic, TYPE, typestore=_typestore())

    def write(self, data: bytes, time_ns: int) -> None:
        """Append serialized detections under a time, nanoseconds."""
        self._writer.write(self._connection, time_ns, data)

    def close(self) -> None:
        """Put the bag into its place.

        Raises:
            ConfigurationError: it cannot be written, the disk is full say.
        """
        try:
            self._writer.close()
            if self._folder.exists():
                shutil.rmtree(self._folder)
            (self._place / self._folder.name).replace(self._folder)
        except OSError as error:
            raise ConfigurationError(f"cannot write {self._folder}: {error.strerror}") from error
        finally:
            shutil.rmtree(self._place, ignore_errors=True)


def _typestore() -> Any:
    """What rosbags knows of ROS 2, and the detections, as this machine's ROS defines them."""
    from rosbags.typesys import Stores, get_types_from_msg, get_typestore

    store = get_typestore(Stores.ROS2_JAZZY)
    waiting, known = [TYPE], set(store.fielddefs)
    while waiting:
        name = waiting.pop()
        if name in known:
            continue
        known.add(name)
        fields = _class(name).get_fields_and_field_types()
        lines = [f"{_type_in_msg(kind)} {field}" for field, kind in fields.items()]
        store.register(get_types_from_msg("\n".join(lines), name))
        items = (SEQUENCE.sub(r"\1", ARRAY.sub(r"\1", kind)) for kind in fields.values())
        waiting += [item.replace("/", "/msg/") for item in items if "/" in item]
    return store


def _class(name: str) -> Any:
    package, _, base = name.split("/")
    return getattr(importlib.import_module(f"{package}.msg"), base)


def _type_in_msg(kind: str) -> str:
    """A field's type as a .msg file writes it: `sequence<double, 3>` is float64[<=3]."""
    if match := SEQUENCE.fullmatch(kind):
        item, most = match.groups()
        return f"{_type_in_msg(item)}[{f'<={most}' if most else ''}]"
    if match := ARRAY.fullmatch(kind):
        return f"{_type_in_msg(match.group(1))}[{match.group(2)}]"
    if match := BOUNDED.fullmatch(kind):
        return f"{match.group(1)}<={match.group(2)}"
    return PRIMITIVES.get(kind, kind)
