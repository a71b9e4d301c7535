"""Trains the pose network: its batches, what theory expects, the figures worth watching."""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from simreal_common.shapes.shape import Shape
from simreal_perception.labelled_batches.keypoints import center_and_edge
from simreal_perception.labelled_batches.pose_data import CropBatch, CropSource
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
from simreal_perception.training.tasks.pose_loss import pose_loss
from simreal_sim.randomization.ranges.randomization_config import RandomizationConfig

Array = NDArray[np.float64]
Floats = NDArray[np.float32]

# Crop pixels; from corners twice as wrong as usual edges still lead to the pose.
RIGHT_CORNER_PX = 3.0


class PoseTask:
    """Training of a `PoseNetwork` on crops."""

    name = "pose"

    def __init__(self, seed: int, width: int, randomization: RandomizationConfig) -> None:
        self.source = self.source_apart(seed, randomization)
        self.shape = randomization.shape
        self.charts = charts_of(self.shape)
        self.network = self.network_of(width, self.shape)

    @staticmethod
    def network_of(width: int, shape: Shape) -> PoseNetwork:
        """The network with fresh weights for blocks of that shape."""
        charts = charts_of(shape)
        network = PoseNetwork(width, charts.count)
        with torch.no_grad():
            # Start every chart from the corners of its anchor at the standard size.
            start = np.einsum("kij,cj->kci", charts.anchors, shape.keypoints)[..., :2]
            scale = CROP_BLOCK_RADIUS / (CROP_SIZE / 2) / (math.sqrt(3.0) / 2)
            network.corners.bias.copy_(torch.as_tensor(start * scale).float().flatten())
            network.log_spread.bias.fill_(-2.0)
        return network

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
        """See `pose_loss`."""
        device = next(network.parameters()).device
        images = normalize_crops(torch.as_tensor(batch.images, device=device))
        outputs = network(images.contiguous(memory_format=torch.channels_last))
        angles, named = self._named_by_charts(batch, batch.target == 1)
        return pose_loss(outputs, batch, angles, named, self.charts.radius)

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
