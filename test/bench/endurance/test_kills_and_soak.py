"""What benches of launches draw, what they take for whole, and how growth is told."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from simreal_bench.endurance.kill_bench import KillBench, kill_rows, kill_summary
from simreal_bench.endurance.kill_run import SIGNALS, VICTIMS, Kill, KillResult, run_kill
from simreal_bench.endurance.launched_run import LAUNCHER
from simreal_bench.endurance.run_files import half_files, verdict_of
from simreal_bench.endurance.soak import Sample, trends
from simreal_bench.endurance.soak_plot import draw_soak


def test_every_signal_hits_every_process_alike_and_a_seed_gives_the_same(tmp_path: Path) -> None:
    pairs = len(SIGNALS) * len(VICTIMS)
    kills = KillBench(2 * pairs, 7, tmp_path, span_s=30.0).kills()
    assert set(Counter((kill.signal, kill.victim) for kill in kills).values()) == {2}
    assert all(0.0 <= kill.moment_s <= 30.0 for kill in kills)
    assert kills == KillBench(2 * pairs, 7, tmp_path, span_s=30.0).kills()
    assert kills[:5] == KillBench(5, 7, tmp_path, span_s=30.0).kills()
    assert kills != KillBench(2 * pairs, 8, tmp_path, span_s=30.0).kills()


def test_the_table_counts_what_was_right() -> None:
    good = KillResult(Kill(0, "SIGTERM", "scorer_node", 1.0), 1.0, 2.0, 1, None, [])
    bad = KillResult(Kill(1, "SIGTERM", "scorer_node", 1.0), 1.0, 9.0, 0, None, ["exit code 0"])
    figures = kill_summary([good, bad])
    assert (figures["runs"], figures["faulty"], figures["slowest_end_s"]) == (2, 1, 9.0)
    (row,) = [row for row in kill_rows(figures) if row[0] == "scorer_node"]
    assert row[1 + SIGNALS.index("SIGTERM")] == "1 of 2"
    assert figures["faults"][0]["faults"] == ["exit code 0"]


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "SIGKILL"])
def test_a_launcher_that_is_ended_before_it_is_up(tmp_path: Path, name: str) -> None:
    pytest.importorskip("ros2cli_embedded")
    result = run_kill(Kill(0, name, LAUNCHER, 0.0), tmp_path / "run", 101, 1, 1)
    assert result.faults == []
    assert result.code != 0


def test_half_files_are_seen(tmp_path: Path) -> None:
    assert half_files(tmp_path) == []
    assert verdict_of(tmp_path) is None
    (tmp_path / "result.json").write_text('{"success": false}')
    cv2.imwrite(str(tmp_path / "detections.png"), np.zeros((8, 8, 3), np.uint8))
    (tmp_path / "decisions.jsonl").write_text('{"a": 1}\n')
    assert half_files(tmp_path) == []
    assert verdict_of(tmp_path) is False
    (tmp_path / "result.json").write_text('{"success": tr')
    (tmp_path / "detections.png").write_bytes(b"\x89PNG")
    (tmp_path / "decisions.jsonl").write_text('{"a": 1}\n{"b"')
    (tmp_path / "demo.mp4").write_bytes(b"half")
    (tmp_path / "demo.times.json").write_text('{"times": [0.0]}')
    assert len(half_files(tmp_path)) == 4
    with pytest.raises(ValueError, match="Expecting value"):
        verdict_of(tmp_path)


def soaked(mib_per_hour: float) -> list[Sample]:
    """Two hours: a warm-up, then growth under noise."""
    noise = np.random.default_rng(3)
    return [
        Sample(
            float(t), "node", 100.0 - 50.0 * (t < 1000) + mib_per_hour * t / 3600 + noise.normal(),
            12, 4,
        )
        for t in range(0, 7200, 10)
    ]  # fmt: skip


@pytest.mark.parametrize("mib_per_hour", [0.0, 20.0])
def test_the_slope_is_that_after_the_warm_up(mib_per_hour: float) -> None:
    (trend,) = trends(soaked(mib_per_hour))
    assert trend.mib_per_hour == pytest.approx(mib_per_hour, abs=1.0)
    assert (trend.handles, trend.handles_per_hour, trend.threads) == ((12, 12), 0.0, (4, 4))


def test_what_came_and_went_has_no_trend() -> None:
    samples = soaked(5.0)
    (process,) = {sample.process for sample in samples}
    visitors = [
        replace(sample, process="visitor", memory_mib=300.0 * n)
        for n, sample in enumerate(samples[50:53])
    ]
    assert [trend.process for trend in trends([*samples, *visitors])] == [process]


def test_samples_are_drawn(tmp_path: Path) -> None:
    samples = soaked(5.0)[::50]
    draw_soak(tmp_path / "soak.png", samples)
    drawn = cv2.imread(str(tmp_path / "soak.png"))
    assert drawn is not None
    assert (drawn != 255).any()
