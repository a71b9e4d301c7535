"""A camera that is lost: nothing is seen, and what waited may come late."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

pytest.importorskip("pybullet", reason="the simulation needs PyBullet")

from simreal_bench.stacking_faults.registry import make_fault
from simreal_control.robot_interface.task_io import DetectionFrame, Inputs
from simreal_control.task.state import StateName


@pytest.mark.parametrize("seed", [1, 2])
def test_a_lost_camera_shows_nothing_for_long(seed: int) -> None:
    fault: Any = make_fault("camera_lost", seed)
    fault.trigger = SimpleNamespace(is_due=lambda context: context.now >= 1.0)
    heard = []
    for second in range(60):
        frame = DetectionFrame(float(second), (), np.zeros(3))
        task = SimpleNamespace(state=SimpleNamespace(name=StateName.OBSERVING))
        context: Any = SimpleNamespace(now=float(second), task=task)
        frames = (frame,) if fault.sees(context) else ()
        seen = fault.inputs(context, Inputs(float(second), None, frames))
        heard.append([one.stamp for one in seen.detection_frames])
    gap = heard.index([], 1) - 1, len(heard) - heard[::-1].index([])
    lost = gap[1] - 1
    assert 15 <= lost <= 31
    assert heard[1 : gap[1]] == [[]] * lost
    late = [1.0, 2.0, 3.0, 4.0, 5.0] if seed == 2 else []
    assert heard[gap[1]] == [*late, float(gap[1])]
    assert heard[gap[1] + 1 :] == [[float(second)] for second in range(gap[1] + 1, 60)]
