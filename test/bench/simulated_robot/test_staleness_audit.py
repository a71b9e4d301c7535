"""The staleness audit notices a motion on old data."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("pybullet", reason="the simulation needs PyBullet")

from simreal_bench.simulated_robot.staleness_audit import StalenessAudit
from simreal_control.control_configuration import ControlParameters
from simreal_control.planning.trajectory import JointTrajectory
from simreal_control.robot_interface.task_io import ArmState, DetectionFrame, Inputs, MoveArm
from simreal_control.task.state import StateName


def test_a_motion_on_old_pictures_or_joint_states_is_noticed() -> None:
    def inputs(now: float, joints: float, picture: float, placed: float) -> Inputs:
        arm = ArmState(joints, np.zeros(7), np.zeros(7), 0.08)
        return Inputs(now, arm, (DetectionFrame(picture, (), np.zeros(3), placed),))

    still = JointTrajectory(
        np.array([0.0, 1.0]), np.zeros((2, 7)), np.zeros((2, 7)), np.zeros((2, 7))
    )
    command = MoveArm(1, still)
    cases = {
        "": inputs(10.0, 10.0, 9.0, 9.0),
        "pictures": inputs(10.0, 10.0, 5.0, 5.0),
        "joint states": inputs(10.0, 9.0, 9.0, 9.0),
        "pictures, approaching: inf": inputs(10.0, 10.0, 9.0, 2.0),  # its transform is old
    }
    for words, heard in cases.items():
        audit = StalenessAudit(ControlParameters(blocks=3).stacking_config())
        audit.heard(heard)
        audit.sent(10.0, StateName.APPROACHING, [command])
        assert [w.startswith(words) for _, w in audit.breaches] == [True] * bool(words)


def test_nothing_counts_that_was_heard_before_time_went_back() -> None:
    def hear(audit: StalenessAudit, now: float, picture: float, joints: float) -> None:
        arm = ArmState(joints, np.zeros(7), np.zeros(7), 0.08)
        audit.heard(Inputs(now, arm, (DetectionFrame(picture, (), np.zeros(3)),)))

    still = np.zeros((2, 7))
    command = MoveArm(1, JointTrajectory(np.array([0.0, 1.0]), still, still, still))
    audit = StalenessAudit(ControlParameters(blocks=3).stacking_config())
    hear(audit, 100.0, 99.9, 100.0)
    hear(audit, 40.0, 99.95, 40.0)  # that picture was on its way
    audit.sent(40.0, StateName.APPROACHING, [command])
    assert [words for _, words in audit.breaches] == ["pictures, approaching: inf s old, bound 3 s"]
    hear(audit, 41.0, 40.9, 41.0)
    audit.sent(41.0, StateName.APPROACHING, [command])
    assert len(audit.breaches) == 1
