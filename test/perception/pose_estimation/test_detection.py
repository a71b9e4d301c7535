"""Detections of several copies of an image become one list."""

from __future__ import annotations

from typing import Any

import numpy as np

from simreal_perception.pose_estimation.detection import (
    DETECTION_THRESHOLD,
    DETECTOR_MULTIPLE,
    MOST_DETECTIONS,
    detect,
)


class Session:
    """A detector that finds blocks given as (x, y, radius, score) in pixels of the whole image."""

    def __init__(self, blocks: list[tuple[float, float, float, float]], width: int) -> None:
        self.blocks, self.width = blocks, width
        self.shapes: list[tuple[int, ...]] = []

    def run(self, _: Any, inputs: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        (image,) = inputs["images"]
        self.shapes.append(image.shape)
        assert image.shape[0] % DETECTOR_MULTIPLE == image.shape[1] % DETECTOR_MULTIPLE == 0
        # The copy may be padded on the right, by less than what its sides are multiples of.
        scale = round(self.width * round(image.shape[1] / self.width, 2)) / self.width
        cells = image.shape[0] // 4, image.shape[1] // 4
        score, values = np.zeros((1, *cells), np.float32), np.zeros((1, 3, *cells), np.float32)
        for x, y, radius, sure in self.blocks:
            row, column = int(y * scale) // 4, int(x * scale) // 4
            score[0, row, column] = sure
            values[0, :, row, column] = x * scale, y * scale, radius * scale
        return score, values


IMAGE = np.zeros((320, 640, 3), np.uint8)


def test_one_block_seen_in_two_copies_is_one_detection() -> None:
    found = detect(Session([(200, 100, 30, 0.9)], 640), IMAGE, (1.0, 0.5))  # type: ignore[arg-type]
    assert len(found.scores) == 1
    np.testing.assert_allclose(found.centers[0], [200, 100], atol=1.5)
    np.testing.assert_allclose(found.radii[0], 30, rtol=0.05)


def test_blocks_side_by_side_and_a_small_one_before_a_large_one_stay() -> None:
    blocks = [(200, 100, 16, 0.9), (224, 100, 16, 0.8), (400, 200, 60, 0.9), (405, 205, 16, 0.7)]
    found = detect(Session(blocks, 640), IMAGE, (1.0,))  # type: ignore[arg-type]
    assert len(found.scores) == 4
    assert np.all(np.diff(found.scores) <= 0)


def test_what_is_too_large_for_a_copy_counts_in_the_coarsest_alone() -> None:
    session = Session([(300, 160, 150, 0.9)], 640)
    assert len(detect(session, IMAGE, (1.0,)).scores) == 1  # type: ignore[arg-type]
    found = detect(session, IMAGE, (1.0, 0.25))  # type: ignore[arg-type]
    assert len(found.scores) == 1
    assert len(session.shapes) == 3


def test_the_surest_are_kept_where_there_are_too_many() -> None:
    rng = np.random.default_rng(0)
    places = [(8.0 + 16 * n, 8.0 + 16 * m) for n in range(38) for m in range(18)]
    scores = rng.uniform(DETECTION_THRESHOLD + 0.01, 0.99, size=len(places))
    blocks = [(x, y, 8.0, float(s)) for (x, y), s in zip(places, scores, strict=True)]
    found = detect(Session(blocks, 640), IMAGE, (1.0,))  # type: ignore[arg-type]
    assert len(found.scores) == MOST_DETECTIONS
    assert found.scores.min() >= np.sort(scores)[-MOST_DETECTIONS] - 1e-6


def test_an_empty_image_has_none() -> None:
    assert len(detect(Session([], 640), IMAGE, (1.0, 0.5)).scores) == 0  # type: ignore[arg-type]
