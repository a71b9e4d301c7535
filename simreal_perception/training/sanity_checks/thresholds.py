"""Holds the thresholds that each network has to reach in the stages of the curriculum."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Thresholds:
    """An error, and the thresholds that it has to come down to.

    Args:
        figures: names among the figures of the task's loss; the worst of them counts.
        name: of the error, with its unit.
        by_heart: on one batch, learned by heart.
        simple: on the small simple set, and on fresh images like it.
        varied: in the stages where one group more is varied each; they are short.
        share: the figures are shares of right answers, and the error what is missing to 1.
    """

    figures: tuple[str, ...]
    name: str
    by_heart: float
    simple: float
    varied: float
    share: bool = False

    def error(self, figures: Mapping[str, float]) -> float:
        """The error in the figures of a loss."""
        values = [figures[name] for name in self.figures]
        return 1.0 - min(values) if self.share else max(values)


THRESHOLDS = {
    "detector": Thresholds(
        ("recall", "precision"), "missed or false share", 0.05, 0.15, 0.4, share=True
    ),
    "pose": Thresholds(("corner_px",), "corner error, crop pixels", 1.0, 2.0, 4.0),
}
# Of a task that is not in the table: any loss near zero is good, whatever it is made of.
UNKNOWN = Thresholds(("loss",), "loss", 0.1, 0.2, 0.5)


def thresholds_of(task: str) -> Thresholds:
    """The thresholds of a task, by its name."""
    return THRESHOLDS.get(task, UNKNOWN)
