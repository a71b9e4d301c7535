"""Runs the curriculum: a small simple set, then one group of randomization more a stage."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from simreal_perception.training.held_out import evaluate
from simreal_perception.training.run_display import RunDisplay
from simreal_perception.training.sanity_checks.stage_record import StageRecord, learns_from
from simreal_perception.training.sanity_checks.thresholds import Thresholds, thresholds_of
from simreal_perception.training.stopping import Stopped
from simreal_perception.training.tasks.task import draw_apart
from simreal_perception.training.training import load_network, prepare, train
from simreal_perception.training.training_config import TrainingConfig
from simreal_sim.randomization.ranges.randomization_config import GROUPS

# One thing more at a time: what moves first, then what it looks like, then what is in the way,
# then the camera's faults. Groups that are not named here come last, in their own order.
ORDER = (
    "orientation", "position", "camera", "edge", "number", "light", "shadow", "color", "table",
    "texture", "gloss", "reflection", "rim", "stacking", "leaning", "held", "distractors",
    "tabletop", "robot", "clutter", "lens", "sensor",
)  # fmt: skip
FRESH_SEED = 1_500_000_001
COMPARED = 4  # batches that an error is measured on


@dataclass(frozen=True)
class StageSize:
    """How long the stages are.

    Args:
        batch: images a batch.
        width: channels of the network's first layer.
        simple: steps on the small simple set.
        varied: steps of every stage after it.
        images: batches that make up the small set.
    """

    batch: int
    width: int
    simple: int
    varied: int
    images: int


SIZES = {"detector": StageSize(16, 12, 250, 150, 32)}
SIZE = StageSize(64, 16, 250, 120, 32)  # of the other networks, whose images are small


@dataclass(frozen=True)
class Stage:
    """One stage and how the network did on it.

    Args:
        task: which network.
        name: what is new in this stage.
        thresholds: what is measured.
        wanted: what the errors have to come down to.
        untrained: error on fresh images at the start of the stage.
        trained: error on images it has learned from.
        fresh: error on images like them that it has not.
        repeated: whether it saw the same few images again and again.
    """

    task: str
    name: str
    thresholds: Thresholds
    wanted: float
    untrained: float
    trained: float
    fresh: float
    repeated: bool

    @property
    def verdict(self) -> str:
        """`learned`, `underfitting` or `overfitting`."""
        if not self.trained <= self.wanted:  # nan too
            return "underfitting"
        return "learned" if self.fresh <= self.wanted else "overfitting"

    @property
    def passed(self) -> bool:
        return self.verdict == "learned"

    @property
    def advice(self) -> str:
        """What to change next."""
        if self.verdict == "underfitting":
            return (
                "train longer (--steps), then a wider network (--width), then another learning "
                "rate; if nothing helps, look at the labels of what is new here"
            )
        if self.verdict == "overfitting" and self.repeated:
            return (
                "more different images (a larger `repeat`, or 0), then a narrower network; if "
                "fresh ones are no better than before, the labels do not belong to the images"
            )
        if self.verdict == "overfitting":
            return (
                "every image is new here, so train longer (--steps); then a smaller learning "
                "rate, a narrower network, or more of what is new in this stage"
            )
        return "go on"

    def describe(self) -> str:
        """One line of figures, one of advice."""
        return (
            f"{self.task} {self.name}: {self.thresholds.name}, wanted {self.wanted:g}: "
            f"{self.trained:.3g} on images it learned from, {self.fresh:.3g} on fresh ones "
            f"(before: {self.untrained:.3g})\n    {self.verdict}: {self.advice}"
        )


def run_curriculum(
    config: TrainingConfig, folder: Path, size: StageSize | None = None
) -> Iterator[Stage]:
    """Run the curriculum, from a small simple set to everything; ends below a set it cannot learn.

    Run again, it goes on where it was: a stage that did not pass, or whose images, labels or loss
    have changed since, is trained anew, and with it every stage that started from it.

    Args:
        config: seed, threads, device and learning rate of the stages; groups that it disables stay
            off.
        folder: where each stage's run goes.
        size: how long the stages are; None for what suits the network.

    Raises:
        Stopped: somebody asked to stop; the same command goes on within the stage.
    """
    size = size or SIZES.get(config.task, SIZE)
    thresholds = thresholds_of(config.task)
    base = dataclasses.replace(
        config, batch=size.batch, width=size.width, warmup=min(config.warmup, size.varied // 4),
        held_out=1,
    )  # fmt: skip
    simple = dataclasses.replace(
        base, steps=size.simple, repeat=size.images, disabled=tuple(GROUPS)
    )
    stage, anew = _step(
        simple, folder / "simple", "(c) small simple set", thresholds, thresholds.simple, False
    )
    yield stage
    if not stage.passed:
        return
    below = folder / "simple"
    on: set[str] = set()
    for group in sorted(set(GROUPS) - set(config.disabled), key=_place):
        on.add(group)
        here = folder / f"plus_{group}"
        varied = dataclasses.replace(
            base, steps=size.varied, disabled=_without(GROUPS, on), start_from=str(below)
        )
        stage, anew = _step(varied, here, f"(d) + {group}", thresholds, thresholds.varied, anew)
        yield stage
        below = here


def _without(groups: Collection[str], on: Collection[str]) -> tuple[str, ...]:
    return tuple(group for group in groups if group not in on)


def _place(group: str) -> int:
    return ORDER.index(group) if group in ORDER else len(ORDER) + GROUPS.index(group)


def _step(
    config: TrainingConfig,
    folder: Path,
    name: str,
    thresholds: Thresholds,
    wanted: float,
    anew: bool,
) -> tuple[Stage, bool]:
    """Train one stage, then measure; whether it was trained anew, as it is if `anew` says so."""
    task, source = prepare(config)
    fresh = [draw_apart(task.source, config.batch, FRESH_SEED + n) for n in range(COMPARED)]
    learned = [source.draw(config.batch) for _ in range(COMPARED)]  # what the run begins with
    untrained = _error(task, task.network.eval(), fresh, thresholds)
    record = StageRecord(folder, config.task, learns_from(task, [*fresh, *learned]))
    anew = record.begin(anew)
    result = train(config, folder, RunDisplay(config))
    if not result.finished:
        raise Stopped
    network = load_network(result.checkpoint)[1]
    network.to(config.device)
    stage = Stage(
        config.task, name, thresholds, wanted, untrained,
        _error(task, network, learned, thresholds), _error(task, network, fresh, thresholds),
        repeated=bool(config.repeat),
    )  # fmt: skip
    record.end(stage.passed)
    return stage, anew


def _error(task: Any, network: Any, batches: list[Any], thresholds: Thresholds) -> float:
    errors = [thresholds.error(evaluate(task, network, batch)) for batch in batches]
    return sum(errors) / len(errors)
