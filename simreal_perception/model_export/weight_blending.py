"""Blends trained weights with those that their run started from.

A short run on new images learns these and forgets a little of the others. Weights between those before
and those after keep most of both, where the run began at the ones before: the loss hardly rises along
the line that joins them (weight interpolation after fine-tuning, Wortsman et al. 2022).
"""

from __future__ import annotations

import copy
from dataclasses import dataclass

import torch
from torch import nn

from simreal_common.errors import ConfigurationError
from simreal_common.shapes.shape import Shape
from simreal_perception.training.initial_weights import (
    initial_weights_sha256,
    load_initial_weights,
)


@dataclass(frozen=True)
class Blend:
    """What trained weights are blended with.

    Args:
        other: checkpoint (.pt), run, exported network (.onnx) or model, as `simreal train --start-from`
            takes them; "" for nothing.
        share: of the trained weights, above 0; the rest is the other's.

    Raises:
        ConfigurationError: such a share that there is nothing to blend.
    """

    other: str = ""
    share: float = 0.5

    def __post_init__(self) -> None:
        if self.other and not 0.0 < self.share < 1.0:
            raise ConfigurationError(
                f"share {self.share:g} of the run's weights: wanted more than 0 and less than 1"
            )

    def apply(self, network: nn.Module, task: str, shape: Shape) -> None:
        """Blend the weights of a network in place.

        Raises:
            ConfigurationError: there are no such weights, or they are of a network built otherwise.
        """
        if not self.other:
            return
        before = copy.deepcopy(network)
        load_initial_weights(before, task, self.other, shape)
        with torch.no_grad():
            start = before.state_dict()
            for name, value in network.state_dict().items():
                if value.is_floating_point():
                    value.lerp_(start[name], 1.0 - self.share)

    def told(self, task: str) -> dict[str, object]:
        """For a model's card: of what the network is a blend."""
        if not self.other:
            return {}
        return {"blend": self.share, "blended_with": initial_weights_sha256(task, self.other)}

    @property
    def options(self) -> list[str]:
        """Of `simreal export`."""
        if not self.other:
            return []
        return ["--blend-with", self.other, "--blend", f"{self.share:g}"]


UNBLENDED = Blend()
