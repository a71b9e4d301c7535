"""Ranges written out whole are read back to the same, and say what changed."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from simreal_sim.randomization.ranges.randomization_config import GROUPS, RandomizationConfig
from simreal_sim.randomization.ranges.ranges import LogUniform, Normal, Share
from simreal_sim.randomization.ranges.sensor_ranges import LogUniformFromZero
from simreal_sim.randomization.ranges_file import (
    changed_keys,
    ranges_sha256,
    ranges_values,
    read_values,
    write_ranges,
)


@settings(max_examples=20, deadline=None)
@given(
    low=st.floats(0.02, 0.05), share=st.floats(0, 1), sigma=st.floats(1e-9, 30),
    exposure=st.floats(1e-3, 0.5),
)  # fmt: skip
def test_what_is_written_is_read_back(
    tmp_path_factory: pytest.TempPathFactory,
    low: float,
    share: float,
    sigma: float,
    exposure: float,
) -> None:
    usual = RandomizationConfig()
    made = dataclasses.replace(
        usual,
        edge=dataclasses.replace(usual.edge, edge_m=LogUniform(low, 0.1)),
        stacking=dataclasses.replace(usual.stacking, on_top=Share(share), turn_deg=Normal(sigma)),
        sensor=dataclasses.replace(
            usual.sensor, exposure=LogUniformFromZero(exposure, 0.5), jpeg_share=Share(share)
        ),
    )
    path = tmp_path_factory.mktemp("ranges") / "all.yaml"
    write_ranges(made, path, "of a run\nwritten by it")
    assert RandomizationConfig.load(path) == made
    assert ranges_sha256(read_values(path)) == ranges_sha256(ranges_values(made))


def test_every_group_and_key_is_written(tmp_path: Path) -> None:
    path = tmp_path / "all.yaml"
    write_ranges(RandomizationConfig(), path)
    written = yaml.safe_load(path.read_text())
    assert tuple(written) == GROUPS
    for name in GROUPS:
        group = getattr(RandomizationConfig(), name)
        assert list(written[name]) == [field.name for field in dataclasses.fields(group)]
    assert written["distractors"]["kinds"]["near_cube"] == 0.25


def test_changes_are_named_and_change_the_hash() -> None:
    old, new = ranges_values(RandomizationConfig()), ranges_values(RandomizationConfig())
    assert changed_keys(old, new) == []
    new["edge"]["edge_m"] = [0.03, 0.1]
    new["distractors"]["kinds"]["ball"] = 2.0
    del old["gloss"]["share"]
    assert changed_keys(old, new) == [
        "distractors.kinds.ball 1.0 -> 2.0",
        "edge.edge_m [0.02, 0.1] -> [0.03, 0.1]",
        "gloss.share none -> 0.4",
    ]
    assert ranges_sha256(old) != ranges_sha256(new)
