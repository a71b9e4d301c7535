"""The KUKA LBR iiwa 14 from pybullet_data, with a parallel gripper of boxes."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np

from simreal_common.geometry import Pose
from simreal_sim.physics.arms.parallel_gripper import FINGER_STROKE_M, add_parallel_gripper
from simreal_sim.physics.arms.simulated_arm import SimulatedArm

# pybullet_data's iiwa has the lengths of an LBR iiwa 14 R820 and limits of its own (10 rad/s and
# 300 N m everywhere). These are the data sheet's: rad/s, N m.
JOINTS = tuple(f"lbr_iiwa_joint_{number}" for number in range(1, 8))
VELOCITIES = (1.484, 1.484, 1.745, 1.309, 2.269, 2.356, 2.356)
EFFORTS = (320.0, 320.0, 176.0, 176.0, 110.0, 40.0, 40.0)
LAST_LINK = "lbr_iiwa_link_7"
FLANGE_M = 0.045  # the flange is the end of link 7


def kuka_description(data: Path, mesh_prefix: str = "") -> str:
    """The URDF as text; see `SimulatedArm.describe`."""
    root = kuka_without_hand(data, mesh_prefix)
    add_parallel_gripper(root, LAST_LINK, FLANGE_M)
    return ET.tostring(root, encoding="unicode")


def kuka_without_hand(data: Path, mesh_prefix: str) -> ET.Element:
    """The arm alone."""
    urdf = data / "kuka_iiwa" / "model.urdf"
    root = ET.fromstring(urdf.read_text(encoding="utf-8"))
    for mesh in root.iter("mesh"):
        mesh.set("filename", f"{mesh_prefix}{urdf.parent}/{mesh.get('filename', '')}")
    limits = dict(zip(JOINTS, zip(VELOCITIES, EFFORTS, strict=True), strict=True))
    for joint in root.iter("joint"):
        limit = joint.find("limit")
        if joint.get("name") in limits and limit is not None:
            velocity, effort = limits[joint.get("name", "")]
            limit.set("velocity", str(velocity))
            limit.set("effort", str(effort))
    return root


KUKA = SimulatedArm(
    name="kuka",
    describe=kuka_description,
    joints=JOINTS,
    finger_joints=("gripper_left_finger_joint", "gripper_right_finger_joint"),
    base_link="lbr_iiwa_link_0",
    tool_link="gripper_tool",
    hand_link="gripper_hand",
    finger_links=("gripper_left_finger", "gripper_right_finger"),
    dark_links=(LAST_LINK, "gripper_hand", "gripper_left_finger", "gripper_right_finger"),
    home=(0.0, 0.0, 0.0, -1.5708, 0.0, 1.5708, 0.0),
    velocity_limits=np.array(VELOCITIES),
    effort_limits=np.array(EFFORTS),
    braking=np.full(7, 10.0),
    finger_open=FINGER_STROKE_M,
    finger_velocity=0.1,
    gripper_effort=70.0,
    # Its elbow bends by 120 degrees at most: what is nearer than 0.41 m to the shoulder it does not
    # reach from above.
    pose_base_in_world=Pose(np.array([-0.08, 0.0, 0.0]), np.array([0.0, 0.0, 0.0, 1.0])),
    ahead=-1,
    arm_action="kuka_arm_controller/follow_joint_trajectory",
    gripper_action="kuka_hand_controller/gripper_cmd",
)
