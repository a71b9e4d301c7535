"""Sending transforms."""

from __future__ import annotations

from typing import Any

from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile
from tf2_msgs.msg import TFMessage

TF_TOPIC, TF_STATIC_TOPIC = "/tf", "/tf_static"
QOS_TF = QoSProfile(depth=100, history=HistoryPolicy.KEEP_LAST)
QOS_STATIC = QoSProfile(
    depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL, history=HistoryPolicy.KEEP_LAST
)


def _as_list(transform: Any) -> list[Any]:
    return list(transform) if isinstance(transform, (list, tuple)) else [transform]


class TransformBroadcaster:
    """Publishes on /tf."""

    def __init__(self, node: Any, qos: Any = None) -> None:
        self.pub_tf = node.create_publisher(TFMessage, TF_TOPIC, QOS_TF if qos is None else qos)

    def sendTransform(self, transform: Any) -> None:  # noqa: N802 - the name in ROS
        self.pub_tf.publish(TFMessage(transforms=_as_list(transform)))


class StaticTransformBroadcaster:
    """Publishes on /tf_static; every message holds all transforms of this broadcaster, latched."""

    def __init__(self, node: Any, qos: Any = None) -> None:
        self.pub_tf = node.create_publisher(
            TFMessage, TF_STATIC_TOPIC, QOS_STATIC if qos is None else qos
        )
        self.net_message = TFMessage()

    def sendTransform(self, transform: Any) -> None:  # noqa: N802 - the name in ROS
        kept = {t.child_frame_id: t for t in self.net_message.transforms}
        kept.update({t.child_frame_id: t for t in _as_list(transform)})
        self.net_message.transforms = list(kept.values())
        self.pub_tf.publish(self.net_message)
