"""What RViz shows of a plan: blocks as they are believed, and the way of the tool."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from builtin_interfaces.msg import Time
from geometry_msgs.msg import Point, Vector3
from numpy.typing import NDArray
from std_msgs.msg import ColorRGBA, Header
from visualization_msgs.msg import Marker, MarkerArray

from simreal_common.ros_messages import pose_to_message
from simreal_common.settings.obstacles import Obstacle
from simreal_control.world_model.block_map import Block

Array = NDArray[np.float64]

LINE_WIDTH_M = 0.004
OBSTACLE = (0.55, 0.55, 0.55, 0.6)
LOOSE, IN_TOWER = (0.2, 0.6, 1.0, 0.7), (0.2, 0.8, 0.3, 0.8)
WAY_COLORS = ((1.0, 0.7, 0.0, 1.0), (0.9, 0.2, 0.6, 1.0), (0.2, 0.8, 0.9, 1.0))


def plan_markers(
    frame: str,
    stamp: Time,
    blocks: Sequence[Block],
    edge: float,
    ways: Sequence[Array],
    obstacles: Sequence[Obstacle] = (),
) -> MarkerArray:
    """Markers in place of all that were shown before.

    Args:
        frame: of all positions.
        blocks: each a cube.
        edge: metres.
        ways: of the tool, metres, shape (m, 3) each, a line each.
        obstacles: a box each.
    """
    header = Header(frame_id=frame, stamp=stamp)
    markers = [Marker(header=header, action=Marker.DELETEALL)]
    for number, block in enumerate(blocks):
        markers.append(
            Marker(
                header=header, ns="blocks", id=number, type=Marker.CUBE, action=Marker.ADD,
                pose=pose_to_message(block.pose), scale=Vector3(x=edge, y=edge, z=edge),
                color=_color(IN_TOWER if block.level else LOOSE),
            )
        )  # fmt: skip
    for number, obstacle in enumerate(obstacles):
        x, y, z = obstacle.size.tolist()
        markers.append(
            Marker(
                header=header, ns="obstacles", id=number, type=Marker.CUBE, action=Marker.ADD,
                pose=pose_to_message(obstacle.pose), scale=Vector3(x=x, y=y, z=z),
                color=_color(OBSTACLE),
            )
        )  # fmt: skip
    for number, way in enumerate(ways):
        markers.append(
            Marker(
                header=header, ns="ways", id=number, type=Marker.LINE_STRIP, action=Marker.ADD,
                scale=Vector3(x=LINE_WIDTH_M), color=_color(WAY_COLORS[number % len(WAY_COLORS)]),
                points=[Point(x=float(x), y=float(y), z=float(z)) for x, y, z in way],
            )
        )  # fmt: skip
    return MarkerArray(markers=markers)


def _color(rgba: tuple[float, float, float, float]) -> ColorRGBA:
    red, green, blue, alpha = rgba
    return ColorRGBA(r=red, g=green, b=blue, a=alpha)
