"""A parallel gripper of boxes for arms that come without one; metres and kilograms.

Its pads are flat: see `panda.py`.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET

from simreal_sim.physics.arms.urdf_parts import add_frame, add_joint, add_link

HAND_SIZE, HAND_MASS = (0.066, 0.130, 0.080), 0.6
FINGER_SIZE, FINGER_MASS = (0.022, 0.014, 0.056), 0.05
FINGER_STROKE_M = 0.04
TIP_BELOW_TOOL_M = 0.008


def add_parallel_gripper(root: ET.Element, flange: str, flange_m: float) -> None:
    """Hand, two fingers that close along y, and the tool frame between their tips."""
    height, (_, thickness, length) = HAND_SIZE[2], FINGER_SIZE
    hand = add_link(root, "gripper_hand", (0.0, 0.0, height / 2), HAND_SIZE, HAND_MASS)
    add_joint(root, "gripper_hand_joint", "fixed", flange, hand, (0.0, 0.0, flange_m))
    for side, sign in (("left", 1.0), ("right", -1.0)):
        centre = (0.0, sign * thickness / 2, length / 2)
        link = add_link(root, f"gripper_{side}_finger", centre, FINGER_SIZE, FINGER_MASS)
        joint = add_joint(
            root, f"gripper_{side}_finger_joint", "prismatic", hand, link, (0.0, 0.0, height)
        )
        ET.SubElement(joint, "axis", xyz=f"0 {sign} 0")
        ET.SubElement(
            joint, "limit", lower="0", upper=str(FINGER_STROKE_M), effort="70", velocity="0.1"
        )
    add_frame(root, "gripper_tool")
    tool_m = height + length - TIP_BELOW_TOOL_M
    add_joint(root, "gripper_tool_joint", "fixed", hand, "gripper_tool", (0.0, 0.0, tool_m))
