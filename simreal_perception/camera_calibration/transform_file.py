"""A camera's place as a launch file that publishes it on /tf_static."""

from __future__ import annotations

from xml.sax.saxutils import quoteattr

import numpy as np

from simreal_common.errors import ConfigurationError
from simreal_common.geometry import Pose
from simreal_common.untrusted_text import shortened
from simreal_perception.camera_calibration.hand_eye import HandEyeFit
from simreal_perception.camera_calibration.hand_eye_checks import HeldOut


def check_frame(name: str) -> str:
    """The name of a frame, if it can be one.

    Raises:
        ConfigurationError: it cannot.
    """
    if not name or name.startswith("/") or not all(c.isalnum() or c in "_/-." for c in name):
        raise ConfigurationError(
            f"frame '{shortened(name)}': wanted a name as TF has them, like panda_link0; ros2 topic "
            "echo /tf_static prints those that there are"
        )
    return name


def transform_launch(
    fit: HandEyeFit, held_out: HeldOut, parent: str, child: str, pose_child_in_optical: Pose
) -> str:
    """The text of a launch file that publishes the camera's place.

    Args:
        parent: frame of the base (eye-to-hand) or of the tool (eye-in-hand).
        child: frame that is published: the optical one, or the one that the driver hangs it on.
        pose_child_in_optical: identity for the optical frame.
    """
    pose = fit.pose_camera_in_parent @ pose_child_in_optical
    x, y, z = (f"{value:.6f}" for value in pose.position)
    qx, qy, qz, qw = (f"{value:.9f}" for value in pose.orientation)
    median_mm = 1e3 * float(np.median(held_out.position_m))
    median_deg = float(np.degrees(np.median(held_out.rotation_rad)))
    return f"""<launch>
  <!-- simreal calibrate hand-eye, {fit.mount}: {len(fit.views)} poses, residual {
        fit.rms_px:.3f} px.
       Poses left out: {median_mm:.2f} mm and {median_deg:.3f} degrees off (medians).
       The camera's place: +/- {1e3 * held_out.sigma_m:.2f} mm, +/- {
        np.degrees(held_out.sigma_rad):.3f} degrees. -->
  <node pkg="tf2_ros" exec="static_transform_publisher" name="hand_eye"
        args={
        quoteattr(
            f"--x {x} --y {y} --z {z} --qx {qx} --qy {qy} --qz {qz} --qw {qw} "
            f"--frame-id {parent} --child-frame-id {child}"
        )
    }/>
</launch>
"""
