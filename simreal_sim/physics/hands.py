"""The hands of simulated robots: fingers that move alike, or a suction cup; a class each."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from simreal_common.geometry import Pose
from simreal_sim.physics.arms.simulated_arm import HandKind, SimulatedArm
from simreal_sim.physics.bullet_server import BulletServer

TIP_EFFORT_NM = 20.0  # what keeps a pad upright does not give way

# A lip holds on to a face that is so near and so flat to it.
LIP_REACH_M = 0.003
FLAT_RAD = 0.1
# Half of an atmosphere over the lip; what is pulled off by more than that has come loose.
VACUUM_PA = 50_000.0
LOOSE_M = 0.003


@dataclass(frozen=True, eq=False)
class HandParts:
    """What a hand is made of.

    Args:
        server: runs the world.
        robot: its number there.
        arm: see there.
        joints, links: PyBullet's numbers of the robot's.
        blocks: bodies of the blocks by name, as they are at any time.
        edges: of these, metres.
    """

    server: BulletServer
    robot: int
    arm: SimulatedArm
    joints: Mapping[str, int]
    links: Mapping[str, int]
    blocks: Mapping[str, int]
    edges: Mapping[str, float]


class SimulatedHand(ABC):
    """What grips at the end of an arm; a kind each, entered in `HANDS`."""

    @abstractmethod
    def __init__(self, parts: HandParts) -> None: ...

    @abstractmethod
    def command(self, position: float, effort: float) -> None:
        """Open or close: see `World.command_hand`."""

    @abstractmethod
    def before_step(self) -> None:
        """What the hand does by itself; before every step of the physics."""

    @abstractmethod
    def lose(self, body: int) -> None:
        """What is held is lost, the hand being told to hold it all the same."""

    @abstractmethod
    def let_go_of(self, body: int) -> None:
        """A body is taken out of the world, or put elsewhere in it."""

    @property
    def grip_sensed(self) -> bool | None:
        """Whether a sensor of the hand says that it holds something; None of one without."""
        return None


class FingerHand(SimulatedHand):
    """Two fingers that slide, or turn on cranks, with one belt."""

    def __init__(self, parts: HandParts) -> None:
        robot, arm, joints = parts.robot, parts.arm, parts.joints
        self._bullet, self._call = parts.server.bullet, parts.server.call
        self._robot, self._arm = robot, arm
        self._fingers = [joints[name] for name in arm.finger_joints]
        self._tips = [joints[name] for name in arm.tip_joints]
        for index in (*self._fingers, *self._tips):
            self._call("resetJointState", robot, index, arm.finger_open)
        # The hand moves both fingers with one belt: what pushes one pulls the other.
        gear = self._call(
            "createConstraint",
            robot,
            self._fingers[0],
            robot,
            self._fingers[1],
            self._bullet.JOINT_GEAR,
            [1, 0, 0],
            [0, 0, 0],
            [0, 0, 0],
        )
        self._call("changeConstraint", gear, gearRatio=-1, erp=0.1, maxForce=100)

    def command(self, position: float, effort: float) -> None:
        arm = self._arm
        states = self._call("getJointStates", self._robot, self._fingers)
        now = float(np.mean([state[0] for state in states]))
        if (position - now) * (arm.finger_open - arm.finger_closed) > 0.0:
            effort = arm.gripper_effort
        low, high = sorted((arm.finger_open, arm.finger_closed))
        for index in self._fingers:
            self._call(
                "setJointMotorControl2",
                self._robot,
                index,
                self._bullet.POSITION_CONTROL,
                targetPosition=float(np.clip(position, low, high)),
                positionGain=0.3,
                velocityGain=1.0,
                force=min(effort, arm.gripper_effort) * arm.finger_lever_m,
                maxVelocity=arm.finger_velocity,
            )

    def before_step(self) -> None:
        """Turn each pad back by what its crank has turned; in a hand its second crank does that."""
        if not self._tips:
            return
        cranks = self._call("getJointStates", self._robot, self._fingers)
        for index, (turn, speed, *_) in zip(self._tips, cranks, strict=True):
            self._call(
                "setJointMotorControl2", self._robot, index, self._bullet.POSITION_CONTROL,
                targetPosition=turn, targetVelocity=speed, positionGain=0.5, velocityGain=1.0,
                force=TIP_EFFORT_NM,
            )  # fmt: skip

    def lose(self, body: int) -> None:
        """That is for the friction of the block."""

    def let_go_of(self, body: int) -> None:
        """Fingers hold by friction: there is nothing to undo."""


class SuctionHand(SimulatedHand):
    """A cup below a hand; switched on it holds the block whose face its whole lip is on.

    The block hangs at a constraint that gives way where more pulls at it than the vacuum bears.
    """

    def __init__(self, parts: HandParts) -> None:
        server = parts.server
        self._bullet, self._call, self._body_pose = server.bullet, server.call, server.body_pose
        self._robot, self._links, self._arm = parts.robot, parts.links, parts.arm
        self._blocks, self._edges = parts.blocks, parts.edges
        self._force_n = VACUUM_PA * np.pi * parts.arm.cup_radius_m**2
        self._on = False
        self._held: tuple[int, int, Pose] | None = None  # body, constraint, pose in the tool frame

    @property
    def grip_sensed(self) -> bool:
        return self._held is not None

    def command(self, position: float, effort: float) -> None:
        nearer_closed = abs(position - self._arm.finger_closed) < abs(
            position - self._arm.finger_open
        )
        self._on = nearer_closed
        if not self._on and self._held is not None:
            self.let_go_of(self._held[0])

    def before_step(self) -> None:
        """Take hold of what the lip is on; let go of what has been pulled off."""
        if not self._on:
            return
        tool = self._tool()
        if self._held is not None:
            body, _, at = self._held
            moved = np.linalg.norm((tool.inverse() @ self._body_pose(body)).position - at.position)
            if moved > LOOSE_M:
                self.let_go_of(body)
            return
        for name, body in self._blocks.items():
            if self._seals(tool, self._body_pose(body), self._edges[name]):
                self._hold(body, tool)
                return

    def lose(self, body: int) -> None:
        """The cup leaks until it is switched on again."""
        if self._held is not None and self._held[0] == body:
            self._on = False
            self.let_go_of(body)

    def let_go_of(self, body: int) -> None:
        if self._held is not None and self._held[0] == body:
            self._call("removeConstraint", self._held[1])
            self._held = None

    def _seals(self, tool: Pose, block: Pose, edge_m: float) -> bool:
        """Whether the whole lip is on a face of the block, flat."""
        inside = block.inverse() @ tool
        place, out = inside.position, -inside.rotation[:, 2]
        axis = int(np.argmax(np.abs(out)))
        if abs(out[axis]) < np.cos(FLAT_RAD):
            return False
        above = float(place[axis] * np.sign(out[axis])) - edge_m / 2.0
        beside = np.delete(np.abs(place), axis)
        return abs(above) < LIP_REACH_M and bool(
            np.all(beside < edge_m / 2.0 - self._arm.cup_radius_m)
        )

    def _hold(self, body: int, tool: Pose) -> None:
        link = self._links[self._arm.hand_link]
        state = self._call("getLinkState", self._robot, link, computeForwardKinematics=1)
        # Frames of a constraint are those of the centres of mass.
        hand, block = Pose(np.array(state[0]), np.array(state[1])), self._body_pose(body)
        held = hand.inverse() @ block
        constraint = self._call(
            "createConstraint",
            self._robot,
            link,
            body,
            -1,
            self._bullet.JOINT_FIXED,
            [0, 0, 0],
            held.position.tolist(),
            [0, 0, 0],
            held.orientation.tolist(),
            [0, 0, 0, 1],
        )
        self._call("changeConstraint", constraint, maxForce=self._force_n)
        self._held = body, constraint, tool.inverse() @ block

    def _tool(self) -> Pose:
        index = self._links[self._arm.tool_link]
        state = self._call("getLinkState", self._robot, index, computeForwardKinematics=1)
        return Pose(np.array(state[4]), np.array(state[5]))


HANDS: dict[HandKind, type[SimulatedHand]] = {
    HandKind.PARALLEL_GRIPPER: FingerHand,
    HandKind.SUCTION_CUP: SuctionHand,
}
