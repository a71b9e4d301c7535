"""What drivers publish as joint states, of every kind, and what is said of what lacks."""

from __future__ import annotations

import numpy as np
import pytest

from simreal_common.errors import MessageError
from simreal_control.planning.finger_mapping import FingerMapping
from simreal_control.robot_interface.joint_state_buffer import FINGERS_WAIT_S, JointStateBuffer
from simreal_control.robot_interface.task_io import ArmState

ARM, FINGERS = ("a", "b", "c"), ("left", "right")
MAX_AGE_S = 0.5
NOW = 1000.0
NAN, INFINITY = float("nan"), float("inf")


@pytest.fixture
def buffer() -> JointStateBuffer:
    return JointStateBuffer(ARM, FINGERS, MAX_AGE_S)


def take(
    buffer: JointStateBuffer,
    names: str,
    positions: list[float],
    velocities: list[float] | None = None,
    now: float = NOW,
    stamp: float | None = None,
) -> None:
    given = [0.0] * len(positions) if velocities is None else velocities
    buffer.take(now, now if stamp is None else stamp, names.split(), positions, given)


def known(buffer: JointStateBuffer, now: float = NOW) -> ArmState:
    state = buffer.state(now)
    assert state is not None, buffer.lack(now)
    return state


def test_joints_in_any_order_and_among_others(buffer: JointStateBuffer) -> None:
    names = "wheel right c head a left b"
    take(buffer, names, [1e9, 0.03, 3, NAN, 1, 0.01, 2], [3, 0, 0.3, NAN, 0.1, 0, 0.2])
    state = known(buffer)
    assert state.positions.tolist() == [1.0, 2.0, 3.0]
    assert state.velocities.tolist() == [0.1, 0.2, 0.3]
    assert state.opening_m == pytest.approx(0.04)
    assert state.stamp == NOW
    assert buffer.lack(NOW) == ""
    assert buffer.notices(NOW) == []


def test_several_publishers_are_merged_and_the_oldest_joint_is_the_age(
    buffer: JointStateBuffer,
) -> None:
    take(buffer, "a b", [1, 2], now=NOW)
    take(buffer, "c", [3], now=NOW + 0.1)
    assert buffer.state(NOW + 0.1) is None
    take(buffer, "left right", [0.01, 0.01], now=NOW + 0.2)
    take(buffer, "a b", [1.5, 2.5], now=NOW + 0.3)
    state = known(buffer, NOW + 0.3)
    assert state.positions.tolist() == [1.5, 2.5, 3.0]
    assert state.stamp == NOW + 0.1


def test_a_publisher_that_stops_is_named_by_its_joints_and_their_age(
    buffer: JointStateBuffer,
) -> None:
    take(buffer, "a b c", [1, 2, 3])
    for after in (0.0, 1.0, 2.0):
        take(buffer, "c left right", [3, 0.01, 0.01], now=NOW + after)
    assert known(buffer, NOW + 2.0).stamp == NOW
    assert buffer.lack(NOW + 2.0) == "the last position of a, b came 2.0 s ago"


def test_fingers_that_stop_are_named_too(buffer: JointStateBuffer) -> None:
    take(buffer, "a b c left right", [1, 2, 3, 0.01, 0.01])
    take(buffer, "a b c", [1, 2, 3], now=NOW + 3.0)
    assert known(buffer, NOW + 3.0).stamp == NOW  # so old that the task stops the arm
    assert "position of left, right came 3.0 s ago" in buffer.lack(NOW + 3.0)


def test_joints_that_nobody_publishes_are_named_beside_those_that_there_are(
    buffer: JointStateBuffer,
) -> None:
    assert buffer.lack(NOW) == "no joint states"
    take(buffer, "a elbow", [1, 2])
    assert buffer.state(NOW) is None
    assert (
        buffer.lack(NOW) == "nobody publishes b, c, left, right on joint_states (there are elbow)"
    )


def test_fingers_are_waited_for_then_their_lack_is_said(buffer: JointStateBuffer) -> None:
    take(buffer, "a b c", [1, 2, 3])
    assert buffer.state(NOW) is None
    assert "nobody publishes left, right" in buffer.lack(NOW)
    assert buffer.notices(NOW) == []
    later = NOW + FINGERS_WAIT_S + 0.1
    take(buffer, "a b c", [1, 2, 3], now=later)
    assert known(buffer, later).opening_m is None
    assert buffer.lack(later) == ""
    (notice,) = buffer.notices(later)
    assert "nobody publishes left, right on joint_states" in notice
    assert "a lost one is not noticed" in notice
    take(buffer, "left right", [0.02, 0.02], now=later)
    assert known(buffer, later).opening_m == pytest.approx(0.04)
    assert buffer.notices(later) == []


def test_one_finger_stands_for_both(buffer: JointStateBuffer) -> None:
    take(buffer, "a b c left", [1, 2, 3, 0.02])
    later = NOW + FINGERS_WAIT_S + 0.1
    take(buffer, "a b c left", [1, 2, 3, 0.02], now=later)
    assert known(buffer, later).opening_m == pytest.approx(0.04)
    (notice,) = buffer.notices(later)
    assert "nobody publishes right on joint_states: the others are taken to move" in notice


def test_a_hand_without_finger_joints_lacks_nothing() -> None:
    buffer = JointStateBuffer(ARM, (), MAX_AGE_S)
    take(buffer, "a b c", [1, 2, 3])
    assert known(buffer).opening_m is None
    assert buffer.lack(NOW) == ""
    assert buffer.notices(NOW + 2 * FINGERS_WAIT_S) == []


