"""The KUKA LBR iiwa 14 with a suction cup below a small hand."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

from simreal_sim.physics.arms.kuka import FLANGE_M, KUKA, LAST_LINK, kuka_without_hand
from simreal_sim.physics.arms.simulated_arm import HandKind
from simreal_sim.physics.arms.urdf_parts import add_frame, add_joint, add_link

# Metres and kilograms. A bellows of 30 mm, whose lip gives way by some millimetres.
CUP_HAND_SIZE, CUP_HAND_MASS = (0.060, 0.060, 0.080), 0.4
CUP_RADIUS_M, CUP_LENGTH_M, CUP_SOFT_M, CUP_MASS = 0.015, 0.040, 0.005, 0.03


def kuka_suction_description(data: Path, mesh_prefix: str = "") -> str:
    """The URDF as text; see `SimulatedArm.describe`."""
    root = kuka_without_hand(data, mesh_prefix)
    height, cup_m = CUP_HAND_SIZE[2], CUP_LENGTH_M - CUP_SOFT_M
    hand = add_link(root, "suction_hand", (0.0, 0.0, height / 2), CUP_HAND_SIZE, CUP_HAND_MASS)
    add_joint(root, "suction_hand_joint", "fixed", LAST_LINK, hand, (0.0, 0.0, FLANGE_M))
    # As solid as it is where the lip has given way.
    wide = 2.0 * CUP_RADIUS_M
    cup = add_link(root, "suction_cup", (0.0, 0.0, cup_m / 2), (wide, wide, cup_m), CUP_MASS)
    add_joint(root, "suction_cup_joint", "fixed", hand, cup, (0.0, 0.0, height))
    add_frame(root, "suction_tool")
    at = (0.0, 0.0, height + CUP_LENGTH_M)
    add_joint(root, "suction_tool_joint", "fixed", hand, "suction_tool", at)
    return ET.tostring(root, encoding="unicode")


KUKA_SUCTION = replace(
    KUKA,
    name="kuka_suction",
    describe=kuka_suction_description,
    hand=HandKind.SUCTION_CUP,
    finger_joints=(),
    hand_link="suction_hand",
    tool_link="suction_tool",
    finger_links=("suction_cup",),
    dark_links=(LAST_LINK, "suction_hand", "suction_cup"),
    finger_open=1.0,
    cup_radius_m=CUP_RADIUS_M,
    gripper_action="vacuum_gripper/switch",
    vacuum_feedback="vacuum_gripper/holding",
)
