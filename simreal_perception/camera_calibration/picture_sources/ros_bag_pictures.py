"""Pictures to calibrate with, from the images of a recording."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from simreal_common.errors import CalibrationError
from simreal_perception.camera_calibration.picture_sources.arm_rest import SETTLE_S, ArmRest
from simreal_perception.camera_calibration.picture_sources.pictures import Picture
from simreal_perception.camera_calibration.robot_poses import ArmAt
from simreal_perception.recordings.recorded_bag import RecordedBag
from simreal_perception.recordings.stored_message import StoredMessage
from simreal_perception.recordings.topics import JOINTS, choose_joint_states, choose_topics

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
    bag = RecordedBag(path)
    images = choose_topics(bag, topic).image
    step = max(1, -(-images.count // most))
    for number, message in enumerate(bag.messages([images.name])):
        if number % step:
            continue
        yield _picture(number, message)


def bag_pictures_at_rest(
    path: Path, topic: str = "", joint_topic: str = ""
) -> tuple[list[Picture], dict[str, ArmAt]]:
    """One image of each place where the arm of a bag stood still, and its joints there by name.

    Args:
        path: see `RecordedBag`.
        topic, joint_topic: of images and of joint states; empty where there is only one of each.

    Raises:
        ConfigurationError: no bag, or no such topics.
        CalibrationError: the arm never stood still before the camera.
        MissingDependencyError: rosbags or the messages of ROS are not installed.
    """
    from rclpy.serialization import deserialize_message
    from sensor_msgs.msg import JointState

    bag = RecordedBag(path)
    images, joints = choose_topics(bag, topic).image, choose_joint_states(bag, joint_topic)
    rest = ArmRest()
    pictures, arm_at, number = [], {}, -1
    for message in bag.messages([images.name, joints.name]):
        seconds = 1e-9 * message.time_ns
        if message.type == JOINTS:
            try:
                state = deserialize_message(message.data, JointState)
            except Exception:  # which one differs between runtimes; the next state comes soon
                continue
            rest.hear(seconds, state.name, state.position)
            continue
        number += 1
        at = rest.take(seconds)
        if at is not None:
            pictures.append(_picture(number, message))
            arm_at[pictures[-1].name] = ArmAt(None, at)
    if not pictures:
        raise CalibrationError(
            f"in {path.name} the arm never stands still for {SETTLE_S:g} s before the camera "
            f"({number + 1} images on {images.name}, {joints.count} joint states on {joints.name}): "
            "stop it for a second at each place"
        )
    return pictures, arm_at


def _picture(number: int, message: StoredMessage) -> Picture:
    from simreal_perception.recordings.ros_recorded_images import recorded_image

    rgb, problem = recorded_image(message)
    return Picture(f"image {number}", None if rgb is None else np.ascontiguousarray(rgb), problem)
