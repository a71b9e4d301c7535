"""What a loss is made of: of each network its terms are in `pose_loss.py`, `detector_loss.py`."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor


class Loss(NamedTuple):
    """A loss to descend, and what it is made of.

    Attributes:
        total: scalar, with its gradient.
        figures: worth watching.
        per_image: (N,), how much the network lacks on each image, without gradient; for sources
            that show hard images again. None: nothing is said of single images.
    """

    total: Tensor
    figures: dict[str, float]
    per_image: Tensor | None = None
