"""The support plane of perception_node: given in a frame that TF knows, wanted in the camera's."""

from __future__ import annotations

from std_msgs.msg import Header
from tf2_ros import TransformException

from simreal_common.errors import ConfigurationError, MessageError
from simreal_common.frames.ros_transforms import Transforms
from simreal_common.ros_messages import transform_to_pose
from simreal_common.untrusted_text import shortened
from simreal_perception.node_parameters import PerceptionParameters
from simreal_perception.pose_estimation.support_plane import SupportPlane
from simreal_perception.ros_complaints import Complaints

LONGEST_REASON = 150  # characters of what tf says


class TransformedPlane:
    """Gives the plane of a node's parameters in the optical frame of an image.

    Args:
        transforms: of TF; None where no frame is named.
        complaints: take what lacks.
        parameters: the plane and its frame.
    """

    def __init__(
        self,
        transforms: Transforms | None,
        complaints: Complaints,
        parameters: PerceptionParameters,
    ) -> None:
        self._transforms, self._complaints = transforms, complaints
        self._parameters = parameters

    def at(self, header: Header) -> SupportPlane | None:
        """The plane at the time of an image; None where there is none, or no transform to it."""
        p = self._parameters
        if self._transforms is None or not (p.plane_enabled and p.plane_frame):
            return None
        try:
            transform = self._transforms.lookup_nearly(header.frame_id, p.plane_frame, header.stamp)
            return SupportPlane.in_frame(
                p.plane_normal, p.plane_offset, p.plane_sigma, transform_to_pose(transform)
            )
        except TransformException as error:
            self._complaints.take(
                "support_plane",
                f"no transform from {p.plane_frame} to {shortened(header.frame_id)} "
                f"({shortened(str(error), LONGEST_REASON)}): blocks are placed without the support "
                "plane; publish the hand-eye calibration on TF, or set support_plane.enabled:=false",
            )
        except (ConfigurationError, MessageError) as error:
            self._complaints.take(
                "support_plane", f"{error}; blocks are placed without the support plane"
            )
        return None
