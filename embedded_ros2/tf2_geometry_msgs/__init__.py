"""tf2_geometry_msgs: geometry messages through transforms."""

from tf2_ros.geometry import (
    do_transform_point,
    do_transform_pose,
    do_transform_pose_stamped,
    do_transform_quaternion,
    do_transform_vector3,
)

__all__ = [
    "do_transform_point",
    "do_transform_pose",
    "do_transform_pose_stamped",
    "do_transform_quaternion",
    "do_transform_vector3",
]
