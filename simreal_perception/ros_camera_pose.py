"""Where the camera of perception_node was when it took an image, in a frame in which blocks rest."""

from __future__ import annotations

from dataclasses import dataclass

from rclpy.node import Node
from rclpy.time import Time
from std_msgs.msg import Header
from tf2_ros import Buffer, TransformException, TransformListener

from simreal_common.errors import MessageError
from simreal_common.geometry import Pose
from simreal_common.ros_messages import transform_to_pose
from simreal_common.untrusted_text import shortened

REPEAT_S = 5.0  # the same complaint is not made more often
LONGEST_REASON = 200  # characters of what tf says


@dataclass(frozen=True, eq=False)
class CameraPlace:
    """Pose of the camera in the fixed frame, None where it rests; or not known."""

    pose: Pose | None
    known: bool = True


class CameraPoses:
    """Looks up the camera's pose by TF.

    Args:
        node: listens to TF, if a frame is named.
        fixed_frame: in which blocks rest; empty: the camera rests, too.
    """

    def __init__(self, node: Node, fixed_frame: str) -> None:
        self._node, self._frame = node, fixed_frame
        if fixed_frame:
            self._buffer = Buffer()
            self._listener = TransformListener(self._buffer, node)

    def at(self, header: Header) -> CameraPlace:
        """Where the camera was at the time of an image; no older place serves in its stead."""
        if not self._frame:
            return CameraPlace(None)
        try:
            transform = self._buffer.lookup_transform(
                self._frame, header.frame_id, Time.from_msg(header.stamp)
            )
            return CameraPlace(transform_to_pose(transform.transform))
        except (TransformException, MessageError) as error:
            self._node.get_logger().warning(
                f"no transform from {shortened(header.frame_id)} to fixed_frame '{self._frame}' "
                f"({shortened(str(error), LONGEST_REASON)}): "
                "blocks are told without ids, from single images; publish the camera's pose on TF, "
                "or set fixed_frame to '' if the camera rests",
                throttle_duration_sec=REPEAT_S,
            )
            return CameraPlace(None, known=False)
