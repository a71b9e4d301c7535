"""What can be trained: the tasks by name, and what a task has to offer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from simreal_common.errors import ConfigurationError
from simreal_perception.detector_task import DetectorTask
from simreal_perception.pose_task import PoseTask
from simreal_sim.randomization import Randomization


class Source(Protocol):
    """Endless labelled pictures; the state of `rng` alone decides what the next batch is."""

    @property
    def rng(self) -> np.random.Generator: ...

    def draw(self, count: int) -> Any:
        """Draw a batch of `count` pictures: a dataclass of arrays."""


class Task(Protocol):
    """A network, the pictures it learns from, and what it should do with them."""

    @property
    def name(self) -> str: ...

    @property
    def source(self) -> Source: ...

    @property
    def network(self) -> Any: ...  # nn.Module; mypy does not follow torch

    def loss(self, network: nn.Module, batch: Any) -> tuple[Tensor, dict[str, float]]:
        """The loss to descend, and figures worth watching. Draws nothing from `source`."""


@runtime_checkable
class ExpectsInitial(Protocol):
    """A task that knows what theory expects of it before it has learned anything."""

    def expected_initial(self) -> dict[str, tuple[float, float]]:
        """Lowest and highest sensible value, by name: of `loss`, or of figures of `Task.loss`."""


@runtime_checkable
class Measures(Protocol):
    """A task with figures that take too long to be had at every step."""

    def measure(self, network: nn.Module, batch: Any) -> dict[str, float]:
        """Figures of an evaluated network on pictures that were never learned."""


@runtime_checkable
class DrawsPicture(Protocol):
    """A task that can show what its network predicts."""

    def picture(self, network: nn.Module, batch: Any) -> NDArray[np.uint8]:
        """One RGB picture (H, W, 3) with predictions and truth drawn in."""


TASKS: dict[str, Callable[[int, int, Randomization], Task]] = {
    "detector": DetectorTask,
    "pose": PoseTask,
}


def make_task(name: str, seed: int, width: int, randomization: Randomization) -> Task:
    """A new task with fresh weights.

    Args:
        seed: of the pictures; the weights come from torch's generator.
        width: channels of the network's first layer.

    Raises:
        ConfigurationError: no such task.
    """
    if name not in TASKS:
        raise ConfigurationError(f"no network is called '{name}'; wanted one of {', '.join(TASKS)}")
    return TASKS[name](seed, width, randomization)


def draw_apart(source: Source, count: int, seed: int) -> Any:
    """A batch that has nothing to do with what `source` draws next, which stays as it was."""
    before = source.rng.bit_generator.state
    source.rng.bit_generator.state = np.random.default_rng(seed).bit_generator.state
    batch = source.draw(count)
    source.rng.bit_generator.state = before
    return batch
