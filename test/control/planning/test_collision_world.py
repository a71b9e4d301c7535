"""The arm among obstacles: what touches what, and how far apart things are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pybullet_data = pytest.importorskip("pybullet_data", reason="it brings the Panda's description")

from simreal_common.errors import ConfigurationError  # noqa: E402
from simreal_common.geometry import Pose  # noqa: E402
from simreal_common.settings.obstacles import Obstacle  # noqa: E402
from simreal_control.grasping.grasps import tool_pose  # noqa: E402
from simreal_control.planning.collision_world import CollisionWorld  # noqa: E402
from simreal_control.planning.kinematics import ArmKinematics  # noqa: E402
from simreal_control.planning.link_meshes import find_meshes  # noqa: E402

ARM = [f"panda_joint{i}" for i in range(1, 8)]
HOME = np.array([0.0, -0.785, 0.0, -2.356, 0.0, 1.571, 0.785])
TOOL = "panda_grasptarget"
UPRIGHT = np.array([0.0, 0.0, 0.0, 1.0])


def box(name: str, position: list[float], size: list[float]) -> Obstacle:
    return Obstacle(name, Pose(np.array(position), UPRIGHT), np.array(size))


TABLE = box("the table", [0.5, 0.0, -0.05], [1.4, 1.4, 0.1])


MESHES = [str(Path(pybullet_data.getDataPath()) / "franka_panda")]


@pytest.fixture(scope="module")
def world(panda_urdf: str) -> CollisionWorld:
    return CollisionWorld(find_meshes(panda_urdf, MESHES).urdf, ARM, TOOL)


@pytest.fixture(scope="module")
def tool_at_home(panda: ArmKinematics) -> Pose:
    return panda.forward(HOME)


def test_home_touches_nothing(world: CollisionWorld) -> None:
    world.set_scene([TABLE])
    assert world.contact(HOME) is None
    assert world.clearance(HOME) > 0.02


def test_an_arm_that_reaches_into_the_table_touches_it(
    world: CollisionWorld, panda: ArmKinematics
) -> None:
    world.set_scene([TABLE])
    low = panda.inverse(tool_pose(np.array([0.5, 0.0, -0.02]), 0.0), HOME)
    said = world.contact(low)
    assert said is not None and "the table" in said
    assert world.clearance(low) <= 0


def test_a_folded_arm_touches_itself(world: CollisionWorld) -> None:
    world.set_scene([])
    folded = np.array([0.0, -1.7, 0.0, -3.0, 0.0, 0.0, 0.785])
    said = world.contact(folded)
    assert said is not None and said.count("panda") == 2


def test_what_is_held_counts_as_part_of_the_arm(world: CollisionWorld, tool_at_home: Pose) -> None:
    x, y, z = tool_at_home.position
    obstacle = box("a wall", [x, y + 0.16, z], [0.2, 0.02, 0.05])
    world.set_scene([obstacle])
    assert world.contact(HOME) is None
    rod = box("rod", [0.0, 0.0, 0.0], [0.02, 0.4, 0.02])
    world.set_scene([obstacle], held=rod)
    said = world.contact(HOME)
    assert said is not None and "the held block" in said and "a wall" in said


def test_a_new_scene_replaces_the_old_one(world: CollisionWorld, tool_at_home: Pose) -> None:
    world.set_scene([box("a block", tool_at_home.position.tolist(), [0.05, 0.05, 0.05])])
    assert world.collides(HOME)
    world.set_scene([])
    assert not world.collides(HOME)


def test_a_mesh_that_is_not_there_is_named(panda_urdf: str) -> None:
    with pytest.raises(ConfigurationError, match="mesh"):
        CollisionWorld(panda_urdf, ARM, TOOL)


def raised_until_near(world: CollisionWorld, x: float) -> Obstacle:
    """A box under the arm at home, 1 to 7 mm away from it."""
    for z in np.arange(0.1, 0.8, 0.004):
        obstacle = box("a block", [x, 0.0, float(z)], [0.05, 0.05, 0.05])
        world.set_scene([obstacle])
        if world.clearance(HOME) < 0.007:
            assert world.clearance(HOME) > 0.001
            return obstacle
    raise AssertionError("the arm is nowhere above that place")


def test_links_keep_more_distance_than_the_hand(world: CollisionWorld, tool_at_home: Pose) -> None:
    world.set_scene([raised_until_near(world, 0.15)])
    said = world.contact(HOME)
    assert said is not None and "panda_link" in said and "a block" in said
    world.set_scene([raised_until_near(world, float(tool_at_home.position[0]))])
    assert world.contact(HOME) is None


def test_an_arm_that_is_too_near_may_leave(world: CollisionWorld) -> None:
    obstacle = raised_until_near(world, 0.15)
    assert world.touched_by(HOME, [obstacle]) == []
    world.set_scene([obstacle])
    assert world.contact(HOME) is not None
    world.leave(HOME)
    assert world.contact(HOME) is None


def test_what_stands_for_good_is_in_every_scene_with_room_around_it(
    panda_urdf: str, panda: ArmKinematics, tool_at_home: Pose
) -> None:
    x, y, z = tool_at_home.position
    post = box("post", [x, y, z - 0.2], [0.05, 0.05, 0.3])
    world = CollisionWorld(find_meshes(panda_urdf, MESHES).urdf, ARM, TOOL, standing=[post])
    world.set_scene([TABLE])
    assert world.contact(HOME) is None
    low = panda.inverse(tool_pose(tool_at_home.position - [0.0, 0.0, 0.1], 0.0), HOME)
    said = world.contact(low)
    assert said is not None and "post" in said
    assert world.touched_by(low, [TABLE]) == []  # it is believed, whatever the arm touches
    near = panda.inverse(tool_pose(tool_at_home.position - [0.0, 0.0, 0.033], 0.0), HOME)
    world.set_scene([])
    assert world.clearance(near) > 0.0
    assert world.collides(near), "closer than it was measured"
    held = box("the block", [0.0, 0.0, 0.0], [0.05, 0.05, 0.05])
    world.set_scene([], held)
    lifted = panda.inverse(tool_pose(tool_at_home.position - [0.0, 0.0, 0.020], 0.0), HOME)
    assert world.contact(lifted) == "the held block would touch post"
