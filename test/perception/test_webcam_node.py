"""webcam_node and view_node, as processes' nodes: images in, topics out; topics in, a page out."""

from __future__ import annotations

import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

rclpy = pytest.importorskip("rclpy")

from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.parameter import Parameter
from sensor_msgs.msg import CameraInfo, CompressedImage, Image

from simreal_common.errors import CalibrationError, SimrealError
from simreal_common.ros_process import NodeFinished
from simreal_perception.video.image_io import jpeg, write_image
from simreal_perception.view_node import ViewNode
from simreal_perception.webcam_node import WebcamNode


def parameters(**values: Any) -> list[Parameter]:
    return [Parameter(name, value=value) for name, value in values.items()]


def spin(nodes: list[Node], until: Callable[[], bool]) -> bool:
    executor = SingleThreadedExecutor()
    for node in nodes:
        executor.add_node(node)
    end = time.monotonic() + 10.0
    try:
        while not until() and time.monotonic() < end:
            executor.spin_once(timeout_sec=0.02)
    finally:
        for node in nodes:
            executor.remove_node(node)
        executor.shutdown()
    return until()


def test_images_come_stamped_with_their_calibration(
    ros: None, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    write_image(tmp_path / "a.png", np.full((48, 64, 3), (10, 20, 30), np.uint8))
    node = WebcamNode(parameter_overrides=parameters(device=str(tmp_path), rate=20.0))
    listener, images, infos = Node("listener"), [], []
    listener.create_subscription(Image, "camera/image_raw", images.append, 10)
    listener.create_subscription(CameraInfo, "camera/camera_info", infos.append, 10)
    assert spin([node, listener], lambda: len(images) >= 3 and len(infos) >= 3)
    node.destroy_node()
    listener.destroy_node()
    assert abs(images[-1].header.stamp.sec - time.time()) < 10
    assert images[-1].header.frame_id == infos[-1].header.frame_id == "camera_optical_frame"
    assert images[-1].header.stamp in [info.header.stamp for info in infos]
    assert (images[-1].encoding, list(images[-1].data[:3])) == ("rgb8", [10, 20, 30])
    assert (infos[-1].width, infos[-1].height) == (64, 48)
    assert infos[-1].k[0] == pytest.approx(32 / np.tan(0.525))
    assert "".join(capfd.readouterr()).count("the lens is guessed") == 1


def test_a_calibration_of_another_size_ends_the_node(ros: None, tmp_path: Path) -> None:
    (tmp_path / "camera.yaml").write_text(
        "image_width: 640\nimage_height: 480\ndistortion_model: plumb_bob\n"
        "camera_matrix: {data: [600, 0, 320, 0, 600, 240, 0, 0, 1]}\n"
        "distortion_coefficients: {data: [0, 0, 0, 0, 0]}\n"
    )
    write_image(tmp_path / "a.png", np.zeros((48, 64, 3), np.uint8))
    given = parameters(device=str(tmp_path), camera_file=str(tmp_path / "camera.yaml"))
    node = WebcamNode(parameter_overrides=given)
    with pytest.raises(CalibrationError, match="images are 64x48"):
        spin([node], lambda: False)
    node.destroy_node()


@pytest.mark.parametrize("device", ["/nowhere", "96"])
def test_a_device_that_is_not_there(ros: None, device: str) -> None:
    with pytest.raises(SimrealError, match="parameter 'device'"):
        WebcamNode(parameter_overrides=parameters(device=device))


@pytest.mark.parametrize("place", ["text.png", "folder"])
def test_a_device_of_which_no_image_can_be_read_is_the_users_error(
    ros: None, tmp_path: Path, place: str
) -> None:
    (tmp_path / "folder").mkdir()
    for name in ("text.png", "folder/text.png"):
        (tmp_path / name).write_text("no image")
    command = [
        *(sys.executable, "-c", "from simreal_perception.webcam_node import main; exit(main())"),
        *("--ros-args", "-p", f"device:={tmp_path / place}", "-p", "repeat:=false"),
    ]
    ended = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 2
    said = ended.stderr.strip().splitlines()[-1]
    assert said.startswith("error: parameter 'device': no image could be read from")


def test_annotated_images_are_on_the_page(ros: None) -> None:
    node, driver = ViewNode(parameter_overrides=parameters(port=0)), Node("driver")
    publisher = driver.create_publisher(CompressedImage, "annotated/image_raw/compressed", 5)
    assert spin([node, driver], lambda: publisher.get_subscription_count() > 0)
    content = jpeg(np.full((48, 64, 3), 90, np.uint8))
    (subscription,) = [s for s in node.subscriptions if s.topic_name.endswith("/compressed")]
    for data in (content, b"no image"):  # what is no JPEG is left out
        message = CompressedImage(format="rgb8; jpeg compressed bgr8")
        message.data.frombytes(data)
        subscription.callback(message)
    with urllib.request.urlopen(f"{node.page.url}stream", timeout=5) as stream:
        for _ in range(4):
            stream.readline()
        assert stream.read(len(content)) == content
    node.destroy_node()
    driver.destroy_node()


def test_an_image_that_cannot_be_read_is_left_out_and_the_end_is_no_error(
    ros: None, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.png").write_bytes(b"no image")
    write_image(tmp_path / "b.png", np.zeros((48, 64, 3), np.uint8))
    given = parameters(device=str(tmp_path), rate=20.0, repeat=False)
    node = WebcamNode(parameter_overrides=given)
    with pytest.raises(NodeFinished) as ended:
        spin([node], lambda: False)
    node.destroy_node()
    assert ended.value.exit_code == 0
    said = "".join(capfd.readouterr())
    assert "are not an image; wanted a PNG or JPEG file; it is left out" in said
    assert "all 2 images have been shown" in said
