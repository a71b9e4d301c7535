"""Trains the pose network: its batches, its loss, the figures worth watching."""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from simreal_perception.networks.normalization import normalize_crops
from simreal_perception.networks.pose_network import PoseNetwork
from simreal_perception.networks.rotation_charts import charts_of, corner_orders
from simreal_perception.pose_estimation.crop_camera import (
    CROP_BLOCK_RADIUS,
    CROP_SIZE,
    LEAST_DEPTH_M,
)
from simreal_perception.pose_estimation.edge_field import FIELD_REACH_PX
from simreal_perception.training.tasks.crop_poses import crop_poses, draw_crops
from simreal_perception.training.tasks.loss import Loss
from simreal_perception.training_data.keypoints import center_and_edge
from simreal_perception.training_data.pose_data import CropBatch, CropSource
from simreal_sim.randomization.ranges.randomization_config import RandomizationConfig

Array = NDArray[np.float64]
Floats = NDArray[np.float32]

CORNER_WEIGHT, SCALE_WEIGHT, FIELD_WEIGHT = 4.0, 2.0, 0.4
CHART_WEIGHT, BLOCK_WEIGHT, ERROR_WEIGHT = 0.05, 0.5, 0.02
LEAST_LOG_ERROR = -4.0
RIGHT_CORNER_PX = (
    3.0  # crop pixels; from corners twice as wrong as usual edges still lead to the pose
)


