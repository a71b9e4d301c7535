"""Images on which networks of several runs are measured alike, whatever each learned from.

A run's own held-out images are drawn from its own ranges: where these are narrow they are easy.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from simreal_bench.experiments.photograph_crops import photograph_crops
from simreal_common.errors import ConfigurationError
from simreal_perception.evaluation.evaluation_data import ExampleSource
from simreal_perception.training.held_out import draw_held_out, evaluate_all
from simreal_perception.training.tasks.registry import make_task
from simreal_perception.training.training import load_network
from simreal_sim.randomization.ranges.randomization_config import RandomizationConfig

# The images' own; the textures, too, are others than those of any run.
SEED = 1_700_000_003
PHOTOGRAPHS_BATCH = 64
NARROWEST = 1  # of the network that comes with the task, which nobody asks


@dataclass(frozen=True)
class CommonImages:
    """Synthetic images, and photographs where there are any.

    Args:
        task: which network they are for.
        randomization: what the synthetic ones are drawn from.
        batch: images a batch; count: batches.
        device: that computes.
        photographs: of labelled cubes; None for none. For the pose network alone.

    Raises:
        ConfigurationError: no images, or photographs for another network.
    """

    task: str
    randomization: RandomizationConfig
    batch: int
    count: int
    device: str = "cpu"
    photographs: ExampleSource | None = None

    def __post_init__(self) -> None:
        if self.batch < 1 or self.count < 0:
            raise ConfigurationError(
                f"got {self.count} batches of {self.batch} images: wanted one image at least"
            )
        if self.photographs is not None and self.task != "pose":
            raise ConfigurationError(
                f"photographs are for the pose network, got --task {self.task}: leave --photos out, "
                "or give --task pose"
            )
        if self.photographs is not None:
            _ = self.photographs.count  # refuses a folder without labels now, not after hours

    def measure(self, checkpoint: Path) -> tuple[dict[str, float], dict[str, float]]:
        """Figures of a checkpoint's averaged weights: on synthetic images, on photographs."""
        network = load_network(checkpoint)[1].to(self.device)
        return (
            evaluate_all(self._task, network, self._synthetic),
            evaluate_all(self._task, network, self._of_photographs),
        )

    @cached_property
    def _task(self) -> Any:
        return make_task(self.task, SEED, NARROWEST, self.randomization)

    @cached_property
    def _synthetic(self) -> Sequence[Any]:
        return draw_held_out(self._task.source, self.batch, self.count)

    @cached_property
    def _of_photographs(self) -> Sequence[Any]:
        if self.photographs is None:
            return []
        return photograph_crops(self.photographs, PHOTOGRAPHS_BATCH)
