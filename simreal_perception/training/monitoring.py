"""What a person sees of a run: a bar, TensorBoard, and what holds it up."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from simreal_perception.training.training_config import TrainingConfig

SMOOTHING = 0.98  # share of the old value, of the figures in the bar
ROUGH_STEPS, ROUGH_SMOOTHING = 50, 0.8  # the first figures fall fast
SCALARS_EVERY = 10  # steps
SHOWN = 5  # figures in the bar
# Shares of the time above which drawing, or learning, is said to hold the run up.
MUCH, LITTLE = 0.4, 0.15


class Monitor:
    """Shows one run; silent unless told where its bar stands.

    Args:
        config: the run's.
        row: line of the bar on the terminal, counted from the cursor; None for no bar and no words.
        tensorboard: whether to write TensorBoard's files, if it is installed.
    """

    def __init__(
        self, config: TrainingConfig, row: int | None = None, tensorboard: bool = False
    ) -> None:
        self.config = config
        self.figures: dict[str, float] = {}
        self._row, self._tensorboard = row, tensorboard
        self._writer: Any = None

    def open(self, checkpoint: Path, first: int) -> Monitor:
        """Begin, or go on, at step `first`; to be used as a context."""
        self._steps = 0
        self._waited_s = 0.0
        self._start = time.perf_counter()
        batch = self.config.batch
        self._bar = tqdm(
            total=self.config.steps * batch, initial=first * batch, unit="img", unit_scale=True,
            desc=f"{self.config.task:8}", position=self._row, disable=self._row is None,
            dynamic_ncols=True, mininterval=1.0,
        )  # fmt: skip
        if self._tensorboard:
            self._writer = self._open_tensorboard(checkpoint, first)
        return self

    def __enter__(self) -> Monitor:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.close()
        if self._writer is not None:
            self._writer.close()
        if self._row is not None and self._steps:
            self.say(self.bottleneck())

    def step(self, step: int, figures: Mapping[str, float], rate: float, waited_s: float) -> None:
        """Take in one step.

        Args:
            step: number of batches learned.
            figures: of this step; `loss` is one of them.
            rate: learning rate.
            waited_s: seconds waited for batches since the beginning.
        """
        keep = SMOOTHING if step > ROUGH_STEPS else ROUGH_SMOOTHING
        for name, value in figures.items():
            self.figures[name] = keep * self.figures.get(name, value) + (1 - keep) * value
        self._steps += 1
        self._waited_s = waited_s
        shown = {name: f"{value:.3g}" for name, value in list(self.figures.items())[:SHOWN]}
        self._bar.set_postfix({**shown, "draw": f"{self.drawing_share():.0%}"}, refresh=False)
        self._bar.update(self.config.batch)
        if self._writer is not None and step % SCALARS_EVERY == 0:
            self._scalars("train", {**figures, "learning_rate": rate}, step)
            self._scalars("time", self.rates(), step)

    def evaluated(
        self, step: int, held_out: Mapping[str, float], image: NDArray[np.uint8] | None
    ) -> None:
        """Take in the figures of images that were never learned, and an image of predictions."""
        if self._writer is not None:
            self._scalars("held_out", held_out, step)
            if image is not None:
                self._writer.add_image("predictions", image, step, dataformats="HWC")
            self._writer.flush()

    def randomized(self, step: int, figures: Mapping[str, float]) -> None:
        """Take in how far automatic randomization has opened the ranges."""
        if self._writer is not None:
            self._scalars("adr", figures, step)

    def drawing_share(self) -> float:
        """Share of the time in which the network waited for images."""
        return self._waited_s / max(time.perf_counter() - self._start, 1e-9)

    def bottleneck(self) -> str:
        """What holds the run up, and what helps."""
        share = self.drawing_share()
        said = f"{self.config.task}: {self.rates()['images_per_s']:.0f} images/s; "
        if share < LITTLE:
            return said + f"learning takes {1 - share:.0%} of the time and is the bottleneck"
        said += f"the network waits {share:.0%} of the time for images: "
        if share < MUCH:
            return said + "drawing and learning are balanced"
        remedy = "more --threads" if self.config.prefetch else "--prefetch 1, more --threads"
        return said + f"rendering is the bottleneck; {remedy} help where cores are free"

    def rates(self) -> dict[str, float]:
        """Images learned a second, and share of the time spent on drawing, since the start."""
        seconds = max(time.perf_counter() - self._start, 1e-9)
        images = self._steps * self.config.batch
        return {"images_per_s": images / seconds, "drawing_share": self.drawing_share()}

    def _scalars(self, group: str, figures: Mapping[str, float], step: int) -> None:
        for name, value in figures.items():
            self._writer.add_scalar(f"{group}/{name}", value, step)

    def _open_tensorboard(self, checkpoint: Path, first: int) -> Any:
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError:
            self.say("no TensorBoard here (pip install tensorboard): the run goes on without")
            return None
        # What an earlier start wrote beyond its last checkpoint is dropped.
        folder = checkpoint.parent / "tensorboard" / self.config.task
        return SummaryWriter(str(folder), purge_step=first + 1)

    def say(self, text: str) -> None:
        """A line beside the bar, if there is one."""
        if self._row is not None:
            tqdm.write(text, file=sys.stderr)
