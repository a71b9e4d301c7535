"""Every kind of goal, built in the fake world and judged by one who knows nothing of the task."""

from __future__ import annotations

import numpy as np
import pytest

from simreal_common.geometry import Pose
from simreal_control.robot_interface.task_io import Cancel
from simreal_control.task.task_planning.goal import Build, Goal, read_goal
from simreal_control.task.task_planning.placement_site import BUILDERS

pytest.importorskip("pybullet", reason="the judge lies in simreal_sim")

from simreal_sim.scoring.structure_score import (
    STRUCTURES,
    StructureVerdict,
    WantedStructure,
    judge_structure,
)

EDGE = 0.05
PLACES = [
    (0.36, -0.24), (0.62, -0.22), (0.36, 0.24), (0.62, 0.24), (0.34, 0.0), (0.66, 0.02),
    (0.48, -0.27), (0.49, 0.27),
]  # fmt: skip


def test_each_kind_of_structure_is_planned_and_judged() -> None:
    assert set(BUILDERS) == set(Build)
    assert set(STRUCTURES) == {build.value for build in Build}


# Two towers and a block across them, and one beside: an L, seen from above.
BRIDGE = """
structure:
  - {at: [0.5, 0], level: 1, color: green}
  - {at: [0, 0], color: blue}
  - {at: [1, 0], color: red}
  - {at: [0, 1], color: blue}
"""


def blocks(count: int) -> list[Pose]:
    rng = np.random.default_rng(count)
    turns = rng.uniform(-0.7, 0.7, count)
    return [
        Pose(np.array([x, y, EDGE / 2]), np.array([0.0, 0.0, np.sin(t / 2), np.cos(t / 2)]))
        for (x, y), t in zip(PLACES, turns, strict=False)
    ]


def verdict(rig, goal: Goal, count: int) -> StructureVerdict:
    world = rig.world
    poses = {str(number): pose for number, pose in enumerate(world.blocks)}
    colors = {str(number): color for number, color in enumerate(world.colors)}
    spots = tuple((s.x, s.y, s.level, s.color) for s in goal.all_spots)
    wanted = WantedStructure(goal.build.value, count, goal.colors, goal.towers, goal.gap_m, spots)
    return judge_structure(wanted, poses, colors, EDGE)


CASES = [
    (Goal(Build.TOWERS, 4, towers=2), 4, ()),
    (Goal(Build.TOWERS, 0, towers=3), 6, ()),
    (Goal(Build.TOWERS, 5, towers=2), 6, ()),
    (Goal(Build.ROW, 4), 4, ()),
    (Goal(Build.ROW, 3, gap_m=0.03), 5, ()),
    (Goal(Build.ROW, colors=("red", "blue", "green")), 4, ("green", "red", "white", "blue")),
    (Goal(Build.PYRAMID, 3), 3, ()),
    (Goal(Build.PYRAMID, 0), 6, ()),
    (Goal(Build.SORT), 6, ("red", "blue", "red", "blue", "red", "green")),
    (Goal(Build.SORT, colors=("blue",)), 5, ("red", "blue", "red", "blue", "red")),
    (Goal(colors=("red", "blue", "green")), 4, ("green", "white", "blue", "red")),
    (Goal(Build.WALL, 4, width=2), 4, ()),
    (read_goal(BRIDGE), 5, ("green", "red", "white", "blue", "blue")),
    (Goal(Build.ROWS), 5, ("red", "blue", "red", "blue", "green")),
]


@pytest.mark.parametrize(
    ("goal", "count", "colors"), CASES, ids=[f"{goal.words} of {count}" for goal, count, _ in CASES]
)
def test_a_goal_is_built(make_rig, goal: Goal, count: int, colors: tuple[str, ...]) -> None:
    rig = make_rig(blocks(count), goal=goal, colors=colors)
    assert not verdict(rig, goal, goal.blocks or len(goal.colors) or count).success
    status = rig.run(400).status
    assert status.success, rig.log
    wanted = goal.blocks or (len(goal.colors) if goal.ordered else count)
    judged = verdict(rig, goal, wanted)
    assert judged.success, (judged, rig.log)
    assert status.placed == status.goal


@pytest.mark.parametrize(
    ("goal", "colors", "says"),
    [
        (Goal(colors=("red", "blue", "green")), ("red", "blue", "white"), "no green block is seen"),
        (Goal(colors=("cyan", "blue")), ("red", "blue", "white"), "no cyan block"),
        (
            Goal(Build.ROW, colors=("red", "pink")),
            ("red", "blue", "white"),
            "no pink block is seen",
        ),
        (Goal(Build.SORT), ("red", "blue", "white"), "no two blocks of one wanted color"),
        (Goal(Build.ROW, 5), ("red", "red", "red"), "3 of 5 blocks are in their places"),
    ],
)
def test_a_color_that_is_not_there_is_named(make_rig, goal, colors, says) -> None:
    rig = make_rig(blocks(3), goal=goal, colors=colors)
    status = rig.run(300).status
    assert status.finished
    assert not status.success
    assert says in status.message, rig.log


