from __future__ import annotations

import numpy as np

from simreal_perception.monitoring.monitor import Monitor
from simreal_perception.monitoring.watch_record import MOST_SAMPLES, WatchRecord


def test_a_long_run_is_thinned_out_and_keeps_its_ends() -> None:
    monitor, record = Monitor(), WatchRecord()
    monitor.look(np.full((64, 64, 3), 100, np.uint8), 0.0)
    for index in range(3 * MOST_SAMPLES):
        record.add(monitor, float(index))
    assert record.images == 3 * MOST_SAMPLES
    assert MOST_SAMPLES / 2 <= len(record.samples) <= MOST_SAMPLES
    series = record.series("exposure", "brightness")
    assert series[0] == (0.0, 100.0) and series[-1][0] > 2.9 * MOST_SAMPLES
    assert ("exposure", "brightness") in record.figures()
