"""The light of a scene as PyBullet takes it: one lamp with its shadow, the others as ambient light."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simreal_sim.rendering.pybullet.face_textures import GAMMA
from simreal_sim.rendering.scene import SceneBatch

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class BulletLight:
    """The strongest lamp and all other light as PyBullet takes them; shares of the brightest.

    Args:
        direction: towards the lamp, unit vector.
        distance: of the lamp, metres.
        tint: colour, greatest channel 1.
        ambient, diffuse: coefficients in encoded (not linear) intensity, together 1.
        scale: what linear intensities were multiplied with to make them so.
    """

    direction: Array
    distance: float
    tint: Array
    ambient: float
    diffuse: float
    scale: float


def strongest_light(scenes: SceneBatch, scene: int) -> BulletLight:
    """What PyBullet can take of a scene's light: one lamp, and the rest from all around."""
    color = scenes.light_color[scene].astype(np.float64)
    strength = color.mean(axis=-1)
    first = int(strength.argmax())
    position = scenes.light_position[scene, first].astype(np.float64)
    # The light's view is computed with z for "up": straight above, that has no meaning.
    if np.linalg.norm(position[:2]) < 1e-3 * abs(position[2]):
        position[0] += 1e-2 * abs(position[2])
    distance = float(np.linalg.norm(position))
    around = (scenes.ambient_up[scene] + scenes.ambient_down[scene]).mean() / 2.0
    # A lamp lights a surface by half on average: those without shadow count so everywhere.
    around = float(around) + 0.5 * float(strength.sum() - strength[first])
    full = around + float(strength[first])
    ambient = (around / full) ** (1.0 / GAMMA)
    tint = color[first] / max(float(color[first].max()), 1e-6)
    tint = np.where(strength[first] > 0, tint, 1.0) ** (1.0 / GAMMA)
    return BulletLight(position / distance, distance, tint, ambient, 1.0 - ambient, 1.0 / full)
