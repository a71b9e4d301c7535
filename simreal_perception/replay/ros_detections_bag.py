"""The detections of a replay as a recording of their own: a rosbag2, MCAP."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any, Literal

from simreal_common.errors import ConfigurationError
from simreal_perception.recordings.recorded_bag import METADATA

TYPE = "vision_msgs/msg/Detection3DArray"
VERSION: Literal[9] = 9  # of the metadata: that of ROS 2 Jazzy and later
# vision_msgs 4, of all releases since Humble; rosbags has none of it.
DEFINITIONS = {
    "ObjectHypothesis": "string class_id\nfloat64 score",
    "ObjectHypothesisWithPose": (
        "ObjectHypothesis hypothesis\ngeometry_msgs/PoseWithCovariance pose"
    ),
    "BoundingBox3D": "geometry_msgs/Pose center\ngeometry_msgs/Vector3 size",
    "Detection3D": (
        "std_msgs/Header header\nObjectHypothesisWithPose[] results\nBoundingBox3D bbox\nstring id"
    ),
    "Detection3DArray": "std_msgs/Header header\nDetection3D[] detections",
}


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
    """What rosbags knows of ROS 2, and the detections."""
    from rosbags.typesys import Stores, get_types_from_msg, get_typestore

    store = get_typestore(Stores.ROS2_JAZZY)
    for name, text in DEFINITIONS.items():
        store.register(get_types_from_msg(text, f"vision_msgs/msg/{name}"))
    return store
