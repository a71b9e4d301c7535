"""The loss of the pose network: all of its terms, their weights, and figures of them."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from simreal_perception.labelled_batches.pose_data import CropBatch
from simreal_perception.pose_estimation.crop_camera import CROP_SIZE
from simreal_perception.pose_estimation.edge_field import FIELD_REACH_PX
from simreal_perception.training.tasks.loss import Loss

Array = NDArray[np.float64]
Floats = NDArray[np.float32]

CORNER_WEIGHT, SCALE_WEIGHT, FIELD_WEIGHT = 4.0, 2.0, 0.4
CHART_WEIGHT, BLOCK_WEIGHT, ERROR_WEIGHT = 0.05, 0.5, 0.02
LEAST_LOG_ERROR = -4.0


def pose_loss(
    outputs: tuple[Tensor, ...], batch: CropBatch, angles: Array, named: Floats, radius: float
) -> Loss:
    """Loss of a batch and figures.

    Figures: mean and median corner error (crop px), error of the size (percent, which is that of the
    range), mean error of the edge field (crop px), accuracy of charts and of block or not, and the
    losses of these two. Of single images: how far it takes for a block what is none.

    Args:
        outputs: of a `PoseNetwork`.
        batch: what it has seen.
        angles: of its M blocks to the anchors of the K charts, radians (M, K).
        named: their keypoints as each chart names them, units of half a crop, (M, K, 8, 2).
        radius: of a chart, radians.
    """
    corners, log_spread, chart, block, field = outputs
    device = corners.device
    target = torch.as_tensor(batch.target, device=device)
    scored = ~torch.isnan(target)
    block_loss = _mean(
        functional.binary_cross_entropy_with_logits(block[scored], target[scored], reduction="none")
    )
    known = batch.target == 1
    use = torch.as_tensor(known, device=device)
    wanted = torch.as_tensor(named, device=device)
    inside = torch.as_tensor(angles < radius, device=device)
    nearest = torch.as_tensor(angles.argmin(axis=1), device=device)
    # Charts near the anchor count fully, those at the rim little.
    share = torch.as_tensor(np.clip((radius - angles) / 0.2, 0.0, 1.0), device=device)
    share = share.float() / share.float().sum().clamp(min=1.0)

    error = (corners[use] - wanted).abs().mean(dim=(2, 3))
    scale = _scale_error(corners[use], wanted)
    log_error = log_spread[use].clamp(min=LEAST_LOG_ERROR)
    chart_loss = _mean(functional.cross_entropy(chart[use], nearest, reduction="none"))
    field_loss, field_error = _field_loss(
        field[use],
        torch.as_tensor(batch.field[known], device=device),
        torch.as_tensor(batch.edge_distance[known], device=device),
    )
    total = (
        CORNER_WEIGHT * (error * share).sum()
        + SCALE_WEIGHT * (scale.abs() * share).sum()
        + ERROR_WEIGHT * _mean((error.detach() / log_error.exp() + log_error)[inside])
        + CHART_WEIGHT * chart_loss
        + BLOCK_WEIGHT * block_loss
        + FIELD_WEIGHT * field_loss
    )
    with torch.no_grad():
        best = chart[use].argmax(dim=1)
        chosen = error.gather(1, best[:, None]).squeeze(1) * (CROP_SIZE / 2)
        of_blocks = (
            {
                "corner_px": chosen.mean(),
                "corner_median_px": chosen.median(),
                "scale_percent": scale.gather(1, best[:, None]).abs().median() * 100.0,
                "field_px": field_error,
                "chart": (best == nearest).float().mean(),
                "chart_loss": chart_loss,
            }
            if known.any()
            else {}
        )
        of_scored = (
            {
                "block": ((block > 0).float() == target)[scored].float().mean(),
                "block_loss": block_loss,
            }
            if bool(scored.any())
            else {}
        )
        figures = of_blocks | of_scored
        fooled = torch.where(target == 0, functional.softplus(block), torch.zeros_like(block))
    values = {name: float(value.detach()) for name, value in figures.items()}
    return Loss(total, values, fooled)


def _scale_error(corners: Tensor, wanted: Tensor) -> Tensor:
    """By what share the corners (N, K, 8, 2) spread too wide: most of the error in range."""
    predicted = corners - corners.mean(dim=2, keepdim=True)
    true = wanted - wanted.mean(dim=2, keepdim=True)
    return (predicted * true).sum(dim=(2, 3)) / (true * true).sum(dim=(2, 3)) - 1.0


def _field_loss(field: Tensor, offset: Tensor, distance: Tensor) -> tuple[Tensor, Tensor]:
    """Loss of the edge field near edges, crop pixels, and its mean error.

    Nearer places count more: it is there that an alignment ends.
    """
    near = distance < FIELD_REACH_PX
    error = (field[:, :2] - offset).abs().mean(dim=1)[near]
    log_error = field[:, 2][near].clamp(min=LEAST_LOG_ERROR)
    share = 1.0 / (1.0 + distance[near])
    share = share / share.sum().clamp(min=1e-6)
    likelihood = _mean(error.detach() / log_error.exp() + log_error)
    loss = (error * share).sum() + ERROR_WEIGHT / FIELD_WEIGHT * likelihood
    return loss, _mean(error).detach()


def _mean(values: Tensor) -> Tensor:
    """The mean; 0 of no values, so that a batch without blocks teaches what it can."""
    return values.sum() / max(values.numel(), 1)
