"""Images of a recording with their times, for the monitor: no calibration is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from simreal_common.imaging.pixel_formats import RgbImage
from simreal_common.ros_messages import NANOSECONDS
from simreal_perception.recordings.recorded_bag import RecordedBag
from simreal_perception.recordings.ros_recorded_images import recorded_image
from simreal_perception.recordings.topics import choose_topics


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
            yield BagImage(message.time_ns / NANOSECONDS, *recorded_image(message))
