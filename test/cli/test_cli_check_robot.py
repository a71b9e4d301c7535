"""`simreal check-robot`: a table and an exit code, from files and from a robot that runs."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("pinocchio", reason="control needs pinocchio: pip install 'simreal[control]'")

from simreal_cli.cli import main
from simreal_control.control_configuration import robot_parameters
from simreal_sim.physics.arms.ur5e import ur5e_description

UR5E = robot_parameters("ur5e")


@pytest.fixture
def urdf(tmp_path: Path) -> Path:
    file = tmp_path / "ur5e.urdf"
    file.write_text(ur5e_description(Path()))
    return file


def test_a_robot_that_fits_ends_with_0(urdf: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check-robot", "ur5e", "--urdf", str(urdf)]) == 0
    said = capsys.readouterr().out
    assert "fits   hand" in said
    assert "LACKS" not in said
    assert max(map(len, said.splitlines())) <= 100


def test_a_file_of_ones_own_with_a_mistake(
    tmp_path: Path, urdf: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = tmp_path / "mine.yaml"
    mine.write_text("/**/control_node:\n  ros__parameters:\n    tool_frame: tcp\n")
    assert main(["check-robot", str(mine), "--urdf", str(urdf)]) == 1
    said = capsys.readouterr().out
    assert "LACKS  tool_frame" in said
    assert "would stop control" in said


@pytest.mark.parametrize("given", [["nothere.yaml"], ["ur5e", "--urdf", "nothere.urdf"]])
def test_a_file_that_is_not_there_is_named_once(
    given: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check-robot", *given]) == 1
    said = " ".join(capsys.readouterr().out.split())
    assert "cannot be read (No such file or directory); wanted" in said
    assert said.count("nothere") == 1


@pytest.mark.parametrize(
    ("robot", "text", "words"),
    [
        ("nobody", "", "nobody.yaml cannot be read"),
        ("ur5e", '<robot xmlns:xacro="x/xacro"><xacro:arg name="x"/></robot>', "xacro {file} >"),
        ("ur5e", None, "cannot be read"),
    ],
)
def test_what_cannot_be_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], robot: str, text: str | None, words: str
) -> None:
    file = tmp_path / "a.urdf"
    if text is not None:
        file.write_text(text)
    assert main(["check-robot", robot, "--urdf", str(file)]) == 1
    said = " ".join(capsys.readouterr().out.split())
    assert words.format(file=file) in said


def test_without_a_description(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check-robot", "ur5e"]) == 1
    assert "--urdf FILE" in capsys.readouterr().out


rclpy = pytest.importorskip("rclpy", reason="needs ROS 2 or the embedded runtime")

from control_msgs.action import FollowJointTrajectory, GripperCommand
from rclpy.action import ActionServer
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from sensor_msgs.msg import JointState
from std_msgs.msg import Header, String

from simreal_common.ros_qos import LATCHED_QOS, STATE_QOS


class Robot:
    """What a UR5e shows: its description, joint states, and two actions; nobody may ask it anything."""

    def __init__(self, context: Context, fingers: bool = True) -> None:
        self.node = Node("a_robot", context=context)
        self.asked = 0
        self._joints = self.node.create_publisher(JointState, "joint_states", STATE_QOS)
        self._names = [*UR5E.arm_joints, *(UR5E.gripper_joints if fingers else ())]
        description = self.node.create_publisher(String, "robot_description", LATCHED_QOS)
        description.publish(String(data=ur5e_description(Path())))
        self._servers = [
            ActionServer(self.node, kind, name, self._execute)
            for kind, name in (
                (FollowJointTrajectory, UR5E.arm_action),
                (GripperCommand, "another_hand/gripper_cmd"),
            )
        ]
        self.node.create_timer(0.02, self._tell)

    def _tell(self) -> None:
        self._joints.publish(
            JointState(
                header=Header(stamp=self.node.get_clock().now().to_msg()),
                name=self._names,
                position=[0.0] * len(self._names),
            )
        )

    def _execute(self, handle: object) -> None:
        self.asked += 1

    def destroy(self) -> None:
        for server in self._servers:
            server.destroy()
        self.node.destroy_node()


@pytest.fixture
def robot(monkeypatch: pytest.MonkeyPatch) -> Iterator[Robot]:
    domain = 1 + os.getpid() % 100
    monkeypatch.setenv("ROS_DOMAIN_ID", str(domain))
    context = Context()
    rclpy.init(context=context, domain_id=domain)
    robot = Robot(context)
    executor = SingleThreadedExecutor(context=context)
    executor.add_node(robot.node)
    over = threading.Event()

    def spin() -> None:
        while not over.is_set():
            executor.spin_once(timeout_sec=0.02)

    thread = threading.Thread(target=spin)
    thread.start()
    yield robot
    over.set()
    thread.join()
    executor.shutdown()
    robot.destroy()
    rclpy.shutdown(context=context)


def test_a_running_robot_is_looked_at_and_asked_nothing(
    tmp_path: Path, robot: Robot, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = tmp_path / "mine.yaml"
    yaml = (Path(__file__).parents[2] / "config" / "ur5e.yaml").read_text()
    mine.write_text(yaml.replace("gripper_controller/gripper_cmd", "another_hand/gripper_cmd"))
    assert main(["check-robot", str(mine), "--live", "--seconds", "20"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "fits joint_states all 6 joints of the arm, from one publisher" in said
    assert "fits arm_action /scaled_joint_trajectory_controller/follow_joint_trajectory" in said
    assert robot.asked == 0


def test_an_action_of_another_name_is_proposed(
    robot: Robot, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check-robot", "ur5e", "--live", "--seconds", "3"]) == 1
    said = " ".join(capsys.readouterr().out.split())
    assert "LACKS gripper.action nobody serves /gripper_controller/gripper_cmd" in said
    assert "actions of its type here: /another_hand/gripper_cmd" in said
