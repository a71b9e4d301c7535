"""The support plane of perception_node: given in a frame that TF knows, wanted in the camera's."""

from __future__ import annotations

from geometry_msgs.msg import Transform
from rclpy.node import Node
from rclpy.time import Time
from std_msgs.msg import Header
from tf2_ros import Buffer, ExtrapolationException, TransformException, TransformListener

from simreal_common.errors import ConfigurationError, MessageError
from simreal_common.ros_messages import stamp_seconds, transform_to_pose
from simreal_common.untrusted_text import shortened
from simreal_perception.node_parameters import PerceptionParameters
from simreal_perception.pose_estimation.support_plane import SupportPlane

REPEAT_S = 5.0  # the same complaint is not made more often
LONGEST_REASON = 200  # characters of what tf says
# Transforms of a moving camera come a little after its images; a camera does not move far in this.
LATEST_S = 0.1


class TransformedPlane:
    """Gives the plane of a node's parameters in the optical frame of an image.

    Args:
        node: listens to TF, if the parameters name a plane.
        parameters: the plane and its frame.
    """

    def __init__(self, node: Node, parameters: PerceptionParameters) -> None:
        self._node, self._parameters = node, parameters
        self._on = parameters.plane_enabled and bool(parameters.plane_frame)
        if self._on:
            self._buffer = Buffer()
            self._listener = TransformListener(self._buffer, node)

    def at(self, header: Header) -> SupportPlane | None:
        """The plane at the time of an image; None where there is none, or no transform to it."""
        if not self._on:
            return None
        p = self._parameters
        try:
            transform = self._transform(header)
            return SupportPlane.in_frame(
                p.plane_normal, p.plane_offset, p.plane_sigma, transform_to_pose(transform)
            )
        except TransformException as error:
            self._warn(
                f"no transform from {p.plane_frame} to {shortened(header.frame_id)} "
                f"({shortened(str(error), LONGEST_REASON)}): blocks are placed without the support "
                "plane; publish the hand-eye calibration on TF, or set support_plane.enabled:=false"
            )
        except (ConfigurationError, MessageError) as error:
            self._warn(f"{error}; blocks are placed without the support plane")
        return None

    def _transform(self, header: Header) -> Transform:
        """At the time of the image, or the latest if that is hardly older.

        Raises:
            TransformException: there is none.
        """
        frames = header.frame_id, self._parameters.plane_frame
        try:
            return self._buffer.lookup_transform(*frames, Time.from_msg(header.stamp)).transform
        except ExtrapolationException:
            latest = self._buffer.lookup_transform(*frames, Time())
            if abs(stamp_seconds(latest.header.stamp) - stamp_seconds(header.stamp)) > LATEST_S:
                raise
            return latest.transform

    def _warn(self, text: str) -> None:
        self._node.get_logger().warning(text, throttle_duration_sec=REPEAT_S)
