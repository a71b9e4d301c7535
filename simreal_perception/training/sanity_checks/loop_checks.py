"""Judges what a probe saw of the real loop: input, gradients, tensors, batch norms, step sizes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from statistics import median

from simreal_perception.training.sanity_checks.causes import Cause, Finding
from simreal_perception.training.sanity_checks.probe import Record
from simreal_perception.training.tasks.task import NamesLogits, Task

# What a normalized input looks like; the images' own brightness and contrast vary a lot.
LARGEST_MEAN, SMALLEST_STD, LARGEST_STD = 1.5, 0.2, 4.0
# Cosine between the gradient taken and that of the batch: 1 but for rounding where nothing is left
# over from the batches before.
LEAST_ALIGNMENT = 0.99
# Change of a weight in a step, as a share of it. A good rate gives about 0.01 for new networks.
LARGEST_CHANGE, SMALLEST_CHANGE = 0.4, 0.001
NAMED = 4


def loop_findings(record: Record, task: Task) -> list[Finding]:
    """What is wrong in a run of a few steps, in the order in which to look at it."""
    findings = [*input_findings(record.input_mean, record.input_std), *_of_tensors(record)]
    if record.resting_norms:
        findings.append(
            Finding(
                Cause.BATCH_NORM,
                f"while the network learned {_named(record.resting_norms)} took stored statistics "
                "instead of the batch's",
            )
        )
    worst = min(record.alignment, default=1.0)
    if worst < LEAST_ALIGNMENT:
        findings.append(
            Finding(
                Cause.ZERO_GRAD,
                "the optimizer's gradient is not that of the batch (cosine "
                f"{worst:.2f}, wanted 1): those of earlier batches are left in it",
            )
        )
    findings += _squashed(record, task)
    change = typical_change(record)
    if change > LARGEST_CHANGE:
        findings.append(Finding(Cause.RATE_HIGH, f"a step changes a weight by {change:.0%} of it"))
    return findings


def input_findings(mean: float, std: float) -> Iterator[Finding]:
    """What is wrong with an input of that mean and standard deviation."""
    if abs(mean) <= LARGEST_MEAN and SMALLEST_STD <= std <= LARGEST_STD:
        return
    # Once more normalized, numbers about 0 all come to lie about the normalization's offset.
    twice = std < SMALLEST_STD and abs(mean) < 2 * LARGEST_MEAN
    yield Finding(
        Cause.DOUBLE_NORMALIZATION if twice else Cause.NOT_NORMALIZED,
        f"the network's input has mean {mean:.2f} and std {std:.2f}: wanted about 0 and 1",
    )


def typical_change(record: Record) -> float:
    """The median change of a weight in a step, as a share of it; 0 where nothing moves."""
    changes = [
        step
        for name, own in record.tensors.items()
        if own.reached and own.held and name.endswith("weight")
        for step in own.change
    ]
    return median(changes) if changes else 0.0


def _of_tensors(record: Record) -> Iterator[Finding]:
    tensors = record.tensors
    infinite = [name for name, own in tensors.items() if not own.finite]
    missing = [name for name, own in tensors.items() if not own.held]
    frozen = [name for name, own in tensors.items() if own.held and not own.trainable]
    alive = [name for name, own in tensors.items() if own.held and own.trainable]
    cut_off = [name for name in alive if not tensors[name].reached]
    still = [name for name in alive if tensors[name].reached and not tensors[name].moved]
    if infinite:
        yield Finding(Cause.GRADIENT, f"the gradient of {_named(infinite)} is no number")
    if missing:
        yield Finding(
            Cause.OPTIMIZER,
            f"the optimizer holds {len(tensors) - len(missing)} of {len(tensors)} tensors, not "
            f"{_named(missing)}: what it does not hold stays as it began",
        )
    if frozen:
        yield Finding(
            Cause.FROZEN, f"no gradient reaches {_named(frozen)}: it asks for none and never moves"
        )
    if cut_off:
        yield Finding(Cause.CUT_OFF, f"no gradient reaches {_named(cut_off)}: no part of the loss")
    if still:
        yield Finding(Cause.OPTIMIZER, f"{_named(still)} has a gradient, but never moves")


def _squashed(record: Record, task: Task) -> Iterator[Finding]:
    if not isinstance(task, NamesLogits) or not record.outputs:
        return
    for name, values in task.logits(record.outputs).items():
        low, high = float(values.min()), float(values.max())
        if low >= 0.0 and high <= 1.0:
            yield Finding(
                Cause.DOUBLE_SIGMOID,
                f"the logits of '{name}' lie from {low:.2g} to {high:.2g}, never outside of 0 to 1: "
                "they are probabilities already",
            )


def _named(names: Iterable[str]) -> str:
    listed = sorted(names)
    more = f" and {len(listed) - NAMED} more" if len(listed) > NAMED else ""
    return ", ".join(listed[:NAMED]) + more
