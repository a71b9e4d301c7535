"""Goals as people write them: what is wrong with one is said, and none leads out of the workspace."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from simreal_common.errors import ConfigurationError, KinematicsError
from simreal_common.geometry import Pose
from simreal_control.planning.motion import StationPlanner
from simreal_control.robot_interface.task_io import MoveArm
from simreal_control.task.task_planning.goal import (
    MOST_BLOCKS,
    Build,
    Goal,
    goal_from,
    pyramid_foot,
    read_goal,
)
from simreal_control.world_model.structure import Spot


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("{build: tower, blocks: 3}", Goal(blocks=3)),
        ("{colors: [red, blue]}", Goal(colors=("red", "blue"))),
        ("build: towers\ntowers: 3", Goal(Build.TOWERS, towers=3)),
        ("{build: row, blocks: 4, gap: 0.02}", Goal(Build.ROW, 4, gap_m=0.02)),
        ("{build: pyramid, blocks: 6}", Goal(Build.PYRAMID, 6)),
        ("{build: sort by color}", Goal(Build.SORT)),
        ("{build: wall, blocks: 6, width: 3}", Goal(Build.WALL, 6, width=3)),
        ("{build: apart}", Goal(Build.APART)),
        ("{build: rows by color, colors: [red]}", Goal(Build.ROWS, colors=("red",))),
        (
            "structure: [{at: [0, 0], level: 1, color: red}, {at: [0, 0], color: blue}]",
            Goal(Build.STRUCTURE, 2, spots=(Spot(0.0, 0.0, 0, "blue"), Spot(0.0, 0.0, 1, "red"))),
        ),
    ],
)
def test_a_goal_is_read(text: str, wanted: Goal) -> None:
    assert read_goal(text) == wanted


def test_a_goal_is_read_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "goal.yaml").write_text("{build: row, blocks: 2}")
    assert read_goal(str(tmp_path / "goal.yaml")) == Goal(Build.ROW, 2)
    with pytest.raises(ConfigurationError, match="cannot read the goal"):
        read_goal(str(tmp_path / "none.yaml"))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            "{build: wall, blocks: 5, width: 3}",
            "got a wall of 5 blocks, 3 wide, wanted whole layers",
        ),
        ("{build: apart, blocks: 3}", "got 3 blocks, wanted none: apart is of all that are seen"),
        ("{build: apart, colors: [red, blue]}", "apart has no order of colors"),
        ("{build: structure, blocks: 3}", "got 3 blocks and 0 places for a structure"),
        ("{build: row, structure: [{at: [0, 0]}, {at: [1, 0]}]}", "2 places for a row"),
        ("{structure: []}", "got structure [], wanted a list such as [{at: [0, 0], color: red}"),
        ("{structure: [{at: [0]}]}", "got place {'at': [0]}, wanted such as {at: [0, 0]"),
        ("{structure: [{at: [0, 0], height: 1}]}", "got place {'at': [0, 0], 'height': 1}, wanted"),
        (
            "{structure: [{at: [0, 0]}, {at: [0.5, 0]}]}",
            "(0, 0) on level 0 and (0.5, 0) on level 0",
        ),
        ("{structure: [{at: [0, 0]}, {at: [3, 0], level: 1}]}", "(3, 0) on level 1 over nothing"),
        (
            "{structure: [{at: [0, 0]}, {at: [0.4, 0], level: 1}]}",
            "(0.4, 0) on level 1 over nothing",
        ),
        ("{structure: [{at: [0, 0], color: red}, {at: [1, 0]}]}", "colors in some places"),
        (
            "{structure: [{at: [0, 0], color: mauve}, {at: [1, 0], color: red}]}",
            "got color 'mauve'",
        ),
        ("{build: castle}", "wanted one of tower, towers, row"),
        ("{build: [row]}", "wanted one of tower"),
        ("{blocks: 1}", "2 or more"),
        ("{blocks: 1000000000}", f"at most {MOST_BLOCKS}"),
        ("{blocks: 2.5}", "got blocks 2.5, wanted a whole number"),
        ("{blocks: true}", "wanted a whole number"),
        ("{build: row, gap: .nan}", "wanted a finite one"),
        ("{build: pyramid, blocks: 4}", "wanted 3, 6, 10 or 15"),
        ("{colors: red}", "wanted a list of names"),
        ("{colors: 5}", "wanted a list of names"),
        ("{colors: [mauve, red]}", "got color 'mauve', wanted one of"),
        ("{colors: [red]}", "got one color"),
        ("{height: 3}", "got 'height', wanted blocks"),
        ("{1: 2, a: 3}", "got '1', wanted blocks"),
        ("tower", "got 'tower', wanted e.g."),
        ("{build: ", "not YAML"),
    ],
)
def test_what_is_wrong_with_a_goal_is_said(text: str, says: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        read_goal(text)
    assert says in " ".join(str(refused.value).split())


def test_pyramids_have_triangular_numbers() -> None:
    assert [n for n in range(2, 17) if pyramid_foot(n)] == [3, 6, 10, 15]


names = ["build", "blocks", "colors", "towers", "gap", "width", "structure", "at", "level"]
keys = st.sampled_from(names) | st.text(max_size=5)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
    | st.sampled_from(["red", "tower", "row", "pyramid", "towers", "sort by color", "apart", "wall"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=6,
)  # fmt: skip


@given(st.dictionaries(keys, anything, max_size=5))
@settings(max_examples=300)
def test_any_yaml_is_a_bounded_goal_or_refused(values: dict) -> None:
    try:
        goal = read_goal(yaml.safe_dump(values))
    except ConfigurationError:
        return
    assert goal == goal_from(values)
    assert goal.blocks <= MOST_BLOCKS
    assert len(goal.colors) <= MOST_BLOCKS


@given(
    st.lists(st.floats(-3.0, 3.0), min_size=7, max_size=7),
    st.floats(-1.0, 2.0),
    st.tuples(*[st.floats(-1.5, 1.5)] * 3),
)
@settings(max_examples=15)
def test_no_target_leads_out_of_the_workspace(station_planner, joints, height, position) -> None:
    """Whatever is asked of the planner, what it returns stays inside, above the floor."""
    arm, config = station_planner.arm, station_planner.config
    # The way around obstacles passes the same check; looking for one in vain takes seconds.
    station_planner = StationPlanner(arm, config)
    home = np.array([0.0, -0.785, 0.0, -2.356, 0.0, 1.571, 0.785])
    goal = np.clip(joints, arm.limits.lower, arm.limits.upper)
    down = Pose(np.array(position), np.array([1.0, 0.0, 0.0, 0.0]))
    for plan in (
        lambda: station_planner.to_configuration(home, goal, height),
        lambda: station_planner.to_station(home, down, goal, height),
        lambda: station_planner.up(home, height),
    ):
        try:
            trajectory = plan()
        except KinematicsError:
            continue
        way = np.array([arm.forward(q).position for q in trajectory.positions])
        assert (way >= config.workspace.lower).all()
        assert (way <= config.workspace.upper).all()
        assert (way[:, 2] >= config.floor_m - 1e-4).all()


ABSURD = [(1.3, 0.0, 0.025), (0.5, 0.9, 0.025), (0.1, 0.0, 0.025), (0.5, 0.1, -0.4)]


@pytest.mark.parametrize(
    "goal",
    [Goal(blocks=16), Goal(Build.ROW, 16, gap_m=0.1), Goal(Build.PYRAMID, 15),
     Goal(Build.TOWERS, 16, towers=6), Goal()],
    ids=lambda goal: goal.words,
)  # fmt: skip
def test_no_goal_moves_the_arm_out_of_the_workspace(make_rig, station_planner, goal) -> None:
    blocks = [(0.45, -0.15, 0.025), (0.55, 0.05, 0.025), *ABSURD]
    rig = make_rig([Pose(np.array(at), np.array([0.0, 0.0, 0.0, 1.0])) for at in blocks], goal=goal)
    rig.world.joints = rig.world.joints + 0.1
    arm, workspace = station_planner.arm, station_planner.config.workspace
    floor, sent = station_planner.config.floor_m, 0
    while rig.world.now < 110.0:
        outputs = rig.task.tick(rig.world.step())
        for command in outputs.commands:
            rig.world.execute(command)
            if isinstance(command, MoveArm):
                sent += 1
                for joints in command.trajectory.positions:
                    tool = arm.forward(joints).position
                    assert workspace.contains(tool)
                    assert tool[2] >= floor - 1e-4
        if outputs.status.finished:
            break
    assert sent > 0
    assert outputs.status.finished
