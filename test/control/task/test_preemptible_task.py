"""A request is taken while another thread is in the middle of a tick."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest

from simreal_common.geometry import Pose
from simreal_control.robot_interface.task_io import Cancel, MoveArm
from simreal_control.task.operator_requests import Request
from simreal_control.task.preemptible_task import PreemptibleTask

SOON_S = 5.0


class Desk:
    """A task whose next tick waits in the middle, as if it planned."""

    def __init__(self, rig: Any) -> None:
        self.rig = rig
        self.sent: list[object] = []
        self.halts = 0
        self.desk = PreemptibleTask(rig.task, self.sent.append, self._halt)
        self.in_the_middle, self.go_on = threading.Event(), threading.Event()

    def _halt(self) -> None:
        self.halts += 1

    def plan_slowly(self) -> threading.Thread:
        """Another thread is in a tick when this returns."""
        tick = self.rig.task.tick

        def slow(inputs):
            outputs = tick(inputs)
            self.in_the_middle.set()
            assert self.go_on.wait(SOON_S)
            return outputs

        self.rig.task.tick = slow
        thread = threading.Thread(target=lambda: self.desk.tick(self.rig.world.step()))
        thread.start()
        assert self.in_the_middle.wait(SOON_S)
        self.rig.task.tick = tick
        return thread


@pytest.fixture
def desk(make_rig):
    places = [(0.45, -0.15), (0.55, 0.05), (0.42, 0.18)]
    rig = make_rig(
        [Pose(np.array([x, y, 0.025]), np.array([0.0, 0.0, 0.0, 1.0])) for x, y in places]
    )
    rig.world.joints = rig.world.joints + 0.1
    for _ in range(2):  # now it knows that arm and hand rest: the next one plans the way home
        assert rig.task.tick(rig.world.step()).commands == ()
    return Desk(rig)


@pytest.mark.parametrize("request_", [Request.STOP, Request.PAUSE])
def test_what_is_planned_when_the_arm_shall_hold_is_not_sent(desk, request_):
    thread = desk.plan_slowly()
    assert "will not be sent" in desk.desk.ask(request_, desk.rig.world.now)
    assert desk.halts == 1  # at once, not after the plan
    desk.go_on.set()
    thread.join(SOON_S)
    assert not any(isinstance(command, MoveArm) for command in desk.sent)
    assert desk.rig.task.status.state == ("paused" if request_ is Request.PAUSE else "finished")


def test_without_a_request_the_plan_is_sent(desk):
    thread = desk.plan_slowly()
    desk.go_on.set()
    thread.join(SOON_S)
    assert any(isinstance(command, MoveArm) for command in desk.sent)


def test_a_paused_plan_is_made_anew(desk):
    thread = desk.plan_slowly()
    desk.desk.ask(Request.PAUSE, desk.rig.world.now)
    assert "taken as soon as" in desk.desk.ask(Request.RESUME, desk.rig.world.now)
    desk.go_on.set()
    thread.join(SOON_S)
    rig = desk.rig
    for _ in range(4000):
        desk.sent.clear()
        outputs = desk.desk.tick(rig.world.step())
        for command in desk.sent:
            rig.world.execute(command)
        if outputs.status.finished:
            break
    assert outputs.status.success, outputs.status


def test_a_stop_in_motion_cancels_it(desk):
    desk.desk.tick(desk.rig.world.step())
    moves = [command for command in desk.sent if isinstance(command, MoveArm)]
    assert "stopped" in desk.desk.ask(Request.STOP, desk.rig.world.now)
    assert desk.sent[-1] == Cancel(moves[-1].number)
    assert desk.halts == 1
