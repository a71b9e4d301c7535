"""The Franka Panda with the Franka Hand, from pybullet_data, with fingers of boxes.

A gripper's pad must be flat: contact normals of rounded tips point into the gripper, and a block held
there wedges the hand, which then does not open.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np

from simreal_common.geometry import Pose
from simreal_sim.physics.arms.simulated_arm import SimulatedArm
from simreal_sim.physics.arms.urdf_parts import add_box

# Link, and the sign of y on which its finger lies in the finger's own frame.
FINGERS = {"panda_leftfinger": 1.0, "panda_rightfinger": -1.0}
# Centre and size of each box, metres, for the left finger; read off the mesh's vertices. The URDF's
# finger is one convex mesh with a rounded tip: two boxes, pad and body, have its extent.
FINGER_BOXES = (
    ((0.0, 0.0071, 0.0450), (0.0175, 0.0142, 0.0177)),  # pad
    ((0.0, 0.0147, 0.0180), (0.0210, 0.0236, 0.0360)),  # body
)


def panda_description(data: Path, mesh_prefix: str = "") -> str:
    """The URDF as text; see `SimulatedArm.describe`."""
    urdf = data / "franka_panda" / "panda.urdf"
    root = ET.fromstring(urdf.read_text(encoding="utf-8"))
    folder = f"{mesh_prefix}{urdf.parent}/"
    for mesh in root.iter("mesh"):
        mesh.set("filename", mesh.get("filename", "").replace("package://", folder))
    for link in root.iter("link"):
        side = FINGERS.get(link.get("name", ""))
        if side is None:
            continue
        for collision in link.findall("collision"):
            link.remove(collision)
        for (x, y, z), size in FINGER_BOXES:
            add_box(link, "collision", (x, side * y, z), size)
    return ET.tostring(root, encoding="unicode")


PANDA = SimulatedArm(
    name="panda",
    describe=panda_description,
    joints=tuple(f"panda_joint{number}" for number in range(1, 8)),
    finger_joints=("panda_finger_joint1", "panda_finger_joint2"),
    base_link="panda_link0",
    tool_link="panda_grasptarget",
    hand_link="panda_hand",
    finger_links=("panda_leftfinger", "panda_rightfinger"),
    dark_links=("panda_link7", "panda_hand", "panda_leftfinger", "panda_rightfinger"),
    # The arm's ready pose: tool at x 0.31, z 0.49, pointing down.
    home=(0.0, -0.785, 0.0, -2.356, 0.0, 1.571, 0.785),
    # Panda's documented limits.
    velocity_limits=np.array([2.175, 2.175, 2.175, 2.175, 2.61, 2.61, 2.61]),
    effort_limits=np.array([87.0, 87.0, 87.0, 87.0, 12.0, 12.0, 12.0]),
    braking=np.array([15.0, 7.5, 10.0, 12.5, 15.0, 20.0, 20.0]),
    finger_open=0.04,
    finger_velocity=0.1,
    gripper_effort=70.0,  # continuous force of the Franka hand
    pose_base_in_world=Pose.identity(),
    arm_action="panda_arm_controller/follow_joint_trajectory",
    gripper_action="panda_hand_controller/gripper_cmd",
)
