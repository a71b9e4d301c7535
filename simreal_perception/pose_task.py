"""What the pose network is trained for: its batches, its loss, the figures worth watching."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from simreal_common.geometry import cube_corners
from simreal_perception.crop_camera import CROP_BLOCK_RADIUS, CROP_SIZE
from simreal_perception.pose_data import CropBatch, CropSource
from simreal_perception.pose_network import PoseNetwork, normalize_images
from simreal_perception.rotation_charts import (
    CHART_RADIUS,
    align,
    anchors,
    corner_orders,
    symmetry_index,
)
from simreal_sim.randomization import Randomization

CHART_WEIGHT, BLOCK_WEIGHT, SPREAD_WEIGHT = 0.05, 0.1, 0.02
CORNER_WEIGHT = 4.0


class PoseTask:
    """Training of a `PoseNetwork` on crops."""

    name = "pose"

    def __init__(self, seed: int, width: int, randomization: Randomization) -> None:
        self.source = CropSource(seed, randomization)
        self.network = PoseNetwork(width)
        with torch.no_grad():
            # Start every chart from the corners of its anchor at the standard size.
            start = np.einsum("kij,cj->kci", anchors(), cube_corners(1.0))[..., :2]
            scale = CROP_BLOCK_RADIUS / (CROP_SIZE / 2) / np.linalg.norm(cube_corners(1.0)[0])
            self.network.corners.bias.copy_(torch.as_tensor(start * scale).float().flatten())
            self.network.log_spread.bias.fill_(-2.0)

    def loss(self, network: nn.Module, batch: CropBatch) -> tuple[Tensor, dict[str, float]]:
        """Loss of a batch and figures: corner error (crop px), chart and block accuracy."""
        images = normalize_images(torch.as_tensor(batch.images))
        corners, log_spread, chart, block = network(
            images.contiguous(memory_format=torch.channels_last)
        )
        target = torch.as_tensor(batch.target)
        scored = ~torch.isnan(target)
        block_loss = functional.binary_cross_entropy_with_logits(block[scored], target[scored])
        use = torch.as_tensor(batch.target == 1)
        rotation = batch.rotation[use.numpy()].astype(np.float64)
        angles, aligned = align(rotation, anchors())
        # The symmetry that names the aligned block: aligned = rotation @ symmetry.
        symmetry = np.einsum("nij,nkil->nkjl", rotation, aligned)
        order = corner_orders()[symmetry_index(symmetry)]
        truth = batch.corners[use.numpy()]
        wanted = torch.as_tensor(truth[np.arange(len(truth))[:, None, None], order])
        inside = torch.as_tensor(angles < CHART_RADIUS)
        nearest = torch.as_tensor(angles.argmin(axis=1))

        error = (corners[use] - wanted).abs().mean(dim=(2, 3))
        # Charts near the anchor count fully, those at the rim little.
        share = torch.as_tensor(np.clip((CHART_RADIUS - angles) / 0.2, 0.0, 1.0)).float()
        corner_loss = (error * share).sum() / share.sum().clamp(min=1.0)
        spread = log_spread[use]
        likelihood = (error.detach() / spread.exp() + spread)[inside].mean()
        chart_loss = functional.cross_entropy(chart[use], nearest)
        total = (
            CORNER_WEIGHT * corner_loss
            + SPREAD_WEIGHT * likelihood
            + CHART_WEIGHT * chart_loss
            + BLOCK_WEIGHT * block_loss
        )
        with torch.no_grad():
            best = chart[use].argmax(dim=1)
            chosen = error.gather(1, best[:, None]).squeeze(1)
            figures = {
                "corner_px": float(chosen.mean()) * CROP_SIZE / 2,
                "corner_median_px": float(chosen.median()) * CROP_SIZE / 2,
                "chart": float((best == nearest).float().mean()),
                "block": float(((block > 0).float() == target)[scored].float().mean()),
            }
        return total, figures
