"""URDFs of the simulated robots: pybullet_data's arms with grippers that grip as real ones do.

A gripper's pad must be flat: contact normals of rounded tips point into the gripper, and a block held
there wedges the hand, which then does not open. Which arms there are: `simulated_arm.SIMULATED_ARMS`.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

from simreal_sim.physics.urdf_parts import add_box, add_frame, add_joint, add_link

# Link, and the sign of y on which its finger lies in the finger's own frame.
PANDA_FINGERS = {"panda_leftfinger": 1.0, "panda_rightfinger": -1.0}
# Centre and size of each box, metres, for the left finger; read off the mesh's vertices. The URDF's
# finger is one convex mesh with a rounded tip: two boxes, pad and body, have its extent.
PANDA_FINGER_BOXES = (
    ((0.0, 0.0071, 0.0450), (0.0175, 0.0142, 0.0177)),  # pad
    ((0.0, 0.0147, 0.0180), (0.0210, 0.0236, 0.0360)),  # body
)

# pybullet_data's iiwa has the lengths of an LBR iiwa 14 R820 and limits of its own (10 rad/s and
# 300 N m everywhere). These are the data sheet's: rad/s, N m.
KUKA_JOINTS = tuple(f"lbr_iiwa_joint_{number}" for number in range(1, 8))
KUKA_VELOCITIES = (1.484, 1.484, 1.745, 1.309, 2.269, 2.356, 2.356)
KUKA_EFFORTS = (320.0, 320.0, 176.0, 176.0, 110.0, 40.0, 40.0)
# Its gripper, of boxes; metres and kilograms. The flange is the end of link 7.
FLANGE_M = 0.045
HAND_SIZE, HAND_MASS = (0.066, 0.130, 0.080), 0.6
FINGER_SIZE, FINGER_MASS = (0.022, 0.014, 0.056), 0.05
FINGER_STROKE_M = 0.04
TIP_BELOW_TOOL_M = 0.008
# Its suction cup: a bellows of 30 mm, whose lip gives way by some millimetres.
CUP_HAND_SIZE, CUP_HAND_MASS = (0.060, 0.060, 0.080), 0.4
CUP_RADIUS_M, CUP_LENGTH_M, CUP_SOFT_M, CUP_MASS = 0.015, 0.040, 0.005, 0.03


def panda_description(data: Path, mesh_prefix: str = "") -> str:
    """The Panda's URDF as text: box fingers, meshes named by absolute paths.

    Args:
        data: folder of pybullet_data.
        mesh_prefix: put before each path; "file://" makes the URLs that RViz wants.
    """
    urdf = data / "franka_panda" / "panda.urdf"
    root = ET.fromstring(urdf.read_text(encoding="utf-8"))
    folder = f"{mesh_prefix}{urdf.parent}/"
    for mesh in root.iter("mesh"):
        mesh.set("filename", mesh.get("filename", "").replace("package://", folder))
    for link in root.iter("link"):
        side = PANDA_FINGERS.get(link.get("name", ""))
        if side is None:
            continue
        for collision in link.findall("collision"):
            link.remove(collision)
        for (x, y, z), size in PANDA_FINGER_BOXES:
            add_box(link, "collision", (x, side * y, z), size)
    return ET.tostring(root, encoding="unicode")


def kuka_description(data: Path, mesh_prefix: str = "") -> str:
    """The KUKA LBR iiwa's URDF as text, with a parallel gripper of boxes; see `panda_description`."""
    root = _kuka(data, mesh_prefix)
    _add_gripper(root, "lbr_iiwa_link_7", FLANGE_M)
    return ET.tostring(root, encoding="unicode")


def _kuka(data: Path, mesh_prefix: str) -> ET.Element:
    """The arm alone."""
    urdf = data / "kuka_iiwa" / "model.urdf"
    root = ET.fromstring(urdf.read_text(encoding="utf-8"))
    for mesh in root.iter("mesh"):
        mesh.set("filename", f"{mesh_prefix}{urdf.parent}/{mesh.get('filename', '')}")
    limits = dict(zip(KUKA_JOINTS, zip(KUKA_VELOCITIES, KUKA_EFFORTS, strict=True), strict=True))
    for joint in root.iter("joint"):
        limit = joint.find("limit")
        if joint.get("name") in limits and limit is not None:
            velocity, effort = limits[joint.get("name", "")]
            limit.set("velocity", str(velocity))
            limit.set("effort", str(effort))
    return root


def kuka_suction_description(data: Path, mesh_prefix: str = "") -> str:
    """The same arm with a suction cup below a small hand; see `panda_description`."""
    root = _kuka(data, mesh_prefix)
    height, cup_m = CUP_HAND_SIZE[2], CUP_LENGTH_M - CUP_SOFT_M
    hand = add_link(root, "suction_hand", (0.0, 0.0, height / 2), CUP_HAND_SIZE, CUP_HAND_MASS)
    add_joint(root, "suction_hand_joint", "fixed", "lbr_iiwa_link_7", hand, (0.0, 0.0, FLANGE_M))
    # As solid as it is where the lip has given way.
    wide = 2.0 * CUP_RADIUS_M
    cup = add_link(root, "suction_cup", (0.0, 0.0, cup_m / 2), (wide, wide, cup_m), CUP_MASS)
    add_joint(root, "suction_cup_joint", "fixed", hand, cup, (0.0, 0.0, height))
    add_frame(root, "suction_tool")
    at = (0.0, 0.0, height + CUP_LENGTH_M)
    add_joint(root, "suction_tool_joint", "fixed", hand, "suction_tool", at)
    return ET.tostring(root, encoding="unicode")


def xarm6_description(data: Path, mesh_prefix: str = "") -> str:
    """The UFACTORY xArm 6's URDF as text, with the KUKA's gripper; see `panda_description`."""
    folder = data / "xarm"
    root = ET.fromstring((folder / "xarm6_robot.urdf").read_text(encoding="utf-8"))
    for mesh in root.iter("mesh"):
        inside = mesh.get("filename", "").replace("package://", f"{folder}/")
        mesh.set("filename", f"{mesh_prefix}{inside}")
    for part in list(root):
        # Its root is a link called world, a name that belongs to the cell; the rest is Gazebo's.
        if part.get("name") in ("world", "world_joint") or part.tag in ("transmission", "gazebo"):
            root.remove(part)
    _add_gripper(root, "link6", 0.0)
    return ET.tostring(root, encoding="unicode")


def _add_gripper(root: ET.Element, flange: str, flange_m: float) -> None:
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
