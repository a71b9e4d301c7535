"""Time that goes back: control begins anew, the world goes on."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("pybullet", reason="the simulation needs PyBullet")

from simreal_bench.stacking_faults.registry import make_fault
from simreal_control.task.state import StateName


@pytest.mark.parametrize(
    ("seed", "least", "most"), [(3, 0.2, 1.0), (1, 2.0, 20.0), (2, 59.9, 59.9)]
)
def test_time_goes_back_once_and_a_new_task_begins(seed: int, least: float, most: float) -> None:
    fault: Any = make_fault("clock_back", seed)
    fault.trigger = SimpleNamespace(is_due=lambda context: True)
    done: list[Any] = []
    robot = SimpleNamespace(set_clock_back=done.append, start_anew=lambda: done.append("anew"))
    old = SimpleNamespace(state=SimpleNamespace(name=StateName.CARRYING))
    context: Any = SimpleNamespace(now=60.0, robot=robot, task=old, make_task=lambda: "new task")
    for _ in range(3):
        fault.disturb(context)
    assert least <= done[0] <= most
    assert done[1:] == ["anew"]
    assert context.task == "new task"
    assert f"time goes back by {done[0]:.1f} s while carrying" in fault.words
