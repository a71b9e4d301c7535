"""How far many points are from the arm's links at once: a bounding polytope (k-DOP) for each shape.

Exact distances to thousands of points would take seconds. Of a polytope with faces in fifty
directions (Klosowski et al. 1998) a matrix product tells for all points together how far they are
from it; a point is never nearer to the link than that says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import coal
import numpy as np
import pinocchio as pin
from numpy.typing import NDArray

from simreal_common.errors import ConfigurationError
from simreal_common.settings.obstacles import Obstacle
from simreal_control.planning.robot_geometry import read_geometry

Array = NDArray[np.float64]

SPREAD_DIRECTIONS = 44  # beside the axes; a face every 30 degrees


@dataclass(frozen=True, eq=False)
class _Hull:
    """A shape on a joint: no point of it is farther than `reach` along each direction.

    Args:
        joint: number of the joint that it rides on; 0: the base.
        rotation, position: of its frame in that of the joint.
        reach: metres, shape (k,).
        middle, half: of a box around it, in its frame, metres, shape (3,).
    """

    joint: int
    rotation: Array
    position: Array
    reach: Array
    middle: Array
    half: Array

    @property
    def radius(self) -> float:
        """Of a ball around it, metres."""
        return float(np.linalg.norm(self.half))


class LinkHulls:
    """The shapes of a robot's links, and where they are.

    Args:
        urdf: text of the robot description; meshes by absolute path or file:// URL.
        arm_joints: joints that move, base first.
        tool_frame: link that carries what is held.
        hands: positions of the other joints (fingers), one after the other: links that lie elsewhere
            then count in all of these places.

    Raises:
        ConfigurationError: a mesh is not there, or the description has no collision shapes.
    """

    def __init__(
        self,
        urdf: str,
        arm_joints: Sequence[str],
        tool_frame: str,
        hands: Sequence[Mapping[str, float]] = ({},),
    ) -> None:
        hulls: list[_Hull] = []
        for fixed in hands:
            self._model, geometry = read_geometry(urdf, arm_joints, fixed)
            for shape in geometry.geometryObjects:
                hull = _hull(shape)
                if not any(_same(hull, other) for other in hulls):
                    hulls.append(hull)
        self._hulls = hulls
        self._data = self._model.createData()
        frame = self._model.frames[self._model.getFrameId(tool_frame)]
        self._tool = (frame.parentJoint, frame.placement)

    def distances(
        self,
        points: Array,
        joints: Array,
        within_m: float,
        held: Obstacle | None = None,
        base: bool = True,
    ) -> Array:
        """From points to what is nearest of the arm: at most the true distance; negative inside.

        Args:
            points: in the base frame, metres, shape (n, 3).
            joints: radians.
            within_m: distances beyond this are told as infinite.
            held: what is in the hand, in the tool frame; a part of the arm.
            base: whether the link that does not move counts.

        Returns:
            Metres, shape (n,).
        """
        nearest = np.full(len(points), np.inf)
        if not len(points):
            return nearest
        pin.forwardKinematics(self._model, self._data, np.asarray(joints, dtype=np.float64))
        hulls = self._hulls if held is None else [*self._hulls, self._box(held)]
        for hull in hulls:
            if hull.joint == 0 and not base:
                continue
            placement = self._data.oMi[hull.joint]
            rotation = placement.rotation @ hull.rotation
            position = placement.rotation @ hull.position + placement.translation
            away = points - (rotation @ hull.middle + position)
            near = np.flatnonzero(np.einsum("ij,ij->i", away, away) < (hull.radius + within_m) ** 2)
            local = away[near] @ rotation
            inside = (np.abs(local) < hull.half + within_m).all(axis=1)
            if not inside.any():
                continue
            near, local = near[inside], local[inside] + hull.middle
            beyond = (DIRECTIONS @ local.T - hull.reach[:, None]).max(axis=0)
            nearest[near] = np.minimum(nearest[near], beyond)
        return np.where(nearest <= within_m, nearest, np.inf)

    def tool(self, joints: Array) -> tuple[Array, Array]:
        """Rotation (3, 3) and position (3,) of the tool frame in the base, metres."""
        pin.forwardKinematics(self._model, self._data, np.asarray(joints, dtype=np.float64))
        joint, placement = self._tool
        pose = self._data.oMi[joint] * placement
        return pose.rotation.copy(), pose.translation.copy()

    def _box(self, held: Obstacle) -> _Hull:
        joint, placement = self._tool
        pose = placement * pin.SE3(held.pose.rotation, held.pose.position)
        half = held.size / 2
        reach = np.abs(DIRECTIONS) @ half
        return _Hull(joint, pose.rotation, pose.translation, reach, np.zeros(3), half)


def _spread(count: int) -> Array:
    """Axes, and directions spread evenly over the sphere (Fibonacci), length 1, shape (k, 3)."""
    number = np.arange(count) + 0.5
    height = 1 - 2 * number / count
    turn = np.pi * (1 + np.sqrt(5)) * number
    flat = np.sqrt(1 - height**2)
    around = np.stack([flat * np.cos(turn), flat * np.sin(turn), height], axis=1)
    return np.concatenate([np.eye(3), -np.eye(3), around])


DIRECTIONS = _spread(SPREAD_DIRECTIONS)


def _hull(shape: pin.GeometryObject) -> _Hull:
    reach = _reach(shape)
    upper, lower = reach[:3], -reach[3:6]
    return _Hull(
        int(shape.parentJoint),
        shape.placement.rotation.copy(),
        shape.placement.translation.copy(),
        reach,
        (upper + lower) / 2,
        (upper - lower) / 2,
    )


def _reach(shape: pin.GeometryObject) -> Array:
    """How far a shape reaches along each direction in its frame, metres, shape (k,)."""
    form = shape.geometry
    along = np.abs(DIRECTIONS[:, 2])
    if isinstance(form, coal.Box):
        return np.asarray(np.abs(DIRECTIONS) @ np.array(form.halfSide))
    if isinstance(form, coal.Sphere):
        return np.full(len(DIRECTIONS), float(form.radius))
    if isinstance(form, coal.Capsule):
        return np.asarray(form.radius + form.halfLength * along)
    if isinstance(form, coal.Cylinder):
        across = np.linalg.norm(DIRECTIONS[:, :2], axis=1)
        return np.asarray(form.radius * across + form.halfLength * along)
    if isinstance(form, coal.ConvexBase):
        return np.asarray((DIRECTIONS @ np.array(form.points()).T).max(axis=1))
    raise ConfigurationError(
        f"collision shape '{shape.name}' of the robot description is a {type(form).__name__}; "
        "wanted a mesh, box, cylinder, sphere or capsule"
    )


def _same(one: _Hull, other: _Hull) -> bool:
    return (
        one.joint == other.joint
        and np.allclose(one.position, other.position, atol=1e-6)
        and np.allclose(one.rotation, other.rotation, atol=1e-6)
        and np.allclose(one.reach, other.reach, atol=1e-6)
    )
