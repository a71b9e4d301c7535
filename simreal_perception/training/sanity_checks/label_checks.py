"""Holds labels against one another, against their images, and a source against its promises."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import numpy as np

from simreal_common.shapes.shape import CUBE, Shape
from simreal_perception.labelled_batches.detector_data import WindowBatch
from simreal_perception.labelled_batches.pose_data import CropBatch
from simreal_perception.training.sanity_checks import crop_labels, window_labels
from simreal_perception.training.sanity_checks.causes import Cause, Finding
from simreal_perception.training.sanity_checks.silhouettes import fit_findings
from simreal_perception.training.tasks.task import Source, draw_apart

FIRST_SEED, OTHER_SEED = 1_700_000_003, 1_700_000_033
IMAGES = 8


def label_findings(varied: list[Any], clear: list[Any], shape: Shape = CUBE) -> list[Finding]:
    """What is wrong with the labels of batches, as far as these are known.

    Args:
        varied: batches of any scenes.
        clear: batches, one after another, of plain scenes (`probe.CLEAR_GROUPS`).
        shape: of their blocks.
    """
    both = [*varied, *clear]
    if all(isinstance(batch, CropBatch) for batch in both):
        return [
            *crop_labels.contradictions(both, shape),
            *fit_findings(crop_labels.silhouettes(clear, shape)),
        ]
    if all(isinstance(batch, WindowBatch) for batch in both):
        return [
            *window_labels.contradictions(both),
            *fit_findings(window_labels.silhouettes(clear, shape)),
        ]
    return []


def memory_findings(source: Source) -> Iterator[Finding]:
    """What a source puts into a batch that the state of its generator does not decide."""
    before, _, again = (
        draw_apart(source, IMAGES, seed) for seed in (FIRST_SEED, OTHER_SEED, FIRST_SEED)
    )
    other = [
        entry.name
        for entry in dataclasses.fields(before)
        if isinstance(getattr(before, entry.name), np.ndarray)
        and not np.array_equal(
            getattr(before, entry.name), getattr(again, entry.name),
            equal_nan=getattr(before, entry.name).dtype.kind == "f",
        )
    ]  # fmt: skip
    if other:
        yield Finding(
            Cause.STALE,
            f"{', '.join(other)} of the same seed are others after another batch was drawn: they "
            "come from that one",
        )
