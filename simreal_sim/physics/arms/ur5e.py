"""A Universal Robots UR5e with a hand whose fingers turn, of boxes and cylinders.

Lengths and masses are those that the maker publishes (DH parameters, UR5e); the shapes are not. The
hand moves as two-finger hands with one motor do: one joint is driven, 0 for open, in radians; cranks
lower the pads towards each other, and mimics keep the pads upright.
"""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np

from simreal_common.geometry import Pose
from simreal_sim.physics.arms.simulated_arm import SimulatedArm
from simreal_sim.physics.arms.urdf_parts import (
    add_box,
    add_cylinder,
    add_frame,
    add_joint,
    add_link,
    numbers,
)

JOINTS = (
    "shoulder_pan_joint", "shoulder_lift_joint", "elbow_joint",
    "wrist_1_joint", "wrist_2_joint", "wrist_3_joint",
)  # fmt: skip
VELOCITIES = (math.pi,) * 6
EFFORTS = (150.0, 150.0, 150.0, 28.0, 28.0, 28.0)
RANGES = (2 * math.pi, 2 * math.pi, math.pi, 2 * math.pi, 2 * math.pi, 2 * math.pi)
LINKS = (
    "shoulder_link", "upper_arm_link", "forearm_link", "wrist_1_link", "wrist_2_link",
    "wrist_3_link",
)  # fmt: skip
D1, A2, A3, D4, D5, D6 = 0.1625, 0.425, 0.3922, 0.1333, 0.0997, 0.0996  # metres
QUARTER = math.pi / 2
# Place and turn of each joint in the link before it.
ORIGINS = (
    ((0.0, 0.0, D1), (0.0, 0.0, 0.0)),
    ((0.0, 0.0, 0.0), (QUARTER, 0.0, 0.0)),
    ((-A2, 0.0, 0.0), (0.0, 0.0, 0.0)),
    ((-A3, 0.0, D4), (0.0, 0.0, 0.0)),
    ((0.0, -D5, 0.0), (QUARTER, 0.0, 0.0)),
    ((0.0, D6, 0.0), (QUARTER, math.pi, math.pi)),
)
# Of each link: mass, centre of mass, and cylinders (centre, rpy, radius, length).
UPPER_Z, FOREARM_Z = 0.138, 0.007  # how far beside their joints upper arm and forearm lie
ALONG_X = (0.0, QUARTER, 0.0)
UPRIGHT = (0.0, 0.0, 0.0)
BODIES = (
    (3.761, (0.0, -0.0256, 0.0019), (((0.0, 0.0, -0.01), UPRIGHT, 0.058, 0.15),)),
    (8.058, (-0.2125, 0.0, 0.1134), (
        ((0.0, 0.0, 0.10), UPRIGHT, 0.058, 0.19),
        ((-A2 / 2, 0.0, UPPER_Z), ALONG_X, 0.052, A2),
        ((-A2, 0.0, 0.10), UPRIGHT, 0.055, 0.19),
    )),
    (2.846, (-0.15, 0.0, 0.0265), ((((-A3 / 2, 0.0, FOREARM_Z), ALONG_X, 0.042, A3)),)),
    (1.37, (0.0, 0.002, -0.018), (((0.0, 0.0, -0.045), UPRIGHT, 0.042, 0.18),)),
    (1.3, (0.0, 0.002, -0.018), (((0.0, 0.0, -0.01), UPRIGHT, 0.040, 0.11),)),
    (0.365, (0.0, 0.0, -0.0012), (((0.0, 0.0, -0.025), UPRIGHT, 0.037, 0.05),)),
)  # fmt: skip

# The hand, metres, kilograms, radians.
PALM_SIZE, PALM_MASS = (0.070, 0.090, 0.080), 0.75
KNUCKLE_Y, KNUCKLE_Z = 0.0135, 0.070  # from the middle, and from the flange
CRANK_M, CLOSED_RAD = 0.0593, 0.8
CRANK_SIZE, CRANK_MASS = (0.020, 0.010, CRANK_M), 0.03
PAD_SIZE, PAD_MASS = (0.022, 0.012, 0.046), 0.04
TIP_BELOW_TOOL_M = 0.015  # of the closed hand, whose tips reach furthest
KNUCKLES = ("hand_left_knuckle_joint", "hand_right_knuckle_joint")
TIPS = ("hand_left_tip_joint", "hand_right_tip_joint")
TOOL_M = KNUCKLE_Z + CRANK_M + PAD_SIZE[2] - TIP_BELOW_TOOL_M


