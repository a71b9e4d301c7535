"""Rates and latencies of the last seconds."""

from __future__ import annotations

import pytest

from simreal_perception.health.throughput import WINDOW_S, Throughput


def test_thirty_images_a_second_of_which_every_third_is_looked_at() -> None:
    throughput = Throughput(0.0)
    for number in range(600):
        now = number / 30
        throughput.heard(now)
        if number % 3 == 0:
            throughput.looked(now, 0.03, 0.04 + 0.02 * (number == 540), number % 7)
    report = throughput.report(20.0)
    assert report.heard == pytest.approx(30.0, rel=0.02)
    assert report.looked == pytest.approx(10.0, rel=0.03)
    assert report.work == 0.03
    assert report.latency == 0.04
    assert report.worst_latency == pytest.approx(0.06)
    assert report.blocks == 597 % 7


def test_silence_is_nothing_a_second() -> None:
    throughput = Throughput(0.0)
    throughput.heard(0.1)
    throughput.looked(0.1, 0.03, None, 2)
    assert throughput.report(0.5).heard == pytest.approx(2.0)
    assert throughput.report(0.5).latency is None
    report = throughput.report(0.2 + WINDOW_S)
    assert (report.heard, report.looked, report.work) == (0.0, 0.0, None)
