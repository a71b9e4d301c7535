"""What a randomized camera sensor may be like."""

# Ranges are frozen: sharing one as a default is safe.
# ruff: noqa: RUF009
from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simreal_common.errors import ConfigurationError
from simreal_sim.randomization.ranges.ranges import Floats64, Share, Size, Uniform

LEAST = 1e-6  # from here on numbers are even in the logarithm, and nobody sees less

# Beyond these an image shows nothing, or a blur would take longer than the rest together.
LIMITS: dict[str, tuple[float, float]] = {
    "exposure": (0.001, 1.0),
    "balance": (0.1, 10.0),
    "vignetting": (0.0, 1.0),
    "motion_length_px": (0.0, 24.0),
    "lens_blur_px": (0.0, 5.0),
    "shot_noise": (0.0, 0.5),
    "read_noise": (0.0, 0.5),
    "gamma": (1.0, 3.0),
    "saturation": (0.0, 4.0),
    "contrast": (0.0, 4.0),
    "sharpening": (0.0, 8.0),
    "sharpening_radius_px": (0.0, 5.0),
    "jpeg_quality": (1.0, 100.0),
}


@dataclass(frozen=True)
class LogUniformFromZero(Uniform):
    """Even in the logarithm, where low may be zero: what is less than `LEAST` counts as that."""

    def draw(self, size: Size, rng: np.random.Generator) -> Floats64:
        """Draws of shape `size`, float64."""
        low, high = np.log(np.maximum((self.low, self.high), LEAST))
        return np.exp(rng.uniform(low, high, size=size)).clip(self.low, self.high)


@dataclass(frozen=True)
class SensorRanges:
    """Ranges of what is drawn, and the share of images that has an effect.

    Attributes:
        exposure: mean linear intensity an image is brought to, of 1 at saturation.
        balance: white balance gain of each channel.
        vignetting_share, vignetting: loss of light at the corners, of 1.
        motion_share, motion_length_px: length of the smear, pixels, in any direction.
        lens_blur_share, lens_blur_px: sigma, pixels.
        monochrome_share: of all sensors have no colour filter; the image's channels are equal.
        bayer_share: of the others have a Bayer filter and a bilinear demosaic.
        shot_noise_share, shot_noise: standard deviation at linear intensity 1.
        read_noise_share, read_noise: standard deviation in the dark, linear.
        gamma: the tone curve's exponent is 1 / gamma.
        saturation: 0 is grey, 1 leaves colours alone.
        contrast: slope about middle grey, after the tone curve; 1 leaves it alone.
        sharpening_share, sharpening: amount of the unsharp mask, of 1.
        sharpening_radius_px: sigma of the unsharp mask, pixels.
        resample_share: of the images were scaled up; how far is the caller's to say.
        jpeg_share, jpeg_quality: quality as libjpeg counts it, 1 to 100.

    Raises:
        ConfigurationError: a range out of `LIMITS`.
    """

    exposure: LogUniformFromZero = LogUniformFromZero(0.09, 0.5)
    balance: LogUniformFromZero = LogUniformFromZero(0.78, 1.28)
    vignetting_share: Share = Share(0.3)
    vignetting: Uniform = Uniform(0.0, 0.5)
    motion_share: Share = Share(0.2)
    motion_length_px: LogUniformFromZero = LogUniformFromZero(1.0, 6.0)
    lens_blur_share: Share = Share(0.6)
    lens_blur_px: LogUniformFromZero = LogUniformFromZero(0.25, 1.8)
    monochrome_share: Share = Share(0.1)
    bayer_share: Share = Share(0.4)
    shot_noise_share: Share = Share(0.7)
    shot_noise: LogUniformFromZero = LogUniformFromZero(0.003, 0.04)
    read_noise_share: Share = Share(0.7)
    read_noise: LogUniformFromZero = LogUniformFromZero(0.0005, 0.012)
    gamma: Uniform = Uniform(1.4, 2.6)
    saturation: Uniform = Uniform(0.4, 1.5)
    contrast: Uniform = Uniform(0.75, 1.3)
    sharpening_share: Share = Share(0.35)
    sharpening: Uniform = Uniform(0.2, 1.5)
    sharpening_radius_px: Uniform = Uniform(0.6, 1.5)
    resample_share: Share = Share(0.5)
    jpeg_share: Share = Share(0.3)
    jpeg_quality: Uniform = Uniform(30.0, 95.0)

    def __post_init__(self) -> None:
        for name, (least, most) in LIMITS.items():
            drawn = getattr(self, name)
            if not least <= drawn.low <= drawn.high <= most:
                raise ConfigurationError(
                    f"{name}: got [{drawn.low:g}, {drawn.high:g}], wanted [low, high] from "
                    f"{least:g} to {most:g}"
                )