def ur5e_description(data: Path, mesh_prefix: str = "") -> str:
    """The URDF as text; see `SimulatedArm.describe`. It has no meshes: neither argument matters."""
    root = ET.Element("robot", name="ur5e")
    base = add_frame(root, "base_link")
    # As the maker has it: at 0 the arm reaches to where x of its base points.
    body = add_link(root, "base_link_inertia", (0.0, 0.0, 0.045), (0.15, 0.15, 0.09), 4.0)
    add_joint(root, "base_link_joint", "fixed", base, body, (0.0, 0.0, 0.0), (0.0, 0.0, math.pi))
    parent = body
    for number, name in enumerate(LINKS):
        _add_arm_link(root, name, *BODIES[number])
        joint = add_joint(root, JOINTS[number], "revolute", parent, name, *ORIGINS[number])
        ET.SubElement(joint, "axis", xyz="0 0 1")
        limit = str(RANGES[number])
        ET.SubElement(
            joint, "limit", lower=f"-{limit}", upper=limit,
            velocity=str(VELOCITIES[number]), effort=str(EFFORTS[number]),
        )  # fmt: skip
        parent = name
    _add_hand(root, parent)
    return ET.tostring(root, encoding="unicode")


def _add_arm_link(
    root: ET.Element,
    name: str,
    mass: float,
    centre: tuple[float, ...],
    cylinders: tuple[tuple[tuple[float, ...], tuple[float, ...], float, float], ...],
) -> None:
    link = ET.SubElement(root, "link", name=name)
    inertial = ET.SubElement(link, "inertial")
    ET.SubElement(inertial, "origin", rpy="0 0 0", xyz=numbers(centre))
    ET.SubElement(inertial, "mass", value=str(mass))
    # As of the longest of its cylinders, full, about all axes: on the safe side.
    moment = str(mass * max(length**2 / 12 + radius**2 / 4 for *_, radius, length in cylinders))
    ET.SubElement(
        inertial, "inertia", ixx=moment, iyy=moment, izz=moment, ixy="0", ixz="0", iyz="0"
    )
    for cylinder in cylinders:
        for kind in ("visual", "collision"):
            add_cylinder(link, kind, *cylinder)


def _add_hand(root: ET.Element, flange: str) -> None:
    """Palm, two cranks with upright pads that close along y, and the tool frame between the tips."""
    palm = add_link(root, "hand_palm", (0.0, 0.0, PALM_SIZE[2] / 2), PALM_SIZE, PALM_MASS)
    add_joint(root, "hand_palm_joint", "fixed", flange, palm, (0.0, 0.0, 0.0))
    for side, sign, knuckle, tip in zip(
        ("left", "right"), (1.0, -1.0), KNUCKLES, TIPS, strict=True
    ):
        crank = add_link(
            root, f"hand_{side}_crank", (0.0, 0.0, CRANK_M / 2), CRANK_SIZE, CRANK_MASS
        )
        joint = add_joint(
            root, knuckle, "revolute", palm, crank,
            (0.0, sign * KNUCKLE_Y, KNUCKLE_Z), (-sign * CLOSED_RAD, 0.0, 0.0),
        )  # fmt: skip
        ET.SubElement(joint, "axis", xyz=f"{sign} 0 0")
        ET.SubElement(joint, "limit", lower="0", upper=str(CLOSED_RAD), effort="10", velocity="2")
        if side == "right":
            ET.SubElement(joint, "mimic", joint=KNUCKLES[0])
        inside = (0.0, sign * (PAD_SIZE[1] / 2 - KNUCKLE_Y), PAD_SIZE[2] / 2)
        pad = add_link(root, f"hand_{side}_pad", inside, PAD_SIZE, PAD_MASS)
        # Joins crank and pad, which lies further in; seen alone.
        arm = root.find(f"link[@name='{pad}']")
        if arm is not None:
            add_box(arm, "visual", (0.0, -sign * 0.004, 0.006), (0.018, 0.016, 0.012))
        joint = add_joint(
            root, tip, "revolute", crank, pad, (0.0, 0.0, CRANK_M), (sign * CLOSED_RAD, 0.0, 0.0)
        )
        ET.SubElement(joint, "axis", xyz=f"{-sign} 0 0")
        ET.SubElement(joint, "limit", lower="0", upper=str(CLOSED_RAD), effort="10", velocity="2")
        ET.SubElement(joint, "mimic", joint=KNUCKLES[0])
    add_frame(root, "hand_tool")
    add_joint(root, "hand_tool_joint", "fixed", palm, "hand_tool", (0.0, 0.0, TOOL_M))


UR5E = SimulatedArm(
    name="ur5e",
    describe=ur5e_description,
    joints=JOINTS,
    finger_joints=KNUCKLES,
    base_link="base_link",
    tool_link="hand_tool",
    hand_link="hand_palm",
    finger_links=("hand_left_pad", "hand_right_pad"),
    dark_links=(
        "wrist_3_link", "hand_palm", "hand_left_crank", "hand_right_crank", "hand_left_pad",
        "hand_right_pad",
    ),
    home=(-0.4445, -1.9586, 1.4413, -1.0535, -1.5708, -2.0153),
    velocity_limits=np.array(VELOCITIES),
    effort_limits=np.array(EFFORTS),
    braking=np.full(6, 10.0),
    finger_open=0.0,
    finger_closed=CLOSED_RAD,
    finger_velocity=1.5,
    gripper_effort=70.0,
    pose_base_in_world=Pose.identity(),
    arm_action="scaled_joint_trajectory_controller/follow_joint_trajectory",
    gripper_action="gripper_controller/gripper_cmd",
    tip_joints=TIPS,
    finger_lever_m=CRANK_M,
)  # fmt: skip
