"""The faults that the checks know by name: what shows each, and where to look for it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum


class Cause(Enum):
    """A fault of a training set-up, by its name, and where it usually sits."""

    CONTENT = "a batch that cannot be right", "what the source puts into its arrays"
    INITIAL_LOSS = "an unexpected first loss", "the task's loss, and the biases of its last layers"
    LOSS_SIGN = "loss sign", "the sign of the loss's terms, and which way the optimizer steps"
    DOUBLE_SIGMOID = (
        "double sigmoid",
        "a sigmoid or softmax at the network's end before a loss that takes logits, or twice in it",
    )
    LOSS_INPUT = "a loss that is fed with the wrong tensor", "which outputs and labels meet in it"
    NOT_NORMALIZED = "images not normalized", "networks/normalization.py has to see them once"
    DOUBLE_NORMALIZATION = "double normalization", "images that are normalized twice on their way"
    FROZEN = "frozen layer", "requires_grad_(False) on it or on a part of the network around it"
    CUT_OFF = "cut-off layer", "detach, no_grad or an unused output between it and the loss"
    OPTIMIZER = "optimizer without some tensors", "which parameters the optimizer is made with"
    ZERO_GRAD = "zero_grad missing", "optimizer.zero_grad() once before every backward()"
    BATCH_NORM = "batch norm in evaluation mode", "network.train() before the loop, eval() in it"
    GRADIENT = "a gradient that is no number", "divisions, logarithms and roots in the loss"
    RATE_HIGH = "learning rate too high", "learning_rate of the configuration, and its schedule"
    RATE_LOW = "learning rate too low", "learning_rate of the configuration, and its schedule"
    SWAPPED_AXES = "swapped axes", "x, y against row, column where labels are made"
    SHUFFLED = (
        "shuffled labels",
        "whatever orders images and labels apart: sorting, shuffling, joins",
    )
    STALE = "stale targets", "labels, or caches of them, that are kept from one batch to the next"
    TRANSPOSED = "transposed rotations", "block -> camera against camera -> block in the labels"
    SHIFTED = "shifted corners", "pixel centres against pixel edges, crop offsets, resampling"
    CONTRADICTION = "labels that contradict one another", "the frames and units they are made in"
    CLIPPED = "clipped ranges", "clips after a draw, and ranges that the source was not given"
    TOO_SMALL = "a network too small, or too few steps", "--width, --steps"

    @property
    def title(self) -> str:
        """Its name."""
        return self.value[0]

    @property
    def place(self) -> str:
        """Where to look."""
        return self.value[1]


# Findings: what was seen itself; what was seen to follow; what is left when nothing speaks for more.
CERTAIN, LIKELY, POSSIBLE = 3, 2, 1


@dataclass(frozen=True)
class Finding:
    """Something wrong.

    Args:
        cause: the likely one.
        symptom: what was measured, with figures.
        certainty: `CERTAIN`, `LIKELY` or `POSSIBLE`.
    """

    cause: Cause
    symptom: str
    certainty: int = CERTAIN

    def describe(self) -> str:
        """Symptom, cause and place, on two lines."""
        return f"{self.cause.title}: {self.symptom}\n      look at {self.cause.place}"


def ranked(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The likeliest first, otherwise in their order; of one cause the likeliest finding alone."""
    kept: dict[Cause, Finding] = {}
    for finding in sorted(findings, key=lambda finding: -finding.certainty):
        kept.setdefault(finding.cause, finding)
    return tuple(kept.values())


def list_causes(findings: Iterable[Finding]) -> list[str]:
    """Lines for people, the likeliest cause first."""
    return [f"    {n}. {finding.describe()}" for n, finding in enumerate(findings, 1)]
