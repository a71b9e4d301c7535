"""recorder_node: films what the camera sees with what perception says about it."""

from __future__ import annotations

from collections.abc import Sequence

from rclpy.node import Node
from sensor_msgs.msg import CameraInfo, CompressedImage, Image
from std_msgs.msg import String
from vision_msgs.msg import Detection3DArray

from simreal_common.camera import Camera
from simreal_common.errors import CalibrationError
from simreal_common.imaging.ros_camera_info import camera_info_to_camera
from simreal_common.output_files import make_folder
from simreal_common.ros_guard import MessageGuard
from simreal_common.ros_messages import detections_to_estimates, stamp_nanoseconds
from simreal_common.ros_process import run_node
from simreal_common.ros_qos import DETECTION_QOS, LATCHED_QOS, RECORD_IMAGE_QOS
from simreal_common.settings.ros_parameters import declare
from simreal_common.stacking_status import read_status
from simreal_perception.node_parameters import RecorderParameters
from simreal_perception.ros_image_source import ImageSource
from simreal_perception.video.recording import Recording


class RecorderNode(Node):
    """Writes out/demo.mp4 and out/detections.png; the film is finished when the node ends.

    Raises:
        SimrealError: a parameter or the folder cannot be used, or PyAV is not installed.
    """

    def __init__(self) -> None:
        super().__init__("recorder_node")
        parameters = declare(self, RecorderParameters)
        folder = make_folder(parameters.out)
        self._recording: Recording | None = Recording(
            folder, parameters.speed, self.get_logger().error
        )
        self._camera: Camera | None = None
        self._rectified = parameters.rectified
        self._status = ""
        self._images = ImageSource(self, parameters, "camera/image_raw", RECORD_IMAGE_QOS)
        guard = MessageGuard(self)
        self._subscriptions_kept = [
            self.create_subscription(kind, topic, guard(topic, callback), qos)
            for kind, topic, callback, qos in (
                (CameraInfo, "camera/camera_info", self._on_camera_info, self._images.info_qos),
                (self._images.kind, self._images.topic, self._on_image, self._images.qos),
                (Detection3DArray, "detections", self._on_detections, DETECTION_QOS),
                (String, "stacking/status", self._on_status, LATCHED_QOS),
            )
        ]

    def destroy_node(self) -> None:
        """Finish the film, then the node."""
        recording, self._recording = self._recording, None
        if recording is not None:
            recording.close()
        super().destroy_node()

    def _on_camera_info(self, message: CameraInfo) -> None:
        if self._camera is not None:
            return  # a camera's calibration stays for a film
        try:
            self._camera = camera_info_to_camera(message, rectified=self._rectified)
        except CalibrationError as error:
            raise CalibrationError(f"nothing will be drawn into the film: {error}") from error

    def _on_image(self, message: Image | CompressedImage) -> None:
        if self._recording is None:
            return
        stamp_ns = stamp_nanoseconds(message.header.stamp)
        rgb = self._images.to_rgb(message)
        self._recording.add_image(rgb, self._camera, stamp_ns, self._status)

    def _on_detections(self, message: Detection3DArray) -> None:
        if self._recording is None:
            return
        stamp_ns = stamp_nanoseconds(message.header.stamp)
        self._recording.add_estimates(detections_to_estimates(message), stamp_ns)

    def _on_status(self, message: String) -> None:
        status = read_status(message.data)
        self._status = f"{status.placed}/{status.goal} placed   {status.message or status.state}"
        if self._recording is not None:
            self._recording.goal = status.goal


def main(args: Sequence[str] | None = None) -> int:
    return run_node(RecorderNode, args)
