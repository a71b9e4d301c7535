"""What a buffer does here and not on ROS 2; static_transform_publisher."""

from __future__ import annotations

import math
from typing import Any

import pytest

import rclpy
from geometry_msgs.msg import TransformStamped
from rclpy.duration import Duration
from rclpy.node import Node
from rclpy.time import Time
from tf2_ros import Buffer, TransformListener

GIVE_UP_S = 60.0  # until the process below is up, however busy the machine

BROADCASTER = """
    import rclpy
    from geometry_msgs.msg import TransformStamped
    from tf2_ros import StaticTransformBroadcaster, TransformBroadcaster
    rclpy.init()
    node = rclpy.create_node("broadcaster")
    static, moving = StaticTransformBroadcaster(node), TransformBroadcaster(node)
    def make(parent, child):
        message = TransformStamped(child_frame_id=child)
        message.header.frame_id = parent
        message.header.stamp = node.get_clock().now().to_msg()
        message.transform.translation.x = 1.0
        return message
    static.sendTransform(make("world", "base"))
    static.sendTransform([make("base", "mount")])
    node.create_timer(0.02, lambda: moving.sendTransform(make("mount", "hand")))
    rclpy.spin(node)
"""


@pytest.mark.parametrize("spin_thread", [False, True])
def test_listener_waits_for_transforms(spawn: Any, ros: None, spin_thread: bool) -> None:
    """A lookup with a timeout succeeds inside a callback of a single-threaded executor."""
    spawn(BROADCASTER)
    node = rclpy.create_node("listener")
    buffer = Buffer()
    listener = TransformListener(buffer, node, spin_thread=spin_thread)
    found: Any = rclpy.Future()

    def look() -> None:
        timer.cancel()
        assert buffer.can_transform("world", "hand", Time(), Duration(seconds=GIVE_UP_S))
        found.set_result(
            buffer.lookup_transform(
                "world", "hand", node.get_clock().now(), Duration(seconds=GIVE_UP_S)
            )
        )

    timer = node.create_timer(0.0, look)
    rclpy.spin_until_future_complete(node, found, timeout_sec=2.0 * GIVE_UP_S)
    assert found.result().transform.translation.x == pytest.approx(3.0)
    listener.unregister()


def test_static_transform_publisher(ros: None, spawn: Any, until: Any) -> None:
    words = "--x 0.5 --z -1.25 --yaw 1.5 --frame-id base --child-frame-id eye"
    spawn("from tf2_ros.static_transform_publisher import main; main()", *words.split())
    node = Node("listener")
    buffer = Buffer()
    TransformListener(buffer, node)
    assert until(node, lambda: buffer.can_transform("base", "eye", Time()))
    found = buffer.lookup_transform("base", "eye", Time()).transform
    assert (found.translation.x, found.translation.y, found.translation.z) == (0.5, 0.0, -1.25)
    assert found.rotation.z == pytest.approx(math.sin(0.75))
    assert found.rotation.w == pytest.approx(math.cos(0.75))


def test_a_rotation_that_is_none_is_left_out(capfd: pytest.CaptureFixture[str]) -> None:
    """Where tf2 takes it, and normalizes it when it is asked."""
    buffer, skewed = Buffer(), TransformStamped(child_frame_id="b")
    skewed.header.frame_id = "a"
    skewed.transform.rotation.w = 2.0
    buffer.set_transform(skewed, "test")
    assert not buffer.can_transform("a", "b", Time())
    assert "DENORMALIZED" in "".join(capfd.readouterr())
