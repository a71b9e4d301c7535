"""camera.launch.xml with a folder of images: poses, the annotated image, the page; bad devices."""

from __future__ import annotations

import re
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rclpy
from rclpy.node import Node
from sensor_msgs.msg import Image
from vision_msgs.msg import Detection3DArray

from simreal_common.camera import Camera
from simreal_common.resources import share_directory
from simreal_common.ros_qos import DETECTION_QOS, LATEST_IMAGE_QOS
from simreal_perception.video.image_io import write_image
from simreal_sim.physics.world import World
from simreal_sim.physics.world_camera import WorldCamera
from simreal_sim.physics.world_randomization import SceneOptions, draw_scene

START_S, END_S = 60.0, 20.0
NEAR_M = 0.03  # range of one camera is what is known worst

pytestmark = pytest.mark.skipif(
    not (share_directory() / "models" / "block.json").is_file(),
    reason="models/block.json is missing: make train",
)


def write_calibration(path: Path, camera: Camera) -> None:
    numbers = ", ".join(f"{value:.6f}" for value in camera.matrix.reshape(-1))
    path.write_text(
        f"image_width: {camera.width}\nimage_height: {camera.height}\n"
        f"camera_matrix: {{rows: 3, cols: 3, data: [{numbers}]}}\ndistortion_model: plumb_bob\n"
        "distortion_coefficients: {rows: 1, cols: 5, data: [0, 0, 0, 0, 0]}\n",
        encoding="utf-8",
    )


def photograph(folder: Path) -> np.ndarray:
    """An image of three blocks with its calibration; where the blocks are, (3, 3), optical frame."""
    scene = draw_scene(
        np.random.default_rng(3), SceneOptions(blocks=3, distractors=0, width=640, height=480)
    )
    with World(scene) as world:
        (folder / "images").mkdir()
        write_image(folder / "images" / "one.png", WorldCamera(world).render())
        write_calibration(folder / "camera.yaml", scene.camera)
        to_camera = scene.pose_camera_in_world.inverse()
        poses = [to_camera @ pose for pose in world.block_poses().values()]
    return np.array([pose.position for pose in poses])


class Onlooker(Node):
    """Hears what comes of the images."""

    def __init__(self) -> None:
        super().__init__("onlooker")
        self.detections: list[Detection3DArray] = []
        self.images: list[Image] = []
        self._kept = [
            self.create_subscription(
                Detection3DArray, "detections", self.detections.append, DETECTION_QOS
            ),
            self.create_subscription(
                Image, "annotated/image_raw", self.images.append, LATEST_IMAGE_QOS
            ),
        ]


def test_a_folder_of_images_gives_poses_annotated_images_and_a_page(
    ros: None, launch: Callable[..., Any], tmp_path: Path
) -> None:
    truth = photograph(tmp_path)
    run = launch(
        f"device:={tmp_path / 'images'}", f"camera_file:={tmp_path / 'camera.yaml'}",
        "rate:=2.0", "view:=true", "port:=0", file="camera.launch.xml",
    )  # fmt: skip
    onlooker = Onlooker()
    end = time.monotonic() + START_S

    def all_found() -> bool:
        return any(len(message.detections) >= len(truth) for message in onlooker.detections)

    while not (all_found() and onlooker.images):
        assert run.process.poll() is None, run.output
        assert time.monotonic() < end, (len(onlooker.detections), run.output)
        rclpy.spin_once(onlooker, timeout_sec=0.1)
    message = next(m for m in onlooker.detections if len(m.detections) >= len(truth))
    assert message.header.frame_id == "camera_optical_frame"
    places = [detection.results[0].pose.pose.position for detection in message.detections]
    found = np.array([[place.x, place.y, place.z] for place in places])
    apart = np.linalg.norm(found[None] - truth[:, None], axis=2).min(axis=1)
    assert apart.max() < NEAR_M
    assert (onlooker.images[0].width, onlooker.images[0].height) == (640, 480)
    onlooker.destroy_node()

    (url,) = set(re.findall(r"http://127\.0\.0\.1:\d+/", run.output))
    with urllib.request.urlopen(f"{url}stream", timeout=START_S) as stream:
        head = stream.read(200)
    assert head.startswith(b"--image\r\nContent-Type: image/jpeg\r\n")
    assert b"\xff\xd8" in head

    run.process.send_signal(2)
    run.wait(END_S)
    assert "Traceback" not in run.output, run.output
    assert "guessed" not in run.output
    assert run.processes() == []


def test_a_guessed_lens_is_called_a_guess(
    ros: None, launch: Callable[..., Any], tmp_path: Path
) -> None:
    write_image(tmp_path / "images" / "one.png", np.full((48, 64, 3), 90, np.uint8))
    run = launch(f"device:={tmp_path / 'images'}", "repeat:=false", file="camera.launch.xml")
    run.wait(START_S)
    assert "the lens is guessed, an ideal one of 60 degrees" in run.output
    assert "all 1 images have been shown" in run.output
    assert "Traceback" not in run.output, run.output


def test_a_device_that_is_not_there_ends_the_launch_in_one_line(launch: Callable[..., Any]) -> None:
    run = launch("device:=/nowhere/at/all", file="camera.launch.xml")
    assert run.wait(START_S) != 0
    assert "error: parameter 'device': got '/nowhere/at/all', which is not there" in run.output
    assert "Traceback" not in run.output, run.output