def act(rig) -> list:
    """One tick; the commands that it sent."""
    commands = rig.task.tick(rig.world.step()).commands
    for command in commands:
        rig.world.execute(command)
    return list(commands)


@pytest.mark.parametrize(
    ("goal", "colors"),
    [(Goal(blocks=3), ()), (Goal(Build.ROW, 3), ()),
     (Goal(colors=("green", "red", "blue")), ("red", "blue", "green"))],
    ids=["tower", "row", "colors"],
)  # fmt: skip
def test_started_again_with_a_block_in_the_hand(make_rig, goal: Goal, colors) -> None:
    rig = make_rig(blocks(3), goal=goal, colors=colors)
    for _ in range(4000):
        act(rig)
        if rig.task.state.name.value == "carrying" and rig.world.held is not None:
            break
    for _ in range(10):  # on the way
        act(rig)
    assert rig.world.held is not None
    rig.world.execute(Cancel(0))
    rig.restart()
    status = rig.run(400).status
    assert any("there is a block in the hand" in line for line in rig.log)
    assert status.success, rig.log
    assert verdict(rig, goal, 3).success, verdict(rig, goal, 3)


def test_each_motion_is_asked_for_and_only_then_made(make_rig) -> None:
    rig = make_rig(blocks(2), goal=2, confirm=True)
    rig.world.joints = rig.world.joints + 0.1
    asked = 0
    for _ in range(6000):
        outputs = rig.task.tick(rig.world.step())
        for command in outputs.commands:
            rig.world.execute(command)
        if outputs.status.state == "asking":
            assert "confirm or stop" in outputs.status.message
            before, opening = rig.world.joints.copy(), rig.world.opening
            for _ in range(20):  # nothing happens as long as nobody says yes
                assert rig.task.tick(rig.world.step()).commands == ()
            np.testing.assert_array_equal(rig.world.joints, before)
            assert rig.world.opening == opening
            asked += 1
            rig.task.confirm(rig.world.now)
            for command in rig.task.take_commands():
                rig.world.execute(command)
        if outputs.status.finished:
            break
    assert outputs.status.success, rig.log
    assert asked >= 7  # home, open, to the block, close, lift, carry, let go, home
    assert verdict(rig, Goal(blocks=2), 2).success


def test_what_nobody_confirms_is_not_done(make_rig) -> None:
    rig = make_rig(blocks(2), goal=2, confirm=True)
    rig.world.joints = rig.world.joints + 0.1
    before = rig.world.joints.copy()
    status = rig.run(600).status
    np.testing.assert_array_equal(rig.world.joints, before)
    assert status.finished
    assert not status.success
    assert any("not confirmed in time" in line for line in rig.log)


@pytest.mark.parametrize("goal", [Goal(Build.ROW, 3), Goal(Build.PYRAMID, 3)])
def test_plan_only_moves_nothing_for_any_goal(make_rig, goal) -> None:
    rig = make_rig(blocks(3), goal=goal, plan_only=True)
    before = [pose.position.copy() for pose in rig.world.blocks]
    there = rig.world.joints.copy()
    status = rig.run(20).status
    assert status.success, rig.log
    assert "nothing was moved" in status.message
    np.testing.assert_array_equal(rig.world.joints, there)
    np.testing.assert_array_equal([pose.position for pose in rig.world.blocks], before)
    assert len(rig.task.ways) == 3


def tower(x: float, y: float, levels: int) -> list[Pose]:
    upright = np.array([0.0, 0.0, 0.0, 1.0])
    return [Pose(np.array([x, y, EDGE * (n + 0.5)]), upright) for n in range(levels)]


def test_towers_are_taken_apart_from_the_top(make_rig) -> None:
    standing = [
        Pose(np.array([0.5, 0.0, EDGE * (n + 0.5)]), np.array([0, 0, 0, 1.0])) for n in range(3)
    ]
    aside = [
        Pose(np.array([0.4, 0.2, EDGE * (n + 0.5)]), np.array([0, 0, 0, 1.0])) for n in range(2)
    ]
    goal = Goal(Build.APART)
    rig = make_rig([*standing, *aside], goal=goal)
    assert not verdict(rig, goal, 5).success
    status = rig.run(400).status
    assert status.success, rig.log
    judged = verdict(rig, goal, 5)
    assert judged.success, (judged, rig.log)
    places = np.array([pose.position[:2] for pose in rig.world.blocks])
    assert np.allclose(places[[0, 3]], [[0.5, 0.0], [0.4, 0.2]]), "what lay there stays there"


def test_a_tower_is_sorted_back_into_rows(make_rig) -> None:
    goal = Goal(Build.ROWS)
    rig = make_rig(tower(0.42, 0.0, 4), goal=goal, colors=("red", "blue", "red", "blue"))
    status = rig.run(400).status
    assert status.success, rig.log
    judged = verdict(rig, goal, 4)
    assert judged.success, (judged, rig.log)
