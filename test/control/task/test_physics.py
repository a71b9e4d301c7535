"""The task on the physics world, driven as a controller would drive it, seeing truth plus error.

What a node and a simulator's action servers do in between is left out: this is the fastest way to
see whether motions, grasps and the map are good enough for blocks with mass and friction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from simreal_common.block_estimate import BlockEstimate
from simreal_common.geometry import Pose, cube_symmetries
from simreal_control.assembly import Assembly
from simreal_control.robot_interface.task_io import DetectionFrame, Inputs
from simreal_control.task.task_planning.goal import Build, Goal
from simreal_control.world_model.block_map import BlockMapConfig, estimate_in_base

pytest.importorskip("pybullet", reason="the simulation needs PyBullet")

from simreal_bench.simulated_robot.robot_in_physics import RobotInPhysics
from simreal_sim.physics.arms.panda import PANDA
from simreal_sim.physics.world import STEP_S, World
from simreal_sim.physics.world_randomization import SceneOptions, draw_scene
from simreal_sim.scoring.stack_score import TowerVerdict, judge_tower
from simreal_sim.scoring.structure_score import WantedStructure, judge_structure

EDGE = 0.05


@dataclass
class NoisyTruth:
    """What a network would say, made from the truth."""

    world: World
    rng: np.random.Generator
    biases: dict[str, np.ndarray]
    false_rate: float = 0.05
    miss_rate: float = 0.1

    def perceive(self, now: float) -> DetectionFrame:
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
        return DetectionFrame(now - 0.1, tuple(seen), np.array(camera.position))

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


class WatchedRobot(RobotInPhysics):
    """Also counts contacts of the pads that push along the pad: normals of an earlier moment.

    `final` are the poses of the blocks when all was over.
    """

    stale_contacts = 0
    final: Mapping[str, Pose] = MappingProxyType({})

    def step(self) -> Inputs:
        inputs = super().step()
        world = self.world
        jaw = world.link_poses()["panda_hand"].rotation[:, 1]
        self.stale_contacts += sum(
            contact[9] > 0.5 and abs(np.dot(contact[7], jaw)) < 0.8
            for finger in ("panda_leftfinger", "panda_rightfinger")
            for contact in world.bullet.getContactPoints(
                bodyA=world.robot, linkIndexA=world.link_index(finger), physicsClientId=world.client
            )
        )
        return inputs


def stack(
    seed: int,
    assembly: Assembly,
    blocks: int = 3,
    seconds: float = 200.0,
    places: Sequence[tuple[float, float, float]] = (),
    error: float = 1.0,
    goal: Goal | None = None,
) -> tuple[TowerVerdict, list[str], float, WatchedRobot]:
    rng = np.random.default_rng(seed)
    options = SceneOptions(blocks=blocks, width=64, height=48)
    with World(draw_scene(rng, options)) as world:
        for name, place in zip(world.block_poses(), places, strict=False):
            world.place_block(name, Pose(np.array(place), np.array([0.0, 0.0, 0.0, 1.0])))
        biases = {
            name: rng.normal([0.0, 0.0, 0.0], error * np.array([0.012, 0.002, 0.002]))
            for name in world.block_poses()
        }
        robot = WatchedRobot(world, NoisyTruth(world, rng, biases).perceive)
        task = assembly.task(goal or Goal(blocks=blocks))
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
        tool = world.link_poses()[PANDA.tool_link].position
        robot.final = world.block_poses()
        verdict = judge_tower(robot.final, earlier, tool, EDGE, blocks)
    return verdict, log, ended, robot


@pytest.mark.parametrize("seed", [1, 2])
def test_a_tower_of_three_stands_in_the_physics(assembly, seed):
    verdict, log, ended, robot = stack(seed, assembly)
    assert verdict.success, (verdict.reason, log)
    assert ended < 60
    assert robot.worst_tracking_rad < 0.05
    assert robot.stale_contacts == 0
    assert robot.collisions == []
    assert robot.limit_violations == 0


def test_a_block_close_beside_a_tower_is_taken_by_a_tilted_hand(assembly):
    tower = [(0.5, 0.0, 0.025 + 0.05 * level) for level in range(3)]
    beside = (0.558, 0.0, 0.025)  # too near for an upright hand in any of its four turns
    verdict, log, _, robot = stack(1, assembly, blocks=4, places=[*tower, beside], error=0.1)
    assert verdict.success, (verdict.reason, log)
    assert any("by a tilted hand" in line for line in log), log
    assert robot.collisions == []
    assert robot.limit_violations == 0


@pytest.mark.parametrize(
    "goal",
    [
        Goal(Build.ROW, 3),
        Goal(Build.PYRAMID, 3),
        pytest.param(Goal(Build.PYRAMID, 6), marks=pytest.mark.slow),
    ],
    ids=lambda goal: goal.words,
)
def test_a_row_and_a_pyramid_stand_in_the_physics(assembly, goal):
    _, log, _, robot = stack(3, assembly, blocks=goal.blocks, goal=goal, error=0.3)
    wanted = WantedStructure(goal.build.value, goal.blocks, gap_m=goal.gap_m)
    verdict = judge_structure(wanted, robot.final, {}, EDGE)
    assert verdict.success, (verdict, log)
    assert robot.collisions == []
    assert robot.limit_violations == 0
