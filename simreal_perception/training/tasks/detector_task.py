"""Trains the detector: its batches, what theory expects, the figures worth watching."""

from __future__ import annotations

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from simreal_common.shapes.shape import Shape
from simreal_perception.labelled_batches.detector_data import WindowBatch, WindowSource
from simreal_perception.networks.detector_network import STRIDE, DetectorNetwork, ExportedDetector
from simreal_perception.networks.normalization import normalize_images
from simreal_perception.training.tasks.detector_loss import SCORE_THRESHOLD, detector_loss
from simreal_perception.training.tasks.loss import Loss
from simreal_sim.randomization.ranges.randomization_config import RandomizationConfig

COLUMNS, ROWS, ZOOM = 4, 2, 2  # of the image
TRUE, FOUND = (0, 220, 0), (255, 0, 255)


class DetectorTask:
    """Training of a `DetectorNetwork` on windows."""

    name = "detector"

    def __init__(self, seed: int, width: int, randomization: RandomizationConfig) -> None:
        self.source = self.source_apart(seed, randomization)
        self.network = self.network_of(width, randomization.shape)

    @staticmethod
    def network_of(width: int, shape: Shape) -> DetectorNetwork:
        """The network with fresh weights; it takes blocks of any shape."""
        return DetectorNetwork(width)

    def loss(self, network: nn.Module, batch: WindowBatch) -> Loss:
        """See `detector_loss`."""
        device = next(network.parameters()).device
        images = normalize_images(torch.as_tensor(batch.images, device=device))
        raw = network(images.contiguous(memory_format=torch.channels_last)).float()
        return detector_loss(raw, batch)

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
