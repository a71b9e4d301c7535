"""The physics world: an arm with its hand at a table with blocks, in PyBullet, no window.

World frame: z up, table top at z = 0; the Panda's base link coincides with it. SI units. One `World`
owns one physics server; nothing is global, several worlds live side by side.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simreal_common.errors import ConfigurationError
from simreal_common.geometry import Pose
from simreal_common.settings.obstacles import Obstacle
from simreal_sim.physics.arms.panda import PANDA
from simreal_sim.physics.arms.simulated_arm import SimulatedArm
from simreal_sim.physics.bullet_server import BulletServer
from simreal_sim.physics.hands import HANDS, HandParts
from simreal_sim.physics.world_bodies import (
    BLOCK_FRICTION,
    ROLLING_FRICTION,
    add_block,
    add_distractor,
    add_obstacle,
    add_surroundings,
)
from simreal_sim.physics.world_randomization import BlockSetup, WorldScene

Array = NDArray[np.float64]

STEP_S = 1 / 240
SOLVER_ITERATIONS = 150  # three times PyBullet's default; a simulated second takes 40 ms
SETTLE_S = 0.25  # blocks start at rest, and have done so before anybody looks

# Bullet's position motors: share of the position error removed a step, and of the velocity error.
# They are solved with the contacts, so that gravity does not make the arm droop.
POSITION_GAIN, VELOCITY_GAIN = 0.25, 1.0

# Contacts are found afresh when the hand has turned by this since they last were.
STALE_CONTACT_RAD = 0.03
DEFAULT_GROUP, ALL_GROUPS = 1, -1  # Bullet's collision filters of a body that moves

# Silicone finger pads. Bullet multiplies both sides.
FINGER_FRICTION = 1.5
FINGER_SPINNING_FRICTION = 0.02  # a pad is a patch, not a point

ARM_RGB = (0.92, 0.92, 0.91)
HAND_RGB = (0.30, 0.31, 0.33)


@dataclass(frozen=True, eq=False)
class JointStates:
    """The arm's n joints, then those of the fingers, two or none: rad or m, per second, N m or N."""

    names: tuple[str, ...]
    positions: Array
    velocities: Array
    efforts: Array


