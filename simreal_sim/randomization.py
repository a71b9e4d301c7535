"""Domain randomization: random scenes with everything that does not matter varied.

`draw_scenes` draws a whole batch at once from the generator that is passed in. Groups can be
switched off by name (`GROUPS`) to see what each is worth.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from simreal_common.errors import ConfigurationError
from simreal_sim.layout import (
    FIRST_BLOCK,
    FIRST_DISTRACTOR,
    FLOOR_SLOT,
    SLOTS,
    TABLE_SLOT,
    Layout,
    draw_layout,
)
from simreal_sim.scene import BOX, FACES, SceneBatch

Floats64 = NDArray[np.float64]

GROUPS = (
    "distractors", "stacking", "tilt", "robot", "color", "texture", "rim", "gloss", "light",
    "shadow", "camera", "lens", "sensor",
)  # fmt: skip
LIGHTS = 3


@dataclass(frozen=True)
class Randomization:
    """Which groups of randomization are at work.

    Args:
        disabled: names out of `GROUPS` that are switched off.

    Raises:
        ConfigurationError: a name that is none.
    """

    disabled: frozenset[str] = field(default_factory=frozenset)

    def __post_init__(self) -> None:
        unknown = sorted(self.disabled - set(GROUPS))
        if unknown:
            raise ConfigurationError(
                f"no randomization is called {', '.join(unknown)}; the names are {', '.join(GROUPS)}"
            )

    def on(self, name: str) -> bool:
        """Whether a group is at work."""
        return name not in self.disabled


def draw_scenes(
    count: int, texture_count: int, randomization: Randomization, rng: np.random.Generator
) -> SceneBatch:
    """Draw `count` scenes; `texture_count` is the size of the texture pool they refer to."""
    layout = draw_layout(count, rng, randomization.disabled)
    low, high, texture, texture_map = _surfaces(count, texture_count, layout, randomization, rng)
    is_block = np.zeros((count, SLOTS), dtype=bool)
    is_block[:, FIRST_BLOCK:FIRST_DISTRACTOR] = layout.shape[:, FIRST_BLOCK:FIRST_DISTRACTOR] == BOX

    gloss = rng.uniform(size=(count, SLOTS)) < (0.4 if randomization.on("gloss") else 0.0)
    specular = np.where(gloss, rng.uniform(0.05, 0.9, size=(count, SLOTS)) ** 2, 0.0)
    shininess = np.exp(rng.uniform(np.log(6), np.log(250), size=(count, SLOTS)))
    rim = rng.uniform(size=(count, SLOTS)) < (0.7 if randomization.on("rim") else 0.0)
    rim[:, : TABLE_SLOT + 1] = False
    edge_radius = np.where(rim, rng.uniform(0.01, 0.08, size=(count, SLOTS)), 0.0) * 0.05
    edge_tint = rng.uniform(0.7, 1.4, size=(count, SLOTS))
    position, color, radius, up, down = _lights(count, randomization, rng)
    backdrop_low, backdrop_high = _colors((2, count), rng)
    arrays = dict(
        rotation=layout.rotation, position=layout.position, half_size=layout.half_size,
        color_low=low, color_high=high, texture_map=texture_map, specular=specular,
        shininess=shininess, edge_radius=edge_radius, edge_tint=edge_tint,
        light_position=position, light_color=color, light_radius=radius,
        ambient_up=up, ambient_down=down,
        backdrop_low=backdrop_low, backdrop_high=backdrop_high,
    )  # fmt: skip
    return SceneBatch(
        shape=layout.shape,
        is_block=is_block,
        texture=texture,
        backdrop=rng.integers(0, texture_count, size=count).astype(np.int32),
        **{name: np.ascontiguousarray(a, dtype=np.float32) for name, a in arrays.items()},
    )


def _colors(shape: tuple[int, ...], rng: np.random.Generator) -> Floats64:
    """Linear colours (*shape, 3): any hue; from grey to saturated; from nearly black to white."""
    base = rng.uniform(size=(*shape, 3))
    grey = base.mean(axis=-1, keepdims=True)
    saturation = rng.uniform(0.0, 1.6, size=(*shape, 1))
    color = np.clip(grey + (base - grey) * saturation, 0.0, 1.0)
    # Pure paints (red, yellow, white, ...) are what toy blocks come in.
    pure = rng.integers(0, 2, size=(*shape, 3)) * rng.uniform(0.6, 1.0, size=(*shape, 1))
    is_pure = rng.uniform(size=(*shape, 1)) < 0.25
    brightness = rng.uniform(0.25, 1.0, size=(*shape, 1))
    return np.clip(np.where(is_pure, pure + 0.04, color * brightness * 1.3), 0.01, 1.0)


def _surfaces(
    count: int,
    texture_count: int,
    layout: Layout,
    randomization: Randomization,
    rng: np.random.Generator,
) -> tuple[Floats64, Floats64, NDArray[np.int32], Floats64]:
    """Colours and textures of every face: alike on all faces, or each face its own."""
    size = (count, SLOTS, FACES)
    low, high = _colors(size, rng), _colors(size, rng)
    texture = rng.integers(0, texture_count, size=size).astype(np.int32)
    if not randomization.on("color"):
        low[:], high[:] = (0.8, 0.2, 0.2), (0.8, 0.2, 0.2)
        low[:, : TABLE_SLOT + 1] = high[:, : TABLE_SLOT + 1] = 0.6
    # Pictures sometimes keep their own colours.
    natural = rng.uniform(size=size) < 0.25
    low[natural], high[natural] = 0.02, 0.95

    same = rng.uniform(size=(count, SLOTS)) < 0.6
    for array in (low, high, texture):
        array[same] = array[same][:, :1]
    flat = rng.uniform(size=(count, SLOTS)) < 0.4
    flat_faces = flat[:, :, None] | (rng.uniform(size=size) < 0.1)
    if not randomization.on("texture"):
        flat_faces[:] = True
    texture[flat_faces] = 0
    # A second draw of contrast: many real textures are faint.
    contrast = rng.uniform(size=(count, SLOTS, 1, 1)) ** 0.7
    high = low + (high - low) * np.where(flat_faces[..., None], 1.0, contrast)
    return low, high, texture, _texture_maps(size, layout, rng)


def _texture_maps(size: tuple[int, int, int], layout: Layout, rng: np.random.Generator) -> Floats64:
    """Affine maps from metres on a face to texture repetitions: fitted to the face, or any scale."""
    extent = 2.0 * layout.half_size.max(axis=-1)[:, :, None]
    fitted = rng.uniform(size=size) < 0.5
    repetitions = np.where(fitted, 1.0, np.exp(rng.uniform(np.log(0.3), np.log(3.0), size=size)))
    scale = repetitions / extent
    scale[:, [FLOOR_SLOT, TABLE_SLOT]] = np.exp(
        rng.uniform(np.log(0.7), np.log(12.0), size=(size[0], 2, 1))
    )
    quarter = rng.integers(0, 4, size=size) * np.pi / 2
    angle = np.where(fitted, quarter, rng.uniform(0, 2 * np.pi, size=size))
    shift = np.where(fitted[..., None], 0.5, rng.uniform(size=(*size, 2)))
    cos, sin = np.cos(angle) * scale, np.sin(angle) * scale
    return np.stack([cos, -sin, shift[..., 0], sin, cos, shift[..., 1]], axis=-1)


def _lights(
    count: int, randomization: Randomization, rng: np.random.Generator
) -> tuple[Floats64, Floats64, Floats64, Floats64, Floats64]:
    """Positions, colours and sizes of one to three lamps; ambient light from above and below."""
    azimuth = rng.uniform(0, 2 * np.pi, size=(count, LIGHTS))
    elevation = np.arcsin(rng.uniform(0.2, 1.0, size=(count, LIGHTS)))
    distance = rng.uniform(0.8, 4.0, size=(count, LIGHTS))
    number = rng.integers(1, LIGHTS + 1, size=count)
    if not randomization.on("light"):
        azimuth[:], elevation[:], distance[:], number[:] = 0.7, 1.0, 3.0, 1
    position = np.stack(
        [
            distance * np.cos(elevation) * np.cos(azimuth),
            distance * np.cos(elevation) * np.sin(azimuth),
            distance * np.sin(elevation),
        ],
        axis=-1,
    )
    tint = 1.0 + rng.normal(0, 0.12, size=(count, LIGHTS, 3))
    power = rng.uniform(0.3, 1.2, size=(count, LIGHTS, 1))
    on = np.arange(LIGHTS) < number[:, None]
    color = np.clip(tint, 0.4, 1.6) * power * on[..., None]
    # What the lamps give in all is fixed here; exposure is the camera's business.
    color *= (rng.uniform(0.5, 1.1, size=count) / color.sum(axis=1).mean(axis=-1))[:, None, None]
    ambient = rng.uniform(0.1, 0.7, size=(count, 1))
    if not randomization.on("light"):
        ambient[:] = 0.4
    up = ambient * np.clip(1.0 + rng.normal(0, 0.1, size=(count, 3)), 0.5, 1.5)
    down = up * rng.uniform(0.2, 0.9, size=(count, 1))
    soft = rng.uniform(size=(count, LIGHTS)) < 0.5
    radius = np.where(soft, rng.uniform(0.02, 0.6, size=(count, LIGHTS)), 0.0)
    if not randomization.on("shadow"):
        color[:] = 0.0
        up += 0.4
    return position, color, radius, up, down

