"""Ranges that no scene can have are refused in words that say which, and how to mend it."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from simreal_common.errors import ConfigurationError
from simreal_sim.randomization.ranges.randomization_config import GROUPS, RandomizationConfig
from simreal_sim.randomization.ranges.range_limits import RANGE_LIMITS
from simreal_sim.randomization.ranges.ranges import Integers, Normal, Uniform
from simreal_sim.randomization.ranges.sensor_ranges import LIMITS

COUNTED = {("tabletop", "blocks"), ("tabletop", "things")}  # numbers of things: scene_limits


def limited() -> list[tuple[str, str]]:
    """Every range that is neither a share, weights nor a number of things."""
    config = RandomizationConfig()
    return [
        (group, field.name)
        for group in GROUPS
        for field in dataclasses.fields(getattr(config, group))
        if isinstance(getattr(getattr(config, group), field.name), Uniform | Normal)
        and not isinstance(getattr(getattr(config, group), field.name), Integers)
        and (group, field.name) not in COUNTED
    ]


def test_every_range_has_limits() -> None:
    known = {(group, key) for group, keys in RANGE_LIMITS.items() for key in keys}
    assert known | {("sensor", key) for key in LIMITS} == set(limited())


@pytest.mark.parametrize(("group", "key"), [one for one in limited() if one[0] != "sensor"])
def test_what_lies_beyond_is_refused_by_name(group: str, key: str, tmp_path: Path) -> None:
    _, most, _ = RANGE_LIMITS[group][key]
    usual = getattr(getattr(RandomizationConfig(), group), key)
    beyond = 1.5 * most
    value = f"{beyond}" if isinstance(usual, Normal) else f"[{beyond}, {beyond}]"
    file = tmp_path / "mine.yaml"
    file.write_text(f"{group}: {{{key}: {value}}}")
    with pytest.raises(ConfigurationError, match=rf"mine.yaml: {group}: {key}: got .*wanted"):
        RandomizationConfig.load(file)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("edge: {edge_m: [0.02, 30]}", "got [0.02, 30], wanted [low, high] from 0.005 to 0.5, metres"),
        ("camera: {sine_elevation: [0, 1.5]}", "from 0 to 1, the sine of an angle"),
        ("camera: {fov_deg: [35, 190]}", "from 5 to 150, degrees"),
        ("stacking: {turn_deg: 400}", "a standard deviation up to 90, degrees"),
    ],
)  # fmt: skip
def test_the_words_name_limits_and_unit(text: str, words: str, tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(text)
    with pytest.raises(ConfigurationError) as refused:
        RandomizationConfig.load(file)
    assert words in str(refused.value)


def test_a_file_with_values_at_the_limits_is_taken(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("edge: {edge_m: [0.005, 0.5]}\ncamera: {sine_elevation: [0.0, 1.0]}")
    assert RandomizationConfig.load(file).edge.edge_m.high == 0.5
