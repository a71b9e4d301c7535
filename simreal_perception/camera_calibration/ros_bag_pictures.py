"""Pictures to calibrate with, from the images of a recording."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from simreal_perception.camera_calibration.pictures import Picture
from simreal_perception.recordings.recorded_bag import RecordedBag
from simreal_perception.recordings.topics import choose_topics

MOST_FROM_BAG = 60  # spread over the recording; neighbours show the same


def bag_pictures(path: Path, topic: str = "", most: int = MOST_FROM_BAG) -> Iterator[Picture]:
    """Images of a bag, evenly spread over it; those that cannot be read say why.

    Of a damaged bag those that come before the break.

    Args:
        path: see `RecordedBag`.
        topic: of the images; empty where there is only one.
        most: how many there are at most.

    Raises:
        ConfigurationError: no bag, or no such topic.
        MissingDependencyError: rosbags or the messages of ROS are not installed.
    """
    from simreal_perception.recordings.ros_recorded_images import recorded_image

    bag = RecordedBag(path)
    images = choose_topics(bag, topic).image
    step = max(1, -(-images.count // most))
    for number, message in enumerate(bag.messages([images.name])):
        if number % step:
            continue
        rgb, problem = recorded_image(message)
        pixels = None if rgb is None else np.ascontiguousarray(rgb)
        yield Picture(f"image {number}", pixels, problem)
