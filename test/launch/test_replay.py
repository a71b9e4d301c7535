"""Recordings played to the real perception, as a person does: the small one here, others' beside it."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("rosbags", reason="bags are read by rosbags")

from simreal_common.resources import share_directory

ROOT = Path(__file__).resolve().parents[2]
CELL = ROOT / "test" / "perception" / "replay" / "cell"
# Recordings by others, which are not in the repository.
BAGS = ROOT.parent / "shared" / "data" / "bags"
ARUCO, CUBE = BAGS / "ubiquity_aruco_ros2", BAGS / "visp_gray_cube_10hz_mcap"
END_S = 120.0  # two nodes start, and a network looks at a dozen images on busy cores
LONG_END_S = 900.0
# Another processor, or another build of ONNX Runtime, rounds otherwise.
SAME_M, SAME_SCORE = 0.002, 0.05

pytestmark = pytest.mark.skipif(
    not (share_directory() / "models" / "block.json").is_file(),
    reason="models/block.json is missing: make train",
)


def play(
    launch: Callable[..., Any], out: Path, *arguments: str, code: int = 0, end_s: float = END_S
) -> dict[str, Any]:
    """A replay that ends with an exit code; its summary."""
    run = launch(f"out:={out}", *arguments, file="replay.launch.xml")
    assert run.wait(end_s) == code, run.output
    assert "Traceback" not in run.output, run.output
    assert run.processes() == []
    assert (out / "report.html").read_text().endswith("</html>\n")
    summary: dict[str, Any] = json.loads((out / "summary.json").read_text())
    return summary


def found(out: Path) -> list[list[tuple[str, list[float], float]]]:
    """Id, position and score of all detections, by image."""
    from rclpy.serialization import deserialize_message
    from rosbags.rosbag2 import Reader
    from vision_msgs.msg import Detection3DArray

    with Reader(out / "detections") as reader:
        messages = [
            deserialize_message(bytes(data), Detection3DArray) for _, _, data in reader.messages()
        ]
    return [
        [
            (
                detection.id,
                [getattr(detection.bbox.center.position, axis) for axis in "xyz"],
                detection.results[0].hypothesis.score,
            )
            for detection in message.detections
        ]
        for message in messages
    ]


def test_the_cell_is_seen_as_expected_and_twice_the_same(
    launch: Callable[..., Any], tmp_path: Path
) -> None:
    truth = f"truth:={CELL / 'truth.json'}"
    summary = play(launch, tmp_path / "a", f"bag:={CELL}", truth, "loop:=2")
    expected = json.loads((CELL / "expected.json").read_text())
    assert summary["answered"] == summary["images"] == 2 * len(expected)
    assert summary["loops_that_differ_from_the_first"] == 0
    assert summary["against_truth"]["recall"] == 1.0
    assert summary["against_truth"]["lateral_p95_mm"] < 1.0
    for image, wanted in zip(found(tmp_path / "a")[: len(expected)], expected, strict=True):
        assert [name for name, _, _ in image] == [one["id"] for one in wanted]
        for (_, position, score), one in zip(image, wanted, strict=True):
            assert position == pytest.approx(one["position_m"], abs=SAME_M)
            assert score == pytest.approx(one["score"], abs=SAME_SCORE)
    again = play(launch, tmp_path / "b", f"bag:={CELL}", truth, "loop:=2", "film:=false")
    assert again["detections_sha256"] == summary["detections_sha256"]


def test_what_comes_before_a_break_is_reported(launch: Callable[..., Any], tmp_path: Path) -> None:
    shutil.copytree(CELL, tmp_path / "cut")
    file = tmp_path / "cut" / "cell.mcap"
    size = file.stat().st_size // 2
    os.truncate(file, size)
    summary = play(launch, tmp_path / "out", f"bag:={tmp_path / 'cut'}", code=1)
    assert f"breaks off at byte {size}" in summary["broken"]
    assert 3 <= summary["answered"] == summary["images"] <= 9


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("bag:=nothing",), "bag nothing is not there"),
        (
            (f"bag:={CELL}", "image:=/lens"),
            "0 topics of images (Image, CompressedImage) called /lens",
        ),
        ((f"bag:={CELL}", "truth:=nothing.json"), "cannot read truth nothing.json"),
        ((f"bag:={CELL}", "loop:=0"), "parameter 'loop': got 0"),
    ],
)
def test_a_mistake_is_one_line(
    launch: Callable[..., Any], tmp_path: Path, arguments: tuple[str, ...], says: str
) -> None:
    run = launch(f"out:={tmp_path / 'out'}", *arguments, file="replay.launch.xml")
    assert run.wait(END_S) != 0, run.output
    assert says in run.output
    assert "Traceback" not in run.output
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
@pytest.mark.skipif(not ARUCO.is_dir(), reason="the recorded bags are not in the repository")
def test_a_recording_of_one_image_in_sqlite(launch: Callable[..., Any], tmp_path: Path) -> None:
    summary = play(launch, tmp_path / "out", f"bag:={ARUCO}")
    assert (summary["images"], summary["answered"], summary["read_to_its_end"]) == (1, 1, True)
    assert summary["calibration"] == "message 1 on /raspicam_node/camera_info"


@pytest.mark.slow
@pytest.mark.skipif(not CUBE.is_dir(), reason="the recorded bags are not in the repository")
def test_a_real_cube_twice_and_cut_off(launch: Callable[..., Any], tmp_path: Path) -> None:
    options = ("edge:=0.084", f"truth:={BAGS / 'visp_gray_cube_poses.json'}")
    first, second = (
        play(launch, tmp_path / name, f"bag:={CUBE}", *options, end_s=LONG_END_S)
        for name in ("a", "b")
    )
    assert first["answered"] == first["images"] == 218
    assert first["against_truth"]["recall"] > 0.9
    assert first["against_truth"]["position_median_mm"] < 1.5
    assert first["detections_sha256"] == second["detections_sha256"]
    cut = tmp_path / "cut"
    shutil.copytree(CUBE, cut)
    (file,) = cut.glob("*.mcap")
    cut.chmod(0o755)
    file.chmod(0o644)
    os.truncate(file, 1_000_000)
    part = play(launch, tmp_path / "c", f"bag:={cut}", *options, code=1, end_s=LONG_END_S)
    assert "breaks off at byte 1000000" in part["broken"]
    assert 0 < part["answered"] == part["images"] < 218
    assert found(tmp_path / "c") == found(tmp_path / "a")[: part["images"]]
