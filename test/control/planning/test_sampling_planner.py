"""Ways around a wall: free of contact, within the limits, above the floor; or a clear refusal."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pybullet_data = pytest.importorskip("pybullet_data", reason="it brings the Panda's description")
pytest.importorskip("ompl", reason="the planner is OMPL's")

from simreal_common.errors import KinematicsError  # noqa: E402
from simreal_common.geometry import Pose  # noqa: E402
from simreal_common.settings.obstacles import Obstacle  # noqa: E402
from simreal_control.grasping.grasps import tool_pose  # noqa: E402
from simreal_control.planning.collision_world import CollisionWorld  # noqa: E402
from simreal_control.planning.kinematics import ArmKinematics  # noqa: E402
from simreal_control.planning.link_meshes import find_meshes  # noqa: E402
from simreal_control.planning.motion import StationPlanner  # noqa: E402
from simreal_control.planning.sampling_planner import SamplingPlanner  # noqa: E402
from simreal_control.planning.trajectory import (  # noqa: E402
    MotionLimits,
    check_limits,
    check_workspace,
    point_to_point,
)

HOME = np.array([0.0, -0.785, 0.0, -2.356, 0.0, 1.571, 0.785])
MESHES = [str(Path(pybullet_data.getDataPath()) / "franka_panda")]
UPRIGHT = np.array([0.0, 0.0, 0.0, 1.0])
FLOOR_M = 0.05
TABLE = Obstacle("the table", Pose(np.array([0.5, 0.0, -0.05]), UPRIGHT), np.array([1.4, 1.4, 0.1]))


def wall(height_m: float, from_m: float = 0.35, to_m: float = 0.65) -> Obstacle:
    """Between the left and the right half of the table, over a stretch of x."""
    pose = Pose(np.array([(from_m + to_m) / 2, 0.0, height_m / 2]), UPRIGHT)
    return Obstacle("a wall", pose, np.array([to_m - from_m, 0.02, height_m]))


@pytest.fixture(scope="module")
def world(panda_urdf: str, panda: ArmKinematics) -> CollisionWorld:
    urdf = find_meshes(panda_urdf, MESHES).urdf
    return CollisionWorld(urdf, panda.joint_names, panda.tool_frame)


@pytest.fixture(scope="module")
def planner(
    panda: ArmKinematics, station_planner: StationPlanner, world: CollisionWorld
) -> SamplingPlanner:
    return SamplingPlanner(panda, station_planner.config, world)


def across(panda: ArmKinematics, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Configurations low on both sides of the wall."""
    rng = np.random.default_rng(seed)
    ends = []
    for side in (-0.2, 0.2):
        position = np.array([rng.uniform(0.45, 0.6), side, rng.uniform(0.1, 0.2)])
        ends.append(panda.inverse(tool_pose(position, rng.uniform(-0.5, 0.5)), HOME))
    return ends[0], ends[1]


@pytest.mark.parametrize("seed", range(3))
def test_a_way_around_a_wall_touches_nothing_and_keeps_every_limit(
    seed: int,
    panda: ArmKinematics,
    motion_limits: MotionLimits,
    station_planner: StationPlanner,
    world: CollisionWorld,
    planner: SamplingPlanner,
) -> None:
    world.set_scene([TABLE, wall(0.4)])
    start, goal = across(panda, seed)
    with pytest.raises(KinematicsError, match="a wall"):
        world.check(point_to_point(start, goal, motion_limits))
    motion = planner.plan(start, goal, FLOOR_M)
    world.check(motion)
    check_limits(motion, panda, motion_limits)
    check_workspace(motion, panda, station_planner.config.workspace, FLOOR_M)
    np.testing.assert_allclose(motion.start, start, atol=1e-6)
    np.testing.assert_allclose(motion.end, goal, atol=1e-6)
    np.testing.assert_allclose(motion.velocities[[0, -1]], 0.0, atol=1e-6)
    jerk = np.diff(motion.accelerations, axis=0) / np.diff(motion.times)[:, None]
    assert (np.abs(jerk) < 1.02 * motion_limits.jerk).all()


def test_an_end_that_touches_something_is_refused_by_name(
    panda: ArmKinematics, world: CollisionWorld, planner: SamplingPlanner
) -> None:
    start, goal = across(panda, 0)
    there = Obstacle("a box", panda.forward(goal), np.array([0.05, 0.05, 0.05]))
    world.set_scene([TABLE, there])
    with pytest.raises(KinematicsError, match="at the end of the way .* would touch a box"):
        planner.plan(start, goal, FLOOR_M)


def test_where_there_is_no_way_it_says_so(
    panda: ArmKinematics,
    world: CollisionWorld,
    planner: SamplingPlanner,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("simreal_control.planning.sampling_planner.MOST_CHECKS", 500)
    world.set_scene([TABLE, wall(2.0, 0.3, 1.2)])
    start, goal = across(panda, 0)
    with pytest.raises(KinematicsError, match="no way around"):
        planner.plan(start, goal, FLOOR_M)
