"""The opening of a hand by the kinematics of its description: where its finger tips are at which joint.

Fingers that slide are measured at their joints: their travel is exact. Fingers that turn are measured
at their collision shapes, the pair beside the tool point, with all mimic joints followed.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import coal
import numpy as np
import pinocchio as pin
from numpy.typing import NDArray

from simreal_common.errors import ConfigurationError
from simreal_common.untrusted_text import shortened
from simreal_control.planning.finger_mapping import FingerMapping, Follower
from simreal_control.planning.link_meshes import make_convex
from simreal_control.planning.robot_description import check_description, read_model

Array = NDArray[np.float64]

SAMPLES = 33  # positions of a turning finger; between them openings are linear within 0.1 mm
# So much less than it is told a hand may open: pads and sizes are measured by hand.
OPENING_TOLERANCE_M = 0.004
MOST_CLOSED_M = 0.010  # tips that come no nearer than this to each other do not close
TABLE = (
    "wanted 'gripper.table', pairs of position and opening such as [0.0, 0.085, 0.8, 0.0] for a "
    "hand that is open at 0"
)


def finger_mapping(
    urdf: str,
    names: Sequence[str],
    tool_frame: str,
    max_opening_m: float,
    table: Sequence[float] = (),
) -> FingerMapping:
    """The mapping of a hand, checked.

    Args:
        urdf: text of the description; meshes by absolute path.
        names: of the finger joints; may be empty.
        tool_frame: between the finger tips; fingers close along its y.
        max_opening_m: that the hand is said to open to.
        table: pairs of position and opening; empty for what the description says.

    Raises:
        ConfigurationError: a joint that the description lacks, with no table; fingers that do not
            close, do not open so far, or do not move along y; openings that are not reached.
    """
    model = read_model(urdf)
    absent = [name for name in names if not model.existJointName(name)]
    if table:
        made = FingerMapping.from_table(
            names, table, () if absent else followers_of(urdf, model, names)
        )
        if not made.openings.min() <= MOST_CLOSED_M or (
            made.openings.max() < max_opening_m - OPENING_TOLERANCE_M
        ):
            raise ConfigurationError(
                f"parameter 'gripper.table': got openings from {made.openings.min():g} to "
                f"{made.openings.max():g} m, wanted them from 0 to gripper.max_opening, "
                f"{max_opening_m:g} m"
            )
        return made
    if absent:
        moving = ", ".join(list(model.names)[1:])
        raise ConfigurationError(
            f"gripper.joints: the robot description has no joint {', '.join(absent)}; wanted some "
            f"of {moving}; for a gripper that it does not describe {TABLE}"
        )
    if not names:
        return FingerMapping.sliding(names)
    followers = followers_of(urdf, model, names)
    lower, upper = _range(model, names, followers)
    slides = all(_slides(model, f.name) for f in followers)
    positions = np.linspace(lower, upper, 2 if slides else SAMPLES)
    moved = [f.name for f in followers]
    if slides:
        gaps = np.array([_joint_gap(model, followers, tool_frame, q) for q in positions])
    else:
        gaps = _shape_gaps(urdf, model, followers, tool_frame, positions)
    return _checked(tuple(names), positions, gaps, followers, max_opening_m, moved, slides)


def followers_of(urdf: str, model: pin.Model, names: Sequence[str]) -> tuple[Follower, ...]:
    """The joints that move with a hand's: those that are named, and mimics of them.

    Raises:
        ConfigurationError: mimics that follow each other round, or one that does not move.
    """
    mimics: dict[str, tuple[str, float, float]] = {}
    for joint in check_description(urdf).iter("joint"):
        mimic = joint.find("mimic")
        if mimic is not None:
            factor = float(mimic.get("multiplier", "1"))
            offset = float(mimic.get("offset", "0"))
            mimics[joint.get("name", "")] = (mimic.get("joint", ""), factor, offset)

    def root(name: str) -> tuple[str, float, float]:
        factor, offset = 1.0, 0.0
        for _ in range(len(mimics) + 1):
            if name not in mimics:
                return name, factor, offset
            name, times, plus = mimics[name]
            factor, offset = factor * times, factor * plus + offset
        raise ConfigurationError(
            f"robot description: joint '{shortened(name)}' is a mimic of itself; wanted one that "
            "is driven"
        )

    roots = {root(name)[0] for name in names}
    moving = [name for name in list(model.names)[1:] if root(name)[0] in roots]
    found = tuple(Follower(name, *root(name)[1:]) for name in moving)
    still = [f.name for f in found if f.factor == 0.0 and f.name in names]
    if still:
        raise ConfigurationError(
            f"gripper.joints: {', '.join(still)} is a mimic with multiplier 0, which never moves"
        )
    return tuple(f for f in found if f.factor != 0.0)


def _range(
    model: pin.Model, names: Sequence[str], followers: Sequence[Follower]
) -> tuple[float, float]:
    """Of the driven joint, by the limits of those that are not mimics."""
    driven = [f.name for f in followers if (f.factor, f.offset) == (1.0, 0.0)]
    chosen = driven or list(names)
    lower = max(float(model.lowerPositionLimit[_index(model, name)]) for name in chosen)
    upper = min(float(model.upperPositionLimit[_index(model, name)]) for name in chosen)
    if not lower < upper or upper - lower > 2.0 * np.pi:
        raise ConfigurationError(
            f"gripper.joints: {', '.join(chosen)} has limits from {lower:g} to {upper:g} in the "
            f"robot description, wanted where the hand is open and where closed; or {TABLE}"
        )
    return lower, upper


def _checked(
    names: tuple[str, ...],
    positions: Array,
    gaps: Array,
    followers: tuple[Follower, ...],
    max_opening_m: float,
    moved: Sequence[str],
    slides: bool,
) -> FingerMapping:
    """The mapping with its zero where the hand is closed."""
    closed = int(np.argmin(gaps))
    if not slides:
        positions, gaps = _until_they_meet(positions, gaps)
        closed = int(np.argmin(gaps))
        if gaps[closed] > MOST_CLOSED_M:
            raise ConfigurationError(
                f"gripper.joints: by the robot description the finger tips are never nearer than "
                f"{1000 * gaps[closed]:.0f} mm to each other (with {names[0]} at "
                f"{positions[closed]:g}), and {1000 * gaps.max():.0f} mm apart at "
                f"{positions[int(np.argmax(gaps))]:g}: the hand would not close, or it moves the "
                f"other way; {TABLE}"
            )
    travel = float(gaps.max() - gaps[closed])
    if travel < max_opening_m - OPENING_TOLERANCE_M:
        raise ConfigurationError(
            f"gripper.max_opening: got {max_opening_m:g} m, but by the robot description "
            f"{', '.join(moved)} open the finger tips by {travel:.4f} m along y of the tool frame; "
            f"wanted no more, all finger joints in gripper.joints, and a tool frame whose y is the "
            f"closing direction; or {TABLE}"
        )
    return FingerMapping(names, positions, gaps - gaps[closed], followers)


def _until_they_meet(positions: Array, gaps: Array) -> tuple[Array, Array]:
    """Without what lies beyond: turning fingers may go on once the pads have met."""
    if gaps[0] < gaps[-1]:
        turned, found = _until_they_meet(-positions[::-1], gaps[::-1])
        return -turned[::-1], found[::-1]
    beyond = np.flatnonzero(gaps <= 0.0)
    if not beyond.size or beyond[0] == 0:
        return positions, gaps
    first = int(beyond[0])
    share = gaps[first - 1] / (gaps[first - 1] - gaps[first])
    met = positions[first - 1] + share * (positions[first] - positions[first - 1])
    return np.append(positions[:first], met), np.append(gaps[:first], 0.0)


def _index(model: pin.Model, name: str) -> int:
    return int(model.joints[model.getJointId(name)].idx_q)


def _slides(model: pin.Model, name: str) -> bool:
    return "JointModelP" in model.joints[model.getJointId(name)].shortname()


def _configuration(model: pin.Model, followers: Sequence[Follower], driven: float) -> Array:
    joints: Array = pin.neutral(model)
    for follower in followers:
        joints[_index(model, follower.name)] = follower.factor * driven + follower.offset
    return joints


def _joint_gap(
    model: pin.Model, followers: Sequence[Follower], tool_frame: str, driven: float
) -> float:
    """Between the fingers that are farthest to each side, or one of them and the tool point."""
    data = model.createData()
    pin.framesForwardKinematics(model, data, _configuration(model, followers, driven))
    to_tool = data.oMf[model.getFrameId(tool_frame)].inverse()
    places = [
        float((to_tool * data.oMi[model.getJointId(f.name)]).translation[1]) for f in followers
    ]
    if len(places) == 1:
        places.append(0.0)
    return max(places) - min(places)


def _shape_gaps(
    urdf: str,
    model: pin.Model,
    followers: Sequence[Follower],
    tool_frame: str,
    positions: Array,
) -> Array:
    """Distances of the two finger shapes beside the tool point, below 0 where they overlap."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pinocchio's about how folders are passed
        shapes = pin.buildGeomFromUrdfString(model, urdf, pin.GeometryType.COLLISION)
    ids = {model.getJointId(f.name) for f in followers}
    fingers = []
    for shape in shapes.geometryObjects:
        if ids & set(model.supports[shape.parentJoint]):
            make_convex(shape)
            fingers.append(shape)
    data = model.createData()

    def at(driven: float) -> pin.SE3:
        pin.framesForwardKinematics(model, data, _configuration(model, followers, driven))
        return data.oMf[model.getFrameId(tool_frame)]

    def placed(shape: pin.GeometryObject) -> coal.Transform3s:
        pose = data.oMi[shape.parentJoint] * shape.placement
        return coal.Transform3s(pose.rotation, pose.translation)

    tool = at(float(positions.mean()))
    point = coal.Transform3s(tool.rotation, tool.translation)
    sides: dict[bool, list[tuple[float, pin.GeometryObject]]] = {True: [], False: []}
    for shape in fingers:
        result = coal.DistanceResult()
        away = coal.distance(
            coal.Sphere(1e-4), point, shape.geometry, placed(shape), coal.DistanceRequest(), result
        )
        nearest = tool.inverse() * np.array(result.getNearestPoint2())
        sides[bool(nearest[1] > 0.0)].append((float(away), shape))
    if not (sides[True] and sides[False]):
        raise ConfigurationError(
            "gripper.joints: the robot description has no collision shapes on both sides of "
            f"{tool_frame} that {', '.join(f.name for f in followers)} move; {TABLE}"
        )
    left, right = (min(sides[side], key=lambda pair: pair[0])[1] for side in (True, False))
    gaps = []
    for driven in positions:
        at(float(driven))
        gaps.append(
            coal.distance(
                left.geometry, placed(left), right.geometry, placed(right),
                coal.DistanceRequest(), coal.DistanceResult(),
            )
        )  # fmt: skip
    return np.array(gaps, dtype=np.float64)
