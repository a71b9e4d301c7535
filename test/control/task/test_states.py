"""States are values, and to select what is done next changes nothing."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from simreal_common.geometry import Pose
from simreal_control.grasping import pick_place
from simreal_control.task.task_planning.block_selection import BlockSelector
from simreal_control.task.task_planning.decision import Do


def at(x: float, y: float, level: int = 0) -> Pose:
    return Pose(np.array([x, y, (level + 0.5) * 0.05]), np.array([0.0, 0.0, 0.0, 1.0]))


THREE = [at(0.45, -0.15), at(0.55, 0.05), at(0.42, 0.18)]


def drive(rig, name: str) -> None:
    """Until the arm moves in a state."""
    for _ in range(4000):
        for command in rig.task.tick(rig.world.step()).commands:
            rig.world.execute(command)
        if rig.task.state.name.value == name and rig.task.moving:
            return
    raise AssertionError(f"never {name}")


def test_no_state_can_be_changed(make_rig):
    rig = make_rig(list(THREE))
    seen = {}
    while not rig.task.finished:
        for command in rig.task.tick(rig.world.step()).commands:
            rig.world.execute(command)
        seen[rig.task.state.name.value] = rig.task.state
    assert {"looking", "approaching", "grasping", "carrying", "releasing", "finished"} <= set(seen)
    for state in seen.values():
        for field in dataclasses.fields(state):
            with pytest.raises(dataclasses.FrozenInstanceError):
                setattr(state, field.name, None)


def test_a_paused_carry_goes_on_to_the_same_place_with_fresh_patience(make_rig):
    rig = make_rig(list(THREE))
    drive(rig, "carrying")
    rig.task.state = dataclasses.replace(rig.task.state, retries=2)
    before = rig.task.state
    rig.task.pause()
    rig.task.resume()
    after = rig.task.state
    assert (after.step, after.held, after.target) == (before.step, before.held, before.target)
    assert (before.retries, after.retries) == (2, 0)


def test_an_arm_is_waited_for_anew_where_a_motion_is_tried_again(make_rig):
    rig = make_rig(list(THREE), faults={"swallow": 1})
    rig.world.joints = rig.world.joints + 0.1
    step = rig.world.step

    def tick(shaking: bool) -> None:
        inputs = step()
        shift = 0.01 * (round(20 * inputs.now) % 2) if shaking else 0.0
        arm = dataclasses.replace(inputs.arm, positions=inputs.arm.positions + shift)
        inputs = dataclasses.replace(inputs, arm=arm)
        for command in rig.task.tick(inputs).commands:
            rig.world.execute(command)

    for _ in range(20):
        tick(shaking=True)
    assert not rig.task.moving
    began = rig.world.now
    while rig.task.state.retries == 0:  # the motion is swallowed: its end is waited for in vain
        tick(shaking=False)
    assert rig.world.now - began > 5.0
    for _ in range(30):
        tick(shaking=True)
    assert not rig.task.finished, rig.task.status
    assert rig.run().status.success, rig.log


def select_twice(monkeypatch: pytest.MonkeyPatch) -> list[Do]:
    """From now on every selection is made twice and has to come out the same; takes those that move."""
    select, removals = BlockSelector.select, []

    def twice(selector, now, structure, view):
        filled, scene = set(structure.filled), list(now.scene)
        first, second = (select(selector, now, structure, view) for _ in range(2))
        assert structure.filled == filled
        assert list(now.scene) == scene
        assert first.notes == second.notes
        assert type(first.decision) is type(second.decision)
        if isinstance(first.decision, Do):
            assert first.decision.words == second.decision.words
            removals.extend([first.decision] if first.decision.removal is not None else [])
        return second

    monkeypatch.setattr(BlockSelector, "select", twice)
    return removals


def test_to_reveal_what_a_tower_occludes_is_selected_without_a_change(make_rig, monkeypatch):
    removals = select_twice(monkeypatch)
    rig = make_rig(list(THREE), goal=4)
    rig.run(400)
    assert [step.removal.search for step in removals] == [True, True]
    assert rig.world.tower() == 3


def test_to_unstack_a_tower_is_selected_without_a_change(make_rig, monkeypatch):
    monkeypatch.setattr(pick_place, "TILTS", ())  # a tilted hand would get there
    removals = select_twice(monkeypatch)
    rig = make_rig([at(0.50, 0.0), at(0.50, 0.0, 1), at(0.50, -0.053)])
    assert rig.run().status.success, rig.log
    assert removals[0].removal.from_slot == 1
