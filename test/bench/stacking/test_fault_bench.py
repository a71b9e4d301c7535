"""The bench of faults: they are injected, and what counts as recovered is not too little."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("pybullet", reason="the simulation needs PyBullet")

from simreal_bench.faults.faults import Fault
from simreal_bench.simulated_robot.stack_result import StackResult
from simreal_bench.simulated_robot.staleness_audit import StalenessAudit
from simreal_bench.stacking.fault_bench import FaultBench
from simreal_bench.stacking.fault_run import KINDS, FaultResult, make_fault, run_fault
from simreal_bench.stacking.fault_summary import fault_rows, fault_summary
from simreal_cli.cli import main
from simreal_control.parameters import ControlParameters
from simreal_control.planning.trajectory import JointTrajectory
from simreal_control.robot_interface.task_io import ArmState, DetectionFrame, Inputs, MoveArm
from simreal_control.task.state import StateName
from simreal_perception.pose_estimation.estimator import BlockEstimator

STOOD = StackResult(
    seed=1, blocks=3, success=True, reason="", placed=3, simulated_s=20.0, wall_s=5.0,
    placement_mm=(1.0, 3.0), plan_ms=30.0, collisions=(), limit_violations=0, tracking_rad=0.0,
)  # fmt: skip


def test_one_of_each_kind_is_in_the_issue_s_list() -> None:
    assert list(KINDS) == [
        "dropped", "slipped", "fell", "meddled", "appeared",
        "detections", "transform", "action", "joints", "restart",
    ]  # fmt: skip


def test_a_dropped_block_in_physics_and_no_second_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "bench"
    command = ["bench", "stack", "--faults", "dropped", "--seeds", "1", "--out", str(out)]
    assert main(command) == 0
    said = capsys.readouterr().out
    assert "towers of 3, one fault each" in said
    content = json.loads((out / "dropped_1.json").read_text())
    assert content["recovered"], content
    assert content["injected_at"] > 0
    assert any("the block was lost on the way" in line for line in content["stack"]["log"])
    stamp = (out / "dropped_1.json").stat().st_mtime_ns
    assert main([*command, "--json", str(tmp_path / "figures.json")]) == 0
    assert (out / "dropped_1.json").stat().st_mtime_ns == stamp
    figures = json.loads((tmp_path / "figures.json").read_text())
    assert figures["kinds"]["dropped"] == {"runs": 1, "injected": 1, "recovered": 1, "share": 1.0}


@pytest.mark.slow
@pytest.mark.parametrize("kind", list(KINDS))
def test_a_fault_of_each_kind_in_physics(kind: str) -> None:
    result = run_fault(kind, 1, 3, BlockEstimator.load("block", threads=1))
    assert result.injected_at is not None
    assert result.recovered, (result.cause, result.words, result.stack.log)


@pytest.mark.parametrize("kind", list(KINDS))
def test_a_seed_gives_the_same_fault(kind: str) -> None:
    def described(seed: int) -> str:
        fault = make_fault(kind, seed)
        return str(sorted((k, str(getattr(v, "__dict__", v))) for k, v in vars(fault).items()))

    assert described(5) == described(5)
    assert described(5) != described(6)


def test_a_fault_that_was_never_injected_is_a_failure() -> None:
    never = FaultResult("joints", None, "", False, STOOD)
    assert never.cause == "the fault was never injected"
    well = FaultResult("joints", 4.0, "no joint states", True, STOOD)
    figures = fault_summary([never, well])
    assert figures["kinds"]["joints"] == {"runs": 2, "injected": 1, "recovered": 1, "share": 0.5}
    assert figures["failed"][0]["cause"] == "the fault was never injected"
    assert fault_rows(figures)[-1] == ("all", "2", "1", "1", "50 %")


def test_a_tower_that_stands_is_not_enough_after_a_collision_or_on_old_data() -> None:
    hit = FaultResult(
        "fell", 4.0, "", False, replace(STOOD, collisions=((1.0, "hand", "a block"),))
    )
    assert hit.cause == "hand touched a block"
    old = FaultResult("fell", 4.0, "", False, replace(STOOD, old_data=((1.0, "pictures"),)))
    assert "old data" in old.cause


def test_the_last_block_taken_is_recovered_from_by_words_alone() -> None:
    lacking = replace(
        STOOD, success=False, claimed=False, placed=2,
        log=("9.0 2 of 3 blocks are in their places and no other is seen, in 5 looks",),
    )  # fmt: skip
    taken, spare, moved = (make_fault("meddled", seed) for seed in (3, 1, 2))
    assert (taken.extra_blocks, spare.extra_blocks, moved.extra_blocks) == (0, 1, 0)
    assert taken.recovered(lacking)
    assert not spare.recovered(lacking)
    assert not moved.recovered(lacking)
    assert not taken.recovered(replace(lacking, claimed=True))
    assert not taken.recovered(replace(lacking, finished=False))
    assert not taken.recovered(replace(lacking, log=("9.0 there is no way home",)))
    assert not Fault(np.random.default_rng(1), 1).recovered(lacking)


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


def test_a_fault_of_no_kind_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "stack", "--faults", "earthquake"]) == 2
    assert "wanted all, or some of dropped, slipped" in capsys.readouterr().err


def test_a_bench_that_began_before_its_figures_were_renamed_goes_on(tmp_path: Path) -> None:
    bench = FaultBench((1,), 3, "block", 0.5, tmp_path, kinds=("fell",))
    result = FaultResult("fell", 4.0, "pushed over", True, STOOD)
    content = asdict(result)
    content["planted_at"] = content.pop("injected_at")
    bench.file(("fell", 1)).write_text(json.dumps(content))
    assert bench.done() == [result]
