"""The verdict: what counts as a tower, and how detections are held against the truth."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from simreal_common.errors import ConfigurationError
from simreal_common.geometry import Pose
from simreal_sim.scoring.stack_score import PerceptionScore, RunResult, TowerVerdict, judge_tower

EDGE = 0.05
FAR_TOOL = np.array([0.3, 0.0, 0.5])


def pose(x: float, y: float, z: float, tilt: float = 0.0) -> Pose:
    return Pose(np.array([x, y, z]), Rotation.from_euler("ZX", [0.3, tilt]).as_quat())


def tower(dx: float = 0.0, dz: float = 0.0) -> dict[str, Pose]:
    """Three blocks, whose top one is off by dx and dz."""
    return {
        "b": pose(0.502, 0.0, 0.075),
        "a": pose(0.5, 0.0, 0.025),
        "c": pose(0.5 + dx, 0.0, 0.125 + dz),
    }


def judge(poses: dict[str, Pose], tool: np.ndarray | None = FAR_TOOL) -> TowerVerdict:
    return judge_tower(poses, poses, tool, EDGE, 3)


def test_a_standing_tower_is_a_success_and_is_listed_from_the_bottom_up() -> None:
    verdict = judge(tower())
    assert verdict.success
    assert verdict.placed == 3
    assert [block.name for block in verdict.blocks] == ["a", "b", "c"]
    assert verdict.blocks[1].position_error_mm == pytest.approx(2.0)
    assert verdict.blocks[2].height_error_mm == pytest.approx(0.0)


@pytest.mark.parametrize(
    ("poses", "placed"),
    [
        (tower(dx=0.030), 2),  # overhangs by more than half an edge
        (tower(dz=0.008), 2),  # hangs in the air
        (tower(dz=-0.008), 2),
        ({**tower(), "c": pose(0.4, 0.2, 0.025)}, 2),  # lies apart
        ({"a": pose(0.5, 0, 0.025), "b": pose(0.4, 0, 0.025), "c": pose(0.6, 0, 0.025)}, 0),
        (
            {name: pose(*np.add(p.position, [0, 0, 0.1])) for name, p in tower().items()},
            0,
        ),  # floats
    ],
)
def test_what_is_no_tower_of_three_fails(poses: dict[str, Pose], placed: int) -> None:
    verdict = judge(poses)
    assert not verdict.success
    assert verdict.placed == placed
    assert verdict.reason == f"{placed} of 3 blocks are stacked"
    assert len(verdict.blocks) == 3


def test_a_tower_of_one_is_a_block_on_the_table() -> None:
    alone = {"a": pose(0.5, 0, 0.025)}
    assert judge_tower(alone, alone, FAR_TOOL, EDGE, 1).success
    assert not judge_tower(alone, alone, FAR_TOOL, EDGE, 2).blocks[0].on_top


def test_a_tower_that_moves_fails() -> None:
    before = {**tower(), "b": pose(0.504, 0.0, 0.075)}
    verdict = judge_tower(tower(), before, FAR_TOOL, EDGE, 3)
    assert not verdict.success
    assert verdict.reason == "b still moves"
    assert not judge_tower(tower(), {}, FAR_TOOL, EDGE, 3).success


def test_a_tower_that_is_held_or_whose_hand_is_unknown_fails() -> None:
    held = judge(tower(), np.array([0.5, 0.0, 0.16]))
    assert not held.success
    assert held.reason == "the hand is still at c"
    assert judge(tower(), None).reason == "no pose of the tool"


def test_tilt_is_the_angle_of_the_axis_nearest_to_the_vertical() -> None:
    on_its_side = {**tower(), "c": pose(0.5, 0.0, 0.125, np.pi / 2 + 0.1)}
    assert judge(on_its_side).blocks[2].tilt_deg == pytest.approx(np.degrees(0.1), abs=0.01)


def test_detections_are_matched_one_to_one_within_five_centimetres() -> None:
    score = PerceptionScore()
    truth = [[0, 0, 0], [0.1, 0, 0], [0.2, 0, 0]]
    score.add([[0.004, 0, 0], [0.102, 0, 0], [0.103, 0, 0], [0.9, 0, 0]], truth)
    score.add(np.zeros((0, 3)), truth[:1])
    summary = score.summary()
    assert summary["mean_mm"] == pytest.approx(3.0)
    assert summary["max_mm"] == pytest.approx(4.0)
    assert (summary["matched"], summary["missed"], summary["false"]) == (2, 2, 2)
    assert summary["recall"] == 0.5
    assert PerceptionScore().summary()["mean_mm"] is None


def result(**changes: object) -> RunResult:
    verdict = judge(tower())
    values: dict[str, object] = {
        "success": verdict.success,
        "seed": 1,
        "blocks": 3,
        "placed": 3,
        "blocks_detail": verdict.blocks,
        "perception": PerceptionScore().summary(),
        "sim_seconds": 60.0,
        "wall_seconds": 70.0,
        "reason": verdict.reason,
    }
    return RunResult(**{**values, **changes})  # type: ignore[arg-type]


def test_result_is_written_whole_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "out" / "result.json"
    result().write(path)
    content = json.loads(path.read_text(encoding="utf-8"))
    assert content["success"] is True
    assert content["blocks_detail"][1]["name"] == "b"
    assert set(content["perception"]) >= {"mean_mm", "max_mm", "matched", "missed", "false"}
    assert [p.name for p in path.parent.iterdir()] == ["result.json"]


def test_a_folder_that_cannot_be_written_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match=r"cannot write .*result\.json.*out:=DIR"):
        result().write(tmp_path / "file" / "result.json")


def test_the_verdict_reads_well() -> None:
    lines = result().lines()
    assert lines[0] == "VERDICT: success: the tower stands"
    assert any("b: 2.0 mm beside what is below" in line for line in lines)
    lines = result(success=False, reason="0 of 3 blocks are stacked").lines()
    assert lines[0].startswith("VERDICT: FAILURE")
