"""Every kind of distractors: bodies that can be, and none that passes for a block."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import yaml

from simreal_sim.randomization.distractors.bodies import Bodies, Draw
from simreal_sim.randomization.distractors.registry import DISTRACTORS
from simreal_sim.randomization.ranges.distractor_ranges import DistractorRanges
from simreal_sim.rendering.scene import BOX, CYLINDER, ELLIPSOID

ROOT = Path(__file__).resolve().parents[4]
RANGES = DistractorRanges()


def drawn(kind: str, number: int, seed: int = 3) -> Bodies:
    rng = np.random.default_rng(seed)
    half = RANGES.size_edges.draw((number, 3), rng) / 2
    return DISTRACTORS[kind].draw(
        Draw(half, lambda count: RANGES.near_cube_ratio.draw(count, rng), rng)
    )


@pytest.mark.parametrize("kind", DISTRACTORS)
def test_bodies_have_extents_and_parts_that_are_joined(kind: str) -> None:
    bodies = drawn(kind, 500)
    assert bodies.half.shape == (500, 3) and (bodies.half > 0).all()
    assert bodies.primitive in (BOX, CYLINDER, ELLIPSOID)
    if bodies.primitive == CYLINDER:
        np.testing.assert_array_equal(bodies.half[:, 0], bodies.half[:, 1])
    if bodies.second is not None:
        half, centre = bodies.second.half, bodies.second.centre
        assert half.shape == centre.shape == (500, 3) and (half > 0).all()
        first = np.column_stack([np.zeros((500, 2)), bodies.half[:, 2]])
        assert (np.abs(centre - first) <= half + bodies.half + 1e-9).all()


@pytest.mark.parametrize("kind", DISTRACTORS)
def test_no_box_alone_passes_for_a_cube(kind: str) -> None:
    bodies = drawn(kind, 500)
    if bodies.primitive == BOX:
        ratio = bodies.half.max(axis=1) / bodies.half.min(axis=1)
        assert ratio.min() >= 1.25 - 1e-9


@pytest.mark.parametrize("kind", DISTRACTORS)
def test_a_seed_draws_them_again_and_none_takes_no_number(kind: str) -> None:
    np.testing.assert_array_equal(drawn(kind, 7).half, drawn(kind, 7).half)
    rng = np.random.default_rng(5)
    before = rng.bit_generator.state
    DISTRACTORS[kind].draw(Draw(np.zeros((0, 3)), lambda count: np.zeros(count), rng))
    assert rng.bit_generator.state == before


def test_each_has_its_share_in_the_file_of_ranges() -> None:
    text = (ROOT / "config" / "randomization.yaml").read_text(encoding="utf-8")
    kinds = yaml.safe_load(text)["distractors"]["kinds"]
    assert kinds == {name: one.share for name, one in DISTRACTORS.items()}
