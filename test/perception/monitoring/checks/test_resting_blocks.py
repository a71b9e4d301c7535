from __future__ import annotations

import numpy as np
import pytest

from simreal_common.block_estimate import BLOCK_EDGE_M, BlockEstimate
from simreal_common.geometry import Pose
from simreal_perception.monitoring.checks.resting_blocks import FORGET_S, RestingBlocks

LEARN_S, RATE = 5.0, 10.0
ALONG = (-0.1, 0.0, 0.1)


def block(right_m: float, score: float = 0.9, sigma_m: float = 0.002) -> BlockEstimate:
    pose = Pose(np.array([right_m, 0.0, 0.5]), np.array([0.0, 0.0, 0.0, 1.0]))
    return BlockEstimate(pose, sigma_m**2 * np.eye(6), score, BLOCK_EDGE_M)


def learned() -> tuple[RestingBlocks, float]:
    resting, rng = RestingBlocks(LEARN_S), np.random.default_rng(0)
    for step in range(int(RATE * LEARN_S) + 1):
        noise = rng.normal(0.0, 0.0005, len(ALONG))
        moving = block(0.3 - 0.01 * step)
        seen = [*map(block, np.add(ALONG, noise)), moving]
        resting.learn(resting.place(seen), step / RATE)
    return resting, LEARN_S


@pytest.mark.parametrize(
    ("now", "doubted", "seen"),
    [
        ([block(x) for x in ALONG], 0, 3),
        ([block(x, score=0.7) for x in ALONG], 3, 3),
        ([block(x, sigma_m=0.003) for x in ALONG], 3, 3),
        ([block(x, score=0.95, sigma_m=0.001) for x in ALONG], 0, 3),
        ([block(ALONG[0]), block(ALONG[1], score=0.2)], 1, 2),
        ([block(0.05, score=0.2)], 0, 0),  # beside all of them
        ([], 0, 0),
    ],
)
def test_each_block_is_compared_with_itself(
    now: list[BlockEstimate], doubted: int, seen: int
) -> None:
    resting, time = learned()
    assert resting.doubted(resting.place(now), time) == (doubted, seen, 3)


def test_nothing_is_known_before_it_has_rested() -> None:
    resting = RestingBlocks(LEARN_S)
    for step in range(10):
        resting.learn(resting.place([block(0.0)]), step / RATE)
    assert resting.doubted(resting.place([block(0.0, score=0.4)]), 1.0) == (0, 0, 0)


def test_what_was_taken_away_is_forgotten() -> None:
    resting, time = learned()
    resting.learn(resting.place([block(ALONG[0])]), time + FORGET_S + 1.0)
    placed = resting.place([block(x) for x in ALONG])
    assert resting.doubted(placed, time + FORGET_S + 1.0)[2] == 0
