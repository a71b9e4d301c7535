"""Time parametrization keeps its limits; what would break them or the workspace is refused."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simreal_common.errors import ConfigurationError, KinematicsError
from simreal_common.geometry import Pose
from simreal_common.settings.obstacles import Obstacle
from simreal_control.control_configuration import ControlParameters
from simreal_control.grasping.grasps import tool_pose
from simreal_control.planning.motion import StationPlanner
from simreal_control.planning.trajectory import (
    MotionLimits,
    Workspace,
    check_limits,
    check_start,
    check_workspace,
    concatenate,
    point_to_point,
    reverse,
    straight_line,
)

HOME = np.array([0.0, -0.785, 0.0, -2.356, 0.0, 1.571, 0.785])
BOX = Workspace((0.2, -0.45, 0.0), (0.75, 0.45, 0.8))


@settings(max_examples=30, deadline=None)
@given(offsets=st.lists(st.floats(-0.5, 0.5), min_size=7, max_size=7))
def test_point_to_point_arrives_at_rest_within_limits(panda, motion_limits, offsets):
    goal = HOME + np.array(offsets)
    trajectory = point_to_point(HOME, goal, motion_limits)
    check_limits(trajectory, panda, motion_limits)
    np.testing.assert_allclose(trajectory.end, goal, atol=1e-9)
    np.testing.assert_allclose(trajectory.velocities[[0, -1]], 0, atol=1e-9)
    assert (np.diff(trajectory.times) > 0).all()


def test_velocities_and_accelerations_are_the_derivatives(motion_limits):
    trajectory = point_to_point(HOME, HOME + 0.5, motion_limits)
    numeric = np.gradient(trajectory.positions, trajectory.times, axis=0)
    np.testing.assert_allclose(numeric[1:-1], trajectory.velocities[1:-1], atol=5e-3)


def test_a_line_is_straight_and_keeps_speed_and_limits(panda, motion_limits):
    above, below = (tool_pose(np.array([0.5, 0.1, z]), 0.4) for z in (0.2, 0.03))
    start = panda.inverse(above, HOME)
    line = straight_line(panda, start, below, motion_limits, speed_m_s=0.2)
    check_limits(line, panda, motion_limits)
    tool = np.array([panda.forward(joints).position for joints in line.positions])
    assert np.abs(tool[:, :2] - [0.5, 0.1]).max() < 1e-4
    assert np.linalg.norm(np.diff(tool, axis=0), axis=1).max() / np.diff(line.times).min() < 0.21
    np.testing.assert_allclose(tool[-1], below.position, atol=1e-4)
    back = reverse(line)
    np.testing.assert_allclose(back.start, line.end)
    whole = concatenate([line, back])
    np.testing.assert_allclose(whole.end, line.start)
    assert whole.duration == pytest.approx(2 * line.duration)


def test_parts_that_do_not_join_are_refused(motion_limits):
    part = point_to_point(HOME, HOME + 0.1, motion_limits)
    with pytest.raises(KinematicsError, match="do not join"):
        concatenate([part, part])


def test_each_broken_limit_is_named(panda, motion_limits):
    good = point_to_point(HOME, HOME + 0.3, motion_limits)
    slow = motion_limits.scaled(0.5)
    with pytest.raises(KinematicsError, match="velocity of panda_joint"):
        check_limits(good, panda, slow)
    strict = MotionLimits(
        motion_limits.velocity, motion_limits.acceleration * 0.3, motion_limits.jerk
    )
    with pytest.raises(KinematicsError, match="acceleration of panda_joint"):
        check_limits(good, panda, strict)
    beyond = good.positions.copy()
    beyond[-1, 5] = 4.0
    with pytest.raises(KinematicsError, match="position of panda_joint6 would be 4"):
        check_limits(dataclasses.replace(good, positions=beyond), panda, motion_limits)
    beyond[-1, 5] = np.nan
    with pytest.raises(KinematicsError, match="not a number"):
        check_limits(dataclasses.replace(good, positions=beyond), panda, motion_limits)


def test_floor_and_walls_stop_a_motion_before_it_is_sent(panda, motion_limits):
    low = panda.inverse(tool_pose(np.array([0.5, 0.0, 0.01]), 0.0), HOME)
    with pytest.raises(KinematicsError, match=r"sink to 0\.0.*floor of this motion is 0\.015"):
        check_workspace(point_to_point(HOME, low, motion_limits), panda, BOX, 0.015)
    aside = panda.inverse(tool_pose(np.array([0.3, 0.5, 0.3]), 0.0), HOME)
    with pytest.raises(KinematicsError, match="leave the workspace"):
        check_workspace(point_to_point(HOME, aside, motion_limits), panda, BOX, 0.015)


def test_a_start_elsewhere_is_refused(motion_limits):
    trajectory = point_to_point(HOME, HOME + 0.1, motion_limits)
    check_start(trajectory, HOME + 0.01, 0.05)
    with pytest.raises(KinematicsError, match=r"0\.100 rad away"):
        check_start(trajectory, HOME + 0.1, 0.05)
    with pytest.raises(KinematicsError):
        check_start(trajectory, HOME * np.nan, 0.05)


@settings(max_examples=20, deadline=None)
@given(
    x=st.floats(0.36, 0.64),
    y=st.floats(-0.24, 0.24),
    yaw=st.floats(-0.78, 0.78),
    from_y=st.floats(-0.24, 0.24),
)
def test_between_stations_the_tool_stays_above_what_stands_there(
    station_planner: StationPlanner, x, y, yaw, from_y
):
    arm = station_planner.arm
    station_planner.set_scene(HOME, [])
    start = arm.inverse(tool_pose(np.array([0.5, from_y, 0.03]), 0.0), HOME)
    pose = tool_pose(np.array([x, y, 0.03]), yaw)
    trajectory = station_planner.to_station(start, pose, arm.inverse(pose, HOME), 0.2)
    tool = np.array([arm.forward(joints).position for joints in trajectory.positions])
    away = np.minimum(
        np.linalg.norm(tool[:, :2] - [0.5, from_y], axis=1),
        np.linalg.norm(tool[:, :2] - [x, y], axis=1),
    )
    assert (tool[away > 0.01, 2] > 0.175).all()
    np.testing.assert_allclose(tool[-1], pose.position, atol=1e-4)


def test_a_workspace_inside_out_is_refused():
    with pytest.raises(ConfigurationError, match="every upper bound above"):
        Workspace((0.0, 0.0, 0.0), (1.0, -1.0, 1.0))


def test_a_way_across_goes_around_what_the_straight_one_would_touch(
    station_planner: StationPlanner,
) -> None:
    """A beam over the table, above the safe height: only the arm's own shape meets it."""
    arm = station_planner.arm
    start = arm.inverse(tool_pose(np.array([0.5, -0.2, 0.03]), 0.0), HOME)
    pose = tool_pose(np.array([0.5, 0.2, 0.03]), 0.0)
    there = arm.inverse(pose, HOME)
    upright = np.array([0.0, 0.0, 0.0, 1.0])
    beam = Obstacle("a beam", Pose(np.array([0.55, 0.0, 0.2]), upright), np.array([0.3, 0.02, 0.3]))
    station_planner.set_scene(start, [])
    free = station_planner.to_station(start, pose, there, 0.15)
    assert station_planner.set_scene(start, [beam]) == []
    around = station_planner.to_station(start, pose, there, 0.15)
    np.testing.assert_allclose(around.end, free.end, atol=1e-6)
    assert around.duration > free.duration


def test_what_would_touch_the_arm_where_it_is_is_left_out(station_planner: StationPlanner) -> None:
    here = Obstacle("a ghost", station_planner.arm.forward(HOME), np.full(3, 0.12))
    assert station_planner.set_scene(HOME, [here]) == ["a ghost"]
    assert len(station_planner.up(HOME, 0.6).times) > 1


def test_speed_scaling_is_of_velocity_acceleration_and_jerk(panda):
    slow, fast = (
        ControlParameters(velocity_scaling=share).motion_config(panda).limits for share in (0.1, 1)
    )
    for name in ("velocity", "acceleration", "jerk"):
        np.testing.assert_allclose(getattr(slow, name), 0.1 * getattr(fast, name))