class World:
    """A running physics world.

    Args:
        scene: what stands where and looks how.
        arm: which robot.
        obstacles: what stands about it for good, in its base frame.

    Attributes:
        obstacles: names of these by PyBullet's numbers of their bodies.

    Raises:
        MissingDependencyError: PyBullet is not installed.
    """

    def __init__(
        self,
        scene: WorldScene,
        arm: SimulatedArm = PANDA,
        obstacles: Sequence[Obstacle] = (),
    ) -> None:
        self._server = BulletServer()
        self._bullet, self._call = self._server.bullet, self._server.call
        self.scene = scene
        self.arm = arm
        self.steps = 0
        self._call("setGravity", 0, 0, -9.81)
        self._call(
            "setPhysicsEngineParameter",
            fixedTimeStep=STEP_S,
            numSolverIterations=SOLVER_ITERATIONS,
            deterministicOverlappingPairs=1,
        )
        self._table = add_surroundings(self._server, scene)
        self._contacts_turn: Sequence[float] = (0.0, 0.0, 0.0, 1.0)
        self._blocks = {block.name: add_block(self._server, block) for block in scene.blocks}
        self._edges = {block.name: block.edge for block in scene.blocks}
        self._distractors = [add_distractor(self._server, one) for one in scene.distractors]
        self.obstacles = {
            add_obstacle(self._server, one, arm.pose_base_in_world @ one.pose, number): one.name
            for number, one in enumerate(obstacles)
        }
        self._add_robot(arm.home)
        for _ in range(round(SETTLE_S / STEP_S)):
            self._step()

    def __enter__(self) -> World:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the physics server; the world cannot be used afterwards."""
        self._server.close()

    @property
    def client(self) -> int:
        """PyBullet's number of the physics server; negative once it is closed."""
        return self._server.client

    @property
    def time(self) -> float:
        """Simulated seconds since the start."""
        return self.steps * STEP_S

    @property
    def bullet(self) -> Any:
        """The PyBullet module; every call needs `physicsClientId=world.client`."""
        return self._bullet

    def step(self) -> None:
        """Advance by `STEP_S`."""
        self._step()
        self.steps += 1

    def command_arm(self, positions: ArrayLike, velocities: ArrayLike | None = None) -> None:
        """Where the arm's joints are to be after the next step, and how fast, shape (n,) each.

        The motors go there no faster than the arm may.
        """
        target = np.asarray(positions, dtype=np.float64)
        self._arm_command = target.copy()
        speed = np.zeros_like(target) if velocities is None else np.asarray(velocities, float)
        for index, position, velocity, limit, effort in zip(
            self._arm, target, speed, self.arm.velocity_limits, self.arm.effort_limits, strict=True
        ):
            self._call(
                "setJointMotorControl2",
                self._robot,
                index,
                self._bullet.POSITION_CONTROL,
                targetPosition=position,
                targetVelocity=float(np.clip(velocity, -limit, limit)),
                positionGain=POSITION_GAIN,
                velocityGain=VELOCITY_GAIN,
                force=effort,
                maxVelocity=limit,
            )

    @property
    def arm_part(self) -> slice:
        """Where the arm stands in `joint_states`."""
        return slice(0, len(self.arm.joints))

    @property
    def finger_part(self) -> slice:
        """Where the fingers stand in `joint_states`."""
        return slice(len(self.arm.joints), None)

    @property
    def arm_limits(self) -> tuple[Array, Array]:
        """Lower and upper position limits of the arm's joints as the URDF has them, rad, (n,)."""
        infos = [self._call("getJointInfo", self._robot, index) for index in self._arm]
        return np.array([info[8] for info in infos]), np.array([info[9] for info in infos])

    @property
    def arm_command(self) -> Array:
        """The positions last commanded, shape (n,)."""
        return np.array(self._arm_command, dtype=np.float64)

    def command_hand(self, position: float, effort: float) -> None:
        """Move both finger joints to `position`, m or rad; a suction cup is on where it is nearer to
        closed.

        They close with at most `effort` (N) each. Opening takes what force it needs, as on the
        Franka hand, where an effort belongs to a grasp: Bullet keeps contact points of a held block
        while the hand turns, and their stale friction can hold against 20 N.
        """
        self._hand.command(position, effort)

    @property
    def grip_sensed(self) -> bool | None:
        """Whether a sensor of the hand, a cup's, says that it holds something; None for fingers."""
        return self._hand.grip_sensed

    def joint_states(self) -> JointStates:
        """Measured state of the moving joints."""
        states = self._call("getJointStates", self._robot, [*self._arm, *self._fingers])
        return JointStates(
            names=(*self.arm.joints, *self.arm.finger_joints),
            positions=np.array([state[0] for state in states]),
            velocities=np.array([state[1] for state in states]),
            efforts=np.array([state[3] for state in states]),
        )

    def link_poses(self) -> dict[str, Pose]:
        """Pose of every robot link's frame in the world; the base link is not in it."""
        states = self._call(
            "getLinkStates", self._robot, list(self._links.values()), computeForwardKinematics=1
        )
        return {
            name: Pose(np.array(state[4]), np.array(state[5]))
            for name, state in zip(self._links, states, strict=True)
        }

    def link_poses_in_parents(self) -> dict[tuple[str, str], Pose]:
        """Pose of every link in its parent, keyed by (parent, link); what robot_state_publisher says.

        By PyBullet's own transforms: ten times as fast as by `Pose`, and asked for 50 times a second.
        """
        states = self._call(
            "getLinkStates", self._robot, list(self._links.values()), computeForwardKinematics=1
        )
        in_world = {name: state[4:6] for name, state in zip(self._links, states, strict=True)}
        base = self.arm.pose_base_in_world
        in_world[self.arm.base_link] = (base.position.tolist(), base.orientation.tolist())
        poses = {}
        for child, parent in self._parents.items():
            inverse = self._bullet.invertTransform(*in_world[parent])
            position, orientation = self._bullet.multiplyTransforms(*inverse, *in_world[child])
            poses[parent, child] = Pose(np.array(position), np.array(orientation))
        return poses

    def body_names(self) -> dict[int, str]:
        """What PyBullet's numbers of bodies stand for: a thing, where it is no block or obstacle."""
        names = {body: name for name, body in self._blocks.items()}
        things = dict.fromkeys(self._distractors, "a thing")
        return {**things, **names, **self.obstacles, self._table: "the table"}

    def block_poses(self) -> dict[str, Pose]:
        """The truth: pose of each block's centre in the world."""
        return {name: self.body_pose(body) for name, body in self._blocks.items()}

    def body_pose(self, body: int) -> Pose:
        """Pose of a body in the world."""
        return self._server.body_pose(body)

    def place_block(self, name: str, pose_block_in_world: Pose) -> None:
        """Put a block somewhere, at rest; what happens then is physics."""
        if name not in self._blocks:
            raise ConfigurationError(f"block '{name}': wanted one of {', '.join(self._blocks)}")
        position, orientation = pose_block_in_world.position, pose_block_in_world.orientation
        self._hand.let_go_of(self._blocks[name])
        self._call(
            "resetBasePositionAndOrientation",
            self._blocks[name],
            position.tolist(),
            orientation.tolist(),
        )
        self._call("resetBaseVelocity", self._blocks[name], [0, 0, 0], [0, 0, 0])

    def add_block(self, block: BlockSetup) -> None:
        """Put a further block into the running world; the scene has it from now on."""
        if block.name in self._blocks:
            raise ConfigurationError(f"block '{block.name}' is there: wanted another name")
        self._blocks[block.name] = add_block(self._server, block)
        self._edges[block.name] = block.edge
        self.scene = replace(self.scene, blocks=(*self.scene.blocks, block))

    def remove_block(self, name: str) -> None:
        """Take a block out of the running world, and out of its scene."""
        if name not in self._blocks:
            raise ConfigurationError(f"block '{name}': wanted one of {', '.join(self._blocks)}")
        self._hand.let_go_of(self._blocks[name])
        self._call("removeBody", self._blocks.pop(name))
        left = tuple(block for block in self.scene.blocks if block.name != name)
        self.scene = replace(self.scene, blocks=left)

    def push_block(self, name: str, velocity: ArrayLike, turning: ArrayLike = (0, 0, 0)) -> None:
        """Give a block a velocity of its centre (m/s) and a turning (rad/s), shape (3,) each."""
        linear = np.asarray(velocity, dtype=np.float64).tolist()
        angular = np.asarray(turning, dtype=np.float64).tolist()
        self._call("resetBaseVelocity", self._blocks[name], linear, angular)

    def set_block_friction(self, name: str, friction: float = BLOCK_FRICTION) -> None:
        """Make a block as slippery as that."""
        self._call("changeDynamics", self._blocks[name], -1, lateralFriction=friction)

    def lose_block(self, name: str) -> None:
        """Make the hand lose a block that it holds: fingers slip off it, a cup leaks."""
        self.set_block_friction(name, 0.0)
        self._hand.lose(self._blocks[name])

    @property
    def robot(self) -> int:
        """PyBullet's number of the robot."""
        return self._robot

    def link_index(self, name: str) -> int:
        """PyBullet's number of one of the robot's links."""
        return self._links[name]

    def robot_description(self) -> str:
        """The robot's URDF; its meshes are named by absolute file URLs."""
        return self.arm.describe(self._server.data, "file://")

    def _step(self) -> None:
        self._hand.before_step()
        self._call("stepSimulation")
        self._forget_stale_contacts()

    def _forget_stale_contacts(self) -> None:
        """Drop the contacts of all blocks once the hand has turned a little.

        Bullet keeps a contact's normal in the world, as it was when the contact began. A block that
        turns with the hand keeps its contacts, whose normals then point along the pads: they
        wedge the fingers, which do not open any more. Putting a body's broadphase proxy in again,
        with the filters it has, discards them; the next step finds the true ones.
        """
        turn = self._call("getLinkState", self._robot, self._links[self.arm.hand_link])[1]
        # Of two unit quaternions the angle between them is 2 arccos |dot|.
        if abs(float(np.dot(turn, self._contacts_turn))) > np.cos(STALE_CONTACT_RAD / 2):
            return
        self._contacts_turn = turn
        for body in self._blocks.values():
            self._call("setCollisionFilterGroupMask", body, -1, DEFAULT_GROUP, ALL_GROUPS)

    def _add_robot(self, home: Sequence[float]) -> None:
        base = self.arm.pose_base_in_world
        self._robot: int = self._server.call_with_file(
            "loadURDF",
            self.arm.describe(self._server.data, "").encode("utf-8"),
            base.position.tolist(),
            base.orientation.tolist(),
            useFixedBase=True,
        )
        joints: dict[str, int] = {}
        self._links: dict[str, int] = {}
        names = {-1: self.arm.base_link}
        self._parents: dict[str, str] = {}
        for index in range(self._call("getNumJoints", self._robot)):
            info = self._call("getJointInfo", self._robot, index)
            joints[info[1].decode()] = index
            link = info[12].decode()
            names[index] = link
            self._links[link] = index
            self._parents[link] = names[info[16]]
        self._arm = [joints[name] for name in self.arm.joints]
        self._fingers = [joints[name] for name in self.arm.finger_joints]
        for index, name in names.items():
            rgb = HAND_RGB if name in self.arm.dark_links else ARM_RGB
            self._call("changeVisualShape", self._robot, index, rgbaColor=[*rgb, 1])
        for index, position in zip(self._arm, home, strict=True):
            self._call("resetJointState", self._robot, index, position)
        for index in (self._links[name] for name in self.arm.finger_links):
            self._call(
                "changeDynamics",
                self._robot,
                index,
                lateralFriction=FINGER_FRICTION,
                spinningFriction=FINGER_SPINNING_FRICTION,
                rollingFriction=ROLLING_FRICTION,
                # The URDF asks for friction anchors, with which contact points last longer still.
                frictionAnchor=0,
            )
        parts = HandParts(
            self._server, self._robot, self.arm, joints, self._links, self._blocks, self._edges
        )
        self._hand = HANDS[self.arm.hand](parts)
        self.command_arm(home)
        self.command_hand(self.arm.finger_open, self.arm.gripper_effort)
