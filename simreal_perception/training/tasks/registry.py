"""What can be trained: the tasks by name."""

from __future__ import annotations

from typing import Any, Protocol

from simreal_common.errors import ConfigurationError
from simreal_common.shapes.shape import Shape
from simreal_perception.training.tasks.detector_task import DetectorTask
from simreal_perception.training.tasks.pose_task import PoseTask
from simreal_perception.training.tasks.task import Task
from simreal_sim.randomization.ranges.randomization_config import RandomizationConfig


class TaskKind(Protocol):
    """A class of tasks, which makes a network without the images that it learns from, too."""

    def __call__(self, seed: int, width: int, randomization: RandomizationConfig) -> Task: ...

    def network_of(self, width: int, shape: Shape) -> Any:  # nn.Module; mypy does not follow torch
        """The network of such a task with fresh weights; see `make_network`."""


TASKS: dict[str, TaskKind] = {
    "detector": DetectorTask,
    "pose": PoseTask,
}


def make_task(name: str, seed: int, width: int, randomization: RandomizationConfig) -> Task:
    """A new task with fresh weights.

    Args:
        seed: of the images; the weights come from torch's generator.
        width: channels of the network's first layer.

    Raises:
        ConfigurationError: no such task.
    """
    return _kind(name)(seed, width, randomization)


def make_network(name: str, width: int, shape: Shape) -> Any:
    """The network of a task, with fresh weights of torch's generator.

    Args:
        width: channels of its first layer.
        shape: of the blocks.

    Raises:
        ConfigurationError: no such task.
    """
    return _kind(name).network_of(width, shape)


def _kind(name: str) -> TaskKind:
    if name not in TASKS:
        raise ConfigurationError(f"no network is called '{name}'; wanted one of {', '.join(TASKS)}")
    return TASKS[name]
