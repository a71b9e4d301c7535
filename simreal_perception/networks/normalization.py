"""Images as the networks take them: zero mean and roughly unit std, whatever the light."""

from __future__ import annotations

from torch import Tensor

# Standard deviation of a crop's values, of 255, up to which it is stretched, and how far at most:
# beyond that noise is what would be seen.
LEAST_CONTRAST, LARGEST_GAIN = 40.0, 6.0
MIDDLE_GRAYS = (64.0, 192.0)


def normalize_images(images: Tensor) -> Tensor:
    """uint8 (N, H, W, 3) -> float (N, 3, H, W), zero mean and roughly unit std."""
    return images.permute(0, 3, 1, 2).float() * (1.0 / 64.0) - 2.0


def normalize_crops(images: Tensor) -> Tensor:
    """As `normalize_images`, flat crops with their contrast stretched about their mean gray.

    A gray block on a gray table is a block as any other: that need not be learned.

    Args:
        images: uint8 (N, H, W, 3).
    """
    values = images.permute(0, 3, 1, 2).float()
    mean = values.mean((2, 3), keepdim=True)
    contrast = (values - mean).square().mean((1, 2, 3), keepdim=True).sqrt()
    gain = (LEAST_CONTRAST / contrast.clamp(min=1.0)).clamp(1.0, LARGEST_GAIN)
    gray = mean.mean(1, keepdim=True)
    # What is stretched is moved away from black and white, lest it be cut off there.
    moved = (gray.clamp(*MIDDLE_GRAYS) - gray) * (gain - 1.0).clamp(max=1.0)
    stretched = ((values - gray) * gain + gray + moved).clamp(0.0, 255.0)
    return stretched * (1.0 / 64.0) - 2.0
