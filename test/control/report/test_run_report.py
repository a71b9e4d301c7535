"""The report of a record: reasons, troubles and how they ended, whatever state the file is in."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from simreal_cli.cli import main
from simreal_common.errors import ConfigurationError
from simreal_common.geometry import Pose
from simreal_control.report.run_record import RunRecord, begin_event, read_record
from simreal_control.report.run_report import Kind, RunReport, compile_report
from simreal_control.robot_interface.task_io import Event

PLACES = [(0.45, -0.15), (0.55, 0.05), (0.42, 0.18)]
BLOCKS = [{"position": [x, y, 0.025], "yaw": 0.1, "level": 0, "color": "red"} for x, y in PLACES]


def record_run(make_rig: Any, folder: Path, seconds: float = 300.0, **options: Any) -> Any:
    """A run in a fake world, recorded as control_node does it; returns the rig."""
    rig = make_rig(
        [Pose(np.array([x, y, 0.025]), np.array([0.0, 0.0, 0.0, 1.0])) for x, y in PLACES],
        **options,
    )
    record = RunRecord(folder)
    record.add([begin_event(rig.world.now, "a tower of 3")])
    until = rig.world.now + seconds
    while rig.world.now < until:
        outputs = rig.task.tick(rig.world.step())
        record.add(outputs.events)
        for command in outputs.commands:
            rig.world.execute(command)
        if outputs.status.finished:
            break
    record.close()
    return rig


def report_of(folder: Path) -> RunReport:
    record = read_record(folder)
    return compile_report(record.events, record.cut_off)


def test_a_run_with_faults_is_told_with_its_reasons(make_rig: Any, tmp_path: Path) -> None:
    rig = record_run(make_rig, tmp_path, faults={"slip": 1, "reject": 1, "topple": 1})
    assert rig.task.status.success, rig.log
    report = report_of(tmp_path)
    assert report.success
    assert report.goal == "a tower of 3"
    assert report.moments[0].kind is Kind.BEGIN
    assert report.moments[-1].kind is Kind.END
    assert report.moments[-1].text == report.ending == "the tower of 3 stands"
    assert [m.time for m in report.moments] == sorted(m.time for m in report.moments)
    troubles = [m for m in report.moments if m.kind is Kind.TROUBLE]
    for words in ("rejected", "closed on nothing", "others lie"):
        (trouble,) = (m for m in troubles if words in m.text)
        assert "later" in trouble.mended
    takes = [m for m in report.moments if m.text.startswith("taking") and m.kind is Kind.DECISION]
    assert len(takes) == 4  # two, and one again after the slip, one after the fall
    for moment in takes:
        assert "3 blocks seen" in moment.why[0]
        assert "places are filled" in moment.why[1]
        assert "grasp rated" in moment.why[2]
    assert "closing the hand" in takes[-1].steps
    assert "letting go" in takes[-1].steps


def test_what_failed_for_good_was_not_mended(make_rig: Any, tmp_path: Path) -> None:
    record_run(make_rig, tmp_path, seconds=600.0, faults={"slip": 1000})
    report = report_of(tmp_path)
    assert report.success is False
    assert report.mended == 0
    assert report.count(Kind.TROUBLE) >= 5


def test_a_stop_by_a_person_is_told(make_rig: Any, tmp_path: Path) -> None:
    rig = record_run(make_rig, tmp_path, seconds=3.0)
    record = RunRecord(tmp_path)
    rig.task.pause()
    record.add(rig.task.tick(rig.world.step()).events)
    rig.task.stop()
    record.add(rig.task.tick(rig.world.step()).events)
    record.close()
    report = report_of(tmp_path)
    assert report.ending == "stopped by request"
    (asked,) = (m for m in report.moments if m.kind is Kind.REQUEST)
    assert "paused while" in asked.text


def write(folder: Path, *events: tuple[float, str, dict[str, Any]]) -> None:
    record = RunRecord(folder)
    record.add(Event(*event) for event in events)
    record.close()


def test_a_killed_run_says_so_and_one_started_again_goes_on(tmp_path: Path) -> None:
    write(
        tmp_path, (5.0, "begin", {"goal": "g"}), (6.0, "words", {"text": "a", "severity": "info"})
    )
    with (tmp_path / "decisions.jsonl").open("a") as file:
        file.write('{"time": 7.0, "ki')
    report = report_of(tmp_path)
    assert report.cut_off
    assert report.success is None
    assert "stopped or killed after 'a'" in report.ending
    (tmp_path / "decisions.jsonl").unlink()
    write(
        tmp_path,
        (5.0, "begin", {"goal": "g"}), (6.0, "words", {"text": "a", "severity": "info"}),
        (9.0, "begin", {"goal": "g"}), (12.0, "end", {"success": True, "reason": "done"}),
    )  # fmt: skip
    report = report_of(tmp_path)
    assert report.success
    assert report.earlier_runs == 0
    assert [m.text for m in report.moments][2] == "the node was started again"


FULL_DISK = """
import pathlib, resource, signal, sys
from simreal_control.report.run_record import RunRecord, begin_event
told = []
record = RunRecord(pathlib.Path(sys.argv[1]), told.append)
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
for number in range(100):
    record.add([begin_event(float(number), "a tower of 3")])
