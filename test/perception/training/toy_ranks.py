"""As a script: one of several processes that train the toy task: KILLED_IN FOLDER:STEPS...

Each of these is the start of a run.
"""

from __future__ import annotations

import hashlib
import os
import signal
import sys
from pathlib import Path
from typing import Any

import torch
import toy_task

from simreal_common.errors import SimrealError
from simreal_perception.training.distributed import Ranks, join_ranks
from simreal_perception.training.tasks.registry import TASKS
from simreal_perception.training.tasks.task import Task
from simreal_perception.training.training import train
from simreal_perception.training.training_config import TrainingConfig


class Witness:
    """Tells, at the end, of the weights and images of this process."""

    def __init__(self, ranks: Ranks, killed_in: int) -> None:
        self._ranks, self._killed_in = ranks, killed_in

    def began(self, task: Task, optimizer: torch.optim.Optimizer) -> None:
        self._task = task

    def learned(self, step: int, loss: Any, rate: float) -> None:
        if step == self._killed_in and not self._ranks.first:
            os.kill(os.getpid(), signal.SIGKILL)

    def tell(self) -> None:
        sums = hashlib.sha256()
        for value in self._task.network.parameters():
            sums.update(value.detach().numpy().tobytes())
        print("weights", sums.hexdigest())
        print("images", self._task.source.draw(1).color.tolist())


def compare_step(ranks: Ranks) -> None:
    """The gradient of two processes is the mean of what each would have alone."""
    torch.manual_seed(1)
    network = torch.nn.Linear(3, 1)
    inputs = torch.arange(6.0).reshape(2, 3)
    learner = ranks.parallel(network)  # kept: its hooks go with it
    learner(inputs[ranks.rank]).sum().backward()
    assert network.weight.grad is not None
    torch.testing.assert_close(network.weight.grad[0], inputs.mean(dim=0))


def main() -> int:
    killed_in, *starts = sys.argv[1:]
    TASKS["toy"] = toy_task.ToyTask
    try:
        with join_ranks("cpu") as ranks:
            for folder, steps in (start.rsplit(":", 1) for start in starts):
                witness = Witness(ranks, int(killed_in))
                config = TrainingConfig("toy", steps=int(steps), **{**toy_task.SMALL, "decay": 0.0})
                train(config, Path(folder), observer=witness, ranks=ranks)
                witness.tell()
            compare_step(ranks)
    except SimrealError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
