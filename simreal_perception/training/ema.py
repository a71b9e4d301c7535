"""Keeps the exponential moving average (EMA) of a network's weights: it does better, and ships."""

from __future__ import annotations

import torch
from torch import nn
from torch.optim.swa_utils import PARAM_LIST, AveragedModel


def moving_average(network: nn.Module, decay: float) -> AveragedModel:
    """The exponential moving average of a network's weights, batch statistics included.

    Its horizon grows with the run until it is that of `decay`, so that the first, poor weights are
    soon forgotten (as in TensorFlow's ExponentialMovingAverage).

    Args:
        network: what is followed; its weights are the first average.
        decay: share of the old average that is kept at a step; 0 follows the network.

    Returns:
        `module` holds the averaged weights; `n_averaged` is the number of the step to come (1).
    """

    def take_in(averages: PARAM_LIST, values: PARAM_LIST, step: torch.Tensor | int) -> None:
        keep = min(decay, int(step) / (9.0 + int(step)))
        for average, value in zip(averages, values, strict=True):
            if average.is_floating_point():
                average.lerp_(value, 1.0 - keep)
            else:
                average.copy_(value)

    average = AveragedModel(network, multi_avg_fn=take_in, use_buffers=True)
    average.n_averaged.fill_(1)
    return average.eval().requires_grad_(False)
