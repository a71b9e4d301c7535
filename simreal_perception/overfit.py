"""Can a network learn one small batch by heart? If not, no amount of data will help."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from simreal_perception.training import TASKS
from simreal_sim.randomization import GROUPS, Randomization

# The figure that must get there, and where, on one batch without randomization.
GOALS = {"pose": ("corner_px", 1.0, True), "detector": ("recall", 0.95, False)}
CAUSES = (
    "usual causes: labels that do not belong to the pictures (order, sign, units), pictures that "
    "are not normalized, a loss fed with the wrong tensor, a learning rate off by ten"
)


@dataclass(frozen=True)
class OverfitResult:
    """What learning one batch by heart gave.

    Args:
        task: which network.
        first, last: the figure that matters before and after.
        goal: what it had to reach.
        learned: whether it did.
        steps: optimizer steps taken.
    """

    task: str
    first: float
    last: float
    goal: float
    learned: bool
    steps: int

    def describe(self) -> str:
        """One line for people."""
        figure = GOALS[self.task][0]
        line = f"{self.task}: {figure} {self.first:.3g} -> {self.last:.3g} in {self.steps} steps"
        return line + (
            f" (wanted {self.goal:g}): learns"
            if self.learned
            else f"; wanted {self.goal:g}; {CAUSES}"
        )


def overfit(
    task: str, seed: int, width: int = 12, batch: int = 16, steps: int = 250
) -> OverfitResult:
    """Train on one batch of plain scenes until its figure reaches its goal, or `steps` are over."""
    torch.manual_seed(seed)
    training = TASKS[task](seed, width, Randomization(frozenset(GROUPS)))
    network = training.network
    data = training.source.draw(batch)
    optimizer = torch.optim.Adam(network.parameters(), 2e-3)
    name, goal, falling = GOALS[task]
    first = last = float("nan")
    network.train()
    for step in range(1, steps + 1):
        loss, figures = training.loss(network, data)  # type: ignore[arg-type]
        last = figures[name]
        first = last if step == 1 else first
        learned = last < goal if falling else last > goal
        if learned:
            break
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return OverfitResult(task, first, last, goal, learned, step)
