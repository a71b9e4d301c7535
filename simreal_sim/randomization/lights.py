"""Draws lights: lamps, and light from all around."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simreal_sim.randomization.ranges.randomization_config import RandomizationConfig
from simreal_sim.randomization.ranges.scene_limits import MOST_LIGHTS

Floats64 = NDArray[np.float64]

PLAIN_AZIMUTH, PLAIN_SINE, PLAIN_DISTANCE_M, PLAIN_AMBIENT = 0.7, 0.84, 3.0, 0.4
EVEN_LIGHT = 0.4  # is added all around where there are no lamps to cast shadows


@dataclass(eq=False)
class Lights:
    """The fields of `SceneBatch` of these names, without their prefix `light_`.

    `highlight` (B,) is what a scene's lamps make of the gloss of its surfaces, a factor.
    """

    position: Floats64
    color: Floats64
    radius: Floats64
    ambient_up: Floats64
    ambient_down: Floats64
    highlight: Floats64


def draw_lights(count: int, randomization: RandomizationConfig, rng: np.random.Generator) -> Lights:
    """Draw the lights of `count` scenes.

    What the lamps give in all varies little: exposure is the camera's business.
    """
    ranges, shadow = randomization.light, randomization.shadow
    size = (count, MOST_LIGHTS)
    azimuth = rng.uniform(0, 2 * np.pi, size=size)
    sine = ranges.sine_elevation.draw(size, rng)
    distance = ranges.distance_m.draw(size, rng)
    number = ranges.number.draw_integers(count, rng)
    tint = np.clip(1.0 + ranges.tint.draw((*size, 3), rng), 0.3, 1.7)
    power = ranges.power.draw((*size, 1), rng)
    total = ranges.total.draw(count, rng)
    ambient = ranges.ambient.draw((count, 1), rng)
    sky = np.clip(1.0 + ranges.tint.draw((count, 3), rng), 0.3, 1.7)
    below = ranges.from_below.draw((count, 1), rng)
    highlight = ranges.highlight.draw(count, rng)
    if not randomization.on("light"):
        azimuth[:], sine[:], distance[:] = PLAIN_AZIMUTH, PLAIN_SINE, PLAIN_DISTANCE_M
        number[:], tint[:], power[:], total[:], sky[:] = 1, 1.0, 1.0, 0.8, 1.0
        ambient[:], below[:], highlight[:] = PLAIN_AMBIENT, 0.5, 1.0
    flat = np.sqrt(1.0 - sine**2)
    direction = np.stack([flat * np.cos(azimuth), flat * np.sin(azimuth), sine], axis=-1)
    color = tint * power * (np.arange(MOST_LIGHTS) < number[:, None])[..., None]
    color *= (total / color.sum(axis=1).mean(axis=-1))[:, None, None]
    up = ambient * sky
    down = up * below
    soft = shadow.soft.draw(size, rng)
    radius = np.where(soft, shadow.lamp_size_m.draw(size, rng), 0.0)
    if not randomization.on("shadow"):
        color[:] = 0.0
        up += EVEN_LIGHT
    return Lights(direction * distance[..., None], color, radius, up, down, highlight)