def test_no_positions_are_legal_and_say_nothing(buffer: JointStateBuffer) -> None:
    take(buffer, "a b c left right", [], [0.0] * 5)
    assert buffer.state(NOW) is None
    assert buffer.lack(NOW) == "joint_states come without positions of all joints"
    take(buffer, "a b c left right", [1, 2, 3, 0.01, 0.01])
    take(buffer, "a b c left right", [], now=NOW + 1.0)
    assert known(buffer, NOW + 1.0).stamp == NOW
    assert "came 1.0 s ago" in buffer.lack(NOW + 1.0)


@pytest.mark.parametrize("velocities", [[], [0.1], [0.1] * 9])
def test_velocities_that_are_not_as_many_are_none(
    buffer: JointStateBuffer, velocities: list[float]
) -> None:
    take(buffer, "a b c left right", [1, 2, 3, 0.01, 0.01], velocities)
    assert np.isnan(known(buffer).velocities).all()


def test_velocities_that_are_not_finite_are_none_each(buffer: JointStateBuffer) -> None:
    take(buffer, "a b c left right", [1, 2, 3, 0, 0], [0.1, NAN, INFINITY, 0, 0])
    velocities = known(buffer).velocities
    assert velocities[0] == 0.1
    assert np.isnan(velocities[1:]).all()


@pytest.mark.parametrize("bad", [NAN, INFINITY, -1e9])
def test_a_position_that_is_none_is_refused_and_the_others_are_taken(
    buffer: JointStateBuffer, bad: float
) -> None:
    take(buffer, "a b c left right", [1, 2, 3, 0.01, 0.01])
    with pytest.raises(MessageError, match="b at .*, wanted a finite number"):
        take(buffer, "a b c left right", [4, bad, 6, 0.02, 0.02], now=NOW + 1.0)
    state = known(buffer, NOW + 1.0)
    assert state.positions.tolist() == [4.0, 2.0, 6.0]
    assert state.stamp == NOW
    assert buffer.lack(NOW + 1.0) == "the last position of b came 1.0 s ago"


@pytest.mark.parametrize("positions", [[1], [1, 2, 3, 4, 5, 6]])
def test_another_number_of_positions_is_refused(
    buffer: JointStateBuffer, positions: list[float]
) -> None:
    with pytest.raises(MessageError, match="5 names and . positions"):
        take(buffer, "a b c left right", positions)
    assert buffer.state(NOW) is None


def test_messages_without_stamp_are_as_old_as_they_come(buffer: JointStateBuffer) -> None:
    take(buffer, "a b c left right", [1, 2, 3, 0, 0], stamp=0.0)
    assert known(buffer).stamp == NOW
    assert buffer.lack(NOW) == ""
    assert "not stamped" in buffer.notices(NOW)[0]
    assert "came 2.0 s ago" in buffer.lack(NOW + 2.0)


@pytest.mark.parametrize(
    ("offset", "words"), [(-3600.0, "3600.0 s after"), (3600.0, "3600.0 s before")]
)
def test_stamps_of_another_clock_are_said_as_such(
    buffer: JointStateBuffer, offset: float, words: str
) -> None:
    take(buffer, "a b c left right", [1, 2, 3, 0, 0], stamp=NOW + offset)
    state = buffer.state(NOW)
    assert state is None or NOW - state.stamp > MAX_AGE_S
    lack = buffer.lack(NOW)
    assert "all joints" in lack
    assert f"come {words} their stamps, by the clock" in lack
    assert "use_sim_time" in lack
    assert "no joint states" not in lack


def test_stamps_a_little_ahead_do_not_keep_a_state_young(buffer: JointStateBuffer) -> None:
    take(buffer, "a b c left right", [1, 2, 3, 0, 0], stamp=NOW + 0.4)
    assert known(buffer, NOW).stamp == NOW


def test_a_clock_that_goes_back_begins_anew(buffer: JointStateBuffer) -> None:
    take(buffer, "a b c left right", [1, 2, 3, 0, 0])
    assert buffer.state(40.0) is None
    take(buffer, "a b c left right", [4, 5, 6, 0, 0], now=40.1)
    assert known(buffer, 40.1).stamp == 40.1


def test_complaints_stay_short() -> None:
    buffer = JointStateBuffer([f"joint{i}" for i in range(100)], (), MAX_AGE_S)
    take(buffer, " ".join(f"x{i}" * 500 for i in range(100)), [0.0] * 100)
    assert "all joints" in buffer.lack(NOW)
    take(buffer, "joint99", [0.0])
    assert "joint7 and 91 more" in buffer.lack(NOW)
    assert len(buffer.lack(NOW)) < 2000


def test_a_turning_hand_is_read_by_its_mapping(buffer: JointStateBuffer) -> None:
    buffer.fingers = FingerMapping.from_table(FINGERS, [0.0, 0.085, 0.8, 0.0])
    take(buffer, "a b c left right", [1, 2, 3, 0.8, 0.8])
    assert known(buffer).opening_m == pytest.approx(0.0)
    take(buffer, "a b c left right", [1, 2, 3, 0.0, 0.0])
    assert known(buffer).opening_m == pytest.approx(0.085)


@pytest.mark.parametrize("told", ["wound up", "within half a turn"])
def test_a_joint_without_end_goes_on_across_half_a_turn(
    buffer: JointStateBuffer, told: str
) -> None:
    buffer.winding = {"b": 3.0}
    for step, true in enumerate(np.linspace(3.0, 4.0, 11)):
        raw = true + 6 * np.pi if told == "wound up" else (true + np.pi) % (2 * np.pi) - np.pi
        now = NOW + 0.1 * step
        take(buffer, "a b c left right", [0, raw, 0, 0, 0], now=now)
        assert known(buffer, now).positions[1] == pytest.approx(true)
        assert known(buffer, now).positions[1] - buffer.turns()[1] == pytest.approx(raw)
    assert buffer.turns()[0] == 0.0
