"""CameraInfo messages <-> cameras."""

from __future__ import annotations

import numpy as np
from sensor_msgs.msg import CameraInfo
from std_msgs.msg import Header

from simreal_common.camera import Camera
from simreal_common.imaging.camera_calibration import CameraCalibration, Region


def camera_info_to_camera(message: CameraInfo, *, rectified: bool = False) -> Camera:
    """CameraInfo -> camera of its images: binned, cut out, distorted as the message says.

    Args:
        rectified: the images are rectified: P holds, and no D.

    Raises:
        CalibrationError: not calibrated, or a distortion model that is not known.
    """
    roi = message.roi
    return CameraCalibration(
        width=int(message.width),
        height=int(message.height),
        k=message.k,
        d=message.d,
        distortion_model=message.distortion_model,
        p=message.p,
        binning=(int(message.binning_x), int(message.binning_y)),
        region=Region(int(roi.x_offset), int(roi.y_offset), int(roi.width), int(roi.height)),
    ).camera(rectified=rectified)


def camera_to_camera_info(camera: Camera, header: Header) -> CameraInfo:
    """Camera -> CameraInfo of the raw image; no rectification (R = 1, P = [K 0])."""
    model, count = camera.lens.ros_model(camera.distortion.size)
    coefficients = np.zeros(count)
    coefficients[: camera.distortion.size] = camera.distortion
    projection = np.hstack([camera.matrix, np.zeros((3, 1))])
    return CameraInfo(
        header=header,
        width=camera.width,
        height=camera.height,
        distortion_model=model,
        d=coefficients.tolist(),
        k=camera.matrix.reshape(-1).tolist(),
        r=np.eye(3).reshape(-1).tolist(),
        p=projection.reshape(-1).tolist(),
    )
