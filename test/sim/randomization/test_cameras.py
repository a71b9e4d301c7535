"""Where cameras stand and what their lenses do, for whole images and for training."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simreal_sim.randomization.cameras import (
    draw_distances,
    draw_distortion,
    draw_stands,
    draw_views,
    undistorted,
)
from simreal_sim.randomization.random_scenes import draw_scenes
from simreal_sim.randomization.ranges.randomization_config import (
    GROUPS,
    CameraRanges,
    RandomizationConfig,
)
from simreal_sim.randomization.ranges.ranges import Normal, Share, Uniform

COUNT = 4000


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def cameras(**ranges: object) -> RandomizationConfig:
    return RandomizationConfig(camera=CameraRanges(**ranges))  # type: ignore[arg-type]


def test_a_share_of_cameras_hangs_above_the_table_rolled_anyhow() -> None:
    ranges = dict(sine_elevation=Uniform(0.1, 0.5), any_roll=Share(0.0), roll_deg=Normal(2.0))
    stands = draw_stands(
        COUNT, cameras(overhead=Share(0.4), overhead_deg=Uniform(5.0, 20.0), **ranges), rng()
    )
    np.testing.assert_allclose(np.linalg.norm(stands.away, axis=1), 1.0)
    overhead = stands.away[:, 2] > 0.75
    assert overhead.mean() == pytest.approx(0.4, abs=0.03)
    from_vertical = np.degrees(np.arccos(stands.away[overhead, 2]))
    assert 4.999 < from_vertical.min() < 6 and 19.5 < from_vertical.max() < 20.001
    # Even over the cap: as many cameras as there is area.
    inner = (np.cos(np.radians(5)) - np.cos(np.radians(12))) / (
        np.cos(np.radians(5)) - np.cos(np.radians(20))
    )
    assert (from_vertical < 12).mean() == pytest.approx(inner, abs=0.04)
    others = stands.away[~overhead, 2]
    assert 0.1 <= others.min() < 0.11 and 0.49 < others.max() <= 0.5
    assert np.abs(stands.roll[~overhead]).max() <= np.radians(6.001)
    rolled = np.histogram(stands.roll[overhead], 4, (-np.pi, np.pi))[0] / overhead.sum()
    np.testing.assert_allclose(rolled, 0.25, atol=0.05)


def test_cameras_that_are_not_randomized_stand_alike() -> None:
    stands = draw_stands(9, RandomizationConfig(frozenset({"camera"})), rng())
    assert (stands.away == stands.away[0]).all()
    assert (stands.roll == 0).all()


def test_whole_images_are_taken_from_above_as_often_as_their_ranges_say() -> None:
    scenes = draw_scenes(150, 30, RandomizationConfig(frozenset({"robot", "held"})), rng(1))
    index = np.repeat(np.arange(150), 3)
    for share in (0.0, 1.0):
        randomization = cameras(
            overhead=Share(share), overhead_deg=Uniform(0.0, 3.0),
            sine_elevation=Uniform(0.1, 0.6), off_axis=Uniform(0.0, 0.0),
        )  # fmt: skip
        views = draw_views(scenes, index, 320, 240, randomization, rng(2))
        down = -views.rotation[:, 2, 2]
        above = (down > np.cos(np.radians(3.01))).mean()
        assert above == share if share == 0 else above > 0.97  # few had to make way for something


def test_training_cameras_are_as_far_as_their_ranges_say() -> None:
    edge = np.geomspace(0.02, 0.1, COUNT)
    distance = draw_distances(edge, RandomizationConfig(), rng())
    ranges = RandomizationConfig().camera
    assert (distance / edge).min() >= ranges.distance_edges.low * 0.999
    assert (distance / edge).max() <= ranges.distance_edges.high * 1.001
    assert ranges.farthest_m.low < distance.max() <= ranges.farthest_m.high
    assert np.quantile(distance[edge < 0.025] / edge[edge < 0.025], 0.99) > 70


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0.3, 1.2))
def test_undistorted_rays_are_bent_to_where_they_were(seed: int, corner: float) -> None:
    """For every lens that is drawn, wherever the image shows something."""
    generator = rng(seed)
    every = RandomizationConfig()
    every = dataclasses.replace(every, lens=dataclasses.replace(every.lens, share=Share(1.0)))
    reach = np.full(50, corner)
    lens = draw_distortion(reach, reach, every, generator)
    assert lens.any(axis=1).mean() > 0.9
    angle = generator.uniform(0, 2 * np.pi, 50)
    radius = corner * generator.uniform(size=50)
    bent = np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])
    ideal = undistorted(bent, lens)
    square = (ideal**2).sum(axis=1)
    again = ideal * (1 + square * (lens[:, 0] + square * lens[:, 1]))[:, None]
    # A hundredth of a pixel, of 500 from the middle to a corner.
    assert np.abs(again - bent).max() < 0.01 * corner / 500


def test_without_lenses_rays_stay() -> None:
    bent = rng().normal(size=(20, 2))
    np.testing.assert_allclose(undistorted(bent, np.zeros((20, 2))), bent)
    np.testing.assert_array_equal(undistorted(np.zeros((1, 2)), np.array([[0.1, 0.0]])), 0.0)
    off = RandomizationConfig(frozenset(GROUPS))
    assert not draw_distortion(np.ones(20), np.ones(20), off, rng()).any()
