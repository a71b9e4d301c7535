"""Checks a loss without a network: answers that are free to be anything have to become right."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn

from simreal_perception.training.sanity_checks.causes import LIKELY, Cause, Finding
from simreal_perception.training.sanity_checks.thresholds import Thresholds
from simreal_perception.training.tasks.loss import Loss
from simreal_perception.training.tasks.task import ExpectsReachable, Task

STEPS, RATE = 100, 0.3
MUCH_WORSE = 1.5  # an error that grows by so much while the loss falls is no chance
SAME = 1e-4  # share of a loss; rounding differs by less


class FreeAnswers(nn.Module):
    """Answers whatever its parameters say, to any image."""

    def __init__(self, outputs: Any) -> None:
        super().__init__()
        self._single = not isinstance(outputs, tuple)
        values = (outputs,) if self._single else outputs
        self.answers = nn.ParameterList([nn.Parameter(v.detach().float().clone()) for v in values])

    def forward(self, images: Tensor) -> Any:
        return self.answers[0] if self._single else tuple(self.answers)


def loss_findings(task: Task, batches: list[Any], thresholds: Thresholds) -> list[Finding]:
    """What is wrong with the loss itself, by what its best answers to a batch are.

    Args:
        batches: two that differ.
    """
    return [*_of_descent(task, batches[0], thresholds), *_of_memory(task, batches)]


def _of_descent(task: Task, batch: Any, thresholds: Thresholds) -> Iterator[Finding]:
    first, last = _descend(task, batch)
    before, after = thresholds.error(first), thresholds.error(last)
    name = thresholds.name
    # By the loss's own figure the error is the loss: where it is negative, its sign is wrong.
    if thresholds.figures == ("loss",):
        if last["loss"] < -max(1.0, 10.0 * abs(first["loss"])):
            yield Finding(Cause.LOSS_SIGN, f"the loss falls to {last['loss']:.3g} without end")
        return
    if last["loss"] < first["loss"] and after > max(before, thresholds.by_heart) + SAME and (
        after > MUCH_WORSE * before or last["loss"] < 0
    ):  # fmt: skip
        yield Finding(
            Cause.LOSS_SIGN,
            f"answers that lower the loss ({first['loss']:.3g} -> {last['loss']:.3g}) get worse "
            f"({name} {before:.3g} -> {after:.3g})",
        )
        return
    reachable = task.expected_reachable() if isinstance(task, ExpectsReachable) else {}
    for figure, highest in reachable.items():
        if figure in last and not last[figure] <= highest:
            yield Finding(
                Cause.DOUBLE_SIGMOID,
                f"with answers free to be anything {figure} comes down to {last[figure]:.3g} only "
                f"(wanted {highest:g}): something holds them away from sure",
            )
            return
    if not after <= thresholds.by_heart:
        yield Finding(
            Cause.LOSS_INPUT,
            f"with answers free to be anything {name} comes down to {after:.3g} only",
            LIKELY,
        )


def _of_memory(task: Task, batches: list[Any]) -> Iterator[Finding]:
    """A loss of a batch that depends on the batch before."""
    network = copy.deepcopy(task.network).eval()
    alone, _, again = (
        evaluate_loss(task, network, batch) for batch in (batches[0], batches[1], batches[0])
    )
    if abs(alone - again) > SAME * max(abs(alone), abs(again)):
        yield Finding(
            Cause.STALE,
            f"the same weights lose {alone:.4g} on a batch, and {again:.4g} on the same batch after "
            "another one",
        )


def evaluate_loss(task: Task, network: nn.Module, batch: Any) -> float:
    """The loss of one batch, nothing else measured."""
    with torch.no_grad(), torch.random.fork_rng():
        torch.manual_seed(0)
        return float(Loss(*task.loss(network, batch)).total)


def _descend(task: Task, batch: Any) -> tuple[dict[str, float], dict[str, float]]:
    """Figures of the network's answers, and of what the loss makes of them."""
    seen: list[Any] = []
    handle = task.network.register_forward_hook(lambda *call: seen.append(call[2]))
    try:
        with torch.no_grad():
            task.loss(task.network, batch)
    finally:
        handle.remove()
    free = FreeAnswers(seen[0])
    optimizer = torch.optim.Adam(free.parameters(), RATE)
    first: dict[str, float] = {}
    for step in range(STEPS):
        optimizer.param_groups[0]["lr"] = RATE * (1.0 - step / STEPS)
        loss = Loss(*task.loss(free, batch))
        first = first or {"loss": loss.total.item(), **loss.figures}
        optimizer.zero_grad(set_to_none=True)
        loss.total.backward()
        optimizer.step()
    with torch.no_grad():
        loss = Loss(*task.loss(free, batch))
    return first, {"loss": loss.total.item(), **loss.figures}
