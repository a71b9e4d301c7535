"""A physics world behind the interface of a task: commands in, joint states and detections out.

What nodes and action servers do in between is left out, and nothing waits for real time. Everything
that a judge wants to know of the robot is counted beside it, from the truth.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from simreal_bench.simulated_robot.hand_executions import EXECUTIONS, HandExecution
from simreal_bench.simulated_robot.joint_message import JointMessage
from simreal_control.planning.finger_mapping import FingerMapping
from simreal_control.robot_interface.depth_frame import DepthFrame
from simreal_control.robot_interface.joint_state_buffer import JointStateBuffer
from simreal_control.robot_interface.robot import Robot
from simreal_control.robot_interface.task_io import (
    ActionOutcome,
    ActionResult,
    Cancel,
    Command,
    DetectionFrame,
    Inputs,
    MoveArm,
)
from simreal_control.task.stacking_config import StackingConfig
from simreal_sim.physics.trajectory_execution import JointTrajectory, stopping_trajectory
from simreal_sim.physics.world import STEP_S, World

Array = NDArray[np.float64]

STEPS_A_TICK = 12  # a task is ticked 20 times a simulated second
GOAL_TOLERANCE_RAD = 0.01
GOAL_TIME_S = 2.0  # after the end of a trajectory
GRIPPER_EFFORT_N = 20.0
HELD_WITHIN_EDGES = 1.2  # the block between the fingers is this near to the tool point
LEAST_FORCE_N = 0.5  # of a contact that counts
UNHEARD = -1  # number of a command that nobody waits for
PICTURE_PERIOD_S = 0.1  # cameras give three times as many; drawing takes longer than physics
DEPTH_PERIOD_S, DEPTH_LATENCY_S = (
    0.1,
    0.05,
)  # depth cameras are as quick, and give three times as many
PAUSE_S = 0.25  # contacts of the same two that are nearer in time are one
BRAKING_RAD_S2 = 7.5  # of a controller that gives up a motion; what each joint of a Panda can do
VELOCITY_SLACK = 1.05  # the motors of the simulated arm overshoot a little
STILL_RAD_S, FINGERS_STILL_M_S = 0.02, 0.01  # an arm, and pads, that are slower stand

Perceive = Callable[[float], "DetectionFrame | Sequence[DetectionFrame] | None"]
Drivers = Callable[[JointMessage], Sequence[JointMessage]]


class RobotInPhysics(Robot):
    """The arm of a world, commanded and measured.

    Args:
        world: runs as long as this is used.
        perceive: what perception says of the picture, or of several cameras' pictures, taken at a
            time of the world; None for no picture then.
        picture_period_s: between two pictures.
        fingers: what control takes openings of the hand for; None for fingers that slide.
        drivers: what is published of the joints in a tick, made of all of them; None for all.
        see_depth: the depth image taken now; None for no depth camera.

    Attributes:
        worst_tracking_rad: largest distance of a joint from where its trajectory had it.
        collisions: (time, what, what) of each contact of the arm with anything but the block
            between its fingers, and of that block with an obstacle.
        limit_violations: steps in which a joint was faster than it may be, or beyond its range.
        restless_hand: (time, words) of each action of the hand whose fingers moved while the arm did.
    """

    def __init__(
        self,
        world: World,
        perceive: Perceive,
        picture_period_s: float = PICTURE_PERIOD_S,
        fingers: FingerMapping | None = None,
        drivers: Drivers | None = None,
        see_depth: Callable[[], DepthFrame] | None = None,
    ) -> None:
        self.world = world
        self._mapping = fingers or FingerMapping.sliding(world.arm.finger_joints)
        self._joints = JointStateBuffer(
            world.arm.joints, world.arm.finger_joints, StackingConfig.max_state_age_s
        )
        self._joints.fingers = self._mapping
        self._drivers = drivers or (lambda told: (told,))
        self._set_back: tuple[float, float] = (-np.inf, 0.0)
        self.worst_tracking_rad = 0.0
        self.collisions: list[tuple[float, str, str]] = []
        self.limit_violations = 0
        self.restless_hand: list[tuple[float, str]] = []
        self._perceive, self._picture_period_s = perceive, picture_period_s
        self._results: list[ActionResult] = []
        self._motion: tuple[MoveArm, float] | None = None
        self._hand: tuple[int, HandExecution] | None = None
        self._braking: tuple[JointTrajectory, float] | None = None
        self._next_picture = 0.0
        self._see_depth, self._next_depth = see_depth, 0.0
        self._depth_frames: list[tuple[float, DepthFrame]] = []
        self._touching: dict[tuple[str, str], float] = {}
        self._lower, self._upper = world.arm_limits
        self._links = {world.link_index(name): name for name in world.link_poses()}
        world.command_hand(world.arm.finger_open, GRIPPER_EFFORT_N)

    def execute(self, command: Command) -> None:
        """Begin or give up a command."""
        if isinstance(command, Cancel):
            self._disown_hand()  # its fingers go on to where they were sent
            self.brake()
        elif isinstance(command, MoveArm):
            self._braking = None
            self._motion = (command, self.world.time)
        else:
            execution = EXECUTIONS[type(command)](command, self.world, self._mapping)
            self._hand = (command.number, execution)

    def brake(self) -> None:
        """Give up the motion, as a controller does: as fast as the motors can."""
        if self._motion is None:
            return
        self._braking = (stopping_trajectory(*self._desired(), BRAKING_RAD_S2), self.world.time)
        self._motion = None

    def abort(self, message: str) -> None:
        """End what is under way as a controller that has noticed something; the arm stops."""
        if self._motion is not None:
            number = self._motion[0].number
            self.brake()
            self.answer(number, ActionOutcome.ABORTED, message)

    def answer(self, number: int, outcome: ActionOutcome, message: str = "") -> None:
        """Tell the task that a command has ended."""
        self._results.append(ActionResult(number, outcome, message))

    def forget(self) -> None:
        """Who gave the commands is gone: they are executed, and nobody hears how they end."""
        self._results = []
        if self._motion is not None:
            command, began = self._motion
            self._motion = (MoveArm(UNHEARD, command.trajectory), began)
        self._disown_hand()

    def start_anew(self) -> None:
        """Cancel what moves and forget how it ended, as `Robot` wants it."""
        self.brake()
        self.forget()

    def succeed_early(self, number: int) -> None:
        """Say that a command has succeeded while it goes on; its true end nobody hears."""
        if self._motion is not None and self._motion[0].number == number:
            self.answer(number, ActionOutcome.SUCCEEDED)
            command, began = self._motion
            self._motion = (MoveArm(UNHEARD, command.trajectory), began)
        elif self._hand is not None and self._hand[0] == number:
            self.answer(number, ActionOutcome.SUCCEEDED)
            self._disown_hand()

    def set_clock_back(self, seconds: float) -> None:
        """From now on the clock of robot and control shows so much less; the world goes on."""
        self._set_back = (self.world.time, seconds)

    def clock_at(self, world_time: float) -> float:
        """What the clock showed, or shows, at a time of the world, seconds."""
        since, seconds = self._set_back
        return world_time - seconds if world_time >= since else world_time

    def _disown_hand(self) -> None:
        if self._hand is not None:
            self._hand = (UNHEARD, self._hand[1])

    def _desired(self) -> tuple[Array, Array]:
        assert self._motion is not None
        command, began = self._motion
        trajectory, t = command.trajectory, self.world.time - began + STEP_S
        goal = np.array([np.interp(t, trajectory.times, c) for c in trajectory.positions.T])
        speed = np.array([np.interp(t, trajectory.times, c) for c in trajectory.velocities.T])
        return goal, speed

    def step(self) -> Inputs:
        """Let a tick pass; what the task then learns."""
        for _ in range(STEPS_A_TICK):
            self._physics_step()
        self._judge()
        now, states = self.clock_at(self.world.time), self.world.joint_states()
        told = JointMessage(states.names, states.positions.tolist(), states.velocities.tolist())
        for message in self._drivers(told):
            self._joints.take(now, now, message.names, message.positions, message.velocities)
        arm, lack = self._joints.state(now), self._joints.lack(now)
        if arm is not None:
            arm = replace(arm, grip_sensed=self.world.grip_sensed)
        results, self._results = tuple(self._results), []
        return Inputs(now, arm, self._pictures(), results, lack, self._depth())

    def _physics_step(self) -> None:
        world = self.world
        if self._motion is not None:
            command, began = self._motion
            trajectory, t = command.trajectory, world.time - began + STEP_S
            goal, speed = self._desired()
            world.command_arm(goal, speed)
            off = float(np.max(np.abs(world.joint_states().positions[world.arm_part] - goal)))
            self.worst_tracking_rad = max(self.worst_tracking_rad, off)
            if t > trajectory.duration and off < GOAL_TOLERANCE_RAD:
                self._motion = None
                self._results.append(ActionResult(command.number, ActionOutcome.SUCCEEDED))
            elif t > trajectory.duration + GOAL_TIME_S:
                self._motion = None
                self._results.append(ActionResult(command.number, ActionOutcome.ABORTED, "goal"))
        elif self._braking is not None:
            stop, began = self._braking
            world.command_arm(*stop.sample(world.time - began + STEP_S))
        world.step()
        if self._hand is not None and self._hand[1].ended():
            self._results.append(ActionResult(self._hand[0], ActionOutcome.SUCCEEDED))
            self._hand = None

    def _pictures(self) -> tuple[DetectionFrame, ...]:
        if self.world.time < self._next_picture:
            return ()
        self._next_picture = self.world.time + self._picture_period_s
        seen = self._perceive(self.world.time)
        if seen is None or isinstance(seen, DetectionFrame):
            return () if seen is None else (seen,)
        return tuple(seen)

    def _depth(self) -> tuple[DepthFrame, ...]:
        """The depth images that have come, some time after they were taken."""
        now = self.world.time
        if self._see_depth is not None and now >= self._next_depth:
            self._next_depth = now + DEPTH_PERIOD_S
            self._depth_frames.append((now, self._see_depth()))
        come = [frame for taken, frame in self._depth_frames if now - taken >= DEPTH_LATENCY_S]
        self._depth_frames = self._depth_frames[len(come) :]
        return tuple(come)

    def _judge(self) -> None:
        """Count what no arm should do."""
        world = self.world
        states = world.joint_states()
        positions = states.positions[world.arm_part]
        velocities = np.abs(states.velocities[world.arm_part])
        beyond = (positions < self._lower - 1e-3) | (positions > self._upper + 1e-3)
        fast = velocities > VELOCITY_SLACK * world.arm.velocity_limits
        self.limit_violations += int((beyond | fast).any())
        lever_m = world.arm.finger_lever_m
        fingers = lever_m * float(np.abs(states.velocities[world.finger_part]).max(initial=0.0))
        if self._hand is not None and fingers > FINGERS_STILL_M_S:
            self._hand_moved(float(velocities.max()))
        held, names = self.held(), world.body_names()
        self._judge_held(held, names)
        for contact in world.bullet.getContactPoints(
            bodyA=world.robot, physicsClientId=world.client
        ):
            body, link, force = contact[2], self._links.get(contact[3], "base"), contact[9]
            if body == world.robot or force < LEAST_FORCE_N or link == "base":
                continue
            other = names.get(body, "something")
            if other == held and link in world.arm.finger_links:
                continue
            self._collided(link, other)

    def _hand_moved(self, speed: float) -> None:
        """Count it where the arm, as fast as that, does not stand."""
        now, last = self.world.time, self.restless_hand[-1][0] if self.restless_hand else -np.inf
        if speed > STILL_RAD_S and now - last > PAUSE_S:
            self.restless_hand.append((now, f"the hand moved, the arm at {speed:.2f} rad/s"))

    def _judge_held(self, held: str | None, names: dict[int, str]) -> None:
        """Count where the block in the hand touches an obstacle."""
        if held is None:
            return
        block = next(body for body, name in names.items() if name == held)
        for body, name in self.world.obstacles.items():
            contacts = self.world.bullet.getContactPoints(
                bodyA=block, bodyB=body, physicsClientId=self.world.client
            )
            if sum(contact[9] for contact in contacts) >= LEAST_FORCE_N:  # four corners share it
                self._collided("the held block", name)

    def _collided(self, what: str, other: str) -> None:
        pair, now = (what, other), self.world.time
        if now - self._touching.get(pair, -np.inf) > PAUSE_S:
            self.collisions.append((now, *pair))
        self._touching[pair] = now

    def held(self) -> str | None:
        """The block between the fingers, if there is one."""
        tool = self.world.link_poses()[self.world.arm.tool_link].position
        edges = {block.name: block.edge for block in self.world.scene.blocks}
        away = {
            name: float(np.linalg.norm(pose.position - tool)) / edges[name]
            for name, pose in self.world.block_poses().items()
        }
        nearest = min(away, key=lambda name: away[name], default="")
        return nearest if nearest and away[nearest] < HELD_WITHIN_EDGES else None
