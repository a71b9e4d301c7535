"""The pose network: a crop of a block in, its corners as keypoints and its edges out."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from simreal_perception.networks.normalization import normalize_crops
from simreal_perception.networks.rotation_charts import CHARTS
from simreal_perception.pose_estimation.crop_camera import CROP_SIZE, MIDDLE_PX

CORNER_VALUES = 16  # x, y of eight corners, in units of half a crop from its centre
FIELD_VALUES = 3  # x, y of the way to the nearest edge, log of its predicted error


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
    """Crop (N, 3, 64, 64), normalized -> raw outputs of all charts, and the edge field.

    The spatial grid is kept to the end (no global pooling): where a feature lies is the answer.
    """

    def __init__(self, width: int = 24, charts: int = CHARTS) -> None:
        super().__init__()
        self.width, self.charts = width, charts
        self.to_half = nn.Sequential(
            nn.Conv2d(3, width, 5, stride=2, padding=2, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(inplace=True),
        )
        self.to_quarter = nn.Sequential(step(width, 2 * width), Residual(2 * width))
        self.to_eighth = nn.Sequential(
            step(2 * width, 4 * width), Residual(4 * width), Residual(4 * width)
        )
        cells = (CROP_SIZE // 8) ** 2
        self.neck = nn.Sequential(
            nn.Conv2d(4 * width, 2 * width, 1, bias=False),
            nn.BatchNorm2d(2 * width),
            nn.ReLU(inplace=True),
            nn.Flatten(),
            nn.Linear(2 * width * cells, 16 * width),
            nn.ReLU(inplace=True),
        )
        self.corners = nn.Linear(16 * width, charts * CORNER_VALUES)
        self.log_spread = nn.Linear(16 * width, charts)
        self.chart = nn.Linear(16 * width, charts)
        self.block = nn.Linear(16 * width, 1)
        # What makes a thing a block is not what tells its corners: features of its own beside those.
        self.judge = nn.Sequential(
            step(4 * width, 2 * width),
            nn.Flatten(),
            nn.Linear(2 * width * cells // 4, 4 * width),
            nn.ReLU(inplace=True),
            nn.Linear(4 * width, 1),
        )
        # The field knows from the coarse features what an edge is, from the fine ones where it is.
        self.from_eighth = nn.Conv2d(4 * width, 2 * width, 1)
        self.at_quarter = Residual(2 * width)
        self.from_quarter = nn.Conv2d(2 * width, width, 1)
        self.field = nn.Sequential(
            step(width, width, stride=1),
            step(width, width, stride=1),
            nn.Conv2d(width, FIELD_VALUES, 1),
        )

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        """Corners (N, charts, 8, 2), log error (N, charts), chart (N, charts), block (N,), field.

        The error is the predicted mean one of the corners. The field, (N, 3, 32, 32): offset to the
        nearest edge, x and y, and log of the predicted mean error of one of them, crop pixels.
        """
        half = self.to_half(x)
        quarter = self.to_quarter(half)
        eighth = self.to_eighth(quarter)
        features = self.neck(eighth).float()
        corners = self.corners(features).view(-1, self.charts, 8, 2)
        log_error = self.log_spread(features)
        quarter = self.at_quarter(torch.relu(quarter + _double(self.from_eighth(eighth))))
        field = self.field(torch.relu(half + _double(self.from_quarter(quarter)))).float()
        block = (self.block(features) + self.judge(eighth).float()).squeeze(1)
        return corners, log_error, self.chart(features), block, field


def _double(x: Tensor) -> Tensor:
    return nn.functional.interpolate(x, scale_factor=2.0, mode="nearest")


class ExportedPoseNetwork(nn.Module):
    """What ships: uint8 crops in; the best chart's corners, their error, a score, the field out."""

    def __init__(self, network: PoseNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, crops: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Crops, uint8 (N, 64, 64, 3), to numbers in crop pixels.

        Corners (N, 8, 2); their predicted error (N,); score (N,); edge field (N, 3, 32, 32): offset
        x, y and its predicted error.
        """
        corners, log_spread, chart, block, field = self.network(normalize_crops(crops))
        best = chart.argmax(dim=1)
        index = best.view(-1, 1, 1, 1).expand(-1, 1, 8, 2)
        half = CROP_SIZE / 2
        pixels = corners.gather(1, index).squeeze(1) * half + MIDDLE_PX
        predicted_error = log_spread.gather(1, best.view(-1, 1)).squeeze(1).exp() * half
        field = torch.cat([field[:, :2], field[:, 2:].exp()], dim=1)
        return pixels, predicted_error, torch.sigmoid(block), field
