"""RosRobot: where the camera stands is asked at the time of the picture, and told with its age."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

rclpy = pytest.importorskip("rclpy")

from geometry_msgs.msg import TransformStamped
from rclpy.node import Node
from sensor_msgs.msg import JointState
from std_msgs.msg import Header
from vision_msgs.msg import Detection3DArray

from simreal_common.geometry import Pose
from simreal_common.ros_messages import pose_to_transform_stamped, to_stamp
from simreal_control.control_configuration import ControlParameters
from simreal_control.planning.finger_mapping import FingerMapping
from simreal_control.planning.trajectory import JointTrajectory
from simreal_control.robot_interface.task_io import MoveArm
from simreal_control.ros_robot import RosRobot


class Heard:
    """A robot, and what it complains of."""

    def __init__(self, node: Node) -> None:
        self.complaints: list[str] = []
        self.robot = RosRobot(
            node, ControlParameters(), None, lambda about, text: self.complaints.append(text)
        )


@pytest.fixture
def heard() -> Iterator[Heard]:
    rclpy.init()
    node = Node("control_node")
    made = Heard(node)
    yield made
    made.robot.destroy()
    node.destroy_node()
    rclpy.shutdown()


def camera(stamp: float) -> TransformStamped:
    return pose_to_transform_stamped(Pose.identity(), "panda_link0", "camera", to_stamp(stamp))


def seen(stamp: float) -> Detection3DArray:
    return Detection3DArray(header=Header(stamp=to_stamp(stamp), frame_id="camera"))


def test_a_transform_that_is_published_has_the_age_of_the_picture(heard: Heard) -> None:
    for stamp in (4.0, 6.0):
        heard.robot.transforms.set_transform(camera(stamp), "a driver")
    heard.robot.cameras.hear(seen(5.0))
    (frame,) = heard.robot.step().detection_frames
    assert frame.transform_stamp == frame.stamp == 5.0


def test_a_transform_that_has_stopped_is_told_with_its_own_stamp(heard: Heard) -> None:
    heard.robot.transforms.set_transform(camera(4.0), "a driver")
    heard.robot.cameras.hear(seen(9.0))
    (frame,) = heard.robot.step().detection_frames
    assert frame.stamp == 9.0
    assert frame.transform_stamp == 4.0


def test_a_transform_that_never_changes_is_never_old(heard: Heard) -> None:
    heard.robot.transforms.set_transform_static(camera(1.0), "a calibration")
    heard.robot.cameras.hear(seen(900.0))
    (frame,) = heard.robot.step().detection_frames
    assert frame.transform_stamp == 900.0


def test_without_a_transform_a_picture_is_left_out(heard: Heard) -> None:
    heard.robot.cameras.hear(seen(5.0))
    assert heard.robot.step().detection_frames == ()
    assert "no transform from camera" in heard.complaints[0]


def test_a_motion_of_a_joint_without_end_begins_where_the_robot_says_it_is(
    heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[MoveArm] = []
    monkeypatch.setattr(
        "simreal_control.ros_actions.RobotActions.execute", lambda _, c: sent.append(c)
    )
    p = ControlParameters()
    told = np.array(p.home) + 0.1
    told[6] += 4 * np.pi
    heard.robot.know(FingerMapping.sliding(p.gripper_joints), frozenset({p.arm_joints[6]}))
    heard.robot.hear_joints(
        JointState(name=[*p.arm_joints, *p.gripper_joints], position=[*told.tolist(), 0.0, 0.0])
    )
    arm = heard.robot.step().arm
    assert arm is not None
    np.testing.assert_allclose(arm.positions, np.array(p.home) + 0.1)
    positions = np.array([arm.positions, p.home])
    heard.robot.execute(
        MoveArm(1, JointTrajectory(np.array([0.0, 1.0]), positions, 0 * positions, 0 * positions))
    )
    np.testing.assert_allclose(sent[0].trajectory.positions[0], told)
    np.testing.assert_allclose(sent[0].trajectory.positions[1][6], p.home[6] + 4 * np.pi)
