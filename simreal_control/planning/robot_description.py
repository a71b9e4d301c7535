"""The text of a robot description, checked before anything computes with it.

A URDF comes from another program or a file of somebody else. Numbers that no robot has (masses of
NaN, limits the wrong way round) would make motions of NaN, or switch the torque check off.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pinocchio as pin

from simreal_common.errors import ConfigurationError, MessageError
from simreal_common.resources import named_path
from simreal_common.untrusted_text import Limits, read_text, reason_of, shortened

LARGEST_BYTES = 10_000_000
FILE_LIMITS = Limits(size=LARGEST_BYTES)
DEEPEST = 100  # elements in each other
LONGEST_CHAIN = 500  # joints from the root to a link
LARGEST = 1e9  # of any number, in SI units; far beyond every robot, and squares of it stay finite
SHORTEST_AXIS = 1e-6
NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?", re.ASCII)

# How many numbers an attribute holds; no other attribute is a number that matters here.
NUMBERS: dict[tuple[str, str], int] = {
    **{("origin", name): 3 for name in ("xyz", "rpy")},
    ("axis", "xyz"): 3,
    ("mass", "value"): 1,
    **{("inertia", name): 1 for name in ("ixx", "ixy", "ixz", "iyy", "iyz", "izz")},
    **{("limit", name): 1 for name in ("lower", "upper", "effort", "velocity")},
    **{
        ("safety_controller", name): 1
        for name in ("soft_lower_limit", "soft_upper_limit", "k_position", "k_velocity")
    },
    **{("mimic", name): 1 for name in ("multiplier", "offset")},
    **{("dynamics", name): 1 for name in ("damping", "friction")},
    ("box", "size"): 3,
    **{("cylinder", name): 1 for name in ("radius", "length")},
    ("sphere", "radius"): 1,
    ("mesh", "scale"): 3,
}
NEVER_NEGATIVE = {
    ("mass", "value"), ("inertia", "ixx"), ("inertia", "iyy"), ("inertia", "izz"),
    ("limit", "effort"), ("limit", "velocity"),
    ("box", "size"), ("cylinder", "radius"), ("cylinder", "length"), ("sphere", "radius"),
}  # fmt: skip
# Continuous joints are planned as far as 1.5 turns to each side: more would only wind up cables.
CONTINUOUS_RAD = 3.0 * math.pi
XACRO = "xacro"  # in the namespace of its elements
LIMITED = ("revolute", "prismatic")
MOVING = (*LIMITED, "continuous", "planar")


def read_description(path: str) -> str:
    """Text of the file of a robot description.

    Raises:
        ConfigurationError: it cannot be read, or is a xacro file.
    """
    try:
        text = read_text(named_path("urdf", path), FILE_LIMITS)
    except MessageError as error:
        reason = reason_of(error, Path(path))
        raise ConfigurationError(
            f"parameter 'urdf': {path} cannot be read ({reason}); wanted a URDF file, or '' for "
            "topic robot_description"
        ) from error
    if f"<{XACRO}:" in text:
        raise ConfigurationError(
            f"parameter 'urdf': {path} is a xacro file, not yet a URDF; wanted what it makes: "
            f"xacro {path} > robot.urdf"
        )
    return text


def read_model(urdf: str) -> pin.Model:
    """The model of a robot, all its joints movable, mimic joints too.

    Continuous joints are revolute ones there, within `CONTINUOUS_RAD`.

    Raises:
        ConfigurationError: no URDF, or one whose numbers no robot has; names link or joint.
    """
    root = check_description(urdf)
    continuous = [joint for joint in root.iter("joint") if joint.get("type") == "continuous"]
    for joint in continuous:
        joint.set("type", "revolute")
        limit = joint.find("limit")
        if limit is None:
            limit = ElementTree.SubElement(joint, "limit", effort="0", velocity="0")
        limit.set("lower", str(-CONTINUOUS_RAD))
        limit.set("upper", str(CONTINUOUS_RAD))
    try:
        return pin.buildModelFromXML(
            ElementTree.tostring(root, encoding="unicode") if continuous else urdf
        )
    except (ValueError, RuntimeError) as error:
        raise ConfigurationError(
            f"the robot description is not a URDF that can be read ({shortened(str(error), 300)}); "
            "wanted the text of a URDF file"
        ) from error


def continuous_joints(urdf: str) -> frozenset[str]:
    """Names of the joints that turn without end.

    Raises:
        ConfigurationError: see `check_description`.
    """
    joints = check_description(urdf).iter("joint")
    return frozenset(joint.get("name", "") for joint in joints if joint.get("type") == "continuous")


def check_description(urdf: str) -> ElementTree.Element:
    """The root of a robot description whose numbers can be computed with.

    Raises:
        ConfigurationError: not XML, with a DOCTYPE, beyond the limits, a number that no robot has,
            or links that are no tree; names link or joint.
    """
    root = _parsed(urdf)
    for part in root:
        if part.tag not in ("link", "joint"):
            continue
        name = f"{part.tag} '{shortened(part.get('name', ''))}'"
        for element in part.iter():
            for attribute in element.attrib:
                _check_numbers(name, element, attribute)
        if part.tag == "joint":
            _check_joint(name, part)
    _check_tree(root)
    return root


def _parsed(urdf: str) -> ElementTree.Element:
    if len(urdf) > LARGEST_BYTES:
        raise ConfigurationError(
            f"the robot description has {len(urdf)} characters, wanted at most {LARGEST_BYTES}"
        )
    parser = ElementTree.XMLParser(target=_Builder())
    try:
        parser.feed(urdf)
        root: ElementTree.Element = parser.close()
    except (ElementTree.ParseError, ValueError) as error:
        if f"<{XACRO}:" in urdf:  # its namespace is not declared
            raise _xacro_given(f"<{XACRO}:...>") from error
        raise ConfigurationError(
            "the robot description is not a URDF that can be read (not XML: "
            f"{shortened(str(error))}); wanted the text of a URDF file"
        ) from error
    if root.tag != "robot":
        raise ConfigurationError(
            f"the robot description is not a URDF: got <{shortened(root.tag)}>, wanted <robot>"
        )
    return root


class _Builder(ElementTree.TreeBuilder):
    """Builds the tree; refuses entities before they are expanded, and trees that are too deep."""

    def __init__(self) -> None:
        super().__init__()
        self._depth = 0

    def doctype(self, name: str, pubid: str | None, system: str | None) -> None:
        raise ConfigurationError(
            "the robot description has a DOCTYPE, which a URDF needs not: remove it"
        )

    def start(self, tag: str, attrs: dict[str, str]) -> ElementTree.Element:  # type: ignore[override]
        if XACRO in tag.partition("}")[0]:
            raise _xacro_given(f"<{XACRO}:{shortened(_local(tag))}>")
        self._depth += 1
        if self._depth > DEEPEST:
            raise ConfigurationError(
                f"the robot description has elements nested deeper than {DEEPEST}"
            )
        return super().start(_local(tag), attrs)

    def end(self, tag: str) -> ElementTree.Element:
        self._depth -= 1
        return super().end(_local(tag))


def _xacro_given(what: str) -> ConfigurationError:
    return ConfigurationError(
        f"the robot description is a xacro file ({what}), not yet a URDF; wanted what it makes: "
        "xacro FILE.urdf.xacro > robot.urdf"
    )


def _local(tag: str) -> str:
    """The name without its namespace, which parsers of URDF do not look at."""
    return tag.rpartition("}")[2]


def _check_tree(root: ElementTree.Element) -> None:
    """Refuse what parsers of URDF follow round and round: they recurse, and crash."""
    parents: dict[str, str] = {}
    for joint in root.findall("joint"):
        name = f"joint '{shortened(joint.get('name', ''))}'"
        ends = [joint.find(end) for end in ("parent", "child")]
        parent, child = ("" if end is None else end.get("link", "") for end in ends)
        if child in parents:
            raise ConfigurationError(
                f"robot description, {name}: got link '{shortened(child)}' as its child, which another "
                "joint has too; wanted a tree"
            )
        parents[child] = parent
    depths: dict[str, int] = {}
    for link in parents:
        way = []
        while link in parents and link not in depths:
            depths[link] = LONGEST_CHAIN + 1  # until it is known; met again on this way: a ring
            way.append(link)
            link = parents[link]
        for depth, below in enumerate(reversed(way), depths.get(link, 0) + 1):
            depths[below] = depth
        if way and depths[way[0]] > LONGEST_CHAIN:
            raise ConfigurationError(
                f"robot description: link '{shortened(way[0])}' hangs on a ring of joints, or on more "
                f"than {LONGEST_CHAIN}; wanted a tree"
            )


def _check_numbers(part: str, element: ElementTree.Element, attribute: str) -> None:
    key = (element.tag, attribute)
    if key not in NUMBERS:
        return
    text = element.get(attribute, "")
    values = list(_numbers(text))
    if len(values) != NUMBERS[key] or not all(abs(value) <= LARGEST for value in values):
        count = "a number" if NUMBERS[key] == 1 else f"{NUMBERS[key]} numbers"
        wanted = f"{count}, finite and at most {LARGEST:g}"
    elif key in NEVER_NEGATIVE and min(values) < 0.0:
        wanted = "0 or more"
    else:
        return
    raise ConfigurationError(
        f'robot description, {part}: got {element.tag} {attribute}="{shortened(text)}", wanted '
        f"{wanted}"
    )


def _numbers(text: str) -> Iterator[float]:
    """As XML writes them; what is none is NaN."""
    for word in text.split():
        yield float(word) if NUMBER.fullmatch(word) else math.nan


def _check_joint(name: str, joint: ElementTree.Element) -> None:
    kind = joint.get("type", "")
    axis, limit = joint.find("axis"), joint.find("limit")
    if (
        kind in MOVING
        and axis is not None
        and math.hypot(*_numbers(axis.get("xyz", "1 0 0"))) < SHORTEST_AXIS
    ):
        raise ConfigurationError(
            f'robot description, {name}: got axis xyz="{shortened(axis.get("xyz", ""))}", wanted '
            "a direction"
        )
    if kind in LIMITED and limit is not None:
        lower, upper = float(limit.get("lower", "0")), float(limit.get("upper", "0"))
        if lower > upper:
            raise ConfigurationError(
                f"robot description, {name}: got limits from {lower:g} to {upper:g}, wanted the "
                "lower one first"
            )
