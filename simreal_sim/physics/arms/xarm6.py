"""The UFACTORY xArm 6 from pybullet_data, with a parallel gripper of boxes."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np

from simreal_common.geometry import Pose
from simreal_sim.physics.arms.parallel_gripper import FINGER_STROKE_M, add_parallel_gripper
from simreal_sim.physics.arms.simulated_arm import SimulatedArm


def xarm6_description(data: Path, mesh_prefix: str = "") -> str:
    """The URDF as text; see `SimulatedArm.describe`."""
    folder = data / "xarm"
    root = ET.fromstring((folder / "xarm6_robot.urdf").read_text(encoding="utf-8"))
    for mesh in root.iter("mesh"):
        inside = mesh.get("filename", "").replace("package://", f"{folder}/")
        mesh.set("filename", f"{mesh_prefix}{inside}")
    for part in list(root):
        # Its root is a link called world, a name that belongs to the cell; the rest is Gazebo's.
        if part.get("name") in ("world", "world_joint") or part.tag in ("transmission", "gazebo"):
            root.remove(part)
    add_parallel_gripper(root, "link6", 0.0)
    return ET.tostring(root, encoding="unicode")


XARM6 = SimulatedArm(
    name="xarm6",
    describe=xarm6_description,
    joints=tuple(f"joint{number}" for number in range(1, 7)),
    finger_joints=("gripper_left_finger_joint", "gripper_right_finger_joint"),
    base_link="link_base",
    tool_link="gripper_tool",
    hand_link="gripper_hand",
    finger_links=("gripper_left_finger", "gripper_right_finger"),
    dark_links=("link6", "gripper_hand", "gripper_left_finger", "gripper_right_finger"),
    home=(0.0, -0.5977, -1.2978, 0.0, 1.8955, 0.0),
    velocity_limits=np.full(6, 3.14),
    effort_limits=np.array([50.0, 50.0, 32.0, 32.0, 32.0, 20.0]),
    braking=np.full(6, 10.0),
    finger_open=FINGER_STROKE_M,
    finger_velocity=0.1,
    gripper_effort=70.0,
    # It reaches 0.7 m: what lies 0.65 m before the cell's origin it reaches from a little nearer.
    pose_base_in_world=Pose(np.array([0.05, 0.0, 0.0]), np.array([0.0, 0.0, 0.0, 1.0])),
    arm_action="xarm6_traj_controller/follow_joint_trajectory",
    gripper_action="xarm_gripper/gripper_cmd",
)
