"""Tasks among things that are no blocks: planned around, with the block in the hand, too."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from simreal_common.geometry import Pose, cube_corners
from simreal_common.settings.obstacles import parse_obstacles
from simreal_control.assembly import Assembly, assemble
from simreal_control.control_configuration import robot_parameters
from simreal_control.planning.collision_world import CollisionWorld
from simreal_control.planning.link_meshes import find_meshes
from simreal_control.task.task_planning.goal import Build, Goal

EDGE = 0.05
# A wall between the blocks and the middle, higher than a block is carried over; and a box on the
# very spot where a pyramid would be built.
CELL = """
obstacles:
  - {name: high wall, kind: wall, from: [0.36, 0.10], to: [0.66, 0.10], height: 0.28}
  - {name: box, size: [0.08, 0.08, 0.15], position: [0.50, -0.03]}
"""
PLACES = [(0.42, 0.24), (0.58, 0.24), (0.50, -0.22), (0.64, -0.16)]


@pytest.fixture(scope="module")
def among(panda_folder: Path, panda_urdf: str, tmp_path_factory: pytest.TempPathFactory):
    path = tmp_path_factory.mktemp("cell") / "obstacles.yaml"
    path.write_text(CELL)
    parameters = replace(
        robot_parameters("panda"), mesh_folders=(str(panda_folder),), obstacles_file=str(path)
    )
    return assemble(parameters, panda_urdf)


@pytest.fixture(scope="module")
def judge(panda_folder: Path, panda_urdf: str) -> CollisionWorld:
    """One who knows nothing of what is planned: the arm alone."""
    p = robot_parameters("panda")
    fingers = dict.fromkeys(p.gripper_joints, p.gripper_max_opening / 2)
    urdf = find_meshes(panda_urdf, [str(panda_folder)]).urdf
    return CollisionWorld(urdf, p.arm_joints, p.tool_frame, fingers)


def blocks(places: list[tuple[float, float]]) -> list[Pose]:
    return [Pose(np.array([x, y, EDGE / 2]), np.array([0.0, 0.0, 0.0, 1.0])) for x, y in places]


@pytest.mark.parametrize("goal", [Goal(blocks=3), Goal(Build.PYRAMID, 3)])
def test_what_is_built_touches_no_obstacle(
    make_rig, assembly: Assembly, among: Assembly, judge: CollisionWorld, goal: Goal
) -> None:
    obstacles = parse_obstacles(CELL)
    rig = make_rig(blocks(PLACES), goal=goal)
    config = replace(among.config, goal=goal)
    rig.assembly = replace(among, config=config)
    rig.restart()
    crossed = False
    while rig.world.now < 300.0:
        outputs = rig.task.tick(rig.world.step())
        rig.log += [line.text for line in outputs.log]
        for command in outputs.commands:
            rig.world.execute(command)
        assert judge.touched_by(rig.world.joints, obstacles) == [], rig.log
        if rig.world.held is not None:
            corners = rig.world.blocks[rig.world.held].transform_points(cube_corners(EDGE))
            assert min(one.distance(c) for one in obstacles for c in corners) > 0.0, rig.log
            crossed = crossed or bool(corners[0, 1] > 0.15)
        if outputs.status.finished:
            break
    assert outputs.status.success, rig.log
    assert crossed, "a block came from behind the wall"
    structure = [pose.position for pose in rig.world.blocks]
    assert max(place[2] for place in structure) > EDGE
    assert all(one.distance(place) > EDGE / 2 for one in obstacles for place in structure)


def test_what_is_seen_on_an_obstacle_is_no_block(make_rig, among: Assembly) -> None:
    on_the_box = Pose(np.array([0.50, -0.03, 0.12]), np.array([0.0, 0.0, 0.0, 1.0]))
    rig = make_rig(blocks(PLACES[2:]), goal=0, false_at=on_the_box, plan_only=True)
    rig.assembly = replace(among, config=replace(among.config, goal=Goal(), plan_only=True))
    rig.restart()
    assert rig.run(60.0).status.success, rig.log
    assert rig.task.scene
    assert all(np.linalg.norm(b.position[:2] - [0.50, -0.03]) > 0.1 for b in rig.task.scene)
