"""Checks whether the real loop learns one batch by heart (overfits it), and says why if not."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import median

from simreal_common.errors import ConfigurationError
from simreal_perception.training.sanity_checks.causes import (
    CERTAIN,
    LIKELY,
    POSSIBLE,
    Cause,
    Finding,
    list_causes,
    ranked,
)
from simreal_perception.training.sanity_checks.loop_checks import (
    LARGEST_CHANGE,
    SMALLEST_CHANGE,
    loop_findings,
    typical_change,
)
from simreal_perception.training.sanity_checks.probe import Probe, Record, real_run, short_run
from simreal_perception.training.sanity_checks.thresholds import Thresholds, thresholds_of
from simreal_perception.training.tasks.loss import Loss
from simreal_perception.training.tasks.registry import make_task
from simreal_perception.training.training_config import TrainingConfig
from simreal_sim.randomization.ranges.randomization_config import GROUPS

# Small and without randomization: this is about the code, not about the width of the network.
WIDTH, BATCH, STEPS = 12, 16, 250
SWEEP, SWEEP_STEPS = (0.01, 0.1, 10.0, 100.0), 40
LAST = 5  # losses that count as where a run ended
# Share of what there is to gain by which another rate, in a short run, ends below the whole run at
# the rate of the configuration: then that rate is the right one.
BETTER = 0.15


@dataclass(frozen=True)
class OverfitResult:
    """What learning one batch by heart gave.

    Args:
        task: which network.
        thresholds: what is measured and what it had to reach.
        first, last: the error before and after.
        steps: optimizer steps taken.
        findings: why it does not learn, the likeliest cause first; empty if it learned.
        rates: how the loss went at other learning rates, if that was tried.
    """

    task: str
    thresholds: Thresholds
    first: float
    last: float
    steps: int
    findings: tuple[Finding, ...] = ()
    rates: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        return self.last <= self.thresholds.by_heart

    def describe(self) -> str:
        """For people: one line, and more if it did not learn."""
        head = (
            f"{self.task} (b) one batch: {self.thresholds.name} {self.first:.3g} -> {self.last:.3g} in "
            f"{self.steps} steps (wanted {self.thresholds.by_heart:g}): "
        )
        if self.passed:
            return head + "learns it by heart"
        lines = [head + "does not learn. The likeliest cause first:", *list_causes(self.findings)]
        if self.rates:
            lines.append(f"    loss in {SWEEP_STEPS} steps at other rates: {', '.join(self.rates)}")
        return "\n".join(lines)


class _ByHeart(Exception):
    """Nothing is left to learn."""


class _Learner(Probe):
    """A probe that ends the run as soon as the batch is learned."""

    def __init__(self, thresholds: Thresholds) -> None:
        super().__init__()
        self._thresholds = thresholds

    def learned(self, step: int, loss: Loss, rate: float) -> None:
        super().learned(step, loss, rate)
        if self._thresholds.error(loss.figures) <= self._thresholds.by_heart:
            raise _ByHeart


def overfit(config: TrainingConfig, steps: int = STEPS) -> OverfitResult:
    """Learn one batch of plain scenes until its error reaches the threshold, or `steps` are over.

    The loop, the optimizer and the learning rate are those of the run to come.

    Raises:
        Stopped: somebody asked to stop.
    """
    thresholds = thresholds_of(config.task)
    record = _learn(config, thresholds, config.learning_rate, steps)
    errors = [thresholds.error(figures) for figures in record.figures]
    result = OverfitResult(
        config.task, thresholds, errors[0], errors[-1], max(len(errors) - 1, 0)
    )  # fmt: skip
    if result.passed:
        return result
    rates = {}
    findings = [*loop_findings(record, _task(config)), *_of_course(record, errors)]
    if not any(finding.certainty == CERTAIN for finding in findings):
        sweep = {
            factor: _learn(
                config, thresholds, factor * config.learning_rate, min(steps, SWEEP_STEPS)
            ).losses
            for factor in SWEEP
        }
        rates = {factor * config.learning_rate: losses for factor, losses in sweep.items()}
        findings += _of_rates(record.losses, sweep, config.learning_rate)
    return OverfitResult(
        config.task, thresholds, errors[0], errors[-1], len(errors) - 1,
        ranked([*findings, *_last_resorts()]),
        tuple(f"{rate:g}: {losses[0]:.3g} -> {_end(losses):.3g}" for rate, losses in rates.items()),
    )  # fmt: skip


def _learn(config: TrainingConfig, thresholds: Thresholds, rate: float, steps: int) -> Record:
    learner = _Learner(thresholds)
    width = config.width if config.start_from else WIDTH
    one_batch = short_run(
        config, steps=steps + 1, batch=BATCH, repeat=1, width=width, learning_rate=rate,
        disabled=tuple(GROUPS),
    )  # fmt: skip
    try:
        real_run(one_batch, learner)
    except _ByHeart:
        pass
    except ConfigurationError:
        if not learner.record.losses:
            raise
        learner.record.losses.append(math.inf)  # no number any more
    return learner.record


def _task(config: TrainingConfig):  # type: ignore[no-untyped-def]
    return make_task(config.task, config.seed, WIDTH, config.randomization)


def _of_course(record: Record, errors: list[float]) -> list[Finding]:
    """What the way of loss and error, and the size of the steps, tell."""
    first, last = record.losses[0], _end(record.losses)
    change = typical_change(record)
    if last < first and last < 0 and _end(errors) > errors[0]:
        return [
            Finding(
                Cause.LOSS_SIGN,
                f"the loss falls ({first:.3g} -> {last:.3g}) and the error grows "
                f"({errors[0]:.3g} -> {_end(errors):.3g})",
                LIKELY,
            )
        ]
    if change > LARGEST_CHANGE or not math.isfinite(last):
        told = f"a step changes a weight by {change:.1%} of it"
        return [Finding(Cause.RATE_HIGH, f"{told}; loss {first:.3g} -> {last:.3g}", LIKELY)]
    if 0 < change < SMALLEST_CHANGE:
        told = f"a step changes a weight by {change:.3%} of it: the loss falls too slowly"
        return [Finding(Cause.RATE_LOW, told, LIKELY)]
    return []


def _of_rates(losses: list[float], sweep: dict[float, list[float]], rate: float) -> list[Finding]:
    """What other learning rates tell."""
    first, own = losses[0], _end(losses)
    ends = {factor: _end(each) for factor, each in sweep.items()}
    best = min(ends, key=lambda factor: ends[factor])
    if own > first and ends[best] > first:
        return [Finding(Cause.LOSS_SIGN, "the loss rises at every learning rate", LIKELY)]
    if own - ends[best] > BETTER * (first - ends[best]) > 0:
        cause = Cause.RATE_LOW if best > 1 else Cause.RATE_HIGH
        told = (
            f"at {best * rate:g} the loss comes down to {ends[best]:.3g} in {SWEEP_STEPS} steps, at "
            f"{rate:g} to {own:.3g} in {len(losses) - 1}"
        )
        return [Finding(cause, told, LIKELY)]
    return []


def _last_resorts() -> list[Finding]:
    told = "it learns at no rate, and nothing else speaks for itself"
    return [
        Finding(cause, told, POSSIBLE)
        for cause in (Cause.SHUFFLED, Cause.LOSS_INPUT, Cause.TOO_SMALL)
    ]


def _end(losses: list[float]) -> float:
    return median(losses[-LAST:])
