"""Random scenes: the same seed gives the same, switched off is off, ranges are kept and reached."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from simreal_common.block_estimate import BLOCK_EDGE_M
from simreal_common.errors import ConfigurationError
from simreal_sim.randomization.layout.layout import (
    BOARD_SLOT,
    FIRST_BLOCK,
    FIRST_CLUTTER,
    FIRST_DISTRACTOR,
    FIRST_ROBOT,
    TABLE_SLOT,
)
from simreal_sim.randomization.random_scenes import draw_scenes
from simreal_sim.randomization.ranges.randomization_config import (
    GROUPS,
    EdgeRanges,
    NumberRanges,
    RandomizationConfig,
    TabletopRanges,
)
from simreal_sim.randomization.ranges.ranges import (
    Integers,
    LogUniform,
    Normal,
    Share,
    Uniform,
    Weights,
    weights,
)
from simreal_sim.rendering.scene import EMPTY, SceneBatch
from simreal_sim.rendering.textures import BLOCK_FACES, GRAINS, MATERIALS, PATTERNS, PRINTED

BLOCKS = slice(FIRST_BLOCK, FIRST_DISTRACTOR)
POOL = 60


def scenes_of(count: int, seed: int, *off: str) -> SceneBatch:
    return draw_scenes(
        count, POOL, RandomizationConfig(frozenset(off)), np.random.default_rng(seed)
    )


def test_the_same_seed_gives_the_same_scenes() -> None:
    first, second, other = scenes_of(8, 4), scenes_of(8, 4), scenes_of(8, 5)
    for field in dataclasses.fields(SceneBatch):
        np.testing.assert_array_equal(getattr(first, field.name), getattr(second, field.name))
    assert not np.array_equal(first.position, other.position)


def test_the_file_holds_the_defaults_of_every_group() -> None:
    assert RandomizationConfig.load() == RandomizationConfig()


def test_a_file_changes_what_it_names(tmp_path: Path) -> None:
    path = tmp_path / "ranges.yaml"
    path.write_text("edge: {edge_m: [0.03, 0.04]}\nnumber: {blocks: [2, 3]}\n", encoding="utf-8")
    randomization = RandomizationConfig.load(path, disabled=["robot", "tabletop"])
    assert randomization.lens == RandomizationConfig().lens
    assert not randomization.on("robot") and randomization.on("edge")
    scenes = draw_scenes(60, POOL, randomization, np.random.default_rng(0))
    assert 0.03 <= scenes.edge.min() < scenes.edge.max() <= 0.04
    assert set(scenes.is_block.sum(axis=1)) == {2, 3}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("egde: {}", "egde is no group; the groups are edge, "),
        ("[1, 2]", "got .1, 2., wanted keys out of edge, "),
        ("edge: {size: 1}", "edge: size is not known; the keys are edge_m"),
        ("edge: 3", "edge: got 3, wanted keys"),
        ("edge: {edge_m: [0.1, 0.02]}", "edge: edge_m: got .0.1, 0.02., wanted .*low <= high"),
        ("edge: {edge_m: [0, 0.02]}", "above zero"),
        ("edge: {edge_m: 0.05}", "wanted two numbers"),
        ("edge: {edge_m: [a, b]}", "edge: edge_m: got 'a', wanted a number"),
        ("edge: {edge_m: [.nan, 1]}", "low <= high"),
        ("rim: {share: 1.2}", "rim: share: got 1.2, wanted a share from 0 to 1"),
        ("rim: {share: true}", "got True, wanted a number"),
        ("light: {tint: -1}", "standard deviation"),
        ("number: {blocks: [1, 31]}", "number: blocks: got .1, 31., wanted numbers from 1 to 30"),
        ("edge: {ratio: [0.5, 1.2]}", "edge: ratio: got .0.5, 1.2., wanted numbers up to 1"),
        ("edge: {several: 2}", "edge: several: got 2, wanted a share"),
        ("tabletop: {share: -0.1}", "tabletop: share: got -0.1, wanted a share"),
        ("tabletop: {blocks: [1, 31]}", "tabletop: blocks: got up to 31, wanted at most 30"),
        ("tabletop: {things: [1, 25]}", "tabletop: things: got up to 25, wanted at most 24"),
        ("tabletop: {things: [0, 5]}", "tabletop: things: .*above zero"),
        ("tabletop: {sheets: [0, 5]}", "tabletop: sheets: got .0, 5., wanted numbers from 0 to 4"),
        ("tabletop: {looks: {gold: 1}}", "looks: gold is not known; the keys are paint"),
        ("tabletop: {grounds: {plain: 0}}", "tabletop: grounds: .*one above zero"),
        ("camera: {overhead: 1.5}", "camera: overhead: got 1.5, wanted a share"),
        ("camera: {overhead_deg: [30, 10]}", "camera: overhead_deg: .*low <= high"),
        ("camera: {distance_edges: [0, 10]}", "camera: distance_edges: .*above zero"),
        ("number: {blocks: [1, 2.5]}", "whole numbers"),
        ("distractors: {kinds: {blal: 1}}", "kinds: blal is not known; the keys are ball"),
        ("distractors: {kinds: {ball: 0}}", "one above zero"),
        ("distractors: {near_cube_ratio: [1.1, 1.5]}", "passes for a block"),
        ("a: [", "cannot read"),
    ],
)
def test_a_wrong_file_is_refused_in_one_line(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "ranges.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError, match=message) as caught:
        RandomizationConfig.load(path)
    assert "\n" not in str(caught.value) and str(path) in str(caught.value)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot read .*none.yaml"):
        RandomizationConfig.load(tmp_path / "none.yaml")


def test_an_unknown_group_is_refused_with_the_names_that_exist() -> None:
    with pytest.raises(ConfigurationError, match="colour.*distractors"):
        RandomizationConfig(frozenset({"colour"}))


@pytest.mark.parametrize("seed", range(3))
def test_ranges_are_reached_and_never_left(seed: int) -> None:
    rng = np.random.default_rng(seed)
    for uniform in (Uniform(-2.0, 5.0), LogUniform(0.02, 0.1)):
        drawn = uniform.draw(4000, rng)
        room = 0.01 * (uniform.high - uniform.low)
        assert uniform.low <= drawn.min() < uniform.low + room
        assert uniform.high - room < drawn.max() <= uniform.high
    assert np.median(LogUniform(0.01, 1.0).draw(4000, rng)) == pytest.approx(0.1, rel=0.15)
    assert set(Integers(2, 4).draw_integers(200, rng)) == {2, 3, 4}
    normal = Normal(2.0).draw(4000, rng)
    assert np.abs(normal).max() <= 6.0 and normal.std() == pytest.approx(2.0, rel=0.1)
    assert Share(0.3).draw(4000, rng).mean() == pytest.approx(0.3, abs=0.04)
    kinds = weights(a=1.0, b=0.0, c=3.0).draw(4000, rng)
    assert (kinds != 1).all() and (kinds == 2).mean() == pytest.approx(0.75, abs=0.04)


def distractors_in(scenes: SceneBatch) -> np.ndarray:
    return (scenes.shape[:, FIRST_DISTRACTOR:FIRST_ROBOT] != EMPTY).sum(axis=1)


def test_scenes_reach_every_number_of_blocks_and_things_and_every_size() -> None:
    wild, scenes = scenes_of(600, 1, "tabletop"), scenes_of(600, 1)
    assert set(wild.is_block.sum(axis=1)) == set(range(1, 7))
    assert set(distractors_in(wild)) == set(range(11))
    blocks, distractors = scenes.is_block.sum(axis=1), distractors_in(scenes)
    assert blocks.min() == 1 and 27 <= blocks.max() <= 30
    assert distractors.min() == 0 and 20 <= distractors.max() <= 24
    assert 0.02 <= scenes.edge.min() < 0.0205 and 0.0975 < scenes.edge.max() <= 0.1
    lamps = (scenes.light_color.sum(axis=-1) > 0).sum(axis=1)
    assert set(lamps) == {1, 2, 3}
    assert 0.3 < (scenes.light_radius > 0).mean() < 0.7


def test_blocks_are_cubes_of_their_scene_and_other_boxes_are_none() -> None:
    scenes = scenes_of(400, 2)
    half = scenes.half_size[scenes.is_block]
    np.testing.assert_allclose(half, np.repeat(half[:, :1], 3, axis=1), rtol=1e-6)
    share = 2 * half[:, 0] / np.repeat(scenes.edge, scenes.is_block.sum(axis=1))
    assert share.min() >= 0.5 - 1e-6 and share.max() <= 1 + 1e-6
    assert 0.6 < (share > 1 - 1e-6).mean() < 0.9
    np.testing.assert_array_equal(scenes.own_edge[scenes.is_block], 2 * half[:, 0])
    boxes = (scenes.shape == 1) & ~scenes.is_block
    boxes[:, FIRST_ROBOT:] = False
    boxes[:, : TABLE_SLOT + 1] = False
    half = scenes.half_size[boxes]
    assert (half.max(axis=1) / half.min(axis=1)).min() > 1.2


def test_with_everything_off_all_scenes_look_alike() -> None:
    scenes = scenes_of(20, 3, *GROUPS)
    assert (scenes.is_block.sum(axis=1) == 1).all()
    np.testing.assert_allclose(scenes.edge, BLOCK_EDGE_M)
    assert (scenes.shape[:, FIRST_DISTRACTOR:] == EMPTY).all()
    assert (scenes.shape[:, BOARD_SLOT:FIRST_BLOCK] == EMPTY).all()
    for name in ("texture", "color_high", "specular", "edge_radius", "light_color", "ambient_up"):
        values = getattr(scenes, name)
        assert (values == values[:1]).all(), name
    assert (scenes.texture == 0).all()
    assert (scenes.rotation == np.eye(3)).all()
    np.testing.assert_allclose(scenes.position[:, FIRST_BLOCK, 2], BLOCK_EDGE_M / 2)
    assert (scenes.backdrop_low == 0.5).all()


@pytest.mark.parametrize(
    ("group", "is_off"),
    [
        ("edge", lambda s: np.ptp(s.edge) == 0 and np.ptp(s.own_edge[s.is_block]) == 0),
        ("number", lambda s: (s.is_block.sum(axis=1) == 1).all()),
        ("tabletop", lambda s: (s.shape[:, BOARD_SLOT:FIRST_BLOCK] == EMPTY).all()
                               and s.is_block.sum(axis=1).max() <= 6),
        ("distractors", lambda s: (s.shape[:, FIRST_DISTRACTOR:FIRST_ROBOT] == EMPTY).all()),
        ("robot", lambda s: (s.shape[:, FIRST_ROBOT:FIRST_CLUTTER] == EMPTY).all()),
        ("clutter", lambda s: (s.shape[:, FIRST_CLUTTER:] == EMPTY).all()),
        ("texture", lambda s: (s.texture[:, BLOCKS] == 0).all()),
        ("color", lambda s: len(np.unique(s.color_high[:, FIRST_BLOCK].reshape(-1, 3), axis=0)) == 1),
        ("rim", lambda s: (s.edge_radius == 0).all()),
        ("gloss", lambda s: (s.specular == 0).all()),
        ("reflection", lambda s: (s.reflectance == 0).all()),
        ("light", lambda s: np.ptp(s.light_position) < 5 and (s.ambient_up == s.ambient_up[0]).all()),
        ("shadow", lambda s: (s.light_color == 0).all()),
        ("table", lambda s: (s.half_size[:, TABLE_SLOT, 2] == s.half_size[0, TABLE_SLOT, 2]).all()),
    ],
)  # fmt: skip
def test_each_group_can_be_switched_off(group: str, is_off) -> None:  # type: ignore[no-untyped-def]
    assert not is_off(scenes_of(40, 6))
    assert is_off(scenes_of(40, 6, group))


def test_many_blocks_have_one_colour_and_some_scenes_one_set() -> None:
    scenes = scenes_of(400, 8, "tabletop")
    plain = (scenes.texture == 0).all(axis=-1)
    plain &= (scenes.color_high == scenes.color_high[:, :, :1]).all(axis=(-1, -2))
    assert 0.3 < plain[scenes.is_block].mean() < 0.5
    many = scenes.is_block.sum(axis=1) > 1
    first = scenes.color_high[:, FIRST_BLOCK : FIRST_BLOCK + 1]
    alike = (scenes.color_high == first).all(axis=(-1, -2)) | ~scenes.is_block
    assert 0.15 < alike.all(axis=1)[many].mean() < 0.5


def only(ranges: Weights, name: str) -> Weights:
    return Weights(ranges.names, tuple(float(other == name) for other in ranges.names))


def set_up(count: int, looks: str, grounds: str) -> SceneBatch:
    """Scenes as people set them up, of one look; every texture of a large pool tells its kind."""
    ranges = TabletopRanges()
    randomization = RandomizationConfig(
        tabletop=dataclasses.replace(
            ranges,
            share=Share(1.0),
            looks=only(ranges.looks, looks),
            grounds=only(ranges.grounds, grounds),
        )
    )
    return draw_scenes(count, 3 * len(PATTERNS), randomization, np.random.default_rng(9))


def kinds_of(texture: np.ndarray) -> set[int]:
    return set(np.unique(texture % len(PATTERNS)))


def test_blocks_of_a_set_up_scene_are_of_one_kind() -> None:
    """Painted, of wood, or with a print on each face."""
    painted, wooden, marked = (set_up(60, look, "plain") for look in ("paint", "wood", "faces"))
    for scenes in (painted, wooden):
        assert kinds_of(scenes.texture[scenes.is_block]) <= {0, *GRAINS}
        one_color = (scenes.color_high == scenes.color_high[:, :, :1]).all(axis=(-1, -2))
        assert one_color[scenes.is_block].all()
    red, green, blue = wooden.color_high[wooden.is_block][:, 0].T
    assert (red > green - 0.2).all() and (green > blue - 0.2).all() and (red > blue).mean() > 0.95
    assert kinds_of(marked.texture[marked.is_block]) <= set(BLOCK_FACES)
    for scene in range(marked.size):
        blocks = marked.is_block[scene]
        assert len(kinds_of(marked.texture[scene][blocks])) == 1
        # Each print fills its face once, whatever the block's size.
        linear = marked.texture_map[scene][blocks][:, :, [0, 1, 3, 4]]
        per_m = np.hypot(linear[..., 0], linear[..., 2])
        np.testing.assert_allclose(per_m * marked.own_edge[scene][blocks, None], 1.0, rtol=1e-4)


@pytest.mark.parametrize(
    ("grounds", "kinds"), [("printed", PRINTED), ("material", MATERIALS), ("plain", (0,))]
)
def test_grounds_are_printed_of_some_material_or_plain(
    grounds: str, kinds: tuple[int, ...]
) -> None:
    scenes = set_up(60, "wild", grounds)
    ground = np.s_[:, TABLE_SLOT:FIRST_BLOCK]
    assert kinds_of(scenes.texture[ground][scenes.shape[ground] != EMPTY]) <= set(kinds)


def test_a_shared_image_fits_blocks_of_every_size() -> None:
    """Of sets, each block's texture is scaled as the block is."""
    randomization = RandomizationConfig(
        frozenset({"tabletop"}),
        color=dataclasses.replace(RandomizationConfig().color, one_set=Share(1.0)),
        edge=EdgeRanges(several=Share(1.0)),
        number=NumberRanges(Integers(6, 6)),
    )
    scenes = draw_scenes(40, POOL, randomization, np.random.default_rng(0))
    blocks = (
        scenes.texture_map[:, BLOCKS][..., [0, 1, 3, 4]] * scenes.own_edge[:, BLOCKS, None, None]
    )
    present = scenes.is_block[:, BLOCKS]
    first = np.broadcast_to(blocks[:, :1], blocks.shape)
    assert (
        np.ptp(scenes.own_edge[scenes.is_block] / scenes.edge.repeat(scenes.is_block.sum(1))) > 0.3
    )
    np.testing.assert_allclose(blocks[present], first[present], rtol=1e-4, atol=1e-5)


def test_textures_stay_within_the_pool_whatever_its_size() -> None:
    for size in (1, 5, 23, 24, 100):
        scenes = draw_scenes(30, size, RandomizationConfig(), np.random.default_rng(size))
        assert scenes.texture.min() >= 0 and scenes.texture.max() < size
