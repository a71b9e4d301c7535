"""The pose network: a crop of a block in, its eight corners in the crop out."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from simreal_perception.crop_camera import CROP_SIZE
from simreal_perception.rotation_charts import CHARTS

CORNER_VALUES = 16  # x, y of eight corners, in units of half a crop from its centre


def normalize_images(images: Tensor) -> Tensor:
    """uint8 (N, H, W, 3) -> float (N, 3, H, W), zero mean and roughly unit spread."""
    return images.permute(0, 3, 1, 2).float() * (1.0 / 64.0) - 2.0


class Residual(nn.Module):
    """Two 3x3 convolutions around a shortcut."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(channels, channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(channels),
            nn.ReLU(inplace=True),
            nn.Conv2d(channels, channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(channels),
        )

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(x + self.body(x))


def step(inputs: int, outputs: int, stride: int = 2) -> nn.Sequential:
    """A convolution that changes resolution or width, normalized."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )


class PoseNetwork(nn.Module):
    """Crop (N, 3, 64, 64), normalized -> raw outputs of all charts.

    The spatial grid is kept to the end (no global pooling): where a feature lies is the answer.
    """

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        self.width = width
        self.trunk = nn.Sequential(
            step(3, width),
            step(width, width, stride=1),
            step(width, 2 * width),
            Residual(2 * width),
            step(2 * width, 4 * width),
            Residual(4 * width),
            Residual(4 * width),
            nn.Conv2d(4 * width, 2 * width, 1, bias=False),
            nn.BatchNorm2d(2 * width),
            nn.ReLU(inplace=True),
        )
        cells = (CROP_SIZE // 8) ** 2
        self.neck = nn.Sequential(
            nn.Flatten(), nn.Linear(2 * width * cells, 16 * width), nn.ReLU(inplace=True)
        )
        self.corners = nn.Linear(16 * width, CHARTS * CORNER_VALUES)
        self.log_spread = nn.Linear(16 * width, CHARTS)
        self.chart = nn.Linear(16 * width, CHARTS)
        self.block = nn.Linear(16 * width, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Corners (N, CHARTS, 8, 2), log spread (N, CHARTS), chart (N, CHARTS), block (N,)."""
        features = self.neck(self.trunk(x)).float()
        corners = self.corners(features).view(-1, CHARTS, 8, 2)
        spread = self.log_spread(features)
        return corners, spread, self.chart(features), self.block(features).squeeze(1)


class ExportedPoseNetwork(nn.Module):
    """What ships: uint8 crops in; the best chart's corners, their spread and a score out."""

    def __init__(self, network: PoseNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, crops: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Crops uint8 (N, 64, 64, 3) -> corners, crop pixels (N, 8, 2); spread, px (N,); score (N,)."""
        corners, log_spread, chart, block = self.network(normalize_images(crops))
        best = chart.argmax(dim=1)
        index = best.view(-1, 1, 1, 1).expand(-1, 1, 8, 2)
        half = CROP_SIZE / 2
        pixels = corners.gather(1, index).squeeze(1) * half + (CROP_SIZE - 1) / 2
        spread = log_spread.gather(1, best.view(-1, 1)).squeeze(1).exp() * half
        return pixels, spread, torch.sigmoid(block)
