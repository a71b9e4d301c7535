"""What the arm could hit: its own links, the table, blocks; and the block in its hand.

Shapes of the links come from the robot description (meshes as their convex hulls), obstacles are
boxes. Poses are in the base frame. Distances are coal's (hpp-fcl), exact for convex shapes.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import coal
import numpy as np
import pinocchio as pin
from numpy.typing import NDArray

from simreal_common.errors import KinematicsError
from simreal_common.settings.obstacles import Obstacle
from simreal_control.planning.robot_geometry import read_geometry
from simreal_control.planning.trajectory import JointTrajectory

Array = NDArray[np.float64]

HELD = "the held block"
NEAR_M = 0.005  # what `near` takes for contact
LINK_MARGIN_M = 0.008  # of links before the hand to obstacles: these are seen to some millimetres
OBSTACLE_MARGIN_M = 0.01  # of all that moves to what stands for good: that was measured by hand
SAMPLES = 300  # configurations in which links that always touch each other are found
ALWAYS = 0.95  # share of them from which a pair is taken to be made so


class CollisionWorld:
    """The arm among obstacles.

    Args:
        urdf: text of the robot description; meshes by absolute path or file:// URL.
        arm_joints: joints that move, base first.
        tool_frame: link that carries what is held.
        fixed: positions of other joints (fingers); those not named stay at zero. Names that the
            robot lacks are left out.
        coarse_links: whose shapes are rough; where two links touch at `rest` and one of them is
            rough, that pair is left out for ever.
        rest: configuration in which nothing touches, radians, shape (n,).
        standing: obstacles of every scene.

    Raises:
        ConfigurationError: a mesh is not there, or the description has no collision shapes.
    """

    def __init__(
        self,
        urdf: str,
        arm_joints: Sequence[str],
        tool_frame: str,
        fixed: Mapping[str, float] | None = None,
        coarse_links: Collection[str] = (),
        rest: Array | None = None,
        standing: Sequence[Obstacle] = (),
    ) -> None:
        self._model, self._robot = read_geometry(urdf, arm_joints, fixed)
        self._data = self._model.createData()
        self._tool = self._model.getFrameId(tool_frame)
        self._self_pairs = self._pairs_that_can_collide()
        if coarse_links and rest is not None:
            self._self_pairs = self._true_pairs(coarse_links, rest)
        self._links = range(self._robot.ngeoms)
        self._standing = tuple(standing)
        self.set_scene([])

    def set_scene(
        self,
        obstacles: Sequence[Obstacle],
        held: Obstacle | None = None,
        seen: Sequence[Obstacle] = (),
    ) -> None:
        """Put these obstacles there beside the standing ones, in place of all earlier ones.

        Args:
            held: what is in the hand; its pose is in the tool frame. It may touch the hand.
            seen: what stands there now and is kept away from like the standing ones.
        """
        geometry = self._robot.copy()
        self._names = [str(shape.name) for shape in geometry.geometryObjects]
        pairs = list(self._self_pairs)
        carried = []
        if held is not None:
            frame = self._model.frames[self._tool]
            placement = frame.placement * pin.SE3(held.pose.rotation, held.pose.position)
            carried = [geometry.addGeometryObject(
                pin.GeometryObject("held", frame.parentJoint, self._tool, placement,
                                   coal.Box(*held.size))
            )]  # fmt: skip
            self._names.append(HELD)
            hand = frame.parentJoint
            pairs += [
                (link, carried[0])
                for link in self._links
                if geometry.geometryObjects[link].parentJoint != hand
            ]
        for number, obstacle in enumerate([*obstacles, *seen, *self._standing]):
            placement = pin.SE3(obstacle.pose.rotation, obstacle.pose.position)
            index = geometry.addGeometryObject(
                pin.GeometryObject(f"obstacle_{number}", 0, 0, placement, coal.Box(*obstacle.size))
            )
            self._names.append(obstacle.name)
            # The base stands on what it stands on.
            pairs += [
                (link, index)
                for link in [*self._links, *carried]
                if geometry.geometryObjects[link].parentJoint != 0
            ]
        geometry.removeAllCollisionPairs()
        for first, second in pairs:
            geometry.addCollisionPair(pin.CollisionPair(first, second))
        self._geometry = geometry
        self._geometry_data, self._near_data = geometry.createData(), geometry.createData()
        for request in self._near_data.collisionRequests:
            request.security_margin = NEAR_M
        hand_joint = self._model.frames[self._tool].parentJoint
        first_standing = geometry.ngeoms - len(self._standing) - len(seen)
        for index, pair in enumerate(geometry.collisionPairs):
            if pair.second >= first_standing:
                near_m = OBSTACLE_MARGIN_M + NEAR_M
                self._geometry_data.collisionRequests[index].security_margin = OBSTACLE_MARGIN_M
                self._near_data.collisionRequests[index].security_margin = near_m
            elif (
                pair.second >= self._robot.ngeoms + len(carried)
                and geometry.geometryObjects[pair.first].parentJoint != hand_joint
            ):
                for data in (self._geometry_data, self._near_data):
                    data.collisionRequests[index].security_margin = LINK_MARGIN_M

    def leave(self, joints: Array) -> None:
        """Where the arm is too near to something already, at `joints`, it may be so: to leave."""
        self._compute(joints, self._geometry_data)
        for index, result in enumerate(self._geometry_data.collisionResults):
            if result.isCollision():
                for data in (self._geometry_data, self._near_data):
                    data.collisionRequests[index].security_margin = 0.0

    def touched_by(self, joints: Array, obstacles: Sequence[Obstacle]) -> list[Obstacle]:
        """Which of these obstacles the arm touches at `joints`; leaves them as the scene."""
        self.set_scene(obstacles)
        for request in self._geometry_data.collisionRequests:
            request.security_margin = 0.0
        self._compute(joints, self._geometry_data)
        first = self._robot.ngeoms
        touched = {
            pair.second - first
            for index, pair in enumerate(self._geometry.collisionPairs)
            if pair.second >= first
            and self._geometry_data.collisionResults[index].isCollision()
        }  # fmt: skip
        return [obstacle for number, obstacle in enumerate(obstacles) if number in touched]

    def _compute(self, joints: Array, data: pin.GeometryData) -> None:
        """Results of all pairs."""
        joints = np.asarray(joints, dtype=np.float64)
        pin.computeCollisions(self._model, self._data, self._geometry, data, joints, False)

    def near(self, joints: Array) -> bool:
        """Whether anything comes within the margin of anything: for planning, which is coarse."""
        return bool(
            pin.computeCollisions(
                self._model, self._data, self._geometry, self._near_data,
                np.asarray(joints, dtype=np.float64), True,
            )
        )  # fmt: skip

    def collides(self, joints: Array) -> bool:
        """Whether anything touches anything at `joints`, radians, shape (n,)."""
        return bool(
            pin.computeCollisions(
                self._model, self._data, self._geometry, self._geometry_data,
                np.asarray(joints, dtype=np.float64), True,
            )
        )  # fmt: skip

    def contact(self, joints: Array) -> str | None:
        """What touches what, or comes too near, in words; None where nothing does."""
        if not self.collides(joints):
            return None
        for index, pair in enumerate(self._geometry.collisionPairs):
            if self._geometry_data.collisionResults[index].isCollision():
                return f"{self._names[pair.first]} would touch {self._names[pair.second]}"
        return "something would touch something"

    def check(self, motion: JointTrajectory) -> None:
        """Raise a KinematicsError where a sample of a motion touches something."""
        for time, joints in zip(motion.times, motion.positions, strict=True):
            if self.collides(joints):
                raise KinematicsError(f"after {time:.2f} s {self.contact(joints)}")

    def clearance(self, joints: Array) -> float:
        """Smallest distance of any two that may not touch, metres; infinite without pairs."""
        pin.computeDistances(
            self._model, self._data, self._geometry, self._geometry_data,
            np.asarray(joints, dtype=np.float64),
        )  # fmt: skip
        results = self._geometry_data.distanceResults
        return min((float(result.min_distance) for result in results), default=np.inf)

    def _true_pairs(self, coarse_links: Collection[str], rest: Array) -> list[tuple[int, int]]:
        """The pairs of links without those that touch at rest because one of them is rough."""
        robot, frames = self._robot, self._model.frames
        coarse = {
            index
            for index, shape in enumerate(robot.geometryObjects)
            if frames[shape.parentFrame].name in coarse_links
        }
        for first, second in self._self_pairs:
            robot.addCollisionPair(pin.CollisionPair(first, second))
        data = robot.createData()
        pin.computeCollisions(self._model, self._data, robot, data, rest, False)
        robot.removeAllCollisionPairs()
        return [
            pair
            for pair, result in zip(self._self_pairs, data.collisionResults, strict=True)
            if not (result.isCollision() and coarse & set(pair))
        ]

    def _pairs_that_can_collide(self) -> list[tuple[int, int]]:
        """Pairs of links, without neighbours and without those that touch wherever the arm is."""
        robot = self._robot
        parent = [shape.parentJoint for shape in robot.geometryObjects]
        pairs = [
            (first, second)
            for first in range(robot.ngeoms)
            for second in range(first + 1, robot.ngeoms)
            if parent[first] != parent[second]
            and parent[first] != self._model.parents[parent[second]]
            and parent[second] != self._model.parents[parent[first]]
        ]
        robot.removeAllCollisionPairs()
        for first, second in pairs:
            robot.addCollisionPair(pin.CollisionPair(first, second))
        data = robot.createData()
        touched = np.zeros(len(pairs))
        rng = np.random.default_rng(0)
        lower, upper = self._model.lowerPositionLimit, self._model.upperPositionLimit
        for _ in range(SAMPLES):
            joints = rng.uniform(lower, upper)
            pin.computeCollisions(self._model, self._data, robot, data, joints, False)
            touched += [result.isCollision() for result in data.collisionResults]
        robot.removeAllCollisionPairs()
        return [
            pair for pair, count in zip(pairs, touched, strict=True) if count < ALWAYS * SAMPLES
        ]
