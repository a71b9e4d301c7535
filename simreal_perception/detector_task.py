"""What the detector is trained for: its batches, its loss, the figures worth watching."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from simreal_perception.detector_data import WindowBatch, WindowSource
from simreal_perception.detector_network import DetectorNetwork
from simreal_perception.pose_network import normalize_images
from simreal_sim.randomization import Randomization

VALUE_WEIGHT = 1.0
SCORE_THRESHOLD = 0.3


class DetectorTask:
    """Training of a `DetectorNetwork` on windows."""

    name = "detector"

    def __init__(self, seed: int, width: int, randomization: Randomization) -> None:
        self.source = WindowSource(seed, randomization)
        self.network = DetectorNetwork(width)

    def loss(self, network: nn.Module, batch: WindowBatch) -> tuple[Tensor, dict[str, float]]:
        """Penalty-reduced focal loss of the centres (Law and Deng 2018) and L1 of the values."""
        images = normalize_images(torch.as_tensor(batch.images))
        raw = network(images.contiguous(memory_format=torch.channels_last)).float()
        heat, weight = torch.as_tensor(batch.heat), torch.as_tensor(batch.weight)
        center, values = torch.as_tensor(batch.center), torch.as_tensor(batch.values)
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
        return focal + VALUE_WEIGHT * value, figures
