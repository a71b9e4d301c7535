"""Obstacles on the table of a physics world, drawn such that every block can be reached and seen."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from simreal_common.geometry import Pose
from simreal_common.settings.obstacles import Obstacle
from simreal_sim.physics.arms.simulated_arm import SimulatedArm
from simreal_sim.physics.world_randomization import WorldScene

Array = NDArray[np.float64]

TRIES = 400  # of one obstacle; one that finds no place is left out
LOWER, UPPER = np.array([0.26, -0.36]), np.array([0.76, 0.36])  # of their middles, metres
# From a block's centre to an obstacle: a hand finds room there, if not turned every way.
CLEAR_OF_BLOCK_M = 0.09
CLEAR_OF_THING_M = 0.10  # distractors lie beside the block zone
CLEAR_OF_ANOTHER_M = 0.02
BOX_SIDES_M, BOX_HEIGHT_M = (0.04, 0.12), (0.04, 0.20)
WALL_LENGTH_M, WALL_THICKNESS_M, WALL_HEIGHT_M = (0.10, 0.30), 0.015, (0.06, 0.20)
WALL_SHARE = 0.4


def draw_obstacles(
    rng: np.random.Generator, scene: WorldScene, count: int, arm: SimulatedArm
) -> tuple[Obstacle, ...]:
    """Boxes and walls on the table, none nearer to a block than a hand needs, nor before one.

    Args:
        rng: the same state gives the same obstacles.
        scene: blocks, distractors and camera.
        count: how many there shall be; there are less where the table has no more room.
        arm: in whose base frame they are told.
    """
    drawn: list[Obstacle] = []
    for number in range(count):
        for _ in range(TRIES):
            obstacle = _one(rng, number)
            if _fits(obstacle, scene, drawn):
                drawn.append(obstacle)
                break
    to_base = arm.pose_base_in_world.inverse()
    return tuple(Obstacle(one.name, to_base @ one.pose, one.size) for one in drawn)


def _one(rng: np.random.Generator, number: int) -> Obstacle:
    wall = rng.uniform() < WALL_SHARE
    if wall:
        size = np.array(
            [rng.uniform(*WALL_LENGTH_M), WALL_THICKNESS_M, rng.uniform(*WALL_HEIGHT_M)]
        )
    else:
        size = np.append(rng.uniform(*BOX_SIDES_M, size=2), rng.uniform(*BOX_HEIGHT_M))
    x, y = rng.uniform(LOWER, UPPER)
    turn = Rotation.from_euler("z", rng.uniform(-np.pi, np.pi))
    name = f"{'wall' if wall else 'box'} {number + 1}"
    return Obstacle(name, Pose(np.array([x, y, size[2] / 2]), turn.as_quat()), size)


def _fits(obstacle: Obstacle, scene: WorldScene, others: list[Obstacle]) -> bool:
    if any(_hides_or_crowds(obstacle, block.pose, block.edge, scene) for block in scene.blocks):
        return False
    things = [thing.pose.position for thing in scene.distractors]
    if any(obstacle.distance_from_above(thing) < CLEAR_OF_THING_M for thing in things):
        return False
    return all(
        other.distance_from_above(corner) > CLEAR_OF_ANOTHER_M
        for one, other in [(obstacle, o) for o in others] + [(o, obstacle) for o in others]
        for corner in _outline(one)
    )


def _hides_or_crowds(obstacle: Obstacle, pose: Pose, edge: float, scene: WorldScene) -> bool:
    if obstacle.distance_from_above(pose.position) < CLEAR_OF_BLOCK_M:
        return True
    corners = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)])
    seen = [*pose.transform_points(corners * edge / 2), pose.position]
    eye = scene.pose_camera_in_world.position
    return any(obstacle.hides(eye, point) for point in seen)


def _outline(obstacle: Obstacle) -> Array:
    """Points on its outline, a centimetre or two apart, and its middle; metres, (n, 3)."""
    share = np.linspace(-0.5, 0.5, 16)
    grid = np.array([[x, y, 0.0] for x in share for y in share])
    return np.asarray(obstacle.pose.transform_points(grid * obstacle.size))
