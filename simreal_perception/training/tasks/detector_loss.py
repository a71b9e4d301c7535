"""The loss of the detector network: all of its terms, their weights, and figures of them."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from simreal_perception.labelled_batches.detector_data import WindowBatch
from simreal_perception.training.tasks.loss import Loss

VALUE_WEIGHT = 1.0
SCORE_THRESHOLD = 0.3


def detector_loss(raw: Tensor, batch: WindowBatch) -> Loss:
    """Penalty-reduced focal loss of the centres (Law and Deng 2018) and L1 of the values.

    Of single images it says how much they show that passes for a block and is none.

    Args:
        raw: answer of a `DetectorNetwork`, float32 (N, 4, h, w).
        batch: what it has seen.
    """
    device = raw.device
    heat, weight, center, values = (
        torch.as_tensor(a, device=device)
        for a in (batch.heat, batch.weight, batch.center, batch.values)
    )
    logit = raw[:, 0]
    probability = torch.sigmoid(logit)
    count = center.sum().clamp(min=1)
    found = -functional.logsigmoid(logit) * (1 - probability) ** 2 * center
    empty = -functional.logsigmoid(-logit) * probability**2 * (1 - heat) ** 4 * ~center
    focal = ((found + empty) * weight).sum() / count
    picked = center[:, None].expand(-1, 3, -1, -1)
    difference = (raw[:, 1:] - values).abs()[picked].view(-1)
    value = difference.sum() / count
    with torch.no_grad():
        peak = functional.max_pool2d(probability[:, None], 3, 1, 1)[:, 0]
        near = functional.max_pool2d(center[:, None].float(), 3, 1, 1)[:, 0] > 0
        detected = (probability >= peak) & (probability > SCORE_THRESHOLD) & (weight > 0)
        hit = functional.max_pool2d((probability > SCORE_THRESHOLD)[:, None].float(), 3, 1, 1)[:, 0]
        figures = {
            "recall": float((hit * center).sum() / count),
            "precision": float((detected & near).sum() / detected.sum().clamp(min=1)),
            "radius_log": float((raw[:, 3] - values[:, 2]).abs()[center].mean())
            if bool(center.any())
            else 0.0,
        }
    return Loss(focal + VALUE_WEIGHT * value, figures, (empty * weight).sum(dim=(1, 2)).detach())
