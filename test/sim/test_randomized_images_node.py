"""The node that publishes labelled images: what a recorder gets, scene by scene."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

rclpy = pytest.importorskip("rclpy", reason="needs ROS 2 or the embedded runtime")
pytest.importorskip("numba", reason="drawing needs numba: pip install 'simreal[sim]'")

from rclpy.node import Node
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import String
from vision_msgs.msg import Detection2DArray, Detection3DArray

from simreal_common.imaging.ros_camera_info import camera_info_to_camera
from simreal_common.imaging.ros_images import image_to_rgb
from simreal_common.ros_messages import detections_to_estimates, stamp_nanoseconds
from simreal_common.ros_qos import IMAGE_QOS, TRUTH_QOS
from simreal_sim.randomization.labelled_images import LabelledImages
from simreal_sim.randomization.ranges.randomization_config import RandomizationConfig

SEED, COUNT, WIDTH, HEIGHT = 5, 4, 160, 120
TIMEOUT_S = 60.0  # the ray caster may have to be compiled
TOPICS = {
    "camera/image_raw": (Image, IMAGE_QOS),
    "camera/camera_info": (CameraInfo, IMAGE_QOS),
    "labels/instances": (Image, IMAGE_QOS),
    "labels/blocks_3d": (Detection3DArray, TRUTH_QOS),
    "labels/blocks_2d": (Detection2DArray, TRUTH_QOS),
    "labels/json": (String, TRUTH_QOS),
}


def command(**parameters: object) -> list[str]:
    options = [word for key, value in parameters.items() for word in ("-p", f"{key}:={value}")]
    module = "simreal_sim.randomized_images_node"
    return [sys.executable, "-m", module, "--ros-args", *options]


def test_every_scene_arrives_whole_and_is_that_of_its_seed(
    ros: None, child_environment: dict[str, str]
) -> None:
    process = subprocess.Popen(
        command(
            seed=SEED, count=COUNT, rate=20.0, image_width=WIDTH, image_height=HEIGHT,
            disabled="[texture, robot]",
        ),
        env=child_environment,
    )  # fmt: skip
    node = Node("recorder")
    heard: dict[str, list[Any]] = {topic: [] for topic in TOPICS}
    for topic, (kind, qos) in TOPICS.items():
        node.create_subscription(kind, topic, heard[topic].append, qos)
    try:
        end = time.monotonic() + TIMEOUT_S
        while time.monotonic() < end and process.poll() is None:
            rclpy.spin_once(node, timeout_sec=0.05)
        for _ in range(20):
            rclpy.spin_once(node, timeout_sec=0.02)
        assert process.poll() == 0
    finally:
        process.kill()
        node.destroy_node()

    assert {topic: len(messages) for topic, messages in heard.items()} == dict.fromkeys(
        TOPICS, COUNT
    )
    drawn = RandomizationConfig.load(disabled=("texture", "robot"))
    source = LabelledImages(WIDTH, HEIGHT, drawn)
    stamps = set()
    for index in range(COUNT):
        image, info, mask, poses, boxes, text = (heard[topic][index] for topic in TOPICS)
        label = source.draw(SEED + index)
        np.testing.assert_array_equal(image_to_rgb(image), label.image)
        np.testing.assert_array_equal(image_to_rgb(mask)[..., 0], label.instances)
        np.testing.assert_allclose(camera_info_to_camera(info).matrix, label.camera.matrix)

        written = json.loads(text.data)
        stamp = stamp_nanoseconds(image.header.stamp)
        assert written.pop("stamp")["sec"] == image.header.stamp.sec
        assert written == json.loads(json.dumps(label.as_dict()))
        for message in (info, mask, poses, boxes):
            assert stamp_nanoseconds(message.header.stamp) == stamp
            assert message.header.frame_id == image.header.frame_id == "camera_optical_frame"
        stamps.add(stamp)

        assert [d.id for d in poses.detections] == [str(b.number) for b in label.blocks]
        for estimate, block in zip(detections_to_estimates(poses), label.blocks, strict=True):
            np.testing.assert_allclose(estimate.pose.position, block.pose.position)
            assert estimate.score == pytest.approx(block.visible)
            assert estimate.edge == pytest.approx(block.edge)
        seen = [block for block in label.blocks if block.box is not None]
        for detection, block in zip(boxes.detections, seen, strict=True):
            assert detection.id == str(block.number)
            shown = np.argwhere(label.instances == block.number)
            middle = (shown.min(axis=0) + shown.max(axis=0)) / 2
            assert detection.bbox.center.position.x == pytest.approx(middle[1])
            assert detection.bbox.center.position.y == pytest.approx(middle[0])
    assert len(stamps) == COUNT


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"rate": 0.0}, "parameter 'rate': got 0.0, wanted double from"),
        ({"disabled": "[colour]"}, "parameter 'disabled': got ['colour'], wanted string array"),
    ],
)
def test_a_wrong_parameter_is_one_line_and_exit_code_2(
    child_environment: dict[str, str], parameters: dict[str, object], words: str
) -> None:
    ended = subprocess.run(
        command(**parameters), env=child_environment, capture_output=True, text=True, timeout=60
    )
    assert ended.returncode == 2
    assert words in ended.stderr
    assert "Traceback" not in ended.stderr


def test_the_launch_file_hands_its_arguments_on(child_environment: dict[str, str]) -> None:
    own = Path(sys.executable).with_name("ros2")
    ros2 = str(own) if own.exists() else shutil.which("ros2")
    if ros2 is None:
        pytest.skip("no ros2 command")
    ended = subprocess.run(
        [ros2, "launch", "simreal", "randomized_images.launch.xml", "seed:=7", "count:=2",
         "rate:=2.0", "width:=96", "height:=9999"],
        env=child_environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        timeout=60,
    )  # fmt: skip
    assert "parameter 'image_height': got 9999" in ended.stdout
    assert "Traceback" not in ended.stdout
