"""Trains the detector: its batches, its loss, the figures worth watching."""

from __future__ import annotations

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from simreal_perception.networks.detector_network import STRIDE, DetectorNetwork, ExportedDetector
from simreal_perception.networks.normalization import normalize_images
from simreal_perception.training.tasks.loss import Loss
from simreal_perception.training_data.detector_data import WindowBatch, WindowSource
from simreal_sim.randomization.ranges.randomization_config import RandomizationConfig

VALUE_WEIGHT = 1.0
SCORE_THRESHOLD = 0.3
COLUMNS, ROWS, ZOOM = 4, 2, 2  # of the image
TRUE, FOUND = (0, 220, 0), (255, 0, 255)


class DetectorTask:
    """Training of a `DetectorNetwork` on windows."""

    name = "detector"

    def __init__(self, seed: int, width: int, randomization: RandomizationConfig) -> None:
        self.source = self.source_apart(seed, randomization)
        self.network = DetectorNetwork(width)

    def loss(self, network: nn.Module, batch: WindowBatch) -> Loss:
        """Penalty-reduced focal loss of the centres (Law and Deng 2018) and L1 of the values.

        Of single images it says how much they show that passes for a block and is none.
        """
        device = next(network.parameters()).device
        images = normalize_images(torch.as_tensor(batch.images, device=device))
        raw = network(images.contiguous(memory_format=torch.channels_last)).float()
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
            hit = functional.max_pool2d((probability > SCORE_THRESHOLD)[:, None].float(), 3, 1, 1)[
                :, 0
            ]
            figures = {
                "recall": float((hit * center).sum() / count),
                "precision": float((detected & near).sum() / detected.sum().clamp(min=1)),
                "radius_log": float((raw[:, 3] - values[:, 2]).abs()[center].mean())
                if bool(center.any())
                else 0.0,
            }
        return Loss(
            focal + VALUE_WEIGHT * value, figures, (empty * weight).sum(dim=(1, 2)).detach()
        )

    def expected_initial(self) -> dict[str, tuple[float, float]]:
        """What theory expects of a network that says one in a hundred everywhere."""
        return {"loss": (2.0, 25.0), "recall": (0.0, 0.05)}

    def expected_reachable(self) -> dict[str, float]:
        """Of sure answers a centre costs nothing."""
        return {"loss": 0.5}

    def logits(self, outputs: tuple[Tensor, ...]) -> dict[str, Tensor]:
        """Whether a cell holds a centre."""
        return {"center": outputs[0][:, 0]}

    def source_apart(self, seed: int, randomization: RandomizationConfig) -> WindowSource:
        """A source like its own with images and textures of its own."""
        return WindowSource(seed, randomization)

    def performance(self, network: nn.Module, batch: WindowBatch) -> float | None:
        """Harmonic mean of recall and precision; None of windows without a block."""
        if not batch.center.any():
            return None
        figures = self.loss(network, batch).figures
        recall, precision = figures["recall"], figures["precision"]
        return 2.0 * recall * precision / max(recall + precision, 1e-9)

    def image(self, network: nn.Module, batch: WindowBatch) -> NDArray[np.uint8]:
        """Windows with true spheres (green) and detected ones (magenta) drawn in."""
        device = next(network.parameters()).device
        with torch.no_grad():
            answer = ExportedDetector(network)(torch.as_tensor(batch.images, device=device))
        score, found = (a.float().cpu().numpy() for a in answer)
        tiles = []
        for n in range(min(len(batch.images), ROWS * COLUMNS)):
            tile = np.repeat(np.repeat(batch.images[n], ZOOM, axis=0), ZOOM, axis=1)
            for row, column in np.argwhere(batch.center[n]):
                x, y, radius = batch.values[n, :, row, column]
                x, y = (column + x) * STRIDE - 0.5, (row + y) * STRIDE - 0.5
                _draw_sphere(tile, x, y, float(np.exp(radius)), TRUE)
            for row, column in np.argwhere(score[n] > SCORE_THRESHOLD):
                x, y, radius = found[n, :, row, column]
                _draw_sphere(tile, x, y, radius, FOUND)
            tiles.append(tile)
        rows = [np.hstack(tiles[i : i + COLUMNS]) for i in range(0, len(tiles), COLUMNS)]
        return np.vstack([row for row in rows if row.shape == rows[0].shape])


def _draw_sphere(
    tile: NDArray[np.uint8], x: float, y: float, radius: float, color: tuple[int, int, int]
) -> None:
    center = (round((x + 0.5) * ZOOM), round((y + 0.5) * ZOOM))
    cv2.circle(tile, center, max(round(radius * ZOOM), 1), color, 1, cv2.LINE_AA)
