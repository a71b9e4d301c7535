"""What the simulated cell varies, and within which ranges: narrow ones, as of one workplace.

A group has the name that it has in `world_randomization.WORLD_GROUPS`. Metres and radians, world
frame; colours as hue, saturation and value, 0 to 1.
"""

# Ranges are frozen: sharing one as a default is safe.
# ruff: noqa: RUF009
from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simreal_sim.randomization.ranges.ranges import Integers, Uniform

ZONE_X = (0.35, 0.65)  # metres, where block centres lie
ZONE_Y = (-0.25, 0.25)


@dataclass(frozen=True)
class BlockPoseRanges:
    """Where blocks lie and how they are turned; off: `NOMINAL_POSITIONS`."""

    x_m: Uniform = Uniform(*ZONE_X)
    y_m: Uniform = Uniform(*ZONE_Y)
    yaw: Uniform = Uniform(-np.pi, np.pi)


@dataclass(frozen=True)
class WorldColorRanges:
    """Colours of blocks and distractors, and the muted ones of table and wall."""

    hue: Uniform = Uniform(0.0, 1.0)
    saturation: Uniform = Uniform(0.4, 0.9)
    value: Uniform = Uniform(0.55, 1.0)
    muted_saturation: Uniform = Uniform(0.0, 0.30)
    muted_value: Uniform = Uniform(0.55, 0.92)


@dataclass(frozen=True)
class WorldTextureRanges:
    """Patterns of table and wall; off: plain."""

    contrast: Uniform = Uniform(0.05, 0.25)
    wood_rings: Uniform = Uniform(6.0, 16.0)
    wood_waves: Uniform = Uniform(0.2, 0.8)
    tiles: Integers = Integers(4, 11)
    tint: Uniform = Uniform(0.0, 0.06)


@dataclass(frozen=True)
class WorldLightRanges:
    """The lamp and the light from all around; `total` is what both give together."""

    azimuth: Uniform = Uniform(-np.pi, np.pi)
    elevation: Uniform = Uniform(0.7, 1.3)
    warmth: Uniform = Uniform(-0.08, 0.08)
    level: Uniform = Uniform(0.88, 1.0)
    ambient: Uniform = Uniform(0.45, 0.65)
    total: Uniform = Uniform(0.98, 1.15)
    specular: Uniform = Uniform(0.0, 0.1)


@dataclass(frozen=True)
class WorldCameraRanges:
    """How far the cameras are off their nominal places and intrinsics; `wrist_` is the one there.

    `focal` and `pixel_ratio` are factors, `principal_point` is in widths of the image.
    """

    focal: Uniform = Uniform(0.98, 1.02)
    pixel_ratio: Uniform = Uniform(0.998, 1.002)
    principal_point: Uniform = Uniform(-0.01, 0.01)
    position_m: Uniform = Uniform(-0.03, 0.03)
    target_m: Uniform = Uniform(-0.015, 0.015)
    roll: Uniform = Uniform(-0.03, 0.03)
    wrist_position_m: Uniform = Uniform(-0.004, 0.004)
    wrist_turn: Uniform = Uniform(-0.03, 0.03)


@dataclass(frozen=True)
class WorldDistractorRanges:
    """Sizes of distractors, and how far they stand off their spots; off: none.

    A bar is clearly no cube: its length is `bar_length` times its thickness.
    """

    off_spot_m: Uniform = Uniform(-0.015, 0.015)
    radius_m: Uniform = Uniform(0.015, 0.028)
    height_m: Uniform = Uniform(0.02, 0.06)
    thickness_m: Uniform = Uniform(0.015, 0.025)
    bar_length: Uniform = Uniform(2.2, 3.0)
    yaw: Uniform = Uniform(-np.pi, np.pi)


@dataclass(frozen=True)
class SensorNoiseRanges:
    """Blur in pixels, gain, and the noise's standard deviation of 255; off: a good sensor."""

    blur_px: Uniform = Uniform(0.4, 0.8)
    gain: Uniform = Uniform(0.92, 1.08)
    stddev: Uniform = Uniform(0.5, 4.0)


@dataclass(frozen=True)
class WorldRanges:
    """The ranges of all groups."""

    poses: BlockPoseRanges = BlockPoseRanges()
    colors: WorldColorRanges = WorldColorRanges()
    textures: WorldTextureRanges = WorldTextureRanges()
    lights: WorldLightRanges = WorldLightRanges()
    camera: WorldCameraRanges = WorldCameraRanges()
    distractors: WorldDistractorRanges = WorldDistractorRanges()
    noise: SensorNoiseRanges = SensorNoiseRanges()