record.close()
print("\\n".join(told))
"""


def test_a_full_disk_costs_the_record_and_nothing_else(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert done.stdout == (
        f"the record {tmp_path / 'decisions.jsonl'} cannot be written (File too large): the run "
        "goes on without\n"
    )
    assert len(read_record(tmp_path).events) > 10


def test_two_runs_into_one_record(tmp_path: Path) -> None:
    first = RunRecord(tmp_path)
    with pytest.raises(ConfigurationError, match="another run is writing .*decisions.jsonl"):
        RunRecord(tmp_path)
    first.close()
    RunRecord(tmp_path).close()


def test_a_node_that_was_killed_as_it_wrote_goes_on_in_a_new_line(tmp_path: Path) -> None:
    write(tmp_path, (5.0, "begin", {"goal": "g"}))
    with (tmp_path / "decisions.jsonl").open("a") as file:
        file.write('{"time": 7.0, "ki')
    write(tmp_path, (9.0, "begin", {"goal": "g"}), (12.0, "end", {"success": True, "reason": "x"}))
    report = report_of(tmp_path)
    assert report.success
    assert [m.kind for m in report.moments] == [Kind.BEGIN, Kind.BEGIN, Kind.END]


def test_of_several_runs_the_last_is_told(tmp_path: Path) -> None:
    for began, reason in ((5.0, "first"), (50.0, "second"), (2.0, "third")):
        write(
            tmp_path,
            (began, "begin", {"goal": reason}),
            (began + 1, "end", {"success": True, "reason": reason}),
        )
    report = report_of(tmp_path)
    assert (report.goal, report.ending, report.earlier_runs) == ("third", "third", 2)


def test_times_of_a_wall_clock_are_told_from_the_beginning(tmp_path: Path) -> None:
    write(
        tmp_path,
        (1.7e9, "begin", {"goal": "g"}),
        (1.7e9 + 4.0, "end", {"success": True, "reason": "done"}),
    )
    assert report_of(tmp_path).clock(1.7e9 + 4.0) == pytest.approx(4.0)


HUGE = "1" + "0" * 400  # JSON's whole numbers have no end; a float has


@pytest.mark.parametrize(
    "line",
    [
        "no JSON", "[1, 2]", '{"kind": "words"}', '{"time": "x"}',
        f'{{"time": {HUGE}, "kind": "words"}}',
        f'{{"time": 1.0, "kind": "decision", "grasp_score": {HUGE}}}',
        f'{{"time": 1.0, "kind": "decision", "clearance_m": {HUGE}}}',
        f'{{"time": 1.0, "kind": "motion", "seconds": {HUGE}}}',
        f'{{"time": 1.0, "kind": "decision", "to": [{HUGE}, 0, 0]}}',
    ],
)  # fmt: skip
def test_a_broken_line_in_the_middle_is_named(tmp_path: Path, line: str) -> None:
    good = '{"time": 1.0, "kind": "end", "success": true, "reason": "x"}'
    (tmp_path / "decisions.jsonl").write_text(f"{line}\n{good}\n")
    with pytest.raises(ConfigurationError, match="line 1: not a line of a record"):
        read_record(tmp_path)


# --- the command ---------------------------------------------------------------------------------


def test_the_report_comes_as_text_and_as_a_page(
    make_rig: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record_run(make_rig, tmp_path, faults={"slip": 1})
    result = {"success": True, "reason": "the tower stands", "placed": 3, "blocks": 3}
    (tmp_path / "result.json").write_text(json.dumps(result))
    assert main(["explain", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert "TROUBLE: the hand closed on nothing" in said
    assert "made good: " in said
    assert "why: 3 blocks seen" in said
    assert "The ending: the tower of 3 stands" in said
    assert "from the truth: success: the tower stands; 3 of 3 blocks" in said
    assert "Without images: there is no demo.mp4" in said
    page = (tmp_path / "report.html").read_text()
    assert page.count("<section") == len(report_of(tmp_path).moments)
    assert "Without images" in page
    assert "<svg" in page
    assert "http" not in page  # needs nothing from elsewhere


def test_each_decision_has_the_picture_it_was_taken_from(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("av", reason="filming needs PyAV: pip install 'simreal[film]'")
    import base64
    import re

    import cv2

    from simreal_perception.video.film import Film

    times = (10.0, 10.5, 11.0, 20.0)
    film = Film(tmp_path / "demo.mp4", speed=2.0)
    for number in range(60):  # a picture each 0.2 s; grey tells the time
        film.add(np.full((48, 64, 3), 4 * number, np.uint8), 9.95 + 0.2 * number)
    film.close()
    decision = {"decision": "Do", "words": "w", "blocks": BLOCKS, "places": []}
    write(
        tmp_path, (9.0, "begin", {"goal": "g"}),
        *((time, "decision", {**decision, "words": f"at {time}"}) for time in times),
    )  # fmt: skip
    assert main(["explain", str(tmp_path)]) == 0
    assert "With images" in capsys.readouterr().out
    page = (tmp_path / "report.html").read_text()
    shown = []
    for data in re.findall(r'base64,([^"]+)"', page):
        content = np.frombuffer(base64.b64decode(data), np.uint8)
        shown.append(float(cv2.imdecode(content, cv2.IMREAD_COLOR).mean()) / 4)
    assert shown == pytest.approx([0, 2, 5, 50], abs=0.6)


def runs_in(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).mkdir()
        (folder / name / "decisions.jsonl").touch()
    return folder


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda folder: folder / "none", "no such folder"),
        (lambda folder: runs_in(folder, "seed_7"), "wanted the folder of a run in it, "),
        (
            lambda folder: runs_in(folder, "seed_10", "seed_2", "seed_9"),
            "seed_2 to seed_10",
        ),
        (lambda folder: folder, "no decisions.jsonl there"),
        (lambda folder: (folder / "decisions.jsonl").touch() or folder, "nothing is recorded"),
        (lambda folder: (folder / "decisions.jsonl").write_text("x\ny\n") and folder, "line 1"),
    ],
)
def test_what_cannot_be_told_is_said_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], make: Any, says: str
) -> None:
    assert main(["explain", str(make(tmp_path))]) == 2
    said = capsys.readouterr().err
    assert says in said
    assert said.count("\n") == 1
