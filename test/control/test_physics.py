"""The task on the physics world, driven as a controller would drive it, seeing truth plus error.

What a node and a simulator's action servers do in between is left out: this is the fastest way to
see whether motions, grasps and the map are good enough for blocks with mass and friction.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from simreal_common.block_estimate import BlockEstimate
from simreal_common.geometry import Pose, cube_symmetries
from simreal_control.block_map import BlockMapConfig, estimate_in_base
from simreal_control.motion import StationPlanner
from simreal_control.task_io import (
    ActionResult,
    ArmState,
    Cancel,
    Command,
    Inputs,
    MoveArm,
    MoveGripper,
    Outcome,
    Sighting,
)
from simreal_control.tower_task import TowerConfig, TowerTask

pytest.importorskip("pybullet", reason="the simulation needs PyBullet")

from simreal_sim.gripper_execution import GripperExecution
from simreal_sim.stack_score import TowerVerdict, judge_tower
from simreal_sim.world import HOME, STEP_S, TOOL_LINK, World
from simreal_sim.world_randomization import SceneOptions, draw_scene

EDGE = 0.05
STEPS_A_TICK = 12
PICTURE_PERIOD_S = 0.2
GOAL_TOLERANCE_RAD = 0.01


@dataclass
class Robot:
    """A physics world behind the interface of the task."""

    world: World
    rng: np.random.Generator
    biases: dict[str, np.ndarray]
    false_rate: float = 0.05
    miss_rate: float = 0.1
    results: list[ActionResult] = field(default_factory=list)
    worst_tracking_rad: float = 0.0
    stale_contacts: int = 0

    def __post_init__(self) -> None:
        self._motion: tuple[MoveArm, float] | None = None
        self._fingers: tuple[int, GripperExecution] | None = None
        self._next_picture = 0.0
        self.world.command_gripper(0.04, 20.0)

    def execute(self, command: Command) -> None:
        if isinstance(command, Cancel):
            self._motion = self._fingers = None
        elif isinstance(command, MoveArm):
            self._motion = (command, self.world.time)
        elif isinstance(command, MoveGripper):
            self.world.command_gripper(command.opening_m / 2, command.effort_n)
            execution = GripperExecution(command.opening_m / 2, self.world.time)
            self._fingers = (command.number, execution)

    def step(self) -> Inputs:
        for _ in range(STEPS_A_TICK):
            self._physics_step()
        self.stale_contacts += self._count_stale_contacts()
        states = self.world.joint_states()
        arm = ArmState(
            self.world.time,
            states.positions[:7],
            states.velocities[:7],
            float(states.positions[7] + states.positions[8]),
        )
        results, self.results = tuple(self.results), []
        return Inputs(self.world.time, arm, self._pictures(), results)

    def _count_stale_contacts(self) -> int:
        """Contacts of the pads that push along the pad: their normals are of an earlier moment."""
        world = self.world
        jaw = world.link_poses()["panda_hand"].rotation[:, 1]
        return sum(
            contact[9] > 0.5 and abs(np.dot(contact[7], jaw)) < 0.8
            for finger in ("panda_leftfinger", "panda_rightfinger")
            for contact in world.bullet.getContactPoints(
                bodyA=world.robot, linkIndexA=world.link_index(finger), physicsClientId=world.client
            )
        )

    def _physics_step(self) -> None:
        world = self.world
        if self._motion is not None:
            command, began = self._motion
            trajectory = command.trajectory
            t = world.time - began + STEP_S
            goal = np.array([np.interp(t, trajectory.times, c) for c in trajectory.positions.T])
            speed = np.array([np.interp(t, trajectory.times, c) for c in trajectory.velocities.T])
            world.command_arm(goal, speed)
            off = float(np.max(np.abs(world.joint_states().positions[:7] - goal)))
            self.worst_tracking_rad = max(self.worst_tracking_rad, off)
            if t > trajectory.duration and off < GOAL_TOLERANCE_RAD:
                self._motion = None
                self.results.append(ActionResult(command.number, Outcome.SUCCEEDED))
            elif t > trajectory.duration + 2.0:
                self._motion = None
                self.results.append(ActionResult(command.number, Outcome.ABORTED, "goal"))
        world.step()
        if self._fingers is not None:
            number, execution = self._fingers
            states = world.joint_states()
            ended = execution.update(
                world.time, states.positions[7], states.velocities[7], states.efforts[7]
            )
            if ended is not None:
                self._fingers = None
                self.results.append(ActionResult(number, Outcome.SUCCEEDED))

    def _pictures(self) -> tuple[Sighting, ...]:
        if self.world.time < self._next_picture:
            return ()
        self._next_picture = self.world.time + PICTURE_PERIOD_S
        camera = self.world.scene.pose_camera_in_world
        seen = [
            self._estimate(pose, self.biases[name])
            for name, pose in self.world.block_poses().items()
            if self.rng.random() > self.miss_rate
        ]
        if self.rng.random() < self.false_rate:
            x, y = self.rng.uniform([0.3, -0.3], [0.7, 0.3])
            wrong = Pose(np.array([x, y, 0.03]), Rotation.random(rng=self.rng).as_quat())
            seen.append(self._estimate(wrong, np.zeros(3)))
        return (Sighting(self.world.time - 0.1, tuple(seen), np.array(camera.position)),)

    def _estimate(self, truth: Pose, bias: np.ndarray) -> BlockEstimate:
        """Off by some mm across and 5 to 25 mm along the ray, most of it the same every time."""
        camera = self.world.scene.pose_camera_in_world
        inside = camera.inverse() @ truth
        ray = inside.position / np.linalg.norm(inside.position)
        error = bias[0] * ray + bias[1:].sum() * np.cross(ray, [0.0, 1.0, 0.0])
        error = error + self.rng.normal(0, 0.002, 3) + self.rng.normal(0, 0.004) * ray
        tremble = Rotation.from_rotvec(self.rng.normal(0, 0.05, 3)).as_matrix()
        turned = inside.rotation @ cube_symmetries()[self.rng.integers(24)] @ tremble
        covariance = np.diag([0.003**2] * 3 + [0.05**2] * 3)
        covariance[:3, :3] += 0.012**2 * np.outer(ray, ray)
        estimate = BlockEstimate(
            Pose.from_rotation(turned, inside.position + error), covariance, 0.9, EDGE
        )
        floors = BlockMapConfig()
        return estimate_in_base(estimate, camera, floors.ray_sigma_m, floors.lateral_sigma_m)


def stack(
    seed: int, station_planner: StationPlanner, blocks: int = 3, seconds: float = 200.0
) -> tuple[TowerVerdict, list[str], float, Robot]:
    rng = np.random.default_rng(seed)
    options = SceneOptions(blocks=blocks, width=64, height=48)
    with World(draw_scene(rng, options)) as world:
        biases = {
            name: rng.normal([0.0, 0.0, 0.0], [0.012, 0.002, 0.002]) for name in world.block_poses()
        }
        robot = Robot(world, rng, biases)
        config = TowerConfig(
            home=np.array(HOME), zone_lower=(0.28, -0.32), zone_upper=(0.72, 0.32), blocks=blocks
        )
        task = TowerTask(station_planner, config)
        log: list[str] = []
        while world.time < seconds:
            outputs = task.tick(robot.step())
            log += [f"{world.time:6.2f} {line.text}" for line in outputs.log]
            for command in outputs.commands:
                robot.execute(command)
            if outputs.status.finished:
                break
        ended = world.time
        earlier = world.block_poses()
        for _ in range(round(1.0 / STEP_S)):
            world.step()
        tool = world.link_poses()[TOOL_LINK].position
        verdict = judge_tower(world.block_poses(), earlier, tool, EDGE, blocks)
    return verdict, log, ended, robot


@pytest.mark.parametrize("seed", [1, 2])
def test_a_tower_of_three_stands_in_the_physics(station_planner, seed):
    verdict, log, ended, robot = stack(seed, station_planner)
    assert verdict.success, (verdict.reason, log)
    assert ended < 60
    assert robot.worst_tracking_rad < 0.05
    assert robot.stale_contacts == 0
