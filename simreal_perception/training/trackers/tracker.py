"""What a tracker of runs has to offer, and what it is told of a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class TrackedRun:
    """A run that begins or goes on.

    Args:
        folder: of the run.
        task: which network.
        first: number of batches learned before.
        hyperparameters: every setting, and the hash of the ranges.
    """

    folder: Path
    task: str
    first: int
    hyperparameters: Mapping[str, Any]

    @property
    def name(self) -> str:
        return f"{self.folder.name}/{self.task}"


class Tracker(Protocol):
    """Keeps what a run tells, until it is closed."""

    def scalars(self, group: str, figures: Mapping[str, float], step: int) -> None:
        """Figures of a step: of training, of held-out images, of time, of the machine."""

    def image(self, name: str, image: NDArray[np.uint8], step: int) -> None:
        """An RGB image (H, W, 3)."""

    def model(self, files: Sequence[Path], card: Mapping[str, Any]) -> None:
        """The weights that did best and what made them, with a card that tells of them."""

    def close(self) -> None:
        """Write what is still to be written."""
