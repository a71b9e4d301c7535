"""control_node: where the camera stands is asked at the time of the picture, and told with its age."""

from __future__ import annotations

import json
from collections.abc import Iterator

import numpy as np
import pytest

rclpy = pytest.importorskip("rclpy")

from builtin_interfaces.msg import Time
from geometry_msgs.msg import TransformStamped
from sensor_msgs.msg import JointState
from std_msgs.msg import Header, String
from vision_msgs.msg import Detection3DArray

from simreal_common.block_estimate import BlockEstimate
from simreal_common.geometry import Pose
from simreal_common.ros_messages import (
    estimates_to_detections,
    pose_to_transform_stamped,
    to_stamp,
)
from simreal_control.control_node import ControlNode
from simreal_control.parameters import PANDA_JOINTS


@pytest.fixture
def node() -> Iterator[ControlNode]:
    rclpy.init()
    made = ControlNode()
    yield made
    made.destroy_node()
    rclpy.shutdown()


def camera(stamp: float) -> TransformStamped:
    return pose_to_transform_stamped(Pose.identity(), "panda_link0", "camera", to_stamp(stamp))


def seen(stamp: float) -> Detection3DArray:
    return Detection3DArray(header=Header(stamp=to_stamp(stamp), frame_id="camera"))


def call(node: ControlNode, topic: str, message: object) -> None:
    """As an executor does."""
    (callback,) = [s.callback for s in node.subscriptions if s.topic_name == topic]
    callback(message)


def joints(**changes: object) -> JointState:
    good = {
        "header": Header(stamp=to_stamp(5.0)),
        "name": list(PANDA_JOINTS),
        "position": [0.1] * 7,
        "velocity": [0.0] * 7,
    }
    return JointState(**{**good, **changes})


@pytest.mark.parametrize(
    "bad",
    [{"position": [float("nan")] * 7}, {"position": [0.1] * 6}, {"position": []},
     {"header": Header(stamp=Time(sec=-1))}],
)  # fmt: skip
def test_joint_states_that_are_none_leave_the_arm_where_it_was(
    node: ControlNode, bad: dict[str, object]
) -> None:
    call(node, "/joint_states", joints())
    before = node.robot.step().arm
    call(node, "/joint_states", joints(**bad))
    assert before is not None
    assert node.robot.step().arm is before


@pytest.mark.parametrize("velocity", [[], [float("nan")] * 7])
def test_velocities_that_are_not_measured_follow_from_positions(
    node: ControlNode, velocity: list[float]
) -> None:
    call(node, "/joint_states", joints(velocity=velocity))
    assert node.robot.step().arm is None  # one message says nothing of motion
    later = joints(velocity=velocity, position=[0.2] * 7, header=Header(stamp=to_stamp(5.5)))
    call(node, "/joint_states", later)
    arm = node.robot.step().arm
    assert arm is not None
    assert arm.velocities == pytest.approx([0.2] * 7)


def test_a_picture_with_a_block_nowhere_is_left_out(node: ControlNode) -> None:
    node.robot.transforms.set_transform_static(camera(1.0), "a calibration")
    estimate = BlockEstimate(Pose.identity(), 1e-4 * np.eye(6), 0.9, 0.05)
    message = estimates_to_detections([estimate], seen(5.0).header)
    message.detections[0].results[0].pose.pose.orientation.w = 0.0
    call(node, "/detections", message)
    assert node.robot.step().sightings == ()
    call(node, "/detections", seen(5.0))
    assert len(node.robot.step().sightings) == 1


@pytest.mark.parametrize(
    "text", ["a: 2020-99-99", "!!int abc", "!!timestamp x", "[" * 3000, "a\0.yaml", "x" * 200_000]
)
def test_a_goal_that_is_none_is_refused_in_one_short_line(
    node: ControlNode, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers: list[String] = []
    monkeypatch.setattr(node._goals._answers, "publish", answers.append)
    call(node, "/stacking/goal", String(data=text))
    (answer,) = [json.loads(answer.data) for answer in answers]
    assert not answer["accepted"]
    assert answer["reason"].startswith("goal: got")
    assert answer["reason"].isprintable()
    assert len(json.dumps(answer)) < 1500
