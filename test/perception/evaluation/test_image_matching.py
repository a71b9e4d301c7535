"""Matching estimates to the blocks of a labelled photograph, beside trying every choice."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simreal_perception.evaluation.evaluation import BlockResult, FalseAlarm, PoseError
from simreal_perception.evaluation.image_matching import NO_MATCH, ComparedEstimate, Comparison


@given(st.integers(0, 10_000), st.floats(0, 1))
@settings(max_examples=60)
def test_no_other_choice_matches_more_or_nearer(seed: int, threshold: float) -> None:
    rng = np.random.default_rng(seed)
    n_blocks, n_found = int(rng.integers(0, 5)), int(rng.integers(0, 5))
    center_distances = rng.uniform(0, 0.5, (n_found, n_blocks))
    center_distances[rng.uniform(size=center_distances.shape) < 0.5] = NO_MATCH
    scores = rng.uniform(size=n_found)
    comparison = comparison_of(center_distances, scores)
    blocks, alarms = comparison.above(threshold).results()

    kept = center_distances[scores >= threshold]
    best = min((-len(pairs), sum(kept[pair] for pair in pairs)) for pairs in choices(kept))
    found = [b.error for b in blocks if b.error is not None]
    assert len(found) == -best[0]
    assert len(alarms) == len(kept) - len(found)
    # Each error carries its center_distance, as pixels.
    assert sum(error.lateral_px or 0.0 for error in found) == pytest.approx(best[1])


def comparison_of(center_distances: np.ndarray, scores: np.ndarray) -> Comparison:
    nowhere = (0.0, 0.0, 1.0)
    estimates = tuple(
        ComparedEstimate(
            float(score),
            tuple(
                None
                if center_distance == NO_MATCH
                else PoseError(0, 0, 0, 0, float(score), 1, 0, 0, 0, lateral_px=center_distance)
                for center_distance in row
            ),
            tuple(row.tolist()),
            FalseAlarm(0, nowhere, float(score)),
        )
        for row, score in zip(center_distances, scores)
    )
    blocks = tuple(
        BlockResult(0, nowhere, 1.0, True, None) for _ in range(center_distances.shape[1])
    )
    return Comparison(0, blocks, estimates)


def choices(center_distances: np.ndarray) -> Iterator[list[tuple[int, int]]]:
    """All ways to give estimates (rows) to blocks (columns) that they can be of."""
    n_found, n_blocks = center_distances.shape
    for way in itertools.product([None, *range(n_blocks)], repeat=n_found):
        pairs = [(index, block) for index, block in enumerate(way) if block is not None]
        once = len({block for _, block in pairs}) == len(pairs)
        if once and all(center_distances[pair] < NO_MATCH for pair in pairs):
            yield pairs
