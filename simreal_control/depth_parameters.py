"""The parameters of control_node that tell what it makes of depth images."""

from __future__ import annotations

from dataclasses import dataclass

from simreal_common.settings.parameters import parameter
from simreal_control.occupancy.depth_config import DepthConfig


@dataclass(frozen=True)
class DepthFields:
    """What is watched by depth: nothing, unless a topic is named."""

    depth_topic: str = parameter(
        DepthConfig.topic,
        "topic of depth images (16UC1, 32FC1), or of point clouds: what they show beside blocks is "
        "planned around, and what comes into the arm's way stops it; empty: none",
        name="depth.topic",
    )
    depth_type: str = parameter(
        "image",
        "of depth.topic: image, with a camera_info, or points (sensor_msgs/PointCloud2)",
        choices=("image", "points"),
        name="depth.type",
    )
    depth_camera_info: str = parameter(
        "",
        "topic of the depth images' camera_info; empty: camera_info beside depth.topic",
        name="depth.camera_info",
    )
    depth_max_age: float = parameter(
        DepthConfig.max_age_s,
        "no motion begins on older depth images, and the arm is stopped; seconds",
        range=(0.05, 10.0),
        name="depth.max_age",
    )
    depth_voxel: float = parameter(
        DepthConfig.voxel_m,
        "edge of the cells that are occupied or free, metres",
        range=(0.005, 0.1),
        name="depth.voxel",
    )
    depth_table_margin: float = parameter(
        DepthConfig.table_margin_m,
        "what rises less above the table is taken for a part of it, metres",
        range=(0.0, 0.1),
        name="depth.table_margin",
    )
    depth_robot_padding: float = parameter(
        DepthConfig.robot_padding_m,
        "what is seen this near to a link is taken for a part of the robot, metres",
        range=(0.005, 0.2),
        name="depth.robot_padding",
    )
    depth_stop_distance: float = parameter(
        DepthConfig.stop_distance_m,
        "something new that comes so near to the arm, or to the way that it still has to go, stops it; "
        "metres",
        range=(0.0, 0.5),
        name="depth.stop_distance",
    )
    depth_still_time: float = parameter(
        DepthConfig.still_s,
        "something new is waited for until it is gone, or has stood still for so long and is planned "
        "around; seconds",
        range=(0.5, 600.0),
        name="depth.still_time",
    )
