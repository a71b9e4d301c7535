"""The images of a batch on which a network does worst, and what it says of them."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from simreal_perception.training.tasks.loss import Loss
from simreal_perception.training.tasks.task import DrawsImage, Task

COLUMNS = 8  # of images that no task draws into


@dataclass(frozen=True, eq=False)
class WorstCases:
    """The hardest images, the worst first.

    Attributes:
        losses: of each alone.
        median: of all images that were looked at.
        sheet: uint8 RGB (H, W, 3), with predictions drawn in where the task can.
    """

    losses: list[float]
    median: float
    sheet: NDArray[np.uint8]


def worst_cases(
    task: Task, network: nn.Module, batches: Sequence[Any], looked_at: int, most: int
) -> WorstCases:
    """Find the images with the highest loss.

    Args:
        batches: dataclasses with `images`, uint8 (N, H, W, 3), and other arrays of N.
        looked_at: images, from the first on.
        most: of these to keep.
    """
    found: list[tuple[float, int, int]] = []
    with torch.no_grad():
        for number, batch in enumerate(batches):
            for place in range(min(len(batch.images), looked_at - len(found))):
                loss = Loss(*task.loss(network, take(batch, [place]))).total.item()
                found.append((loss, number, place))
    losses = [loss for loss, _, _ in found if math.isfinite(loss)]
    worst = sorted(found, reverse=True)[:most]
    chosen = joined([take(batches[number], [place]) for _, number, place in worst])
    sheet = task.image(network, chosen) if isinstance(task, DrawsImage) else tiled(chosen.images)
    return WorstCases(
        [loss for loss, _, _ in worst], float(np.median(losses)) if losses else math.nan, sheet
    )


def take(batch: Any, places: Sequence[int]) -> Any:
    """A batch of some images of a batch."""
    count = len(batch.images)
    return dataclasses.replace(
        batch,
        **{
            name: value[list(places)]
            for name, value in vars(batch).items()
            if isinstance(value, np.ndarray) and len(value) == count
        },
    )


def joined(batches: Sequence[Any]) -> Any:
    """Several batches as one."""
    return dataclasses.replace(
        batches[0],
        **{
            name: np.concatenate([getattr(batch, name) for batch in batches])
            for name, value in vars(batches[0]).items()
            if isinstance(value, np.ndarray)
        },
    )


def tiled(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Images (N, H, W, 3) in rows, black where there are none."""
    count, height, width = images.shape[:3]
    rows = math.ceil(count / COLUMNS)
    sheet = np.zeros((rows * height, COLUMNS * width, 3), np.uint8)
    for number, image in enumerate(images):
        row, column = divmod(number, COLUMNS)
        sheet[row * height : (row + 1) * height, column * width : (column + 1) * width] = image
    return sheet
