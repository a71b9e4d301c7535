"""A calibration as the YAML file that ROS's camera drivers read."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simreal_common.camera import Camera
from simreal_perception.camera_calibration.intrinsics import CameraFit

Array = NDArray[np.float64]


def camera_yaml(fit: CameraFit, name: str, target: str) -> str:
    """The text of a camera_info YAML file, with its errors as comments.

    Args:
        name: of the camera (camera_name).
        target: what was seen, for people.
    """
    camera = fit.camera
    fx, fy, cx, cy = (camera.matrix[i] for i in ((0, 0), (1, 1), (0, 2), (1, 2)))
    (sx, sy), (sigma_x, sigma_y) = fit.sigma_focal_px, fit.sigma_center_px
    projection = np.column_stack([_rectified(camera), np.zeros(3)])
    return (
        f"# simreal calibrate camera: {len(fit.sights)} pictures of {target}\n"
        f"# residual {fit.rms_px:.3f} px; fx {fx:.2f} +- {sx:.2f}, fy {fy:.2f} +- {sy:.2f}, "
        f"cx {cx:.2f} +- {sigma_x:.2f}, cy {cy:.2f} +- {sigma_y:.2f} px\n"
        f"image_width: {camera.width}\n"
        f"image_height: {camera.height}\n"
        f"camera_name: {name}\n"
        f"camera_matrix:\n{_matrix(camera.matrix)}"
        f"distortion_model: {fit.lens}\n"
        f"distortion_coefficients:\n{_matrix(_coefficients(fit)[None])}"
        f"rectification_matrix:\n{_matrix(np.eye(3))}"
        f"projection_matrix:\n{_matrix(projection)}"
    )


def _coefficients(fit: CameraFit) -> Array:
    """As many as the lens wants in ROS: k3 of plumb_bob is written also where it is 0."""
    numbers = fit.camera.distortion
    _, count = fit.camera.lens.ros_model(numbers.size)
    return np.append(numbers, np.zeros(count - numbers.size))


def _rectified(camera: Camera) -> Array:
    """Intrinsics of the rectified image, of the same size, without black rims."""
    size = (camera.width, camera.height)
    return camera.lens.rectified(size, camera.matrix, camera.distortion)


def _matrix(values: Array) -> str:
    data = ", ".join(repr(float(round(value, 10))) for value in values.ravel())
    rows, columns = values.shape
    return f"  rows: {rows}\n  cols: {columns}\n  data: [{data}]\n"
