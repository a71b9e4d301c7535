"""Pictures to calibrate with, from a camera that is running: a topic of images, the arm's joints."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import rclpy
from rclpy.context import Context
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.qos import qos_profile_sensor_data
from rclpy.signals import SignalHandlerOptions
from sensor_msgs.msg import CompressedImage, Image, JointState

from simreal_common.errors import ConfigurationError, SimrealError
from simreal_common.imaging.ros_images import compressed_to_rgb, image_to_rgb
from simreal_perception.camera_calibration.picture_sources.arm_rest import ArmRest
from simreal_perception.camera_calibration.picture_sources.pictures import Picture
from simreal_perception.camera_calibration.robot_poses import ArmAt

EVERY_S = 1.5  # between pictures of a board that is waved
PATIENCE_S = 10.0  # without an image before it is said that none comes
COMPRESSED = "/compressed"


def live_pictures(topic: str, most: int) -> Iterator[Picture]:
    """An image of a running camera every 1.5 s, up to `most`; Ctrl-C ends it with those it has.

    Raises:
        ConfigurationError: no image comes.
    """
    due = time.monotonic()

    def take(now: float, name: str, message: Any) -> Picture | None:
        nonlocal due
        if now < due:
            return None
        due = now + EVERY_S
        return _picture(name, message)

    _say(f"{topic}: a picture every {EVERY_S:g} s, {most} of them; Ctrl-C: those are enough")
    yield from _pictures(topic, most, take, lambda _: None, "")


def live_pictures_at_rest(
    topic: str, joint_topic: str, most: int
) -> tuple[list[Picture], dict[str, ArmAt]]:
    """An image of each place where an arm stands still, with its joints; see `live_pictures`.

    Raises:
        ConfigurationError: no image comes.
    """
    rest, arm_at = ArmRest(), {}

    def hear(state: JointState) -> None:
        rest.hear(time.monotonic(), state.name, state.position)

    def take(now: float, name: str, message: Any) -> Picture | None:
        at = rest.take(now)
        if at is None:
            return None
        arm_at[name] = ArmAt(None, at)
        _say(f"{name}: taken; move the arm to the next place")
        return _picture(name, message)

    _say(
        f"{topic}: a picture wherever the arm stands still, {most} of them; Ctrl-C: those are enough"
    )
    pictures = list(_pictures(topic, most, take, hear, joint_topic))
    return pictures, arm_at


def _pictures(
    topic: str,
    most: int,
    take: Callable[[float, str, Any], Picture | None],
    hear: Callable[[JointState], None],
    joint_topic: str,
) -> Iterator[Picture]:
    context, ended = Context(), False
    rclpy.init(args=[], context=context, signal_handler_options=SignalHandlerOptions.NO)
    node = rclpy.create_node("simreal_calibrate", context=context)
    executor = SingleThreadedExecutor(context=context)
    executor.add_node(node)
    waiting: list[Any] = []
    kind = CompressedImage if topic.endswith(COMPRESSED) else Image
    node.create_subscription(kind, topic, waiting.append, qos_profile_sensor_data)
    if joint_topic:
        node.create_subscription(JointState, joint_topic, hear, qos_profile_sensor_data)

    def end(*_: object) -> None:
        nonlocal ended
        ended = True

    before = signal.signal(signal.SIGINT, end)
    taken, heard = 0, time.monotonic()
    try:
        while taken < most and not ended:
            executor.spin_once(timeout_sec=0.1)
            now = time.monotonic()
            if waiting:
                heard, message = now, waiting[-1]
                waiting.clear()
                picture = take(now, f"image {taken}", message)
                if picture is not None:
                    taken += 1
                    yield picture
                    heard = time.monotonic()  # whoever looks for the board takes its time
            elif now - heard > PATIENCE_S:
                raise ConfigurationError(_silence(node, topic))
    except ExternalShutdownException:
        pass
    finally:
        signal.signal(signal.SIGINT, before)
        executor.shutdown()
        node.destroy_node()
        rclpy.shutdown(context=context)


def _silence(node: Any, topic: str) -> str:
    """Why no image may have come, for people."""
    known = [
        name
        for name, kinds in node.get_topic_names_and_types()
        if {"sensor_msgs/msg/Image", "sensor_msgs/msg/CompressedImage"} & set(kinds)
        and node.count_publishers(name)
    ]
    have = f"images are on {', '.join(sorted(known))}" if known else "no node publishes images"
    return f"no image on {topic} for {PATIENCE_S:g} s ({have}): start the camera, or name its topic"


def _picture(name: str, message: Any) -> Picture:
    try:
        convert = compressed_to_rgb if isinstance(message, CompressedImage) else image_to_rgb
        return Picture(name, np.ascontiguousarray(convert(message)))
    except SimrealError as error:
        return Picture(name, None, str(error))


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)
