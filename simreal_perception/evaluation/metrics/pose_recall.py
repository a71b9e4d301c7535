"""Recall by MSSD and MSPD as BOP defines it, and the area under the curve of ADD-S.

In each image as many of the surest estimates count as there are blocks to be found. For every
threshold these are matched anew, the surest first, each to the free block with the least error below
the threshold (Hodan et al., "BOP Challenge 2020 on 6D Object Localization", section 2.3). The average
recall is the mean over the thresholds. There is one kind of object, blocks, whatever their edges.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from simreal_perception.evaluation.metrics.image_errors import ImageErrors

Array = NDArray[np.float64]

MSSD_SHARES = tuple(0.05 * step for step in range(1, 11))  # of the diameter
MSPD_PX = tuple(5.0 * step for step in range(1, 11))  # in an image that is 640 wide
ADD_S_LIMIT_M = 0.1  # up to where the area under the curve is taken, as in PoseCNN
ADD_S_DIAMETERS = 0.1  # an estimate is right by ADD-S up to this share of the diameter


@dataclass(frozen=True)
class PoseRecall:
    """Shares of the blocks of many images that are found, by the errors of the whole pose.

    Args:
        images: errors of each.
    """

    images: Sequence[ImageErrors] = field(default_factory=tuple)

    def summary(self) -> dict[str, float]:
        """The figures: shares of 1, and how many blocks count; not a number without any."""
        metric = [image for image in self.images if not image.only_2d]
        diameters = [np.broadcast_to(i.diameter * i.edge, i.add_s_m.shape) for i in metric]
        mssd = _average_recall([image.mssd for image in metric], MSSD_SHARES)
        mspd = _average_recall([image.mspd_px for image in self.images], MSPD_PX)
        add_s = [image.add_s_m for image in metric]
        shares = [errors / diameter for errors, diameter in zip(add_s, diameters)]
        return {
            "blocks": sum(image.mssd.shape[1] for image in self.images),
            "ar_mssd": mssd,
            "ar_mspd": mspd,
            "ar_mssd_mspd": (mssd + mspd) / 2,
            "add_s_auc": area_under_curve(_matched(add_s, ADD_S_LIMIT_M), ADD_S_LIMIT_M),
            "add_s_recall": _average_recall(shares, (ADD_S_DIAMETERS,)),
        }


def count_matches(errors: Array, threshold: float) -> int:
    """How many blocks are found with an error below a threshold.

    Args:
        errors: of each estimate, the surest first, against each block, (E, T).
    """
    return int(np.isfinite(_greedy(errors, threshold)).sum())


def area_under_curve(errors: Array, limit: float) -> float:
    """Area below the curve of the share of errors that are under a threshold, of 1.

    Args:
        errors: of all blocks, infinite where one was not found, (N,).
        limit: largest threshold of the curve.

    Returns:
        1 where all are without error, 0 where all are at the limit or above; not a number where
        there are none. The area is exact: an error e lies below the thresholds from e to the limit.
    """
    if not len(errors):
        return float("nan")
    return float(np.mean(1.0 - np.minimum(errors, limit) / limit))


def _greedy(errors: Array, threshold: float) -> Array:
    """Error of the estimate that each block is matched to, infinite without one, (T,)."""
    count = errors.shape[1]
    matched = np.full(count, np.inf)
    for row in errors[:count]:
        free = np.where(np.isinf(matched), row, np.inf)
        best = int(np.argmin(free))
        if free[best] < threshold:
            matched[best] = free[best]
    return matched


def _matched(images: Sequence[Array], threshold: float) -> Array:
    return np.concatenate([np.zeros(0), *(_greedy(errors, threshold) for errors in images)])


def _average_recall(images: Sequence[Array], thresholds: Sequence[float]) -> float:
    blocks = sum(errors.shape[1] for errors in images)
    if not blocks:
        return float("nan")
    found = [sum(count_matches(errors, limit) for errors in images) for limit in thresholds]
    return float(np.mean(found)) / blocks
