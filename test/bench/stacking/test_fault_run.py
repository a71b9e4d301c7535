"""A tower with a fault of each kind, in physics."""

from __future__ import annotations

import pytest

pytest.importorskip("pybullet", reason="the simulation needs PyBullet")

from simreal_bench.stacking.fault_run import run_fault
from simreal_bench.stacking_faults.registry import FAULTS
from simreal_perception.pose_estimation.estimator import BlockEstimator


@pytest.mark.slow
@pytest.mark.parametrize("kind", list(FAULTS))
def test_a_fault_of_each_kind_in_physics(kind: str) -> None:
    result = run_fault(kind, 1, 3, BlockEstimator.load("block", threads=1))
    assert result.injected_at is not None
    assert result.recovered, (result.cause, result.words, result.stack.log)
