"""control_node: where the camera stands is asked at the time of the picture, and told with its age."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import numpy as np
import pytest

rclpy = pytest.importorskip("rclpy")

from builtin_interfaces.msg import Time
from geometry_msgs.msg import TransformStamped
from rclpy.clock import ClockType
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.qos import QoSProfile, QoSReliabilityPolicy
from rclpy.time import Time as ClockTime
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
from simreal_control import control_node
from simreal_control.control_configuration import ControlParameters
from simreal_control.control_node import ControlNode
from simreal_control.parameters import PANDA_FINGERS, PANDA_JOINTS
from simreal_control.planning.finger_mapping import FingerMapping


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
        "name": [*PANDA_JOINTS, *PANDA_FINGERS],
        "position": [0.1] * 7 + [0.03] * 2,
        "velocity": [0.0] * 9,
    }
    return JointState(**{**good, **changes})


@pytest.mark.parametrize(
    "bad",
    [{"position": [float("nan")] * 9}, {"position": [0.2] * 8}, {"position": []},
     {"position": [0.2] * 9, "header": Header(stamp=Time(sec=-1))}],
)  # fmt: skip
def test_joint_states_that_are_none_leave_the_arm_where_it_was(
    node: ControlNode, bad: dict[str, object]
) -> None:
    call(node, "/joint_states", joints())
    before = node.robot.step().arm
    call(node, "/joint_states", joints(**bad))
    after = node.robot.step().arm
    assert before is not None
    assert after is not None
    assert after.stamp == before.stamp == 5.0
    assert after.positions.tolist() == [0.1] * 7
    assert after.opening_m == pytest.approx(0.06)


def test_joint_states_of_another_clock_are_named_and_so_is_a_topic_without_publisher(
    node: ControlNode,
) -> None:
    call(node, "/joint_states", joints())
    lack = node.robot.step().lack
    assert "nobody publishes the topic joint_states" in lack
    assert "after their stamps, by the clock of control_node" in lack


def test_joint_states_without_stamps_count_and_it_is_said_once(
    node: ControlNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr(
        "rclpy.impl.rcutils_logger.RcutilsLogger.warning",
        lambda self, words, **_: said.append(words),
    )
    call(node, "/joint_states", joints(header=Header()))
    inputs = [node.robot.step() for _ in range(3)][-1]
    assert inputs.lack == ""
    assert inputs.arm is not None
    assert inputs.now - inputs.arm.stamp < 0.5
    assert len(said) == 1
    assert "not stamped" in said[0]


def test_drivers_that_publish_at_best_effort_are_heard(node: ControlNode) -> None:
    driver = Node("driver")
    publisher = driver.create_publisher(
        JointState,
        "joint_states",
        QoSProfile(depth=5, reliability=QoSReliabilityPolicy.BEST_EFFORT),
    )
    end = time.monotonic() + 20.0
    while node.robot.step().arm is None:
        assert time.monotonic() < end, "it is not heard"
        publisher.publish(joints())
        rclpy.spin_once(node, timeout_sec=0.05)
    driver.destroy_node()


def test_a_picture_with_a_block_nowhere_is_left_out(node: ControlNode) -> None:
    node.robot.transforms.set_transform_static(camera(1.0), "a calibration")
    estimate = BlockEstimate(Pose.identity(), 1e-4 * np.eye(6), 0.9, 0.05)
    message = estimates_to_detections([estimate], seen(5.0).header)
    message.detections[0].results[0].pose.pose.orientation.w = 0.0
    call(node, "/detections", message)
    assert node.robot.step().detection_frames == ()
    call(node, "/detections", seen(5.0))
    assert len(node.robot.step().detection_frames) == 1


@pytest.mark.parametrize(
    "text", ["a: 2020-99-99", "!!int abc", "!!timestamp x", "[" * 3000, "a\0.yaml", "x" * 200_000]
)
def test_a_goal_that_is_none_is_refused_in_one_short_line(
    node: ControlNode, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers: list[String] = []
    (publisher,) = [p for p in node.publishers if p.topic_name == "/stacking/goal_answer"]
    monkeypatch.setattr(publisher, "publish", answers.append)
    call(node, "/stacking/goal", String(data=text))
    (answer,) = [json.loads(answer.data) for answer in answers]
    assert not answer["accepted"]
    assert answer["reason"].startswith("goal: got")
    assert answer["reason"].isprintable()
    assert len(json.dumps(answer)) < 1500


TICK_NS = round(1e9 / ControlParameters().tick_rate)


class Task:
    """A task that has begun and waits."""

    finished = False


class Tasks:
    """An assembly that makes them."""

    remarks: tuple[str, ...] = ()
    hand = "two fingers"
    fingers = FingerMapping.sliding(PANDA_FINGERS)
    continuous: frozenset[str] = frozenset()

    def __init__(self) -> None:
        self.made: list[Task] = []

    def task(self, _: object) -> Task:
        self.made.append(Task())
        return self.made[-1]


def test_a_clock_that_goes_back_begins_the_task_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    tasks = Tasks()
    monkeypatch.setattr(control_node, "assemble", lambda *_: tasks)
    rclpy.init()
    node = ControlNode(parameter_overrides=[Parameter("use_sim_time", value=True)])
    try:
        call(node, "/robot_description", String(data="<robot/>"))
        node.robot.transforms.set_transform_static(camera(1.0), "a calibration")
        ticks: list[int] = []
        (timer,) = [one for one in node.timers if one.timer_period_ns == TICK_NS]
        tick = timer.callback
        monkeypatch.setattr(timer, "callback", lambda: (ticks.append(1), tick()))
        for second in (100.0, 106.0, 40.0, 40.5, 41.0):
            moment = ClockTime(seconds=second, clock_type=ClockType.ROS_TIME)
            node.get_clock().set_ros_time_override(moment)
            if second == 106.0:
                call(node, "/detections", seen(106.0))
            end, count = time.monotonic() + 10.0, len(ticks)
            while second != 40.0 and len(ticks) == count:
                assert time.monotonic() < end, f"no tick at {second}"
                rclpy.spin_once(node, timeout_sec=0.02)
        assert len(tasks.made) == 2  # once at first, once after the jump
        assert node.robot.step().detection_frames == ()
    finally:
        node.destroy_node()
        rclpy.shutdown()
