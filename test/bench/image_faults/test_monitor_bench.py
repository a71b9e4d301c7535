from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("numba")

from simreal_bench.image_faults.monitor_bench import SHAPED, Trial, plant, summary, watch_ordinary
from simreal_bench.image_faults.moving_scene import SHAPES
from simreal_bench.image_faults.planted_faults import FAULTS
from simreal_perception.model_files.model_card import load_model_card
from simreal_perception.monitoring.checks.registry import CHECKS
from simreal_perception.pose_estimation.estimator import BlockEstimator


def test_every_fault_is_for_checks_that_there_are_and_changes_the_image() -> None:
    image = np.random.default_rng(0).integers(30, 220, (48, 64, 3), dtype=np.uint8)
    for name, fault in FAULTS.items():
        assert set(fault.checks) <= set(CHECKS)
        if fault.spoil is not None:
            spoilt = fault.spoil(image, 0.0, np.random.default_rng(0))
            assert spoilt.shape == image.shape and spoilt.dtype == np.uint8
            assert np.abs(spoilt.astype(int) - image).mean() > 5, name


def test_the_summary_counts_what_was_found_in_time_and_by_whom() -> None:
    trials = [
        Trial("cap", 1, 15.0, "lens", 0.8, ()),
        Trial("cap", 2, 15.0, "exposure", 2.5, ()),
        Trial("cap", 3, 15.0, "", None, ()),
    ]
    assert summary(trials)[0] == ("cap", 3, 1, 1, [0.8, 2.5])


def test_faults_without_a_function_are_other_scenes() -> None:
    assert {name for name, fault in FAULTS.items() if fault.spoil is None} == {"away", *SHAPED}
    assert set(SHAPED) <= set(SHAPES)


@pytest.mark.slow
def test_faults_in_a_scene_are_found_and_none_is_imagined() -> None:
    card, estimator = load_model_card("block"), BlockEstimator.load("block", threads=1)
    trials = [t for t in plant(card, estimator, [1], [15.0]) if t.fault not in SHAPED]
    missed = [t.fault for t in trials if t.after_s is None or t.after_s > 2.0 or t.false]
    assert not missed
    assert not watch_ordinary(card, estimator, 1001, 15.0, 60.0).events
