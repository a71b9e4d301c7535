"""The calibration of perception_node's camera, made of its camera_info once as long as that stays."""

from __future__ import annotations

import time

from sensor_msgs.msg import CameraInfo

from simreal_common.camera import Camera
from simreal_common.imaging.ros_camera_info import camera_info_to_camera
from simreal_perception.node_parameters import PerceptionParameters
from simreal_perception.pose_estimation.image_pyramid import image_pyramid
from simreal_perception.ros_complaints import Complaints


class CameraCalibrationTopic:
    """Keeps the latest camera_info.

    Args:
        parameters: what the images are, and how far blocks are looked for.
        image_topic: its name may tell that its images are rectified.
        complaints: take what does not go together.

    Attributes:
        message: the latest; None before the first.
    """

    def __init__(
        self, parameters: PerceptionParameters, image_topic: str, complaints: Complaints
    ) -> None:
        self._parameters, self._image_topic = parameters, image_topic
        self._complaints = complaints
        self.message: CameraInfo | None = None
        self._heard_at = 0.0
        self._camera: Camera | None = None
        self._key: tuple[object, ...] = ()
        self._flaws: dict[str, str] = {}

    def hear(self, message: CameraInfo) -> None:
        """Take a camera_info; it is looked at with the next image."""
        self.message, self._heard_at = message, time.monotonic()

    @property
    def age_s(self) -> float | None:
        """Seconds since the latest came; None before the first."""
        return None if self.message is None else time.monotonic() - self._heard_at

    @property
    def frame(self) -> str | None:
        """The frame that it names; None before the first."""
        return None if self.message is None else str(self.message.header.frame_id)

    def camera(self, info: CameraInfo) -> Camera:
        """The camera of a camera_info.

        Raises:
            CalibrationError: it is no calibration.
        """
        roi = info.roi
        whole = (info.width, info.height, info.binning_x, info.binning_y)
        region = (roi.x_offset, roi.y_offset, roi.width, roi.height)
        key = (*info.k, *info.d, *info.p, *whole, *region, info.distortion_model)
        if self._camera is None or key != self._key:
            self._camera = None
            self._camera = camera_info_to_camera(info, rectified=self._parameters.rectified)
            self._key = key
            self._flaws = self._rectified_flaw(self._camera) | self._width_flaw(self._camera)
        for about, words in self._flaws.items():
            self._complaints.take(about, words, once=True)
        return self._camera

    def _rectified_flaw(self, camera: Camera) -> dict[str, str]:
        """Where the topic's name tells that its images are not what the parameter says."""
        named_so = "image_rect" in self._image_topic  # image_proc's names
        if named_so and not self._parameters.rectified and camera.distortion.any():
            return {
                "rectified": f"images on {self._image_topic} are rectified, by its name, and "
                "camera_info has distortion coefficients: got rectified: false, wanted "
                "rectified: true, or the raw images' topic; otherwise blocks are found a "
                "centimetre or more off"
            }
        return {}

    def _width_flaw(self, camera: Camera) -> dict[str, str]:
        """Where max_width keeps small blocks from being found."""
        p = self._parameters
        pyramid = image_pyramid(camera, p.edge, p.search)
        if pyramid.cut:
            wanted = round(pyramid.finest * max(camera.width, camera.height))
            return {
                "max_width": f"max_width {p.max_width} is narrower than the {wanted} pixels at "
                f"which blocks of {1000 * p.edge:g} mm are found up to max_distance, "
                f"{p.max_distance:g} m: far ones may be missed; raise max_width, or lower max_distance"
            }
        return {}
