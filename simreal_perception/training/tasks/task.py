"""What a task of training has to offer, and the source of its batches."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from simreal_perception.training.tasks.loss import Loss
from simreal_sim.randomization.ranges.randomization_config import RandomizationConfig

# Batch number k knows the losses of the batches up to k - FEEDBACK_LAG and of no later one, however
# many are drawn ahead: what is learned depends neither on the timing of threads nor on `prefetch`.
FEEDBACK_LAG = 10
MOST_PREFETCH = FEEDBACK_LAG - 2  # one more is being drawn, and one is being learned


class Source(Protocol):
    """Endless labelled images; the state of `rng` decides what the next batch is.

    That state alone, unless the source is a `LearnsFromLosses`.
    """

    @property
    def rng(self) -> np.random.Generator: ...

    def draw(self, count: int) -> Any:
        """Draw a batch of `count` images: a dataclass of arrays."""


@runtime_checkable
class LearnsFromLosses(Protocol):
    """A source that is told how hard its images were, to show the hardest again.

    Its batches have an attribute `key`, made of what JSON can hold: whatever the source needs to
    know which images these were (their seeds, say). The task has to give `Loss.per_image`.
    `rng` and `state` together decide what the next batch is.
    """

    @property
    def rng(self) -> np.random.Generator: ...

    def draw(self, count: int) -> Any: ...

    def learned(self, key: Any, losses: list[float]) -> None:
        """Take in the losses of the images of a batch, `FEEDBACK_LAG` batches after it was drawn.

        Called in the order of the batches, in the thread that draws, before the next `draw`.
        """

    def state(self) -> dict[str, Any]:
        """What it has kept beside `rng`, for JSON; later calls must not change what was given.

        Asked for after every batch: it should not take long.
        """

    def restore(self, state: dict[str, Any]) -> None:
        """Go back to a state."""


@runtime_checkable
class DrawsOnDevice(Protocol):
    """A source whose images are drawn on "cpu" or "cuda", as its attribute says."""

    device: str


@runtime_checkable
class ShowsTextures(Protocol):
    """A source whose surfaces show pictures of a pool, (N, H, W, 3), which can be made smaller."""

    textures: NDArray[np.uint8]


@runtime_checkable
class TakesProposals(Protocol):
    """A source some of whose images show what a detector points at, once it is given one."""

    detector: Any  # onnxruntime.InferenceSession, or None


class Task(Protocol):
    """A network, the images it learns from, and what it should do with them."""

    @property
    def name(self) -> str: ...

    @property
    def source(self) -> Source: ...

    @property
    def network(self) -> Any: ...  # nn.Module; mypy does not follow torch

    def loss(self, network: nn.Module, batch: Any) -> Loss | tuple[Tensor, dict[str, float]]:
        """The loss to descend, and figures worth watching. Draws nothing from `source`.

        A pair is a `Loss` that says nothing of single images.
        """


@runtime_checkable
class ExpectsInitial(Protocol):
    """A task that knows what theory expects of it before it has learned anything."""

    def expected_initial(self) -> dict[str, tuple[float, float]]:
        """Lowest and highest sensible value, by name: of `loss`, or of figures of `Task.loss`."""


@runtime_checkable
class ExpectsReachable(Protocol):
    """A task that knows how low figures of its loss come with answers that are right and sure."""

    def expected_reachable(self) -> dict[str, float]:
        """Highest sensible value, by name: of `loss`, or of figures of `Task.loss`."""


@runtime_checkable
class NamesLogits(Protocol):
    """A task whose loss takes a sigmoid or a softmax of some of its network's outputs."""

    def logits(self, outputs: tuple[Tensor, ...]) -> dict[str, Tensor]:
        """These among the outputs, by name."""


@runtime_checkable
class Measures(Protocol):
    """A task with figures that take too long to be had at every step."""

    def measure(self, network: nn.Module, batch: Any) -> dict[str, float]:
        """Figures of an evaluated network on images that were never learned."""


@runtime_checkable
class MeasuresPerformance(Task, Protocol):
    """A task that says in one number how well its network does, for automatic randomization.

    Its source draws from the ranges in its attribute `randomization`, whatever they are at the time.
    """

    def source_apart(self, seed: int, randomization: RandomizationConfig) -> Source:
        """A source like its own with images and textures of its own."""

    def performance(self, network: nn.Module, batch: Any) -> float | None:
        """From 0, nothing is right, to 1; None where the batch shows nothing to judge by."""


@runtime_checkable
class DrawsImage(Protocol):
    """A task that can show what its network predicts."""

    def image(self, network: nn.Module, batch: Any) -> NDArray[np.uint8]:
        """One RGB image (H, W, 3) with predictions and truth drawn in."""


def draw_apart(source: Source, count: int, seed: int) -> Any:
    """A batch that has nothing to do with what `source` draws next, which stays as it was.

    Of a source that learns from losses: to be drawn before it was told any.
    """
    before = source.rng.bit_generator.state
    kept = source.state() if isinstance(source, LearnsFromLosses) else None
    source.rng.bit_generator.state = np.random.default_rng(seed).bit_generator.state
    batch = source.draw(count)
    source.rng.bit_generator.state = before
    if kept is not None and isinstance(source, LearnsFromLosses):
        source.restore(kept)
    return batch
