"""What is to be said of one run: its weights measured again, its hardest images, what changed."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simreal_bench.experiments.comparison import Comparison, compare
from simreal_bench.experiments.seed_spread import Spread, spread
from simreal_bench.experiments.training_record import TrainingRecord, read_run
from simreal_bench.experiments.worst_cases import WorstCases, worst_cases
from simreal_common.errors import ConfigurationError
from simreal_perception.training.checkpoint import load_network
from simreal_perception.training.held_out import draw_held_out, evaluate
from simreal_perception.training.run_log import log_path
from simreal_perception.training.run_ranges import ranges_copy
from simreal_perception.training.training import image, prepare

LOOKED_AT, WORST = 512, 24  # images


@dataclass(frozen=True, eq=False)
class TrainingReport:
    """One run.

    Attributes:
        run: what its folder tells.
        figures: of its best weights on held-out images: means over batches and their intervals.
        batches: how many.
        of_seeds: the best held-out figures over runs that differ in their seeds alone; empty where
            none were given.
        predictions: what it says of held-out images, uint8 RGB (H, W, 3); None if its task draws none.
        worst: held-out images on which it does worst.
        since: what changed since an earlier run; None where there is none.
    """

    run: TrainingRecord
    figures: Mapping[str, Spread]
    batches: int
    of_seeds: Mapping[str, Spread]
    predictions: NDArray[np.uint8] | None
    worst: WorstCases
    since: Comparison | None


def report_training(
    run: TrainingRecord, earlier: TrainingRecord | None = None, seeds: Sequence[TrainingRecord] = ()
) -> TrainingReport:
    """Measure a run's best weights again and look at what they say.

    Args:
        earlier: another run, to tell what changed since.
        seeds: runs like it with other seeds.

    Raises:
        ConfigurationError: what it learned from is not there any more.
    """
    config = dataclasses.replace(run.config, start_from="", device="cpu")
    if ranges_copy(run.checkpoint).is_file():  # the file that it was given may be another by now
        config = dataclasses.replace(config, ranges=str(ranges_copy(run.checkpoint)))
    task, _ = prepare(config)
    network: Any = load_network(run.best_checkpoint)[1]
    batches = draw_held_out(task.source, config.batch, config.held_out)
    measured = [evaluate(task, network, batch) for batch in batches]
    return TrainingReport(
        run,
        _spreads(measured),
        len(batches),
        _spreads([one.best for one in (run, *seeds)]) if seeds else {},
        image(task, network, batches[0]),
        worst_cases(task, network, batches, LOOKED_AT, WORST),
        compare([earlier], [run]) if earlier is not None else None,
    )


def run_before(run: TrainingRecord) -> TrainingRecord | None:
    """The run of the same network in a folder beside that was last at work before this one."""
    own = log_path(run.checkpoint)
    found: list[tuple[float, Path]] = []
    for log in run.checkpoint.parent.resolve().parent.glob(f"*/{own.name}"):
        if not log.samefile(own) and log.stat().st_mtime < own.stat().st_mtime:
            found.append((log.stat().st_mtime, log.parent))
    for _, folder in sorted(found, reverse=True):
        try:
            return read_run(folder, run.config.task)
        except ConfigurationError:  # begun and given up, or of another version
            continue
    return None


def _spreads(measured: Sequence[Mapping[str, float]]) -> dict[str, Spread]:
    """Of the figures that all have."""
    names = [name for name in measured[0] if all(name in one for one in measured)]
    return {name: spread([one[name] for one in measured]) for name in names}
