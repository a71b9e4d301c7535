"""Each thing that may go wrong, injected into a world without physics: the tower is built all the same.

`reject`, `abort`, `swallow`, `drop`, `slip`, `topple` and old joint states: test_stacking_task.py.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from simreal_common.geometry import Pose
from simreal_control.grasping import pick_place
from simreal_control.robot_interface.task_io import DetectionFrame, MoveArm
from simreal_control.world_model.observation_buffer import ObservationBuffer


def at(x: float, y: float, level: int = 0, yaw: float = 0.0) -> Pose:
    return Pose(
        np.array([x, y, (level + 0.5) * 0.05]), [0.0, 0.0, np.sin(yaw / 2), np.cos(yaw / 2)]
    )


THREE = [at(0.45, -0.15, yaw=0.3), at(0.55, 0.05, yaw=-0.6), at(0.42, 0.18, yaw=0.7)]
SPARE = at(0.60, -0.18, yaw=0.2)
FREE = at(0.36, -0.02, yaw=0.5)


def drive(rig, until: Callable[[], bool]) -> None:
    """Tick until something is so."""
    for _ in range(4000):
        outputs = rig.task.tick(rig.world.step())
        rig.log += [line.text for line in outputs.log]
        for command in outputs.commands:
            rig.world.execute(command)
        if until():
            return
    raise AssertionError(f"it never came: {rig.log}")


def state_is(rig, name: str) -> Callable[[], bool]:
    return lambda: rig.task.state.name.value == name and rig.task.moving


def placed(rig, height: int) -> Callable[[], bool]:
    """The hand has let go of the block of that level and is on its way home."""
    return lambda: rig.world.tower() == height and state_is(rig, "homing")()


def top(rig) -> int:
    return int(np.argmax([pose.position[2] for pose in rig.world.blocks]))


def take(rig, number: int) -> None:
    """Out of the world, for good; the others keep their numbers."""
    rig.world.blocks[number] = Pose(np.array([9.0, 9.0, 0.025]), [0, 0, 0, 1])
    rig.world.away = {number}


def finishes(rig) -> None:
    status = rig.run(300).status
    assert status.success, rig.log
    assert rig.world.tower() == 3


@pytest.mark.parametrize("height", [2, 3])
def test_a_block_that_slips_off_the_tower_is_put_back(make_rig, height):
    rig = make_rig(list(THREE))
    drive(rig, placed(rig, height))
    slipped = top(rig)
    x, y, _ = rig.world.blocks[slipped].position
    rig.world.blocks[slipped] = at(x - 0.062, y)
    assert rig.world.tower() == height - 1
    finishes(rig)
    assert any("others lie" in line for line in rig.log)


def test_a_tower_that_is_pushed_over_is_built_again(make_rig):
    rig = make_rig(list(THREE))
    drive(rig, placed(rig, 3))
    for number, spot in zip(
        np.argsort([b.position[2] for b in rig.world.blocks])[1:], (FREE, SPARE), strict=True
    ):
        rig.world.blocks[number] = spot
    assert rig.world.tower() == 1
    finishes(rig)
    assert any("3 blocks should stand in their places, 1 do" in line for line in rig.log)


def test_a_block_that_is_moved_while_the_hand_comes_for_it_is_found_again(make_rig):
    rig = make_rig(list(THREE))
    drive(rig, state_is(rig, "approaching"))
    wanted = rig.task.state.work.block
    number = int(np.argmin([wanted.horizontal_distance(b.position) for b in rig.world.blocks]))
    rig.world.blocks[number] = FREE
    finishes(rig)
    assert any("closed on nothing" in line for line in rig.log)


def test_a_base_that_is_moved_while_a_block_is_carried_to_it(make_rig):
    rig = make_rig(list(THREE))
    drive(rig, state_is(rig, "carrying"))
    base = rig.task.state.target.pose_tool_in_base.position
    number = int(np.argmin([np.linalg.norm(b.position - base) for b in rig.world.blocks]))
    rig.world.blocks[number] = FREE
    finishes(rig)


def test_a_block_that_is_taken_is_replaced_by_a_spare_one(make_rig):
    rig = make_rig([*THREE, SPARE])
    drive(rig, state_is(rig, "carrying"))
    tower = rig.task.state.target.pose_tool_in_base.position
    loose = [
        i
        for i in range(4)
        if i != rig.world.held and np.linalg.norm(rig.world.blocks[i].position - tower) > 0.1
    ]
    take(rig, loose[0])
    finishes(rig)


def test_the_last_block_that_is_needed_is_taken_and_it_says_so(make_rig):
    rig = make_rig(list(THREE))
    drive(rig, placed(rig, 2))
    take(
        rig,
        next(
            i
            for i, b in enumerate(rig.world.blocks)
            if (2 * b.position[2] < 0.06)
            and np.linalg.norm(b.position - rig.world.blocks[top(rig)].position) > 0.1
        ),
    )
    status = rig.run(300).status
    assert status.finished
    assert not status.success
    assert "2 of 3" in status.message
    assert "seen" in status.message
    assert not rig.task.moving


@pytest.mark.parametrize("height", [2, 3])
def test_a_top_that_is_taken_off_is_felt_for_and_replaced(make_rig, height):
    """No observation shows it, nor does it lie elsewhere: it could be hidden. The hand finds out."""
    rig = make_rig([*THREE, SPARE])
    drive(rig, placed(rig, height))
    take(rig, top(rig))
    finishes(rig)
    assert any("no block stands there" in line for line in rig.log)


def test_a_top_that_is_only_not_recognized_is_verified_by_grasp_and_stays(make_rig):
    rig = make_rig(list(THREE))
    drive(rig, placed(rig, 3))
    rig.world.unseen = {top(rig)}
    finishes(rig)
    assert "a block stands there" in rig.log
    assert any("taken for standing" in line for line in rig.log)


def test_a_hand_that_verified_a_block_does_not_reach_for_those_below_it(make_rig):
    """What stands on them would be hit."""
    rig = make_rig(list(THREE))
    drive(rig, placed(rig, 3))
    highest = top(rig)
    rig.world.unseen = {
        number
        for number, pose in enumerate(rig.world.blocks)
        if number == highest or abs(pose.position[2] - rig.world.blocks[highest].position[2]) < 0.06
    }
    finishes(rig)
    assert sum("feeling whether" in line for line in rig.log) == 1, rig.log


def test_a_new_block_does_not_matter(make_rig):
    rig = make_rig(list(THREE))
    drive(rig, state_is(rig, "approaching"))
    rig.world.blocks.append(FREE)
    finishes(rig)
    assert len(rig.world.blocks) == 4


def test_what_does_not_come_along_is_left_alone(make_rig):
    rig = make_rig([*THREE, FREE])
    drive(rig, lambda: rig.world.held is not None)
    fixed = rig.world.held
    rig.world.fixed.add(fixed)
    before = rig.world.blocks[fixed].position
    finishes(rig)
    np.testing.assert_array_equal(rig.world.blocks[fixed].position, before)
    assert sum("the block was lost on the way" in line for line in rig.log) == 2


def test_detections_that_stop_in_an_observation_start_it_anew(make_rig):
    rig = make_rig(list(THREE))
    observations = [()]

    def note_look() -> None:
        if rig.task.state.name.value == "looking":
            observations.append(rig.task.state.buffer.detection_frames)

    def approached() -> bool:
        note_look()
        return state_is(rig, "approaching")()

    def half_seen() -> bool:
        note_look()
        return len(observations[-1]) == 2

    drive(rig, half_seen)
    stopped = rig.world.now
    rig.world.faults["no picture"] = 25  # pictures come five a second
    drive(rig, approached)
    assert rig.world.now - stopped > 5.0
    assert min(s.stamp for s in observations[-1]) > stopped  # all but the one that completed it
    finishes(rig)


def test_a_stale_transform_keeps_pictures_from_counting(make_rig):
    rig = make_rig(list(THREE))
    drive(rig, lambda: rig.task.state.name.value == "looking")
    stopped = rig.world.transform_stopped_at = rig.world.now
    for _ in range(160):  # eight seconds
        outputs = rig.task.tick(rig.world.step())
        rig.log += [line.text for line in outputs.log]
        assert not any(isinstance(command, MoveArm) for command in outputs.commands)
    assert any("transform is" in line for line in rig.log), rig.log
    rig.world.transform_stopped_at = None
    finishes(rig)
    assert rig.world.now > stopped + 8.0


def test_a_transform_that_never_comes_back_ends_it_with_a_reason(make_rig):
    rig = make_rig(list(THREE))
    rig.world.transform_stopped_at = 0.0
    status = rig.run(200).status
    assert status.finished
    assert not status.success
    assert "is TF published?" in status.message


def test_an_observation_counts_frames_by_the_age_of_the_transform():
    def frame(stamp: float, placed: float | None) -> DetectionFrame:
        return DetectionFrame(stamp, (), np.zeros(3), placed)

    buffer = ObservationBuffer.begin(0.0, count=2, settle_s=0.0, max_age_s=3.0, max_tf_age_s=0.5)
    pictures = [frame(1.0, 0.4), frame(1.1, None), frame(1.2, 1.2), frame(1.2, 2.0)]
    buffer = buffer.observe(0.5, True, []).observe(1.2, True, pictures)
    assert [s.transform_stamp for s in buffer.detection_frames] == [None, 1.2]


@pytest.mark.parametrize("state", ["approaching", "carrying", "lifting", "homing"])
def test_a_node_that_is_killed_and_started_again_goes_on(make_rig, state):
    rig = make_rig(list(THREE))
    drive(rig, state_is(rig, "approaching"))
    drive(rig, state_is(rig, state))
    held = rig.world.held
    for _ in range(60):  # down; the robot ends what it was told
        rig.world.step()
    rig.restart()
    finishes(rig)
    assert ("there is a block in the hand; it is kept until its place is found" in rig.log) == (
        held is not None
    )


def test_a_block_beside_the_tower_s_foot_is_taken_before_the_tower_grows(make_rig):
    rig = make_rig([at(0.50, 0.0), at(0.50, -0.053), at(0.42, 0.18)])
    finishes(rig)
    taken = [line for line in rig.log if "for level 1" in line]
    assert len(taken) == 1
    assert "(0.42" not in taken[0]


def test_a_tower_that_bars_the_hand_from_a_block_is_taken_down_for_it(make_rig, monkeypatch):
    monkeypatch.setattr(pick_place, "TILTS", ())  # a tilted hand would get there
    rig = make_rig([at(0.50, 0.0), at(0.50, 0.0, 1), at(0.50, -0.053)])
    finishes(rig)
    assert any("out of the way" in line for line in rig.log), rig.log


def test_time_that_goes_back_while_a_block_is_carried_begins_a_task_that_keeps_it(make_rig):
    rig = make_rig(list(THREE))
    drive(rig, state_is(rig, "carrying"))
    assert rig.world.held is not None
    rig.world.set_clock_back(rig.world.now - 0.1)
    rig.restart()
    finishes(rig)
    assert any("there is a block in the hand; it is kept" in line for line in rig.log), rig.log


def test_joint_states_that_stop_for_long_make_it_observe_anew_with_the_block_in_hand(make_rig):
    rig = make_rig(list(THREE))
    drive(rig, state_is(rig, "carrying"))
    rig.world.faults["stale"] = 700  # ticks: 35 s, more than what was seen may be old
    drive(rig, lambda: rig.world.faults["stale"] == 0)
    there = rig.world.joints.copy()
    rig.world.faults["stale"] = 20
    drive(rig, lambda: rig.world.faults["stale"] == 0)
    np.testing.assert_array_equal(rig.world.joints, there)
    finishes(rig)
    assert any("looking anew, the block in the hand" in line for line in rig.log)


def test_blocks_that_fell_out_of_reach_are_named(make_rig):
    rig = make_rig(list(THREE))
    drive(rig, placed(rig, 3))
    rig.world.blocks[top(rig)] = at(0.80, 0.0)
    status = rig.run(300).status
    assert status.finished
    assert not status.success
    assert "2 of 3" in status.message
    assert "1 outside of the block zone" in status.message
