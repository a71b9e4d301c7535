"""Scenes of a file's ranges, for models that are made for a domain of their own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from simreal_cli.cli import main
from simreal_common.errors import ConfigurationError
from simreal_perception.evaluation.evaluation_scenes import LEAST_VISIBLE, SceneSource

RANGES = "edge: {edge_m: [0.03, 0.035]}\ncamera: {distance_m: [0.3, 0.35]}\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "near.yaml"
    path.write_text(RANGES)
    return path


def test_scenes_are_of_the_ranges_given(file: Path) -> None:
    source = SceneSource(8, 1, ranges=file)
    assert "of near.yaml" in source.name
    examples = list(source.examples(range(8)))
    edges = [example.edge for example in examples]
    assert 0.03 <= min(edges) < max(edges) <= 0.0351
    wanted = [block for example in examples for block in example.blocks]
    assert wanted
    for block in wanted:
        assert 0.3 <= np.linalg.norm(block.position) <= 0.35
    shares = [s for e in examples for s in e.visible[: len(e.blocks)]]
    assert min(shares) >= LEAST_VISIBLE


def test_without_a_file_blocks_are_50_mm(file: Path) -> None:
    SceneSource(1, 1, ranges=file)
    for example in SceneSource(3, 1).examples(range(3)):
        assert example.edge == pytest.approx(0.05)


def test_ranges_that_cannot_be_read_are_refused_before_anything_is_drawn(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot read .*nowhere.yaml"):
        SceneSource(1, 1, ranges=tmp_path / "nowhere.yaml")


def test_ranges_belong_to_scenes(file: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", "--world", "1", "--ranges", str(file)]) == 2
    assert "--ranges is of --scenes" in capfd.readouterr().err


def test_held_blocks_are_in_the_air_one_in_a_scene() -> None:
    seen = 0
    for example in SceneSource(8, 3, split="held").examples(range(8)):
        poses = [*example.blocks, *example.hidden]
        assert example.plane is not None
        assert len(poses) <= 1
        for pose in poses:
            seen += 1
            height = example.plane.normal @ pose.position - example.plane.offset
            assert height > 0.5 * example.edge + 0.005
    assert seen >= 5
