"""The state of what control sees by, on /diagnostics, once a second."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from diagnostic_msgs.msg import DiagnosticArray
from rclpy.node import Node

from simreal_common.ros_messages import DiagnosticEntry, diagnostics
from simreal_common.ros_qos import SHOWN_QOS

PERIOD_S = 1.0

Source = Callable[[float], Mapping[str, DiagnosticEntry]]  # of the node's time, seconds


class RosDiagnostics:
    """Publishes what each source says.

    Args:
        node: owns publisher and timer; the entries are of its name.
        sources: entries by their names.
    """

    def __init__(self, node: Node, sources: Sequence[Source]) -> None:
        self._node, self._sources = node, tuple(sources)
        self._publisher = node.create_publisher(DiagnosticArray, "/diagnostics", SHOWN_QOS)
        self._timer = node.create_timer(PERIOD_S, self._on_timer)

    def _on_timer(self) -> None:
        now = self._node.get_clock().now()
        seconds = float(now.nanoseconds) * 1e-9
        entries = {
            name: entry for source in self._sources for name, entry in source(seconds).items()
        }
        self._publisher.publish(diagnostics(self._node.get_name(), now.to_msg(), entries))
