"""Domain randomization: random scenes with everything that does not matter varied.

`draw_scenes` draws a whole batch at once from the generator that is passed in. Groups can be
switched off by name (`GROUPS`) to see what each is worth; their ranges are in
`ranges/randomization_config.py` and `config/randomization.yaml`.
"""

from __future__ import annotations

import numpy as np

from simreal_sim.randomization.layout.layout import (
    BOARD_SLOT,
    FIRST_BLOCK,
    FIRST_DISTRACTOR,
    SLOTS,
    TABLE_SLOT,
    draw_layout,
)
from simreal_sim.randomization.lights import draw_lights
from simreal_sim.randomization.materials import draw_colors, draw_materials
from simreal_sim.randomization.ranges.randomization_config import RandomizationConfig
from simreal_sim.randomization.tabletop_materials import dress_tabletops
from simreal_sim.rendering.scene import EMPTY, Floats, SceneBatch
from simreal_sim.rendering.textures import pick_textures

PLAIN_BACKDROP = 0.5


def draw_scenes(
    count: int, texture_count: int, randomization: RandomizationConfig, rng: np.random.Generator
) -> SceneBatch:
    """Draw `count` scenes; `texture_count` is the size of the texture pool they refer to."""
    layout = draw_layout(count, randomization, rng)
    materials = draw_materials(layout, texture_count, randomization, rng)
    dress_tabletops(layout, materials, texture_count, randomization, rng)
    lights = draw_lights(count, randomization, rng)
    low, high = draw_colors((2, count), randomization, rng)
    backdrop = pick_textures((count,), texture_count, rng)
    if not randomization.on("clutter"):
        low[:], high[:], backdrop[:] = PLAIN_BACKDROP, PLAIN_BACKDROP, 0
    reflectance, roughness = _draw_reflections(count, randomization, rng)
    is_block = np.zeros((count, SLOTS), dtype=bool)
    blocks = slice(FIRST_BLOCK, FIRST_DISTRACTOR)
    is_block[:, blocks] = layout.shape[:, blocks] != EMPTY
    arrays = dict(
        edge=layout.edge, rotation=layout.rotation, position=layout.position,
        half_size=layout.half_size,
        color_low=materials.color_low, color_high=materials.color_high,
        texture_map=materials.texture_map, specular=materials.specular * lights.highlight[:, None],
        shininess=materials.shininess, reflectance=reflectance, roughness=roughness,
        edge_radius=materials.edge_radius, edge_tint=materials.edge_tint,
        light_position=lights.position, light_color=lights.color, light_radius=lights.radius,
        ambient_up=lights.ambient_up, ambient_down=lights.ambient_down,
        backdrop_low=low, backdrop_high=high,
    )  # fmt: skip
    return SceneBatch(
        shape=layout.shape,
        is_block=is_block,
        texture=materials.texture,
        backdrop=backdrop,
        block=randomization.shape,
        **{name: np.ascontiguousarray(a, dtype=np.float32) for name, a in arrays.items()},
    )


def _draw_reflections(
    count: int, randomization: RandomizationConfig, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """Draw the mirrors among tables and boards: reflectance (B, P) and roughness (B,), radians."""
    # From a stream of its own: without reflections scenes are otherwise the same. The seed itself is
    # left as it is (`rng.spawn` counts): who draws by it again gets the same scenes.
    seed = rng.bit_generator.seed_seq
    assert isinstance(seed, np.random.SeedSequence)  # every `default_rng` has one
    own = np.random.default_rng(
        np.random.SeedSequence(seed.entropy, spawn_key=(*seed.spawn_key, 0))
    )
    ranges = randomization.reflection
    surfaces = [TABLE_SLOT, BOARD_SLOT]
    polished = ranges.share.draw((count, 2), own) & randomization.on("reflection")
    reflectance = np.zeros((count, SLOTS), dtype=np.float32)
    reflectance[:, surfaces] = np.where(polished, ranges.at_normal.draw((count, 2), own), 0.0)
    return reflectance, np.radians(ranges.roughness_deg.draw(count, own)).astype(np.float32)
