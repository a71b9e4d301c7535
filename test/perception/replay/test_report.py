"""The log of a replay, its figures, and the page that shows them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from simreal_common.block_estimate import BlockEstimate
from simreal_common.camera import Camera
from simreal_common.geometry import Pose
from simreal_perception.replay.replay_film import MOST_IMAGES, Shot, film_html
from simreal_perception.replay.replay_log import PlayedFrame, ReplayLog, figures
from simreal_perception.replay.report import ReplayFacts, write_report

FACTS = ReplayFacts("<bag>", "/image", "file <x>", 0.05, 0.0, "", None, "0" * 64)


def estimate(x: float = 0.0, name: str = "1") -> BlockEstimate:
    pose = Pose(np.array([x, 0.0, 0.5]), np.array([0.0, 0.0, 0.0, 1.0]))
    return BlockEstimate(pose, 1e-6 * np.eye(6), 0.9, 0.05, id=name)


def played(answers: dict[int, float], count: int = 3, loops: int = 1) -> ReplayLog:
    """Images of which some were answered after some seconds."""
    log = ReplayLog()
    for loop in range(loops):
        for number in range(count):
            log.add(PlayedFrame(loop, number, 10**9 * number, number, sent_s=1.0))
            if number in answers:
                assert log.answer(number, 1.0 + answers[number], [estimate(0.001 * number)])
        log.give_up()
    return log


def test_an_answer_belongs_to_the_image_of_its_stamp() -> None:
    log = ReplayLog()
    frames = [PlayedFrame(0, number, number, 7 * number) for number in range(4)]
    frames[2].problem = "too small"
    for frame in frames:
        log.add(frame)
    assert log.answer(5, 1.0, []) is None
    assert log.answer(7, 1.0, []) is frames[1]
    assert log.answer(0, 1.0, []) is None, "answers come in order: nobody waits for this one"
    assert log.answer(14, 1.0, []) is None, "it was never played"
    assert log.waiting == [frames[3]]


def test_figures_count_what_became_of_each_image() -> None:
    log = played({0: 0.010, 2: 0.030})
    log.add(PlayedFrame(0, 3, 3, 3, problem="no picture"))
    told = figures(log)
    names = ("images", "answered", "unanswered", "unreadable", "detections", "track_ids")
    assert [told[name] for name in names] == [4, 2, 1, 1, 2, 1]
    assert told["latency_p50_ms"] == pytest.approx(20.0)
    assert told["latency_max_ms"] == pytest.approx(30.0)
    assert figures(ReplayLog())["latency_p50_ms"] is None


def test_loops_that_found_something_else_are_told() -> None:
    log = played({0: 0.01, 1: 0.02}, loops=3)
    assert log.different_loops() == []
    log.frames[-3].estimates = (estimate(0.1),)
    assert log.different_loops() == [2]
    log.frames[-3].estimates = (estimate(0.0, "9"),)
    assert log.different_loops() == [], "ids may go on counting"


def test_the_report_escapes_what_others_wrote(tmp_path: Path) -> None:
    log = played({0: 0.01, 1: 0.02})
    log.add(PlayedFrame(0, 3, 3, 3, problem="<script>"))
    truths = {0: (Pose(np.array([0.0, 0.0, 0.51]), np.array([0.0, 0.0, 0.0, 1.0])),)}
    told = write_report(tmp_path, log, FACTS, truths, "<p>film</p>")
    assert told["against_truth"]["range_mean_mm"] == pytest.approx(10.0)
    assert json.loads((tmp_path / "summary.json").read_text()) == told
    page = (tmp_path / "report.html").read_text()
    assert "<script" not in page and "<bag>" not in page and "<p>film</p>" in page


def test_a_film_in_the_page_or_pictures_of_it(tmp_path: Path) -> None:
    pytest.importorskip("av", reason="filming needs PyAV")
    camera = Camera.pinhole(64, 48, 1.0)
    rgb = np.zeros((48, 64, 3), dtype=np.uint8)
    shots: list[Shot] = [(rgb, camera, [estimate()], f"image {i}", 0.1 * i) for i in range(30)]
    page = film_html(shots, len(shots), tmp_path / "film.mp4")
    assert '<video controls preload="metadata" src="data:video/mp4;base64,' in page
    assert page.count("data:image/jpeg;base64,") == MOST_IMAGES
    page = film_html(shots[:1], 1, tmp_path / "missing" / "film.mp4")
    assert "<video" not in page and "no film: cannot write" in page
    assert page.count("data:image/jpeg;base64,") == 1
