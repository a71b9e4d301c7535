"""Occupied cells as few axis-aligned boxes, for those who plan around them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simreal_common.geometry import Pose
from simreal_common.settings.obstacles import Obstacle

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
Cells = NDArray[np.int64]

MOST_BOXES = 24  # each is looked at with every link, thousands of times a plan
FIRST_BOXES = 400  # cells are joined to at most so many before these are joined to each other
SPARED = 20.0  # a cell that should stay free counts like so many others that are free
UPRIGHT = np.array([0.0, 0.0, 0.0, 1.0])


def boxes_of(
    cells: Mask, corner: Array, voxel_m: float, spared: Mask | None = None, most: int = MOST_BOXES
) -> tuple[Obstacle, ...]:
    """Boxes that hold all these cells.

    Args:
        cells: what is occupied, shape (x, y, z).
        corner: lower one of the first cell, base frame, metres, shape (3,).
        voxel_m: edge of a cell.
        spared: cells that boxes should leave out where they hold others that are free.
        most: so many boxes at most; where more would be needed they hold what is free, too.
    """
    bounds = _grown(cells)
    if len(bounds) > most:
        bounds = _joined(bounds, cells, cells if spared is None else spared, most)
    return tuple(_obstacle(corner + low * voxel_m, corner + high * voxel_m) for low, high in bounds)


def _obstacle(lower: Array, upper: Array) -> Obstacle:
    x, y, z = (lower + upper) / 2
    name = f"what depth shows at ({x:.2f}, {y:.2f}, {z:.2f}) m"
    return Obstacle(name, Pose((lower + upper) / 2, UPRIGHT), np.asarray(upper - lower))


def _grown(cells: Mask) -> Cells:
    """Boxes of occupied cells alone: each grown upwards, then along y, then x; (n, 2, 3)."""
    left = cells.copy()
    found: list[tuple[list[int], list[int]]] = []
    for x, y, z in np.argwhere(cells).tolist():
        if not left[x, y, z]:
            continue
        if len(found) == FIRST_BOXES - 1:  # what is left in one
            rest = np.argwhere(left)
            found.append((rest.min(axis=0).tolist(), (rest.max(axis=0) + 1).tolist()))
            break
        top, side, end = z + 1, y + 1, x + 1
        while top < cells.shape[2] and left[x, y, top]:
            top += 1
        while side < cells.shape[1] and left[x, side, z:top].all():
            side += 1
        while end < cells.shape[0] and left[end, y:side, z:top].all():
            end += 1
        left[x:end, y:side, z:top] = False
        found.append(([x, y, z], [end, side, top]))
    return np.array(found, dtype=np.int64).reshape(-1, 2, 3)


def _joined(bounds: Cells, cells: Mask, spared: Mask, most: int) -> Cells:
    """The same in fewer boxes: again and again those two that hold least of what is free."""
    weights = np.where(spared & ~cells, SPARED, 1.0)
    sums = np.pad(weights, ((1, 0),) * 3).cumsum(0).cumsum(1).cumsum(2)

    def weight(box: Cells) -> Array:
        (a, b, c), (d, e, f) = box[..., 0, :].T, box[..., 1, :].T
        return np.asarray(
            sums[d, e, f] - sums[a, e, f] - sums[d, b, f] - sums[d, e, c]
            + sums[a, b, f] + sums[a, e, c] + sums[d, b, c] - sums[a, b, c]
        )  # fmt: skip

    boxes = list(bounds)
    own = list(weight(bounds))
    count = len(boxes)
    cost = np.full((count, count), np.inf)

    def joint(one: Cells, others: Cells) -> Cells:
        low = np.minimum(one[0], others[:, 0])
        return np.stack([low, np.maximum(one[1], others[:, 1])], axis=1)

    stack = np.array(boxes)
    for i in range(count - 1):
        both = joint(stack[i], stack[i + 1 :])
        cost[i, i + 1 :] = weight(both) - own[i] - np.array(own[i + 1 :])
    gone = np.zeros(count, dtype=bool)
    for _ in range(count - most):
        i, j = divmod(int(cost.argmin()), count)
        stack[i] = joint(stack[i], stack[j][None])[0]
        own[i] = float(weight(stack[i][None])[0])
        gone[j] = True
        cost[j, :] = cost[:, j] = np.inf
        both = joint(stack[i], stack)
        row = weight(both) - own[i] - np.array(own)
        row[gone], row[i] = np.inf, np.inf
        cost[i, i + 1 :] = row[i + 1 :]
        cost[:i, i] = row[:i]
    return np.asarray(stack[~gone])
