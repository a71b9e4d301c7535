"""Blocks that are no cubes stand, lie, lean and are held, and go through nothing."""

from __future__ import annotations

import numpy as np
import pytest

from simreal_common.settings.yaml_loader import load_settings
from simreal_common.shapes.registry import EXAMPLES
from simreal_common.shapes.shape import Shape
from simreal_sim.randomization.layout.layout import (
    FIRST_BLOCK,
    FIRST_DISTRACTOR,
    FIRST_ROBOT,
    Layout,
    draw_layout,
)
from simreal_sim.randomization.layout.placement import overlap
from simreal_sim.randomization.ranges.randomization_config import (
    HeldRanges,
    RandomizationConfig,
    StackingRanges,
)
from simreal_sim.randomization.ranges.ranges import Share
from simreal_sim.rendering.scene import BOX, CYLINDER, EMPTY

SHAPES = {
    kind: Shape.from_plain({"kind": kind, **load_settings(f"{{{measures}}}")})
    for kind, measures in EXAMPLES.items()
    if kind != "cube"
}
every_shape = pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
BLOCKS = slice(FIRST_BLOCK, FIRST_DISTRACTOR)
CLOSE = 1e-5  # of an edge


def layout_of(shape: Shape, count: int, seed: int, off: set[str] | None = None) -> Layout:
    randomization = RandomizationConfig(frozenset(off or set()), shape=shape)
    return draw_layout(count, randomization, np.random.default_rng(seed))


def lows(layout: Layout, shape: Shape) -> np.ndarray:
    """Heights of the lowest points of the blocks over the table, edges; nan where there is none."""
    edge = layout.half_size[:, BLOCKS, 0] / shape.half_extents[0]
    up = layout.rotation[:, BLOCKS, 2] @ shape.vertices.T
    low = layout.position[:, BLOCKS, 2] / edge + up.min(axis=-1)
    return np.where(layout.shape[:, BLOCKS] == EMPTY, np.nan, low)


@every_shape
def test_blocks_have_their_shape_and_none_lies_in_the_table(shape: Shape) -> None:
    layout = layout_of(shape, 60, 1)
    present = layout.shape[:, BLOCKS] != EMPTY
    assert present.any(axis=1).all()
    half = layout.half_size[:, BLOCKS][present]
    np.testing.assert_allclose(
        half / half[:, :1], np.broadcast_to(shape.half_extents / shape.half_extents[0], half.shape)
    )
    low = lows(layout, shape)[present]
    assert low.min() > -CLOSE
    assert (low < CLOSE).mean() > 0.3  # most stand on the table


@every_shape
def test_what_encloses_blocks_does_not_overlap(shape: Shape) -> None:
    layout = layout_of(shape, 40, 2)
    for scene in range(40):
        slots = np.flatnonzero(layout.shape[scene, :FIRST_ROBOT] != EMPTY)
        blocks = slots[(slots >= FIRST_BLOCK) & (slots < FIRST_DISTRACTOR)]
        for first in blocks:
            for second in slots[slots > first]:
                pairs = (
                    (
                        layout.position[scene, s],
                        layout.rotation[scene, s],
                        layout.half_size[scene, s],
                    )
                    for s in (first, second)
                )
                (pa, ra, ha), (pb, rb, hb) = pairs
                assert not overlap(pa, ra, ha, pb, rb, hb, CLOSE * layout.edge[scene])


@every_shape
def test_without_leaning_and_hands_they_rest_on_faces(shape: Shape) -> None:
    layout = layout_of(shape, 60, 3, {"leaning", "held", "stacking", "tabletop"})
    edge = layout.half_size[:, BLOCKS, 0] / shape.half_extents[0]
    up = layout.rotation[:, BLOCKS, 2] @ shape.vertices.T
    resting = (up < up.min(axis=-1, keepdims=True) + CLOSE).sum(axis=-1)
    present = layout.shape[:, BLOCKS] != EMPTY
    assert (resting[present] >= (2 if shape.is_round else 3)).all()
    assert np.nanmax(np.abs(lows(layout, shape))) < CLOSE
    assert len(np.unique(up.min(axis=-1)[present].round(4))) > (shape.kind not in ("tetrahedron",))
    assert (edge[present] > 0).all()


def test_flat_topped_ones_are_stacked_and_pointed_ones_are_not() -> None:
    stacking = StackingRanges(on_top=Share(0.9), beside=Share(0.0))
    off = frozenset({"leaning", "held", "tabletop"})
    for kind, stacks in (("cuboid", True), ("prism", True), ("cylinder", True), ("cone", False)):
        shape = SHAPES[kind]
        config = RandomizationConfig(off, stacking=stacking, shape=shape)
        low = lows(draw_layout(60, config, np.random.default_rng(4)), shape)
        assert (np.nanmax(low) > 0.3) == stacks, kind


def test_one_is_held_where_a_hand_is() -> None:
    shape = SHAPES["cuboid"]
    config = RandomizationConfig(held=HeldRanges(held=Share(1.0)), shape=shape)
    low = lows(draw_layout(40, config, np.random.default_rng(5)), shape)
    assert (np.nanmax(low, axis=1) > 0.1).mean() > 0.8


@pytest.mark.parametrize("kind", ["cuboid", "cylinder"])
def test_no_distractor_passes_for_a_block(kind: str) -> None:
    shape = SHAPES[kind]
    layout = layout_of(shape, 400, 6, {"robot", "leaning", "tabletop"})
    slots = slice(FIRST_DISTRACTOR, FIRST_ROBOT)
    same = layout.shape[:, slots] == (CYLINDER if kind == "cylinder" else BOX)
    ratio = np.sort(layout.half_size[:, slots], axis=-1) / np.sort(shape.half_extents)
    alike = ratio.max(axis=-1) < 1.2 * ratio.min(axis=-1)
    assert same.sum() > 100
    assert not (same & alike).any()
