"""Collision meshes of a robot description: where each lies, and what stands for those that are missing.

Descriptions name meshes by package. On a machine where that package is not installed a robot can
still be run, by choice: with simple shapes in place of the meshes, or without the links.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from xml.etree import ElementTree

import coal
import numpy as np
import pinocchio as pin
from numpy.typing import NDArray

from simreal_common.errors import ConfigurationError
from simreal_common.resources import named_path
from simreal_common.untrusted_text import PATH_SHOWN, shortened
from simreal_control.planning.robot_description import check_description

Array = NDArray[np.float64]

SCHEMES = ("package://", "model://")
FILE = "file://"
SHORTEST_M = 1e-3  # of a cylinder; what is shorter is a point
MOST_NAMED = 3


class MissingMeshes(Enum):
    """What is done about meshes that are not there."""

    REFUSE = "refuse"
    SIMPLIFY = "simplify"
    LEAVE_OUT = "leave_out"


@dataclass(frozen=True)
class FoundMeshes:
    """A description whose meshes are all there.

    Args:
        urdf: its text; collision meshes by absolute path.
        missing: (link, mesh as the description names it) of those that are replaced or left out.
        remark: what was done about them, in words; empty where none is missing.
    """

    urdf: str
    missing: tuple[tuple[str, str], ...] = ()
    remark: str = ""


def find_meshes(
    urdf: str,
    folders: Sequence[str],
    missing: MissingMeshes = MissingMeshes.REFUSE,
    radius_m: float = 0.05,
) -> FoundMeshes:
    """Look for all collision meshes.

    A simplified link is cylinders, from its joint over its centre of mass to each joint that it
    carries. It lies where the link does, but the link's true outline may go beyond it.

    Args:
        urdf: text of the description.
        folders: in which packages lie.
        missing: what is done about those that are not there.
        radius_m: of simplified links.

    Raises:
        ConfigurationError: meshes are missing, which are named, and none may be; or no description.
    """
    root = check_description(urdf)
    carried = _carried(root)
    lacking: list[tuple[str, str]] = []
    for link in root.iter("link"):
        name = link.get("name", "")
        bare = False
        for collision in link.findall("collision"):
            mesh = collision.find("geometry/mesh")
            if mesh is None:
                continue
            there = _file(mesh.get("filename", ""), folders)
            if there is not None:
                mesh.set("filename", str(there))
                continue
            lacking.append((name, mesh.get("filename", "")))
            link.remove(collision)
            bare = True
        if bare and missing is MissingMeshes.SIMPLIFY:
            _simplify(link, carried.get(name, []), radius_m)
    if lacking and missing is MissingMeshes.REFUSE:
        raise ConfigurationError(
            f"{_named(lacking)} not there (looked for in {', '.join(folders) or 'no folder'}); "
            "install that package, name the folder that holds it in parameter 'mesh_folders', or "
            "set parameter 'missing_meshes' to simplify or leave_out"
        )
    if not lacking:
        return FoundMeshes(ElementTree.tostring(root, encoding="unicode"))
    links = ", ".join(shortened(link) for link in dict.fromkeys(link for link, _ in lacking))
    so = (
        f"{links} taken for cylinders of radius {radius_m:g} m between their joints: the true links "
        "may reach beyond, and those that touch at home are taken never to"
        if missing is MissingMeshes.SIMPLIFY
        else f"nothing is known of what {links} could hit"
    )
    text = ElementTree.tostring(root, encoding="unicode")
    return FoundMeshes(text, tuple(lacking), f"{_named(lacking)} not there: {so}")


def make_convex(shape: pin.GeometryObject) -> None:
    """Put its convex hull in the place of a mesh; other shapes stay.

    Raises:
        ConfigurationError: the mesh has no hull: a vertex that is no number, or too few.
    """
    mesh = shape.geometry
    if not isinstance(mesh, coal.BVHModelBase):
        return
    try:
        if not np.isfinite(mesh.vertices()).all():
            raise ValueError("a vertex is not finite")
        mesh.buildConvexHull(True, "Qt")
    except (ValueError, RuntimeError) as error:
        raise ConfigurationError(
            f"collision mesh {shortened(shape.meshPath, PATH_SHOWN)} has no convex hull "
            f"({shortened(str(error).rpartition('message: ')[2])}); wanted a solid"
        ) from error
    shape.geometry = mesh.convex


def _named(lacking: Sequence[tuple[str, str]]) -> str:
    meshes = list(dict.fromkeys(mesh for _, mesh in lacking))
    some = ", ".join(shortened(mesh) for mesh in meshes[:MOST_NAMED])
    more = f" and {len(meshes) - MOST_NAMED} more" if len(meshes) > MOST_NAMED else ""
    return (
        f"collision mesh{'es' if len(meshes) > 1 else ''} {some}{more} of link {lacking[0][0]}"
        + (
            f" and others {'are' if len(meshes) > 1 else 'is'}"
            if len({link for link, _ in lacking}) > 1
            else f" {'are' if len(meshes) > 1 else 'is'}"
        )
    )


def _file(name: str, folders: Sequence[str]) -> Path | None:
    """Where a mesh lies; None where it does not."""
    for scheme in SCHEMES:
        if name.startswith(scheme):
            inside = name.removeprefix(scheme)
            places = [named_path("mesh_folders", folder) / inside for folder in folders]
            break
    else:
        places = [Path(name.removeprefix(FILE))]
    try:
        return next((place.absolute() for place in places if place.is_file()), None)
    except (OSError, ValueError):  # a name that no file has
        return None


def _carried(root: ElementTree.Element) -> dict[str, list[Array]]:
    """Where on each link the joints lie that it carries, metres, shape (3,) each."""
    places: dict[str, list[Array]] = {}
    for joint in root.findall("joint"):
        parent = joint.find("parent")
        if parent is not None:
            places.setdefault(parent.get("link", ""), []).append(_xyz(joint.find("origin")))
    return places


def _simplify(link: ElementTree.Element, ends: Sequence[Array], radius_m: float) -> None:
    origin = np.zeros(3)
    inertial = link.find("inertial/origin")
    middle = _xyz(inertial) if inertial is not None else origin
    for start, end in [(origin, middle), *((middle, end) for end in ends)]:
        length = float(np.linalg.norm(end - start))
        if length < SHORTEST_M:
            continue
        x, y, z = (end - start) / length
        shape = _shape(link, (start + end) / 2, np.array([0.0, np.arccos(z), np.arctan2(y, x)]))
        ElementTree.SubElement(shape, "cylinder", radius=str(radius_m), length=str(length))
    for point in (origin, middle):  # at its far ends begin the links that it carries
        shape = _shape(link, point, np.zeros(3))
        ElementTree.SubElement(shape, "sphere", radius=str(radius_m))


def _shape(link: ElementTree.Element, xyz: Array, rpy: Array) -> ElementTree.Element:
    collision = ElementTree.SubElement(link, "collision")
    text = [" ".join(map(str, values.tolist())) for values in (xyz, rpy)]
    ElementTree.SubElement(collision, "origin", xyz=text[0], rpy=text[1])
    return ElementTree.SubElement(collision, "geometry")


def _xyz(origin: ElementTree.Element | None) -> Array:
    text = "0 0 0" if origin is None else origin.get("xyz", "0 0 0")
    return np.array([float(word) for word in text.split()])
