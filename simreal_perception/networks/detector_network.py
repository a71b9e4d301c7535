"""The detector network: a small image in, a heatmap of block centres with their sizes out."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from simreal_perception.networks.normalization import normalize_images
from simreal_perception.networks.pose_network import Residual, step

STRIDE = 4  # image pixels a cell of the output map
PEAK_WINDOW = 3  # cells; a detection is the largest in its neighbourhood


class DetectorNetwork(nn.Module):
    """Image (N, 3, H, W), normalized -> (N, 4, H/4, W/4).

    Channels: centre logit; offset of the centre from the cell, x and y, cells; log of the bounding
    sphere's radius, pixels.

    It looks at wide copies of an image, so most of what it computes is at strides 16 and 32, whose
    context tells a block from a square on a board; stride 4 keeps blocks apart that touch.
    """

    def __init__(self, width: int = 16) -> None:
        super().__init__()
        self.width = width
        self.to_quarter = nn.Sequential(
            nn.Conv2d(3, width, 5, stride=2, padding=2, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(inplace=True),
            step(width, 2 * width),
        )
        self.to_eighth = nn.Sequential(step(2 * width, 2 * width), Residual(2 * width))
        self.to_sixteenth = nn.Sequential(step(2 * width, 4 * width), Residual(4 * width))
        self.to_thirty_second = nn.Sequential(step(4 * width, 8 * width), Residual(8 * width))
        self.from_thirty_second = nn.Conv2d(8 * width, 4 * width, 1)
        self.at_sixteenth = Residual(4 * width)
        self.from_sixteenth = nn.Conv2d(4 * width, 2 * width, 1)
        self.at_eighth = step(2 * width, 2 * width, stride=1)
        # Of each eighth four quarters: their places are channels.
        quarters = nn.Conv2d(2 * width, 4 * width, 1)
        _start_alike(quarters)
        self.from_eighth = nn.Sequential(quarters, nn.PixelShuffle(2))
        self.from_quarter = nn.Conv2d(2 * width, width, 1)
        self.head = nn.Sequential(step(width, 2 * width, stride=1), nn.Conv2d(2 * width, 4, 1))
        final = self.head[-1]
        assert isinstance(final, nn.Conv2d) and final.bias is not None
        with torch.no_grad():
            # A centre is rare: start from about one cell in a hundred, as focal loss wants.
            final.bias.copy_(torch.tensor([-4.6, 0.5, 0.5, 2.5]))

    def forward(self, x: Tensor) -> Tensor:
        quarter = self.to_quarter(x)
        eighth = self.to_eighth(quarter)
        sixteenth = self.to_sixteenth(eighth)
        context = self.to_thirty_second(sixteenth)
        sixteenth = self.at_sixteenth(
            torch.relu(sixteenth + _double(self.from_thirty_second(context)))
        )
        eighth = self.at_eighth(torch.relu(eighth + _double(self.from_sixteenth(sixteenth))))
        quarter = torch.relu(self.from_quarter(quarter) + self.from_eighth(eighth))
        out: Tensor = self.head(quarter)
        return out


def _start_alike(quarters: nn.Conv2d) -> None:
    """Make a sub-pixel convolution start as nearest-neighbour upsampling, in place.

    Otherwise its answer has a ripple of two cells, whose crests pass for several blocks in a large
    one (Aitken et al. 2017, "Checkerboard artifact free sub-pixel convolution").
    """
    assert quarters.bias is not None
    with torch.no_grad():
        for parameter in (quarters.weight, quarters.bias):
            parameter.copy_(parameter[::4].repeat_interleave(4, dim=0))


def _double(x: Tensor) -> Tensor:
    return nn.functional.interpolate(x, scale_factor=2.0, mode="nearest")


class ExportedDetector(nn.Module):
    """What ships: a uint8 image in; score, centre and radius of every cell out.

    Cells that are not the largest of their neighbourhood have score 0.
    """

    def __init__(self, network: DetectorNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Images uint8 (N, H, W, 3) -> score (N, h, w) and x, y, radius in pixels (N, 3, h, w)."""
        raw = self.network(normalize_images(images)).float()
        score = torch.sigmoid(raw[:, :1])
        largest = nn.functional.max_pool2d(score, PEAK_WINDOW, 1, PEAK_WINDOW // 2)
        score = torch.where(score >= largest, score, torch.zeros_like(score))
        ones = torch.ones_like(raw[:, 0])
        columns = torch.cumsum(ones, dim=2) - 1.0
        rows = torch.cumsum(ones, dim=1) - 1.0
        # Cell c covers pixels 4 c - 0.5 to 4 c + 3.5, the first pixel's centre being 0.
        x = (columns + raw[:, 1]) * STRIDE - 0.5
        y = (rows + raw[:, 2]) * STRIDE - 0.5
        return score[:, 0], torch.stack([x, y, torch.exp(raw[:, 3])], dim=1)
