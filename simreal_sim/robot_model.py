"""The simulated robot's URDF: pybullet_data's Panda with fingers that grip as real ones do.

The URDF's finger is one convex mesh whose rounded tip gives contact normals that point into the
gripper; a block held there wedges the hand, which then does not open. The real pad is flat. Two
boxes a finger, pad and body, have the mesh's extent and a flat pad.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

# Link, and the sign of y on which its finger lies in the finger's own frame.
FINGERS = {"panda_leftfinger": 1.0, "panda_rightfinger": -1.0}
# Centre and size of each box, metres, for the left finger; read off the mesh's vertices.
FINGER_BOXES = (
    ((0.0, 0.0071, 0.0450), (0.0175, 0.0142, 0.0177)),  # pad
    ((0.0, 0.0147, 0.0180), (0.0210, 0.0236, 0.0360)),  # body
)


def panda_description(urdf: Path, mesh_prefix: str = "") -> str:
    """The Panda's URDF as text: box fingers, meshes named by absolute paths.

    Args:
        urdf: franka_panda/panda.urdf of pybullet_data.
        mesh_prefix: put before each path; "file://" makes the URLs that RViz wants.
    """
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
            collision = ET.SubElement(link, "collision")
            ET.SubElement(collision, "origin", rpy="0 0 0", xyz=f"{x} {side * y} {z}")
            geometry = ET.SubElement(collision, "geometry")
            ET.SubElement(geometry, "box", size=" ".join(map(str, size)))
    return ET.tostring(root, encoding="unicode")
