"""Links and joints as elements of a URDF, for robots that are described here."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Sequence


def add_link(
    root: ET.Element, name: str, centre: Sequence[float], size: Sequence[float], mass: float
) -> str:
    """A box with its mass, seen and solid."""
    link = ET.SubElement(root, "link", name=name)
    inertial = ET.SubElement(link, "inertial")
    ET.SubElement(inertial, "origin", rpy="0 0 0", xyz=numbers(centre))
    ET.SubElement(inertial, "mass", value=str(mass))
    x, y, z = (length**2 * mass / 12 for length in size)
    ET.SubElement(
        inertial, "inertia", ixx=str(y + z), iyy=str(x + z), izz=str(x + y),
        ixy="0", ixz="0", iyz="0",
    )  # fmt: skip
    add_box(link, "visual", centre, size)
    add_box(link, "collision", centre, size)
    return name


def add_box(link: ET.Element, kind: str, centre: Sequence[float], size: Sequence[float]) -> None:
    """A box, as visual or collision."""
    element = ET.SubElement(link, kind)
    ET.SubElement(element, "origin", rpy="0 0 0", xyz=numbers(centre))
    ET.SubElement(ET.SubElement(element, "geometry"), "box", size=numbers(size))


def add_cylinder(
    link: ET.Element,
    kind: str,
    centre: Sequence[float],
    rpy: Sequence[float],
    radius: float,
    length: float,
) -> None:
    """A cylinder, along z unless `rpy` turns it, as visual or collision."""
    element = ET.SubElement(link, kind)
    ET.SubElement(element, "origin", rpy=numbers(rpy), xyz=numbers(centre))
    shape = ET.SubElement(element, "geometry")
    ET.SubElement(shape, "cylinder", radius=str(radius), length=str(length))


def add_frame(root: ET.Element, name: str) -> str:
    """A link that is a frame alone; without <inertial> Bullet would give it a kilogram."""
    inertial = ET.SubElement(ET.SubElement(root, "link", name=name), "inertial")
    ET.SubElement(inertial, "mass", value="0")
    ET.SubElement(inertial, "inertia", ixx="0", iyy="0", izz="0", ixy="0", ixz="0", iyz="0")
    return name


def add_joint(
    root: ET.Element,
    name: str,
    kind: str,
    parent: str,
    child: str,
    origin: Sequence[float],
    rpy: Sequence[float] = (0, 0, 0),
) -> ET.Element:
    """A joint; one that moves wants an axis and a limit from its caller."""
    joint = ET.SubElement(root, "joint", name=name, type=kind)
    ET.SubElement(joint, "parent", link=parent)
    ET.SubElement(joint, "child", link=child)
    ET.SubElement(joint, "origin", rpy=numbers(rpy), xyz=numbers(origin))
    return joint


def numbers(values: Sequence[float]) -> str:
    """As an attribute has them."""
    return " ".join(map(str, values))
