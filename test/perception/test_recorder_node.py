"""recorder_node as a process: films what is published and finishes the film when it is stopped."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

rclpy = pytest.importorskip("rclpy")
av = pytest.importorskip("av", reason="filming needs PyAV: pip install 'simreal[film]'")

from builtin_interfaces.msg import Time
from rclpy.node import Node
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import Header, String
from vision_msgs.msg import Detection3DArray

from simreal_common.block_estimate import BlockEstimate
from simreal_common.camera import Camera
from simreal_common.geometry import Pose
from simreal_common.imaging.ros_camera_info import camera_to_camera_info
from simreal_common.imaging.ros_images import rgb_to_image
from simreal_common.ros_messages import estimates_to_detections
from simreal_common.ros_qos import DETECTION_QOS, IMAGE_QOS, LATCHED_QOS

PROGRAM = "import sys; from simreal_perception.recorder_node import main; sys.exit(main())"
CAMERA = Camera.pinhole(640, 480, 1.0)
START_S = 20.0
IMAGES = 20
FINISH_S = 1.5  # a launch that ends gives its nodes little time


def start(environment: dict[str, str], *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, "--ros-args", *arguments],
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_film_and_a_image(
    ros: None, child_environment: dict[str, str], tmp_path: Path, number: int
) -> None:
    out = tmp_path / "new" / "folder"
    process = start(child_environment, "-p", f"out:={out}", "-p", "speed:=1.0")
    node = Node("driver")
    images = node.create_publisher(Image, "camera/image_raw", IMAGE_QOS)
    infos = node.create_publisher(CameraInfo, "camera/camera_info", IMAGE_QOS)
    detections = node.create_publisher(Detection3DArray, "detections", DETECTION_QOS)
    status = node.create_publisher(String, "stacking/status", LATCHED_QOS)
    status.publish(
        String(data=json.dumps({"state": "look", "message": "looking", "placed": 0, "goal": 3}))
    )
    publishers = (images, infos, detections, status)
    deadline = time.monotonic() + START_S
    while not all(p.get_subscription_count() for p in publishers):
        assert time.monotonic() < deadline, "recorder_node did not subscribe"
        time.sleep(0.05)
    image = np.full((480, 640, 3), 128, dtype=np.uint8)
    pose = Pose(np.array([0.0, 0.0, 0.7]), np.array([0.0, 0.0, 0.0, 1.0]))
    found = [BlockEstimate(pose, np.eye(6), 0.9, 0.05)]
    for index in range(IMAGES):
        stamp = Time(sec=index // 5, nanosec=index % 5 * 200_000_000)
        header = Header(stamp=stamp, frame_id="camera_optical_frame")
        infos.publish(camera_to_camera_info(CAMERA, header))
        images.publish(rgb_to_image(image, header))
        time.sleep(0.05)
        detections.publish(estimates_to_detections(found, header))
        time.sleep(0.05)
    began = time.monotonic()
    process.send_signal(number)
    _, said = process.communicate(timeout=10)
    took_s = time.monotonic() - began
    assert process.returncode == 0, said
    assert "Traceback" not in said
    assert took_s < FINISH_S
    with av.open(str(out / "demo.mp4")) as film:
        frames = sum(1 for _ in film.decode(video=0))
        assert film.duration / 1e6 == pytest.approx(IMAGES / 5 + 1.0, abs=0.5)
    # Best effort: an image may be lost, but not many. One more stands still at the end.
    assert IMAGES - 2 <= frames <= IMAGES + 1
    assert (out / "detections.png").stat().st_size > 1000
    node.destroy_node()


def test_a_folder_that_cannot_be_made(child_environment: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    process = start(child_environment, "-p", f"out:={tmp_path / 'file' / 'out'}")
    _, said = process.communicate(timeout=START_S)
    assert process.returncode == 2
    assert said.count("\n") == 1, said
    assert "parameter 'out': cannot make folder" in said
