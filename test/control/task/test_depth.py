"""Tasks beside a depth camera: unknown things are planned around, what comes stops the arm."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest

from simreal_common.geometry import Pose
from simreal_common.settings.obstacles import Obstacle
from simreal_control.assembly import Assembly
from simreal_control.robot_interface.task_io import Cancel, MoveArm
from simreal_control.task.state import StateName

EDGE = 0.05
UPRIGHT = np.array([0.0, 0.0, 0.0, 1.0])
PLACES = [(0.42, 0.24), (0.50, -0.22)]
WALL = Obstacle("wall", Pose(np.array([0.48, 0.08, 0.14]), UPRIGHT), np.array([0.16, 0.02, 0.28]))


def hand_at(y: float) -> Obstacle:
    """A hand and forearm from the left, its tips at y, at the height that blocks are carried."""
    return Obstacle(
        "hand", Pose(np.array([0.48, y + 0.3, 0.22]), UPRIGHT), np.array([0.1, 0.6, 0.1])
    )


def blocks() -> list[Pose]:
    return [Pose(np.array([x, y, EDGE / 2]), UPRIGHT) for x, y in PLACES]


@pytest.fixture
def make_seeing(make_rig, seeing: Assembly):
    """A task that sees these things, by the time."""

    def make(things: Callable[[float], Sequence[Obstacle]], give_up_after_s=60.0, **options):
        rig = make_rig(blocks(), goal=2, things=things, **options)
        config = replace(
            rig.assembly.config, depth=seeing.config.depth, give_up_after_s=give_up_after_s
        )
        rig.assembly = replace(seeing, config=config)
        rig.restart()
        return rig

    return make


def test_a_tower_is_built_around_what_nobody_told_of(make_seeing, seeing: Assembly) -> None:
    assert seeing.hulls is not None
    rig = make_seeing(lambda now: [WALL])
    near = np.inf
    points = WALL.pose.transform_points(
        np.stack(np.meshgrid(*[np.linspace(-0.5, 0.5, 12)] * 3), axis=-1).reshape(-1, 3) * WALL.size
    )
    while rig.world.now < 200.0:
        outputs = rig.run(0.0)
        near = min(near, seeing.hulls.distances(points, rig.world.joints, 0.3).min())
        if rig.world.held is not None:
            near = min(near, WALL.distance(rig.world.blocks[rig.world.held].position) - EDGE / 2)
        if outputs.status.finished:
            break
    assert outputs.status.success, rig.log
    assert near > 0.0
    assert any(WALL.distance(one.pose.position) < 0.05 for one in rig.task.obstacles)
    assert not [line for line in rig.log if "something" in line]


def run_until_moving(rig, name: StateName, after_s: float = 0.4) -> None:
    """Until the arm has moved in a state for some time."""
    for _ in range(2000):
        assert not rig.run(0.0).status.finished, rig.log
        if rig.task.moving and rig.task.state.name is name:
            rig.run(after_s)
            assert rig.task.moving
            return
    raise AssertionError(rig.log)


def test_a_hand_in_the_way_stops_the_arm_and_it_goes_on_when_the_hand_is_gone(make_seeing) -> None:
    there: list[Obstacle] = []
    rig = make_seeing(lambda now: there)
    run_until_moving(rig, StateName.CARRYING, 0.1)
    there.append(hand_at(0.12))
    rig.run(0.4)
    stopped = rig.world.joints.copy()
    assert not rig.task.moving
    assert any("something stands in the way at (0." in line for line in rig.log), rig.log
    rig.run(3.0)
    np.testing.assert_array_equal(rig.world.joints, stopped)
    assert rig.task.status.state == "carrying"
    assert "something new stands at" in rig.task.status.message
    there.clear()
    assert rig.run(100.0).status.success, rig.log
    assert "the workspace is free; going on from where the arm is" in rig.log
    assert rig.world.tower() == 2


def test_a_hand_that_never_keeps_still_ends_it_in_words(make_seeing) -> None:
    came: list[float] = []
    right, left = hand_at(-0.7), hand_at(0.1)  # one after the other
    rig = make_seeing(lambda now: [(left, right)[int(now / 0.7) % 2]] if came else [], 8.0)
    run_until_moving(rig, StateName.CARRYING, 0.1)
    came.append(rig.world.now)
    last = rig.run(100.0).status
    assert last.finished and not last.success
    assert "something new stands at" in last.message and "waited for 8 s" in last.message


def test_what_stays_where_it_came_is_planned_around(make_seeing) -> None:
    there: list[Obstacle] = []
    rig = make_seeing(lambda now: there)
    run_until_moving(rig, StateName.APPROACHING, 0.1)
    there.append(WALL)
    assert rig.run(100.0).status.success, rig.log
    assert any("something" in line for line in rig.log)


def test_without_depth_images_nothing_is_begun_and_what_moves_stops(make_seeing) -> None:
    rig = make_seeing(lambda now: [], 20.0)
    run_until_moving(rig, StateName.CARRYING, 0.1)
    rig.world.depth_stops_at = rig.world.now
    sent = []
    for _ in range(19 * 20):
        outputs = rig.task.tick(rig.world.step())
        sent += outputs.commands
        rig.log += [line.text for line in outputs.log]
        for command in outputs.commands:
            rig.world.execute(command)
    assert [type(command) for command in sent] == [Cancel]
    assert any("the latest depth image on depth/image is 0.6" in line for line in rig.log), rig.log
    last = rig.run(10.0).status
    assert last.finished and "the latest depth image on depth/image is" in last.message


def test_depth_images_that_come_again_let_it_go_on(make_seeing) -> None:
    rig = make_seeing(lambda now: [])
    run_until_moving(rig, StateName.CARRYING, 0.1)
    rig.world.depth_stops_at = rig.world.now
    rig.run(5.0)
    assert not rig.task.moving
    rig.world.depth_stops_at = np.inf
    assert rig.run(100.0).status.success, rig.log


def test_without_the_first_depth_image_nothing_moves(make_seeing) -> None:
    rig = make_seeing(lambda now: [], depth_stops_at=0.0)
    rig.world.joints = rig.world.joints + 0.2
    outputs = [rig.task.tick(rig.world.step()) for _ in range(200)]
    assert not [c for one in outputs for c in one.commands if isinstance(c, MoveArm)]
    assert "no depth image on depth/image yet" in outputs[-1].status.message


def test_nothing_is_decided_before_it_is_known_what_stands_there(make_seeing) -> None:
    """At home no motion is needed before the first look: where to build is decided then."""
    box = Obstacle("box", Pose(np.array([0.50, 0.0, 0.05]), UPRIGHT), np.array([0.1, 0.1, 0.1]))
    rig = make_seeing(lambda now: [box], depth_stops_at=0.0)
    rig.run(8.0)
    assert not [line for line in rig.log if "built at" in line]
    assert "no depth image on depth/image yet" in rig.task.status.message
    rig.world.depth_stops_at = np.inf
    assert rig.run(100.0).status.success, rig.log
    assert all(box.distance_from_above(pose.position[:2]) > EDGE / 2 for pose in rig.world.blocks)


def test_a_plan_alone_goes_around_it_too(make_seeing) -> None:
    rig = make_seeing(lambda now: [WALL], plan_only=True)
    assert rig.run(20.0).status.success, rig.log
    assert any(WALL.distance(one.pose.position) < 0.05 for one in rig.task.obstacles)


def test_blocks_that_are_moved_are_no_obstacles_for_long(make_seeing) -> None:
    rig = make_seeing(lambda now: [])
    run_until_moving(rig, StateName.APPROACHING, 0.1)
    rig.world.blocks[0] = Pose(np.array([0.60, 0.02, EDGE / 2]), UPRIGHT)
    rig.world.blocks[1] = Pose(np.array([0.36, -0.20, EDGE / 2]), UPRIGHT)
    assert rig.run(200.0).status.success, rig.log