class PoseTask:
    """Training of a `PoseNetwork` on crops."""

    name = "pose"

    def __init__(self, seed: int, width: int, randomization: RandomizationConfig) -> None:
        self.source = self.source_apart(seed, randomization)
        self.shape = randomization.shape
        self.charts = charts_of(self.shape)
        self.network = PoseNetwork(width, self.charts.count)
        with torch.no_grad():
            # Start every chart from the corners of its anchor at the standard size.
            start = np.einsum("kij,cj->kci", self.charts.anchors, self.shape.keypoints)[..., :2]
            scale = CROP_BLOCK_RADIUS / (CROP_SIZE / 2) / (math.sqrt(3.0) / 2)
            self.network.corners.bias.copy_(torch.as_tensor(start * scale).float().flatten())
            self.network.log_spread.bias.fill_(-2.0)

    def expected_initial(self) -> dict[str, tuple[float, float]]:
        """What theory expects of a network that knows nothing: chance, and corners of an average."""
        return {
            "block_loss": (0.8 * math.log(2), 1.3 * math.log(2)),
            "chart_loss": (0.9 * math.log(self.charts.count), 1.2 * math.log(self.charts.count)),
            "corner_px": (2.0, 14.0),
            "field_px": (0.5 * FIELD_REACH_PX / 2, 2.0 * FIELD_REACH_PX / 2),
        }

    def expected_reachable(self) -> dict[str, float]:
        """Of sure answers neither block nor chart costs anything."""
        return {"block_loss": 0.1, "chart_loss": 0.2}

    def logits(self, outputs: tuple[Tensor, ...]) -> dict[str, Tensor]:
        """Chart and block."""
        return {"chart": outputs[2], "block": outputs[3]}

    def loss(self, network: nn.Module, batch: CropBatch) -> Loss:
        """Loss of a batch and figures.

        Figures: mean and median corner error (crop px), error of the size (percent, which is that
        of the range), mean error of the edge field (crop px), accuracy of charts and of block or
        not, and the losses of these two. Of single images: how far it takes for a block what is
        none.
        """
        device = next(network.parameters()).device
        images = normalize_crops(torch.as_tensor(batch.images, device=device))
        corners, log_spread, chart, block, field = network(
            images.contiguous(memory_format=torch.channels_last)
        )
        target = torch.as_tensor(batch.target, device=device)
        scored = ~torch.isnan(target)
        block_loss = _mean(
            functional.binary_cross_entropy_with_logits(
                block[scored], target[scored], reduction="none"
            )
        )
        known = batch.target == 1
        use = torch.as_tensor(known, device=device)
        angles, truth = self._named_by_charts(batch, known)
        wanted = torch.as_tensor(truth, device=device)
        inside = torch.as_tensor(angles < self.charts.radius, device=device)
        nearest = torch.as_tensor(angles.argmin(axis=1), device=device)
        # Charts near the anchor count fully, those at the rim little.
        share = torch.as_tensor(
            np.clip((self.charts.radius - angles) / 0.2, 0.0, 1.0), device=device
        )
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

    def measure(self, network: nn.Module, batch: CropBatch) -> dict[str, float]:
        """Errors of the poses: mm as if 0.9 m away, and degrees; means and medians."""
        poses = crop_poses(network, batch, self.shape)
        if not len(poses.index):
            return {}
        return {
            "position_mm": float(poses.position_mm.mean()),
            "position_median_mm": float(np.median(poses.position_mm)),
            "rotation_deg": float(poses.rotation_deg.mean()),
            "rotation_median_deg": float(np.median(poses.rotation_deg)),
        }

    def source_apart(self, seed: int, randomization: RandomizationConfig) -> CropSource:
        """A source like its own with images and textures of its own."""
        return CropSource(seed, randomization)

    def performance(self, network: nn.Module, batch: CropBatch) -> float | None:
        """Share of the crops judged rightly; of a block the corners must be right as well."""
        device = next(network.parameters()).device
        images = normalize_crops(torch.as_tensor(batch.images, device=device))
        corners, _, chart, block, _ = network(images.contiguous(memory_format=torch.channels_last))
        scored, known = ~np.isnan(batch.target), batch.target == 1
        if not scored.any():
            return None
        right = (block > 0).cpu().numpy() == (batch.target == 1)
        if known.any():
            use = torch.as_tensor(known, device=device)
            _, truth = self._named_by_charts(batch, known)
            wanted = torch.as_tensor(truth, device=device)
            error = (corners[use] - wanted).abs().mean(dim=(2, 3)) * (CROP_SIZE / 2)
            chosen = error.gather(1, chart[use].argmax(dim=1)[:, None]).squeeze(1)
            right[known] &= (chosen < RIGHT_CORNER_PX).cpu().numpy()
        return float(right[scored].mean())

    def image(self, network: nn.Module, batch: CropBatch) -> NDArray[np.uint8]:
        """Crops with true and found edges drawn in."""
        return draw_crops(batch, crop_poses(network, batch, self.shape), self.shape)

    def _named_by_charts(self, batch: CropBatch, known: NDArray[np.bool_]) -> tuple[Array, Floats]:
        """Angles of N blocks to the charts' anchors, and keypoints as each chart names them.

        Returns:
            Radians (N, K) and keypoints (N, K, 8, 2), units of half a crop.
        """
        turned = batch.rotation[known].astype(np.float64)
        angles, aligned = self.charts.align(turned)
        if self.shape.is_box:
            # The symmetry that names the aligned block, aligned = rotation @ symmetry, lists the same
            # keypoints in another order.
            symmetry = np.einsum("nij,nkil->nkjl", turned, aligned)
            traces = np.einsum("nkij,sij->nks", symmetry, self.charts.symmetry.rotations)
            order = corner_orders(self.shape)[traces.argmax(axis=-1)]
            corners = batch.corners[known]
            return angles, corners[np.arange(len(corners))[:, None, None], order]
        points = batch.points[known].astype(np.float64)
        center, size = center_and_edge(points, self.shape)
        arms = np.einsum("nkij,cj->nkci", aligned, self.shape.keypoints)
        named = arms * size[:, None, None, None] + center[:, None, None]
        depth = np.maximum(named[..., 2:], LEAST_DEPTH_M)
        focal = batch.focal[known].astype(np.float64)[:, None, None, None]
        return angles, (named[..., :2] / depth * focal / (CROP_SIZE / 2)).astype(np.float32)


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
