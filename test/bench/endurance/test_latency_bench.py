"""`simreal bench latency` with the real node: every figure comes from messages that went through it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("rclpy")
pytest.importorskip("numba")

from simreal_bench.endurance.ros_latency_bench import LatencyResult
from simreal_cli.cli import main


def result(memory_mib: list[float]) -> LatencyResult:
    return LatencyResult(np.arange(1, 101) / 1e3, 100, 5.0, np.array(memory_mib), 0.5)


def test_percentiles_and_growth() -> None:
    steady = result([500.0, *[200.0] * 99])  # what loading took is no growth
    assert steady.percentile_ms(99) == pytest.approx(99.01)
    assert steady.percentile_ms(100) == pytest.approx(100.0)
    assert steady.memory_growth == pytest.approx(0.0)
    assert result(list(np.linspace(100, 200, 100))).memory_growth > 0.5


def test_a_short_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["bench", "latency", "--seconds", "2", "--rate", "4", "--domain", "93"]
    files = ["--out", str(tmp_path / "out"), "--json", str(tmp_path / "figures.json")]
    assert main([*command, "--parameter", "tracking:=false", *files]) == 0, capsys.readouterr()
    found = json.loads((tmp_path / "figures.json").read_text())
    assert found["sent"] == 8
    assert 1 <= found["answered"] <= 8
    assert 1.0 < found["latency_ms"]["p50"] <= found["latency_ms"]["p99"]
    assert found["blocks"] > 0
    assert 20 < found["memory_mib"][0] < 2000
    assert 0 < found["core_share"] < 4
    assert "latency (ms): p50" in capsys.readouterr().out


def test_a_node_that_does_not_start_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["bench", "latency", "--seconds", "2", "--domain", "93", "--out", str(tmp_path)]
    assert main([*command, "--parameter", "min_score:=7.0"]) == 2
    assert "perception_node ended with 2: see " in capsys.readouterr().err
    assert "min_score" in (tmp_path / "log.txt").read_text()
    assert main([*command, "--parameter", "tracking"]) == 2
    assert "wanted NAME:=VALUE" in capsys.readouterr().err
