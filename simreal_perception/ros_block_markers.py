"""Blocks as RViz and Foxglove show them: cubes in their colours, with id and score above."""

from __future__ import annotations

from collections.abc import Sequence

from builtin_interfaces.msg import Duration
from geometry_msgs.msg import Vector3
from std_msgs.msg import ColorRGBA, Header
from visualization_msgs.msg import Marker, MarkerArray

from simreal_common.block_estimate import BlockEstimate
from simreal_common.ros_messages import pose_to_message

# Red, green, blue of the names in `block_estimate.COLORS`.
COLORS = {
    "red": (0.85, 0.12, 0.10), "orange": (0.95, 0.50, 0.08), "yellow": (0.95, 0.85, 0.15),
    "green": (0.15, 0.65, 0.20), "cyan": (0.15, 0.75, 0.80), "blue": (0.12, 0.30, 0.85),
    "purple": (0.50, 0.20, 0.70), "pink": (0.95, 0.50, 0.70), "brown": (0.45, 0.28, 0.15),
    "black": (0.08, 0.08, 0.08), "grey": (0.50, 0.50, 0.50), "white": (0.95, 0.95, 0.95),
}  # fmt: skip
UNKNOWN_COLOR = (0.2, 0.6, 1.0)
OPAQUE, FAINT = 0.85, 0.4  # with an id and without
LIFETIME_S = 2  # what is not told again goes: perception may have ended
TEXT_SHARE = 0.4  # height of the letters, in edges


def block_markers(estimates: Sequence[BlockEstimate], header: Header) -> MarkerArray:
    """Markers in place of all that were shown before.

    Args:
        estimates: in the frame of `header`.
    """
    markers = [Marker(header=header, action=Marker.DELETEALL)]
    for number, estimate in enumerate(estimates):
        edge = float(estimate.edge)
        red, green, blue = COLORS.get(estimate.color, UNKNOWN_COLOR)
        alpha = OPAQUE if estimate.id else FAINT
        name = f"{estimate.id}: " if estimate.id else ""
        for kind, namespace, scale, color, text in (
            (Marker.CUBE, "blocks", edge, (red, green, blue, alpha), ""),
            (
                Marker.TEXT_VIEW_FACING,
                "labels",
                TEXT_SHARE * edge,
                (1.0, 1.0, 1.0, 1.0),
                f"{name}{100 * estimate.score:.0f} %",
            ),
        ):
            r, g, b, a = color
            markers.append(
                Marker(
                    header=header, ns=namespace, id=number, type=kind, action=Marker.ADD,
                    pose=pose_to_message(estimate.pose), text=text,
                    scale=Vector3(x=scale, y=scale, z=scale),
                    color=ColorRGBA(r=r, g=g, b=b, a=a), lifetime=Duration(sec=LIFETIME_S),
                )
            )  # fmt: skip
    return MarkerArray(markers=markers)
