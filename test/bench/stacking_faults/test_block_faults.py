"""Faults of blocks: what counts as recovered is not too little."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("pybullet", reason="the simulation needs PyBullet")

from simreal_bench.simulated_robot.stack_result import StackResult
from simreal_bench.stacking_faults.fault import Fault
from simreal_bench.stacking_faults.registry import make_fault


def test_the_last_block_taken_is_recovered_from_by_words_alone(stood: StackResult) -> None:
    lacking = replace(
        stood, success=False, claimed=False, placed=2,
        log=("9.0 2 of 3 blocks are in their places and no other is seen, in 5 looks",),
    )  # fmt: skip
    taken, spare, moved = (make_fault("meddled", seed) for seed in (3, 1, 2))
    assert (taken.extra_blocks, spare.extra_blocks, moved.extra_blocks) == (0, 1, 0)
    assert taken.recovered(lacking)
    assert not spare.recovered(lacking)
    assert not moved.recovered(lacking)
    assert not taken.recovered(replace(lacking, claimed=True))
    assert not taken.recovered(replace(lacking, finished=False))
    assert not taken.recovered(replace(lacking, log=("9.0 there is no way home",)))
    assert not Fault(np.random.default_rng(1), 1).recovered(lacking)
