"""What a randomized camera sensor may be like: numbers and pairs, as a YAML section gives them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from simreal_common.errors import ConfigurationError

Pair = tuple[float, float]

# Beyond these a picture shows nothing, or a blur would take longer than the rest together.
LIMITS: dict[str, Pair] = {
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
class SensorRanges:
    """Ranges (low, high) of what is drawn, and the share of pictures, 0 to 1, that has an effect.

    Attributes:
        exposure: mean linear intensity a picture is brought to, of 1 at saturation; log-uniform.
        balance: white balance gain of each channel; log-uniform.
        vignetting_share, vignetting: loss of light at the corners, of 1.
        motion_share, motion_length_px: length of the smear, pixels, in any direction; log-uniform.
        lens_blur_share, lens_blur_px: sigma, pixels; log-uniform.
        monochrome_share: of all sensors have no colour filter; the picture's channels are equal.
        bayer_share: of the others have a Bayer filter and a bilinear demosaic.
        shot_noise_share, shot_noise: standard deviation at linear intensity 1; log-uniform.
        read_noise_share, read_noise: standard deviation in the dark, linear; log-uniform.
        gamma: the tone curve's exponent is 1 / gamma.
        saturation: 0 is grey, 1 leaves colours alone.
        contrast: slope about middle grey, after the tone curve; 1 leaves it alone.
        sharpening_share, sharpening: amount of the unsharp mask, of 1.
        sharpening_radius_px: sigma of the unsharp mask, pixels.
        resample_share: of the pictures were scaled up; how far is the caller's to say.
        jpeg_share, jpeg_quality: quality as libjpeg counts it, 1 to 100.

    Raises:
        ConfigurationError: a pair that is none, out of order or out of `LIMITS`, or a share that is
            not from 0 to 1.
    """

    exposure: Pair = (0.09, 0.5)
    balance: Pair = (0.78, 1.28)
    vignetting_share: float = 0.3
    vignetting: Pair = (0.0, 0.5)
    motion_share: float = 0.2
    motion_length_px: Pair = (1.0, 6.0)
    lens_blur_share: float = 0.6
    lens_blur_px: Pair = (0.25, 1.8)
    monochrome_share: float = 0.1
    bayer_share: float = 0.4
    shot_noise_share: float = 0.7
    shot_noise: Pair = (0.003, 0.04)
    read_noise_share: float = 0.7
    read_noise: Pair = (0.0005, 0.012)
    gamma: Pair = (1.4, 2.6)
    saturation: Pair = (0.4, 1.5)
    contrast: Pair = (0.75, 1.3)
    sharpening_share: float = 0.35
    sharpening: Pair = (0.2, 1.5)
    sharpening_radius_px: Pair = (0.6, 1.5)
    resample_share: float = 0.5
    jpeg_share: float = 0.3
    jpeg_quality: Pair = (30.0, 95.0)

    def __post_init__(self) -> None:
        for item in fields(self):
            value = getattr(self, item.name)
            if item.name in LIMITS:
                value = _pair(item.name, value)
            elif not (_is_number(value) and 0 <= value <= 1):
                raise ConfigurationError(f"{item.name}: got {value!r}, wanted a share from 0 to 1")
            object.__setattr__(self, item.name, value)

    @staticmethod
    def from_section(section: Mapping[str, Any]) -> SensorRanges:
        """From a YAML section; what it leaves out keeps its default.

        Raises:
            ConfigurationError: a key that is not known, or a value that cannot be.
        """
        names = [item.name for item in fields(SensorRanges)]
        unknown = [str(key) for key in section if key not in names]
        if unknown:
            raise ConfigurationError(
                f"{', '.join(unknown)} is not known; the keys are {', '.join(names)}"
            )
        return SensorRanges(**section)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _pair(name: str, value: object) -> Pair:
    least, most = LIMITS[name]
    if isinstance(value, list | tuple) and len(value) == 2 and all(map(_is_number, value)):
        low, high = float(value[0]), float(value[1])
        if least <= low <= high <= most:
            return low, high
    raise ConfigurationError(
        f"{name}: got {value!r}, wanted [low, high] with low <= high, from {least:g} to {most:g}"
    )
