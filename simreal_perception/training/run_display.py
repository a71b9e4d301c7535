"""What a person sees of a run: a bar, what trackers keep, and what holds it up."""

from __future__ import annotations

import dataclasses
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from simreal_common.untrusted_text import shortened
from simreal_perception.training.checkpoint import best_path
from simreal_perception.training.run_log import read_log, summarize
from simreal_perception.training.trackers.registry import TRACKERS, open_tracker
from simreal_perception.training.trackers.system_use import SystemUse
from simreal_perception.training.trackers.tracker import TrackedRun, Tracker
from simreal_perception.training.training_config import TrainingConfig
from simreal_sim.randomization.ranges_file import ranges_sha256, ranges_values

SMOOTHING = 0.98  # share of the old value, of the figures in the bar
ROUGH_STEPS, ROUGH_SMOOTHING = 50, 0.8  # the first figures fall fast
SCALARS_EVERY = 10  # steps
SHOWN = 5  # figures in the bar
MADE_BY = (".config.yaml", ".ranges.yaml", ".environment.json", ".log.jsonl")  # told with the model
# Shares of the time above which drawing, or learning, is said to hold the run up.
MUCH, LITTLE = 0.4, 0.15


class RunDisplay:
    """Shows one run; silent unless told where its bar stands.

    Args:
        config: the run's.
        row: line of the bar on the terminal, counted from the cursor; None for no bar and no words.
        trackers: names out of `trackers.registry.TRACKERS` of those that keep what the run tells; the
            run goes on without one that is missing, or fails.
    """

    def __init__(
        self, config: TrainingConfig, row: int | None = None, trackers: Sequence[str] = ()
    ) -> None:
        self.config = config
        self.figures: dict[str, float] = {}
        self._row, self._names = row, trackers
        self._trackers: dict[str, Tracker] = {}

    def open(self, checkpoint: Path, first: int) -> RunDisplay:
        """Begin, or go on, at step `first`; to be used as a context."""
        self._steps = 0
        self._finished = False
        self._waited_s = 0.0
        self._start = time.perf_counter()
        batch = self.config.batch
        self._bar = tqdm(
            total=self.config.steps * batch, initial=first * batch, unit="img", unit_scale=True,
            desc=f"{self.config.task:8}", position=self._row, disable=self._row is None,
            dynamic_ncols=True, mininterval=1.0,
        )  # fmt: skip
        self._checkpoint = checkpoint
        if self._names:
            self._use = SystemUse(self.config.device)
            self._open_trackers(checkpoint, first)
        return self

    def __enter__(self) -> RunDisplay:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.close()
        if self._finished and error is None:
            self._tell_model()
        self._tell(lambda tracker: tracker.close())
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
        self._finished = step == self.config.steps
        if self._trackers and step % SCALARS_EVERY == 0:
            groups = {
                "train": {**figures, "learning_rate": rate},
                "time": self.rates(),
                "system": self._use.sample(),
            }
            for group, values in groups.items():
                self._scalars(group, values, step)

    def evaluated(
        self, step: int, held_out: Mapping[str, float], image: NDArray[np.uint8] | None
    ) -> None:
        """Take in the figures of images that were never learned, and an image of predictions."""
        self._scalars("held_out", held_out, step)
        if image is not None:
            self._tell(lambda tracker: tracker.image("predictions", image, step))

    def randomized(self, step: int, figures: Mapping[str, float]) -> None:
        """Take in how far automatic randomization has opened the ranges."""
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
        ahead = self.config.prefetch or self.config.adr  # which draws no batch ahead
        remedy = "more --threads" if ahead else "--prefetch 1, more --threads"
        return said + f"rendering is the bottleneck; {remedy} help where cores are free"

    def rates(self) -> dict[str, float]:
        """Images learned a second, and share of the time spent on drawing, since the start."""
        seconds = max(time.perf_counter() - self._start, 1e-9)
        images = self._steps * self.config.batch
        return {"images_per_s": images / seconds, "drawing_share": self.drawing_share()}

    def _scalars(self, group: str, figures: Mapping[str, float], step: int) -> None:
        if figures:
            self._tell(lambda tracker: tracker.scalars(group, figures, step))

    def _tell_model(self) -> None:
        checkpoint = self._checkpoint
        files = [best_path(checkpoint), *(checkpoint.with_suffix(end) for end in MADE_BY)]
        there = [file for file in files if file.is_file()]
        card = {
            "task": self.config.task,
            "settings": self._hyperparameters(),
            **summarize(read_log(checkpoint)),
        }
        self._tell(lambda tracker: tracker.model(there, card))

    def _hyperparameters(self) -> dict[str, Any]:
        values = dataclasses.asdict(self.config)
        values["disabled"] = list(self.config.disabled)
        values["trackers"] = list(self.config.trackers)
        return {**values, "ranges_sha256": ranges_sha256(ranges_values(self.config.randomization))}

    def _open_trackers(self, checkpoint: Path, first: int) -> None:
        run = TrackedRun(checkpoint.parent, self.config.task, first, self._hyperparameters())
        for name in self._names:
            try:
                self._trackers[name] = open_tracker(name, run)
            except ImportError:
                self.say(
                    f"no {name} here (pip install {TRACKERS[name].install}): the run goes on without"
                )
            except Exception as error:  # what a tracker's library raises is its own
                self._went_wrong(name, error)

    def _tell(self, what: Callable[[Tracker], None]) -> None:
        """Tell all trackers; whichever fails is told nothing more, for hours of learning are dearer."""
        for name, tracker in list(self._trackers.items()):
            try:
                what(tracker)
            except Exception as error:
                self._went_wrong(name, error)
                del self._trackers[name]

    def _went_wrong(self, name: str, error: Exception) -> None:
        self.say(f"tracker {name} failed ({shortened(str(error))}): the run goes on without")

    def say(self, text: str) -> None:
        """A line beside the bar, if there is one."""
        if self._row is not None:
            tqdm.write(text, file=sys.stderr)
