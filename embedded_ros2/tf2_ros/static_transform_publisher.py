"""`ros2 run tf2_ros static_transform_publisher`: one transform on /tf_static, until it is stopped."""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Sequence

import rclpy
from geometry_msgs.msg import TransformStamped
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node
from rclpy.utilities import remove_ros_args

from .broadcasters import StaticTransformBroadcaster

_SHORTEST = 1e-6  # of a quaternion, which is normalized


def read_transform(words: Sequence[str]) -> TransformStamped:
    """The transform that the arguments of ROS 2's static_transform_publisher say.

    Ends the process with 2 where they say none, as argparse does.
    """
    parser = argparse.ArgumentParser(prog="static_transform_publisher", allow_abbrev=False)
    for name in ("x", "y", "z"):
        parser.add_argument(f"--{name}", type=_finite, default=0.0, help="metres")
    for name in ("qx", "qy", "qz", "qw"):
        parser.add_argument(f"--{name}", type=_finite, help="of the quaternion")
    for name in ("roll", "pitch", "yaw"):
        parser.add_argument(f"--{name}", type=_finite, help="radians, about fixed axes")
    parser.add_argument("--frame-id", required=True, help="parent")
    parser.add_argument("--child-frame-id", required=True, help="child")
    given = parser.parse_args(list(words))
    angles = (given.roll, given.pitch, given.yaw)
    quaternion = (given.qx, given.qy, given.qz, given.qw)
    if any(value is not None for value in angles) and any(v is not None for v in quaternion):
        parser.error(
            "give a quaternion (--qx --qy --qz --qw) or angles (--roll --pitch --yaw), not both"
        )
    if given.frame_id == given.child_frame_id:
        parser.error(f"--frame-id and --child-frame-id are both '{given.frame_id}'")
    if any(value is not None for value in quaternion):
        x, y, z, w = (0.0 if value is None else value for value in quaternion)
    else:
        x, y, z, w = _of_angles(*(0.0 if value is None else value for value in angles))
    length = math.sqrt(x * x + y * y + z * z + w * w)
    if length < _SHORTEST:
        parser.error("the quaternion is zero; wanted --qw 1 for no rotation")
    transform = TransformStamped()
    transform.header.frame_id, transform.child_frame_id = given.frame_id, given.child_frame_id
    shift, turn = transform.transform.translation, transform.transform.rotation
    shift.x, shift.y, shift.z = given.x, given.y, given.z
    turn.x, turn.y, turn.z, turn.w = x / length, y / length, z / length, w / length
    return transform


def main() -> int:
    """Publish until the process is told to end."""
    transform = read_transform(remove_ros_args(sys.argv)[1:])
    rclpy.init()
    node = Node("static_transform_publisher")
    broadcaster = StaticTransformBroadcaster(node)
    transform.header.stamp = node.get_clock().now().to_msg()
    broadcaster.sendTransform(transform)
    node.get_logger().info(
        f"publishing '{transform.header.frame_id}' to '{transform.child_frame_id}' on /tf_static"
    )
    try:
        rclpy.spin(node)
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    finally:
        node.destroy_node()
        rclpy.try_shutdown()
    return 0


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(text)
    return value


def _of_angles(roll: float, pitch: float, yaw: float) -> tuple[float, float, float, float]:
    """Quaternion x, y, z, w of turns about the fixed axes x, then y, then z."""
    (sr, cr), (sp, cp), (sy, cy) = (
        (math.sin(angle / 2), math.cos(angle / 2)) for angle in (roll, pitch, yaw)
    )
    return (
        sr * cp * cy - cr * sp * sy,
        cr * sp * cy + sr * cp * sy,
        cr * cp * sy - sr * sp * cy,
        cr * cp * cy + sr * sp * sy,
    )


if __name__ == "__main__":
    sys.exit(main())
