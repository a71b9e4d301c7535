"""A belief-map network of DOPE's size with random weights: what the estimator's time is held against.

Tremblay et al., Deep Object Pose Estimation for Semantic Robotic Grasping of Household Objects,
CoRL 2018, section 3.1: the first ten layers of VGG-19; two 3x3 layers that bring 512 channels to 256
and 128; six cascaded stages of two branches, nine belief maps and eight vector fields (16 channels).
The first stage has three 3x3x128 layers and one 1x1x512 layer; the others see the features beside
the maps of the stage before (153 channels) through five 7x7x128 layers and one 1x1x128 layer.
"""

from __future__ import annotations

import io
from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

BELIEFS, FIELDS = 9, 16
FEATURES = 128
STAGES = 6
# Channels of the first ten convolutions of VGG-19 (Simonyan and Zisserman 2015); 0: max pooling.
VGG19 = (64, 64, 0, 128, 128, 0, 256, 256, 256, 256, 0, 512, 512)
# DOPE scales images to this height before the network sees them (`downscale_height`).
INPUT_HEIGHT = 400
OPSET = 17


class BeliefMapNetwork(nn.Module):
    """Image (N, 3, H, W) -> belief maps (N, 9, H/8, W/8), vector fields (N, 16, H/8, W/8)."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(*_features())
        self.beliefs = nn.ModuleList(_stage(number, BELIEFS) for number in range(STAGES))
        self.fields = nn.ModuleList(_stage(number, FIELDS) for number in range(STAGES))

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        features = seen = self.features(images)
        for belief_stage, field_stage in zip(self.beliefs, self.fields, strict=True):
            beliefs, fields = belief_stage(seen), field_stage(seen)
            seen = torch.cat([beliefs, fields, features], dim=1)
        return beliefs, fields


def parameter_count(network: nn.Module) -> int:
    """Number of weights and biases."""
    return sum(parameter.numel() for parameter in network.parameters())


def operations(network: BeliefMapNetwork, height: int, width: int) -> int:
    """Floating-point operations of the convolutions for one image; a multiply-add is two."""
    total = 0
    for layer in network.features:
        if isinstance(layer, nn.MaxPool2d):
            height, width = height // 2, width // 2
        elif isinstance(layer, nn.Conv2d):
            total += 2 * layer.weight.numel() * height * width
    for stages in (network.beliefs, network.fields):
        convolutions = [layer for layer in stages.modules() if isinstance(layer, nn.Conv2d)]
        total += sum(2 * layer.weight.numel() * height * width for layer in convolutions)
    return total


def onnx_bytes(network: nn.Module, height: int, width: int) -> bytes:
    """The network as an ONNX model for images of one size, input `images`, float32."""
    buffer = io.BytesIO()
    torch.onnx.export(
        network.eval(), (torch.zeros(1, 3, height, width),), buffer, input_names=["images"],
        output_names=["beliefs", "fields"], opset_version=OPSET, dynamo=False,
    )  # fmt: skip
    return buffer.getvalue()


def input_size(height: int, width: int) -> tuple[int, int]:
    """Height and width, pixels, that the network sees of an image of that size."""
    if height <= INPUT_HEIGHT:
        return height, width
    return INPUT_HEIGHT, round(width * INPUT_HEIGHT / height)


def network_input(image: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Scaled and normalized as DOPE does it: RGB uint8 (H, W, 3) -> float32 (1, 3, h, w)."""
    import cv2

    height, width = input_size(*image.shape[:2])
    small = cv2.resize(image, (width, height)).astype(np.float32)
    return np.ascontiguousarray((small / 127.5 - 1.0).transpose(2, 0, 1)[None])


def _features() -> Iterator[nn.Module]:
    channels = 3
    for wanted in VGG19:
        if wanted == 0:
            yield nn.MaxPool2d(2)
            continue
        yield nn.Conv2d(channels, wanted, 3, padding=1)
        yield nn.ReLU(inplace=True)
        channels = wanted
    for wanted in (256, FEATURES):
        yield nn.Conv2d(channels, wanted, 3, padding=1)
        yield nn.ReLU(inplace=True)
        channels = wanted


def _stage(number: int, outputs: int) -> nn.Sequential:
    first = number == 0
    layers, kernel, last = (3, 3, 512) if first else (5, 7, 128)
    channels = FEATURES if first else FEATURES + BELIEFS + FIELDS
    modules: list[nn.Module] = []
    for _ in range(layers):
        modules += [nn.Conv2d(channels, 128, kernel, padding=kernel // 2), nn.ReLU(inplace=True)]
        channels = 128
    modules += [nn.Conv2d(channels, last, 1), nn.ReLU(inplace=True), nn.Conv2d(last, outputs, 1)]
    return nn.Sequential(*modules)
