"""Keeps the exponential moving average (EMA) of a network's weights: it does better, and ships."""

from __future__ import annotations

import copy

import torch
from torch import nn


class ExponentialMovingAverage:
    """Averages a network's weights exponentially over the steps, batch statistics included.

    Its horizon grows with the run until it is that of `decay`, so that the first, poor weights are
    soon forgotten (as in TensorFlow's ExponentialMovingAverage).

    Args:
        network: what is followed; its weights are the first average.
        decay: share of the old average that is kept at a step; 0 follows the network.
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        self.decay = decay
        self.network = copy.deepcopy(network).eval().requires_grad_(False)
        pairs = list(zip(_tensors(self.network), _tensors(network), strict=True))
        self._floating = [pair for pair in pairs if pair[0].is_floating_point()]
        self._counters = [pair for pair in pairs if not pair[0].is_floating_point()]

    def update(self, step: int) -> None:
        """Take in the weights after step number `step` (the first is 1)."""
        keep = min(self.decay, step / (9.0 + step))
        with torch.no_grad():
            for average, value in self._floating:
                average.lerp_(value, 1.0 - keep)
        for average, value in self._counters:
            average.copy_(value)


def _tensors(network: nn.Module) -> list[torch.Tensor]:
    """Parameters and buffers; the network changes them in place, so that they can be kept."""
    return [*network.parameters(), *network.buffers()]
