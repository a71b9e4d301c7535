"""The page of an evaluation: its figures, and nothing fetched from elsewhere."""

from __future__ import annotations

import numpy as np

from simreal_common.block_estimate import BlockEstimate
from simreal_common.camera import Camera
from simreal_common.geometry import Pose
from simreal_perception.evaluation.evaluation_data import Example
from simreal_perception.evaluation.evaluation_page import evaluation_page
from simreal_perception.evaluation.evaluation_report import report, text_report
from simreal_perception.evaluation.evaluation_run import EvaluationOutcome

CAMERA = Camera.pinhole(640, 480, np.radians(60))


def pose(x: float, z: float = 0.8) -> Pose:
    return Pose(np.array([x, 0.0, z]), np.array([0.0, 0.0, 0.0, 1.0]))


def outcome() -> EvaluationOutcome:
    """Three images: found with 4 mm, missed, and a false one."""
    seen = EvaluationOutcome()
    blank = np.zeros((480, 640, 3), np.uint8)
    example = Example("a <b>", blank, CAMERA, 0.05, [pose(0.0)], [], [0.9])
    for number, x in enumerate((0.004, None, 0.3)):
        found = [] if x is None else [BlockEstimate(pose(x), np.eye(6) * 1e-4, 0.9, 0.05)]
        seen.add(found, example, number)
        seen.milliseconds.append(10.0)
    return seen


def test_the_page_shows_the_figures_of_the_table() -> None:
    figures = report(outcome(), 0.5)
    page = evaluation_page(figures, "model <x>", "simreal evaluate --photos here")
    for words in ("Recall 33.3 %", "precision 50.0 %", "simreal evaluate --photos here", "4.0"):
        assert words in page
    assert "model &lt;x&gt;" in page
    assert page.count("<svg") == 4
    assert "http://" not in page
    assert "https://" not in page
    # 4 mm of 87 mm are below all thresholds of MSSD: one of three blocks at each of them.
    assert figures["pose_recall"]["ar_mssd"] == 1 / 3
    assert "average recall by MSSD</td><td>33.3 %" in page
    assert "by MSSD 33.3 %" in text_report(figures, "it")


def test_nothing_measured_makes_a_page_all_the_same() -> None:
    page = evaluation_page(report(EvaluationOutcome(), 0.5), "nothing", "simreal evaluate")
    assert "average recall by MSSD</td><td>-" in page
    assert "nothing to draw" in page


def test_estimates_that_do_not_count_are_not_recalled() -> None:
    seen = outcome()
    assert report(seen, 0.95)["pose_recall"]["ar_mssd"] == 0.0
    both = EvaluationOutcome()
    both.extend(seen)
    both.extend(outcome())
    assert report(both, 0.5)["pose_recall"]["blocks"] == 6
