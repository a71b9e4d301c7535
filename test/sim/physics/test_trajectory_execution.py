"""Trajectories as a controller takes them: checks, interpolation, tolerances."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simreal_sim.physics.trajectory_execution import (
    ErrorCode,
    JointTrajectory,
    Tolerances,
    TrajectoryExecution,
    TrajectoryPoint,
    TrajectoryRejected,
    checked_trajectory,
    from_here,
    merged_tolerances,
    stopping_trajectory,
)

NAMES = ("a", "b")
LOW, HIGH = [-1.0, -2.0], [1.0, 2.0]


def checked(points: list[TrajectoryPoint], names: tuple[str, ...] = NAMES) -> JointTrajectory:
    return checked_trajectory(names, points, NAMES, LOW, HIGH)


def test_joints_in_any_order_end_up_in_the_robots_order() -> None:
    trajectory = checked([TrajectoryPoint(1.0, [1.5, 0.5], [0.0, 0.0])], ("b", "a"))
    np.testing.assert_array_equal(trajectory.positions, [[0.5, 1.5]])


@pytest.mark.parametrize(
    ("names", "points", "code", "words"),
    [
        (("a",), [TrajectoryPoint(1, [0.1])], ErrorCode.INVALID_JOINTS, "wanted each of a, b"),
        (("a", "a"), [TrajectoryPoint(1, [0, 0])], ErrorCode.INVALID_JOINTS, "wanted each"),
        (("a", "c"), [TrajectoryPoint(1, [0, 0])], ErrorCode.INVALID_JOINTS, "a, c"),
        (NAMES, [], ErrorCode.INVALID_GOAL, "no points"),
        (NAMES, [TrajectoryPoint(1, [0.0])], ErrorCode.INVALID_GOAL, "1 positions"),
        (NAMES, [TrajectoryPoint(1, [0, 0], [0.0])], ErrorCode.INVALID_GOAL, "1 velocities"),
        (NAMES, [TrajectoryPoint(-1, [0, 0])], ErrorCode.INVALID_GOAL, "time_from_start"),
        (NAMES, [TrajectoryPoint(1, [0, 0])] * 2, ErrorCode.INVALID_GOAL, "rise"),
        (NAMES, [TrajectoryPoint(1, [0, np.nan])], ErrorCode.INVALID_GOAL, "finite"),
        (NAMES, [TrajectoryPoint(1, [0, 2.5])], ErrorCode.INVALID_GOAL, "b is sent 0.500 rad"),
        (NAMES, [TrajectoryPoint(1, [0, 0], [0, 0.5])], ErrorCode.INVALID_GOAL, "standstill"),
    ],
)
def test_what_cannot_be_executed_is_refused_with_code_and_reason(
    names: tuple[str, ...], points: list[TrajectoryPoint], code: ErrorCode, words: str
) -> None:
    with pytest.raises(TrajectoryRejected, match=words) as rejected:
        checked(points, names)
    assert rejected.value.outcome.code == code


@given(
    q=st.lists(st.floats(-1, 1), min_size=4, max_size=4),
    v=st.lists(st.floats(-1, 1), min_size=4, max_size=4),
    span=st.floats(0.1, 5.0),
)
def test_the_cubic_meets_positions_and_velocities_at_both_ends(
    q: list[float], v: list[float], span: float
) -> None:
    trajectory = JointTrajectory(
        np.array([0.0, span]), np.reshape(q, (2, 2)), np.reshape(v, (2, 2))
    )
    near_end = span * (1 - 1e-12)
    for time, row in ((0.0, 0), (near_end, 1)):
        position, velocity = trajectory.sample(time)
        np.testing.assert_allclose(position, np.reshape(q, (2, 2))[row], atol=1e-9)
        np.testing.assert_allclose(velocity, np.reshape(v, (2, 2))[row], atol=1e-8)
    step = 1e-6 * span
    middle = [trajectory.sample(span / 2 + k * step)[0] for k in (-1, 1)]
    np.testing.assert_allclose(
        (middle[1] - middle[0]) / (2 * step), trajectory.sample(span / 2)[1], atol=1e-5
    )


def test_without_velocities_the_way_is_straight_and_ends_in_standstill() -> None:
    trajectory = JointTrajectory(np.array([0.0, 2.0]), np.array([[0.0], [1.0]]), None)
    np.testing.assert_allclose(trajectory.sample(0.5), ([0.25], [0.5]))
    np.testing.assert_allclose(trajectory.sample(9.0), ([1.0], [0.0]))


def test_a_trajectory_starts_where_the_arm_is_or_is_refused() -> None:
    here, still = np.array([0.1, 0.2]), np.zeros(2)
    later = JointTrajectory(np.array([1.0]), np.array([[0.5, 0.5]]), None)
    np.testing.assert_allclose(from_here(later, here, still, NAMES).sample(0.0)[0], here)
    now = JointTrajectory(np.array([0.0, 1.0]), np.array([[0.1, 0.5], [0.5, 0.5]]), None)
    with pytest.raises(TrajectoryRejected, match=r"0.300 rad from where b is"):
        from_here(now, here, still, NAMES)


def test_braking_moves_on_by_half_the_way_of_constant_speed() -> None:
    stop = stopping_trajectory(np.array([1.0, 0.0]), np.array([0.5, -1.0]), [2.0, 2.0])
    assert stop.duration == pytest.approx(0.5)
    np.testing.assert_allclose(stop.positions[-1], [1.125, -0.25])
    samples = np.array([stop.sample(t)[1] for t in np.linspace(0, 0.499, 50)])
    acceleration = np.diff(samples, axis=0) / (0.499 / 49)
    np.testing.assert_allclose(acceleration, np.tile([-1.0, 2.0], (49, 1)), atol=1e-6)


def execution(goal_time_s: float = 0.5) -> TrajectoryExecution:
    trajectory = JointTrajectory(np.array([0.0, 1.0]), np.array([[0.0, 0.0], [1.0, 0.0]]), None)
    tolerances = Tolerances(np.array([0.1, 0.1]), np.array([0.01, 0.01]), goal_time_s)
    return TrajectoryExecution(trajectory, tolerances, 10.0, NAMES)


def test_following_closely_succeeds_as_soon_as_the_end_is_reached() -> None:
    run = execution()
    assert run.update(10.5, np.array([0.45, 0.0])) is None
    assert run.update(11.1, np.array([0.9, 0.0])) is None, "late, but within the goal time"
    outcome = run.update(11.2, np.array([0.995, 0.0]))
    assert outcome is not None
    assert outcome.code == ErrorCode.SUCCESSFUL


def test_leaving_the_path_ends_it_and_names_the_joint() -> None:
    outcome = execution().update(10.5, np.array([0.5, 0.2]))
    assert outcome is not None
    assert outcome.code == ErrorCode.PATH_TOLERANCE_VIOLATED
    assert "b is 0.2000 rad off" in outcome.message


def test_never_reaching_the_goal_ends_it_after_the_goal_time() -> None:
    run = execution()
    assert run.update(11.4, np.array([0.9, 0.0])) is None
    outcome = run.update(11.6, np.array([0.9, 0.0]))
    assert outcome is not None
    assert outcome.code == ErrorCode.GOAL_TOLERANCE_VIOLATED
    assert "a is 0.1000 rad off" in outcome.message


def test_tolerances_follow_the_rules_of_the_message() -> None:
    merged = merged_tolerances(np.array([0.1, 0.1]), [("b", -1.0), ("a", 0.0)], NAMES)
    np.testing.assert_array_equal(merged, [0.1, np.inf])
    assert merged_tolerances(np.array([0.1, 0.1]), [("a", 0.3)], NAMES)[0] == 0.3
    with pytest.raises(TrajectoryRejected, match="'c': wanted one of a, b"):
        merged_tolerances(np.array([0.1, 0.1]), [("c", 0.3)], NAMES)
