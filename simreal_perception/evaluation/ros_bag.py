"""Images of a recorded camera with known poses: a rosbag2 and a JSON file beside it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simreal_common.camera import Camera
from simreal_common.errors import (
    CalibrationError,
    ConfigurationError,
    ImageError,
    MessageError,
    MissingDependencyError,
)
from simreal_common.geometry import Pose
from simreal_common.untrusted_text import parse_yaml, read_text, shortened
from simreal_perception.evaluation.evaluation_data import LIMITS, Example, read_json, read_pose

RAW, COMPRESSED, INFO = (
    f"sensor_msgs/msg/{name}" for name in ("Image", "CompressedImage", "CameraInfo")
)


@dataclass(frozen=True)
class BagSource:
    """Frames of a rosbag2 (sqlite3 or mcap) with raw or compressed images and a camera_info.

    The poses stand in a JSON file: `{"frames": {"0": {"position_m": [x, y, z], "rotation":
    [[...], [...], [...]]}, ...}}`, block in the camera's optical frame, under the number of the
    frame in the bag; `orientation_xyzw` may stand in place of `rotation`. Frames without a pose are
    left out.

    Args:
        folder: of the bag.
        poses: JSON file.
        edge: of the block, metres.
        topic: of the images; needed where the bag has several.
    """

    folder: Path
    poses: Path
    edge: float
    topic: str | None = None

    @property
    def name(self) -> str:
        return f"bag {self.folder.name}"

    @property
    def count(self) -> int:
        return len(self._truths)

    def examples(self, numbers: Sequence[int]) -> Iterator[Example]:
        """Read the frames with these numbers among those that have a pose.

        Raises:
            MissingDependencyError: no `rosbags` here.
            ConfigurationError: not such a bag, or not such poses.
            ImageError, CalibrationError: messages that cannot be used.
        """
        frames = sorted(self._truths)
        wanted = {frames[number] for number in numbers}
        for frame, rgb, camera in self._frames(wanted):
            block = self._truths[frame]
            yield Example(f"frame {frame}", rgb, camera, self.edge, [block], [])

    @cached_property
    def _truths(self) -> dict[int, Pose]:
        try:
            entries = read_json(self.poses)["frames"]
            return {int(number): read_pose(entry, self.poses) for number, entry in entries.items()}
        except (MessageError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise ConfigurationError(
                f"cannot read poses {self.poses} ({error}): wanted a JSON file with 'frames', "
                "each number of a frame with position_m and rotation"
            ) from error

    def _frames(self, wanted: set[int]) -> Iterator[tuple[int, NDArray[np.uint8], Camera]]:
        """Number, RGB and calibration of the wanted frames, in the bag's order."""
        try:
            from rosbags.highlevel import AnyReader
            from rosbags.typesys import Stores, get_typestore
        except ModuleNotFoundError as error:
            raise MissingDependencyError(
                f"reading a bag needs {error.name}, which is not installed; it comes with "
                "embedded_ros2, and elsewhere with: pip install rosbags"
            ) from error
        if not (self.folder / "metadata.yaml").is_file():
            raise ConfigurationError(
                f"{self.folder} is no rosbag2: wanted a folder with metadata.yaml, as `ros2 bag "
                "record` writes it"
            )
        try:
            # Before rosbags does, which follows aliases and recurses.
            parse_yaml(read_text(self.folder / "metadata.yaml", LIMITS), LIMITS)
            with AnyReader(
                [self.folder], default_typestore=get_typestore(Stores.ROS2_JAZZY)
            ) as reader:
                yield from self._read(reader, wanted)
        except (ConfigurationError, CalibrationError, ImageError):
            raise
        except Exception as error:  # damaged: rosbags, sqlite3 and struct raise what they like
            raise ConfigurationError(
                f"cannot read bag {self.folder} ({shortened(str(error)) or type(error).__name__}): "
                "wanted a whole rosbag2, sqlite3 or mcap"
            ) from error

    def _read(
        self, reader: Any, wanted: set[int]
    ) -> Iterator[tuple[int, NDArray[np.uint8], Camera]]:
        images = self._only(reader.connections, {RAW, COMPRESSED}, self.topic)
        namespace = images.topic.removesuffix("/compressed").rsplit("/", 1)[0]
        infos = [c for c in reader.connections if c.msgtype == INFO]
        beside = [c for c in infos if c.topic.rsplit("/", 1)[0] == namespace]
        info = self._only(beside or infos, {INFO}, None)
        camera = None
        for connection, _, data in reader.messages([info]):
            camera = _camera(reader.deserialize(data, connection.msgtype))
            break
        if camera is None:
            raise ConfigurationError(f"bag {self.folder} has no message on {info.topic}")
        last = max(wanted, default=-1)
        for frame, (connection, _, data) in enumerate(reader.messages([images])):
            if frame > last:
                return
            if frame in wanted:
                message = reader.deserialize(data, connection.msgtype)
                yield frame, _image(message, connection.msgtype), camera

    def _only(self, connections: Any, types: set[str], topic: str | None) -> Any:
        """The one connection of these types (and this topic)."""
        fitting = [c for c in connections if c.msgtype in types and topic in (None, c.topic)]
        if len(fitting) != 1:
            have = ", ".join(sorted(c.topic for c in connections if c.msgtype in types)) or "none"
            kinds = " or ".join(sorted(kind.rsplit("/", 1)[1] for kind in types))
            raise ConfigurationError(
                f"bag {self.folder} has {len(fitting)} fitting topics of type {kinds} (of that "
                f"type: {have}); wanted one: name it with --topic"
            )
        return fitting[0]


def _image(message: Any, msgtype: str) -> NDArray[np.uint8]:
    from simreal_common.imaging.ros_images import compressed_to_rgb, image_to_rgb

    convert = compressed_to_rgb if msgtype == COMPRESSED else image_to_rgb
    return np.ascontiguousarray(convert(message))


def _camera(message: Any) -> Camera:
    from simreal_common.imaging.ros_camera_info import camera_info_to_camera

    return camera_info_to_camera(message)
