"""What nodes that find blocks say of an image: detections, in one frame or two, markers, pictures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from rclpy.node import Node
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header
from tf2_ros import TransformBroadcaster, TransformException
from vision_msgs.msg import Detection3DArray
from visualization_msgs.msg import MarkerArray

from simreal_common.block_estimate import BlockEstimate
from simreal_common.camera import Camera
from simreal_common.errors import MessageError
from simreal_common.frames.ros_transforms import Transforms
from simreal_common.imaging.ros_images import rgb_to_image
from simreal_common.ros_messages import (
    estimates_to_detections,
    pose_to_transform_stamped,
    transform_to_pose,
)
from simreal_common.ros_qos import DETECTION_QOS, SHOWN_QOS
from simreal_common.untrusted_text import shortened
from simreal_perception.ros_block_markers import block_markers
from simreal_perception.ros_complaints import Complaints
from simreal_perception.video.drawing import draw_blocks
from simreal_perception.video.image_io import jpeg

LONGEST_REASON = 150  # characters of what tf says


class OutputParameters(Protocol):
    """What a node that publishes detections is told of them.

    Attributes:
        target_frame: in which blocks are told a second time; empty: none.
        publish_tf: whether TF is told a frame for each block.
    """

    @property
    def target_frame(self) -> str: ...

    @property
    def publish_tf(self) -> bool: ...


class DetectionOutputs:
    """Publishes estimates. All carry the stamp of their image; nothing is drawn that nobody asks for.

    Args:
        node: publishes.
        parameters: `target_frame` and `publish_tf`.
        transforms: of TF; None where no frame is named.
        complaints: take what lacks.
    """

    def __init__(
        self,
        node: Node,
        parameters: OutputParameters,
        transforms: Transforms | None,
        complaints: Complaints,
    ) -> None:
        self._target, self._transforms = parameters.target_frame, transforms
        self._complaints = complaints
        self._detections = node.create_publisher(Detection3DArray, "detections", DETECTION_QOS)
        self._in_target = (
            node.create_publisher(Detection3DArray, "detections_in_target", DETECTION_QOS)
            if self._target
            else None
        )
        self._markers = node.create_publisher(MarkerArray, "markers", SHOWN_QOS)
        self._annotated = node.create_publisher(Image, "annotated/image_raw", SHOWN_QOS)
        self._compressed = node.create_publisher(
            CompressedImage, "annotated/image_raw/compressed", SHOWN_QOS
        )
        self._broadcaster = TransformBroadcaster(node) if parameters.publish_tf else None

    def publish(
        self,
        estimates: Sequence[BlockEstimate],
        header: Header,
        rgb: NDArray[np.uint8],
        camera: Camera,
    ) -> None:
        """Say what an image shows.

        Args:
            estimates: in the camera's optical frame.
            header: of the image.
            rgb, camera: the image, uint8, shape (height, width, 3), and its calibration.
        """
        self._detections.publish(estimates_to_detections(estimates, header))
        shown, shown_header = estimates, header
        if self._in_target is not None:
            placed = self._placed(estimates, header)
            if placed is not None:
                shown, shown_header = placed, Header(stamp=header.stamp, frame_id=self._target)
                self._in_target.publish(estimates_to_detections(shown, shown_header))
        if self._markers.get_subscription_count():
            self._markers.publish(block_markers(shown, shown_header))
        if self._broadcaster is not None and header.frame_id:
            self._broadcaster.sendTransform(
                [
                    pose_to_transform_stamped(
                        e.pose, header.frame_id, f"block_{e.id}", header.stamp
                    )
                    for e in estimates
                    if e.id
                ]
            )
        self._draw(estimates, header, rgb, camera)

    def _placed(
        self, estimates: Sequence[BlockEstimate], header: Header
    ) -> list[BlockEstimate] | None:
        """The estimates in the target frame; None where TF does not know the way."""
        if self._transforms is None:
            return None
        try:
            transform = self._transforms.lookup_nearly(self._target, header.frame_id, header.stamp)
            camera = transform_to_pose(transform)
        except (TransformException, MessageError) as error:
            self._complaints.take(
                "target_frame",
                f"no transform from {shortened(header.frame_id) or 'images without a frame_id'} to "
                f"target_frame '{self._target}' ({shortened(str(error), LONGEST_REASON)}): blocks "
                "are told in the optical frame alone; publish the camera's pose on TF, or set "
                "target_frame to ''",
            )
            return None
        return [estimate.transformed(camera) for estimate in estimates]

    def _draw(
        self,
        estimates: Sequence[BlockEstimate],
        header: Header,
        rgb: NDArray[np.uint8],
        camera: Camera,
    ) -> None:
        raw = self._annotated.get_subscription_count()
        compressed = self._compressed.get_subscription_count()
        if not raw and not compressed:
            return
        drawn = draw_blocks(rgb, camera, estimates)
        if raw:
            self._annotated.publish(rgb_to_image(drawn, header))
        if compressed:
            message = CompressedImage(header=header, format="rgb8; jpeg compressed bgr8")
            message.data.frombytes(jpeg(drawn))
            self._compressed.publish(message)
