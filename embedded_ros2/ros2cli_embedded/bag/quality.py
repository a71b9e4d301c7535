"""QoS between rclpy and the profiles that a rosbag2 keeps of its publishers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

INFINITE = (2147483647, 4294967295)
"""How rosbag2 writes a duration without end: seconds and nanoseconds."""
DEPTH = 100
"""Messages that may wait between the network and the file, or the other way."""


def listening(publishers: Sequence[Any]) -> Any:
    """Return a profile that hears all `publishers`, given by their TopicEndpointInfo."""
    from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy

    offered = [info.qos_profile for info in publishers]
    reliable = all(qos.reliability == ReliabilityPolicy.RELIABLE for qos in offered)
    latched = bool(offered) and all(
        qos.durability == DurabilityPolicy.TRANSIENT_LOCAL for qos in offered
    )
    return QoSProfile(
        depth=DEPTH,
        reliability=ReliabilityPolicy.RELIABLE if reliable else ReliabilityPolicy.BEST_EFFORT,
        durability=DurabilityPolicy.TRANSIENT_LOCAL if latched else DurabilityPolicy.VOLATILE,
    )


def to_bag(publishers: Sequence[Any]) -> list[Any]:
    """Return what the publishers offer as a bag keeps it."""
    from rosbags.interfaces import (
        Qos,
        QosDurability,
        QosHistory,
        QosLiveliness,
        QosReliability,
        QosTime,
    )

    return [
        Qos(
            QosHistory.UNKNOWN,
            0,
            QosReliability[info.qos_profile.reliability.name],
            QosDurability[info.qos_profile.durability.name],
            QosTime(*INFINITE),
            QosTime(*INFINITE),
            QosLiveliness.AUTOMATIC,
            QosTime(*INFINITE),
            avoid_ros_namespace_conventions=False,
        )
        for info in publishers
    ]


def publishing(recorded: Sequence[Any]) -> Any:
    """Return a profile that offers what the recorded publishers did, reliable where none is kept."""
    from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy

    latched = any(qos.durability.name == "TRANSIENT_LOCAL" for qos in recorded)
    lossy = bool(recorded) and all(qos.reliability.name == "BEST_EFFORT" for qos in recorded)
    return QoSProfile(
        depth=DEPTH,
        reliability=ReliabilityPolicy.BEST_EFFORT if lossy else ReliabilityPolicy.RELIABLE,
        durability=DurabilityPolicy.TRANSIENT_LOCAL if latched else DurabilityPolicy.VOLATILE,
    )
