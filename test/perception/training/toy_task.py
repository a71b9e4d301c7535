"""A task that learns in a second, for tests of the training engine; as a script, a run of it.

Images of one colour in noise; the network says how bright their red and blue are.
"""

from __future__ import annotations

import os
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from simreal_perception.training.tasks.loss import Loss
from simreal_perception.training.tasks.registry import TASKS
from simreal_perception.training.training import train
from simreal_perception.training.training_config import TrainingConfig

SMALL = {
    "batch": 8, "width": 4, "warmup": 2, "checkpoint_s": 0.0, "evaluate_s": 0.0, "held_out": 2,
    "seed": 5,
}  # fmt: skip


@dataclass(frozen=True)
class ToyBatch:
    images: np.ndarray
    color: np.ndarray


class ToySource:
    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)

    def draw(self, count: int) -> ToyBatch:
        color = self.rng.uniform(0, 1, size=(count, 3))
        noise = self.rng.normal(0, 0.1, size=(count, 8, 8, 3))
        images = ((color[:, None, None] + noise) * 255).clip(0, 255).astype(np.uint8)
        return ToyBatch(images, color[:, [0, 2]].astype(np.float32))


class ToyTask:
    name = "toy"

    def __init__(self, seed: int, width: int, randomization: Any) -> None:
        self.source: Any = ToySource(seed)
        self.network = self.network_of(width)

    @staticmethod
    def network_of(width: int, shape: Any = None) -> nn.Module:
        return nn.Sequential(
            nn.Conv2d(3, width, 3, bias=False), nn.BatchNorm2d(width), nn.ReLU(),
            nn.Dropout(0.02), nn.Flatten(), nn.Linear(36 * width, 2),
        )  # fmt: skip

    def loss(self, network: nn.Module, batch: ToyBatch) -> tuple[torch.Tensor, dict[str, float]]:
        images = torch.as_tensor(batch.images).permute(0, 3, 1, 2).float() / 64 - 2
        wanted = torch.as_tensor(batch.color)
        error = (network(images).float() - wanted).abs().mean()
        return error, {"color": error.item()}

    def expected_initial(self) -> dict[str, tuple[float, float]]:
        return {"loss": (0.1, 2.0)}

    def image(self, network: nn.Module, batch: ToyBatch) -> np.ndarray:
        return np.asarray(batch.images[0])


@dataclass(frozen=True)
class ReplayBatch(ToyBatch):
    key: list[int]  # seeds of the images


class ReplaySource(ToySource):
    """A quarter of each batch are the hardest images so far."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.hard: list[tuple[float, int]] = []

    def draw(self, count: int) -> ReplayBatch:
        seeds = self.rng.integers(1 << 31, size=count).tolist()
        again = [seed for _, seed in self.hard[: count // 4]]
        seeds[: len(again)] = again
        drawn = [ToySource(seed).draw(1) for seed in seeds]
        images, color = ([getattr(one, name) for one in drawn] for name in ("images", "color"))
        return ReplayBatch(np.concatenate(images), np.concatenate(color), seeds)

    def learned(self, key: list[int], losses: list[float]) -> None:
        self.hard = sorted({*self.hard, *zip(losses, key)}, reverse=True)[:32]

    def state(self) -> dict[str, Any]:
        return {"hard": [list(entry) for entry in self.hard]}

    def restore(self, state: dict[str, Any]) -> None:
        self.hard = [(loss, seed) for loss, seed in state["hard"]]


class ReplayTask(ToyTask):
    """Its source shows hard images again."""

    def __init__(self, seed: int, width: int, randomization: Any) -> None:
        super().__init__(seed, width, randomization)
        self.source = ReplaySource(seed)

    def loss(self, network: nn.Module, batch: ToyBatch) -> Loss:
        images = torch.as_tensor(batch.images).permute(0, 3, 1, 2).float() / 64 - 2
        wanted = torch.as_tensor(batch.color)
        error = (network(images).float() - wanted).abs().mean(dim=1)
        return Loss(error.mean(), {"color": error.mean().item()}, error.detach())


class KilledTask(ToyTask):
    """Its process is killed in the middle of a step."""

    steps_left = 0

    def loss(self, network: nn.Module, batch: ToyBatch) -> tuple[torch.Tensor, dict[str, float]]:
        if network.training:
            KilledTask.steps_left -= 1
            if KilledTask.steps_left < 0:
                os.kill(os.getpid(), signal.SIGKILL)
        return super().loss(network, batch)


if __name__ == "__main__":  # FOLDER STEPS PREFETCH KILLED_IN
    KilledTask.steps_left = int(sys.argv[4]) - 1
    TASKS["toy"] = KilledTask
    train(
        TrainingConfig("toy", steps=int(sys.argv[2]), prefetch=int(sys.argv[3]), **SMALL),
        Path(sys.argv[1]),
    )
