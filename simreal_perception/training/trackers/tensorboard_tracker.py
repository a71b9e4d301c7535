"""TensorBoard's files, in the folder of the run."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch.utils.tensorboard import SummaryWriter

from simreal_perception.training.trackers.tracker import TrackedRun


class TensorBoardTracker:
    """Writes event files; `tensorboard --logdir` shows them."""

    def __init__(self, run: TrackedRun) -> None:
        # What an earlier start wrote beyond its last checkpoint is dropped.
        self._writer: Any = SummaryWriter(
            str(run.folder / "tensorboard" / run.task), purge_step=run.first + 1
        )
        rows = "\n".join(f"| {name} | {value} |" for name, value in run.hyperparameters.items())
        self._writer.add_text("settings", f"| | |\n| --- | --- |\n{rows}", run.first)

    def scalars(self, group: str, figures: Mapping[str, float], step: int) -> None:
        """Take in figures of a step."""
        for name, value in figures.items():
            self._writer.add_scalar(f"{group}/{name}", value, step)

    def image(self, name: str, image: NDArray[np.uint8], step: int) -> None:
        """Take in an image, and write all so far."""
        self._writer.add_image(name, image, step, dataformats="HWC")
        self._writer.flush()

    def model(self, files: Sequence[Path], card: Mapping[str, Any]) -> None:
        """Take in the card: the files lie beside TensorBoard's already."""
        self._writer.add_text("card", f"```\n{json.dumps(card, indent=1)}\n```", card.get("step"))

    def close(self) -> None:
        """Write the rest."""
        self._writer.close()
