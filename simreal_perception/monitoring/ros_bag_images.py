"""Images of a recording with their times, for the monitor: no calibration is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rclpy.serialization import deserialize_message
from sensor_msgs.msg import CompressedImage, Image

from simreal_common.errors import SimrealError
from simreal_common.imaging.pixel_formats import RgbImage
from simreal_common.imaging.ros_images import compressed_to_rgb, image_to_rgb
from simreal_common.ros_messages import NANOSECONDS
from simreal_perception.recordings.recorded_bag import RecordedBag
from simreal_perception.recordings.topics import COMPRESSED, choose_topics


@dataclass(frozen=True, eq=False)
class BagImage:
    """One image.

    Args:
        time: when it was recorded, seconds.
        rgb: uint8, shape (height, width, 3); None where it cannot be used.
        problem: why not; else empty.
    """

    time: float
    rgb: RgbImage | None
    problem: str = ""


class BagImages:
    """The images of one topic of a recording.

    Args:
        path: see `RecordedBag`.
        topic: of the images; empty where there is only one.

    Raises:
        ConfigurationError: no bag, or no such topic.
        MissingDependencyError: rosbags is not installed.
    """

    def __init__(self, path: Path, topic: str = "") -> None:
        self._bag = RecordedBag(path)
        self._topic = ""
        if self._bag.broken is None or self._bag.topics:
            self._topic = choose_topics(self._bag, topic).image.name

    @property
    def broken(self) -> str:
        """Where and why the recording cannot be read further; empty while it can."""
        return str(self._bag.broken or "")

    def __iter__(self) -> Iterator[BagImage]:
        for message in self._bag.messages([self._topic]) if self._topic else ():
            time = message.time_ns / NANOSECONDS
            try:
                if message.type == COMPRESSED:
                    rgb = compressed_to_rgb(deserialize_message(message.data, CompressedImage))
                else:
                    rgb = image_to_rgb(deserialize_message(message.data, Image))
            except SimrealError as error:
                yield BagImage(time, None, str(error))
            except Exception as error:  # which one differs between runtimes
                yield BagImage(time, None, f"no image message ({type(error).__name__})")
            else:
                yield BagImage(time, rgb)
