"""control_node by itself: what it takes for the description of the robot."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest

rclpy = pytest.importorskip("rclpy", reason="needs ROS 2 or the embedded runtime")

from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.parameter import Parameter
from std_msgs.msg import String

from simreal_common.errors import ConfigurationError
from simreal_common.ros_qos import LATCHED_QOS
from simreal_control.control_node import ControlNode

TIMEOUT_S = 20.0


def first_status(panda_folder: Path, urdf: str, **told: Any) -> str:
    """What a node with nobody around says first."""
    context = Context()
    rclpy.init(context=context, domain_id=1 + os.getpid() % 100)
    given = [Parameter("urdf", value=urdf), Parameter("mesh_folders", value=[str(panda_folder)])]
    given += [Parameter(name, value=value) for name, value in told.items()]
    try:
        node = ControlNode(context=context, parameter_overrides=given)
        heard: list[str] = []
        node.create_subscription(
            String, "stacking/status", lambda message: heard.append(message.data), LATCHED_QOS
        )
        executor = SingleThreadedExecutor(context=context)
        executor.add_node(node)
        end = time.monotonic() + TIMEOUT_S
        while not heard:
            assert time.monotonic() < end, "no status"
            executor.spin_once(timeout_sec=0.05)
        executor.shutdown()
        node.destroy_node()
        return heard[0]
    finally:
        rclpy.shutdown(context=context)


def test_without_a_file_the_node_waits_for_the_description(panda_folder: Path) -> None:
    assert "no robot_description, no panda_arm_controller" in first_status(panda_folder, "")


def test_a_file_stands_for_the_topic(panda_folder: Path) -> None:
    said = first_status(panda_folder, str(panda_folder / "panda.urdf"))
    assert "no panda_arm_controller/follow_joint_trajectory" in said
    assert "robot_description" not in said


def test_a_file_that_is_not_there(panda_folder: Path) -> None:
    with pytest.raises(ConfigurationError, match="'urdf': /nowhere.urdf cannot be read"):
        first_status(panda_folder, "/nowhere.urdf")


def test_a_xacro_file_is_said_to_be_one(panda_folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "arm.urdf.xacro"
    file.write_text(
        '<robot xmlns:xacro="http://www.ros.org/wiki/xacro"><xacro:arg name="a"/></robot>'
    )
    with pytest.raises(ConfigurationError, match=f"is a xacro file.*xacro {file} > robot.urdf"):
        first_status(panda_folder, str(file))


def test_a_gripper_joint_that_the_description_lacks(panda_folder: Path) -> None:
    urdf = str(panda_folder / "panda.urdf")
    told = {"gripper.joints": ["robotiq_85_left_knuckle_joint"]}
    with pytest.raises(ConfigurationError, match="no joint robotiq_85_left_knuckle_joint"):
        first_status(panda_folder, urdf, **told)
    said = first_status(panda_folder, urdf, **told, **{"gripper.table": [0.0, 0.085, 0.8, 0.0]})
    assert "no panda_arm_controller/follow_joint_trajectory" in said


def test_meshes_that_are_not_installed(panda_folder: Path, tmp_path: Path) -> None:
    urdf = tmp_path / "panda.urdf"
    text = (panda_folder / "panda.urdf").read_text()
    urdf.write_text(text.replace("package://", "package://nobody/"))
    with pytest.raises(ConfigurationError, match=r"package://nobody/.*link0.obj.*missing_meshes"):
        first_status(panda_folder, str(urdf))
    said = first_status(panda_folder, str(urdf), missing_meshes="simplify")
    assert "no panda_arm_controller/follow_joint_trajectory" in said
