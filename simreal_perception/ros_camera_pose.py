"""Where the camera of perception_node was when it took an image, in a frame in which blocks rest."""

from __future__ import annotations

from dataclasses import dataclass

from rclpy.time import Time
from std_msgs.msg import Header
from tf2_ros import TransformException

from simreal_common.errors import MessageError
from simreal_common.frames.ros_transforms import Transforms
from simreal_common.geometry import Pose
from simreal_common.ros_messages import transform_to_pose
from simreal_common.untrusted_text import shortened
from simreal_perception.ros_complaints import Complaints

LONGEST_REASON = 150  # characters of what tf says


@dataclass(frozen=True, eq=False)
class CameraPlace:
    """Pose of the camera in the fixed frame, None where it rests; or not known."""

    pose: Pose | None
    known: bool = True


class CameraPoses:
    """Looks up the camera's pose by TF.

    Args:
        transforms: of TF; None where no frame is named.
        complaints: take what lacks.
        fixed_frame: in which blocks rest; empty: the camera rests, too.
    """

    def __init__(
        self, transforms: Transforms | None, complaints: Complaints, fixed_frame: str
    ) -> None:
        self._transforms, self._complaints, self._frame = transforms, complaints, fixed_frame

    def at(self, header: Header) -> CameraPlace:
        """Where the camera was at the time of an image; no older place serves in its stead."""
        if not self._frame or self._transforms is None:
            return CameraPlace(None)
        try:
            transform = self._transforms.lookup_transform(
                self._frame, header.frame_id, Time.from_msg(header.stamp)
            )
            return CameraPlace(transform_to_pose(transform.transform))
        except (TransformException, MessageError) as error:
            self._complaints.take(
                "fixed_frame",
                f"no transform from {shortened(header.frame_id)} to fixed_frame '{self._frame}' "
                f"({shortened(str(error), LONGEST_REASON)}): "
                "blocks are told without ids, from single images; publish the camera's pose on TF, "
                "or set fixed_frame to '' if the camera rests",
            )
            return CameraPlace(None, known=False)
