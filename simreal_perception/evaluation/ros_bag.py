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
from simreal_common.errors import ConfigurationError, MessageError
from simreal_common.geometry import Pose
from simreal_common.untrusted_text import reason_of
from simreal_perception.evaluation.evaluation_data import Example, read_json, read_pose
from simreal_perception.recordings.recorded_bag import RecordedBag
from simreal_perception.recordings.stored_message import StoredMessage
from simreal_perception.recordings.topics import COMPRESSED, choose_topics


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
            reason = reason_of(error, self.poses)
            raise ConfigurationError(
                f"cannot read poses {self.poses} ({reason}): wanted a JSON file with 'frames', "
                "each number of a frame with position_m and rotation"
            ) from error

    def _frames(self, wanted: set[int]) -> Iterator[tuple[int, NDArray[np.uint8], Camera]]:
        """Number, RGB and calibration of the wanted frames, in the bag's order."""
        bag = RecordedBag(self.folder)
        self._check(bag)
        topics = choose_topics(bag, self.topic or "")
        if topics.info is None:
            raise ConfigurationError(f"bag {self.folder} has no CameraInfo: wanted its calibration")
        first = next(bag.messages([topics.info.name]), None)
        self._check(bag)
        if first is None:
            raise ConfigurationError(f"bag {self.folder} has no message on {topics.info.name}")
        camera = self._camera(first)
        last = max(wanted, default=-1)
        for frame, message in enumerate(bag.messages([topics.image.name])):
            if frame > last:
                return
            if frame in wanted:
                yield frame, self._image(message), camera
        self._check(bag)

    def _check(self, bag: RecordedBag) -> None:
        """Figures of a part of the frames would pass for those of all."""
        if bag.broken is not None:
            raise ConfigurationError(
                f"cannot read bag {self.folder} ({bag.broken}): wanted a whole rosbag2, sqlite3 or mcap"
            )

    def _image(self, message: StoredMessage) -> NDArray[np.uint8]:
        from sensor_msgs.msg import CompressedImage, Image

        from simreal_common.imaging.ros_images import compressed_to_rgb, image_to_rgb

        if message.type == COMPRESSED:
            return np.ascontiguousarray(compressed_to_rgb(self._read(message, CompressedImage)))
        return np.ascontiguousarray(image_to_rgb(self._read(message, Image)))

    def _camera(self, message: StoredMessage) -> Camera:
        from sensor_msgs.msg import CameraInfo

        from simreal_common.imaging.ros_camera_info import camera_info_to_camera

        return camera_info_to_camera(self._read(message, CameraInfo))

    def _read(self, message: StoredMessage, kind: type[Any]) -> Any:
        from rclpy.serialization import deserialize_message

        try:
            return deserialize_message(message.data, kind)
        except Exception as error:  # which one differs between runtimes
            raise ConfigurationError(
                f"cannot read bag {self.folder} (a message on {message.topic} is no "
                f"{kind.__name__}): wanted a whole rosbag2, sqlite3 or mcap"
            ) from error
