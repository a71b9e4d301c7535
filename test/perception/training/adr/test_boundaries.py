"""Ranges open from a point to their limits, each end by itself."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("torch", reason="training needs torch: pip install '.[train]'")

from simreal_perception.training.adr.boundaries import boundaries, opened, pinned  # noqa: E402
from simreal_sim.randomization.random_scenes import draw_scenes  # noqa: E402
from simreal_sim.randomization.ranges.randomization_config import RandomizationConfig  # noqa: E402
from simreal_sim.randomization.ranges.ranges import LogUniform, Share, Uniform  # noqa: E402

LIMITS = RandomizationConfig.load()
NAMES = [boundary.name for boundary in boundaries(LIMITS)]


def test_all_open_are_the_ranges_themselves() -> None:
    assert opened(LIMITS, dict.fromkeys(NAMES, 1.0)) == LIMITS


def test_all_closed_are_points_and_few_things() -> None:
    plain = opened(LIMITS, {})
    assert plain.camera.fov_deg.low == plain.camera.fov_deg.high == pytest.approx(62.5)
    assert plain.edge.edge_m.low == plain.edge.edge_m.high == pytest.approx(np.sqrt(0.02 * 0.1))
    assert plain.number.blocks.high == plain.number.blocks.low == 1
    assert plain.distractors.number.high == 0
    assert plain.held.held == Share(0.0)
    assert plain.light.tint.sigma == 0.0
    assert plain.distractors.kinds == LIMITS.distractors.kinds
    assert draw_scenes(3, 20, plain, np.random.default_rng(1)).size == 3


@given(st.dictionaries(st.sampled_from(NAMES), st.floats(0.0, 1.0)), st.sampled_from(NAMES))
@settings(max_examples=60, deadline=None)
def test_ranges_stay_within_their_limits_and_grow_with_their_shares(
    shares: dict[str, float], name: str
) -> None:
    group, key, _ = name.split(".")
    limit = getattr(getattr(LIMITS, group), key)
    inner = getattr(getattr(opened(LIMITS, shares), group), key)
    outer = getattr(getattr(opened(LIMITS, {**shares, name: 1.0}), group), key)
    if isinstance(limit, Uniform):
        assert limit.low <= outer.low <= inner.low <= inner.high <= outer.high <= limit.high
    else:
        assert inner.plain() <= outer.plain() <= limit.plain()


def test_at_a_boundary_one_range_is_a_point_and_the_others_are_as_they_were() -> None:
    shares = dict.fromkeys(NAMES, 0.5)
    (high,) = (one for one in boundaries(LIMITS) if one.name == "camera.fov_deg.high")
    now, at = opened(LIMITS, shares), pinned(LIMITS, shares, high)
    assert at.camera.fov_deg == Uniform(now.camera.fov_deg.high, now.camera.fov_deg.high)
    camera = dataclasses.replace(at.camera, fov_deg=now.camera.fov_deg)
    assert dataclasses.replace(at, camera=camera) == now


def test_what_is_switched_off_or_a_point_has_no_boundary() -> None:
    edge = dataclasses.replace(LIMITS.edge, edge_m=LogUniform(0.05, 0.05), several=Share(0.0))
    limits = dataclasses.replace(LIMITS, edge=edge, disabled=frozenset({"camera", "lens"}))
    names = {boundary.name for boundary in boundaries(limits)}
    assert not any(
        name.startswith(("camera.", "lens.", "edge.edge_m", "edge.several")) for name in names
    )
    assert "edge.ratio.low" in names
