"""Tags on drawn blocks are read where the truth has them; figures go by condition and method."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("numba", reason="drawing needs numba: pip install 'simreal[sim]'")

from simreal_bench.tags.tag_comparison import (
    CONDITIONS,
    METHODS,
    NETWORK,
    NETWORK_ON_TAGS,
    TAGS,
    TagComparison,
    compare_tags,
)
from simreal_bench.tags.tag_plot import draw_comparison
from simreal_bench.tags.tagged_scenes import Conditions, TaggedBlock, TaggedImage, TaggedScenes
from simreal_common.block_estimate import BlockEstimate
from simreal_common.camera import Camera
from simreal_common.geometry import Pose, rotation_distance
from simreal_perception.tags.tag_estimator import TagEstimator
from simreal_perception.tags.tag_layout import TagLayout
from simreal_perception.video.image_io import read_image

LAYOUT = TagLayout()
FRAMES = 6
CAMERA = Camera.pinhole(640, 480, 1.0)


class Nothing:
    def estimate(self, image_rgb: np.ndarray, camera: Camera, edge: float) -> list[BlockEstimate]:
        return []


@pytest.fixture(scope="module")
def pictures() -> list[TaggedImage]:
    scenes = TaggedScenes(4, LAYOUT)
    return [scenes.draw(number) for number in range(FRAMES)]


def test_tags_are_read_where_the_truth_has_the_block(pictures: list[TaggedImage]) -> None:
    """Orientation included: a print on a wrong face, turned or mirrored would not pass."""
    estimator = TagEstimator(LAYOUT)
    right, read = 0, 0
    for picture in pictures:
        truths = {str(block.number): block for block in picture.blocks}
        for found in estimator.estimate(picture.image, picture.camera, picture.edge):
            truth = truths[found.id]
            error = np.linalg.norm(found.pose.position - truth.pose.position)
            turned = np.degrees(rotation_distance(found.pose.rotation, truth.pose.rotation))
            read += 1
            right += bool(error < 0.04 * truth.conditions.distance_m and turned < 10.0)
    assert read >= 5
    assert right >= 0.8 * read


def test_without_tags_all_but_the_blocks_is_the_same(pictures: list[TaggedImage]) -> None:
    for picture in pictures:
        differs = np.abs(picture.image.astype(int) - picture.plain).max(axis=2) > 40
        assert differs.mean() < 0.4
        assert TagEstimator(LAYOUT).estimate(picture.plain, picture.camera, picture.edge) == []
    assert any(not np.array_equal(picture.image, picture.plain) for picture in pictures)


def test_conditions_are_what_the_image_shows(pictures: list[TaggedImage]) -> None:
    for picture in pictures:
        for block in picture.blocks:
            seen = block.conditions
            assert seen.distance_m == pytest.approx(np.linalg.norm(block.pose.position))
            assert 0.0 <= seen.view_angle_rad <= np.arccos(1 / np.sqrt(3)) + 1e-6
            assert 0.0 <= seen.hidden <= 1.0
            assert 0.0 < seen.brightness < 255.0
            assert seen.blur_px >= 0.0


def test_a_number_gives_the_same_frame_whatever_was_drawn_before(
    pictures: list[TaggedImage],
) -> None:
    np.testing.assert_array_equal(TaggedScenes(4, LAYOUT).draw(4).image, pictures[4].image)


def test_both_methods_see_the_same_frames() -> None:
    comparison = compare_tags(TaggedScenes(4, LAYOUT), 2, Nothing(), TagEstimator(LAYOUT), 0.5)
    table = comparison.table()
    assert table["frames"] == 2
    assert table["overall"][NETWORK]["recall"] == 0.0
    assert table["overall"][TAGS]["blocks"] == table["overall"][NETWORK]["blocks"] > 0
    for rows in table["by_condition"].values():
        assert sum(row["blocks"] for row in rows) == table["overall"][TAGS]["blocks"]


def at(x: float, hidden: float) -> TaggedBlock:
    pose = Pose(np.array([x, 0.0, 0.8]), np.array([0.0, 0.0, 0.0, 1.0]))
    return TaggedBlock(0, pose, Conditions(0.1, 120.0, 0.0, 0.8, hidden))


def estimate(block: TaggedBlock, off: float = 0.0) -> BlockEstimate:
    pose = Pose(block.pose.position + np.array([off, 0, 0]), block.pose.orientation)
    return BlockEstimate(pose, np.eye(6) * 1e-4, 0.9, 0.05)


def compared() -> TagComparison:
    """Two blocks: one free, found by both; one half hidden, found by the network alone."""
    free, half, gone = at(0.0, 0.0), at(0.2, 0.5), at(-0.2, 0.95)
    blank = np.zeros((480, 640, 3), np.uint8)
    picture = TaggedImage(blank, blank, CAMERA, 0.05, [free, half, gone])
    comparison = TagComparison()
    by_network = [estimate(free, 0.004), estimate(half)]
    comparison.add(
        picture,
        {NETWORK: by_network, NETWORK_ON_TAGS: by_network, TAGS: [estimate(free, 0.001)]},
    )
    return comparison


def test_figures_go_by_condition() -> None:
    table = compared().table()
    assert table["overall"][NETWORK]["blocks"] == 2  # the third is hidden
    assert table["overall"][NETWORK]["recall"] == 1.0
    assert table["overall"][TAGS]["recall"] == 0.5
    assert table["overall"][TAGS]["precision"] == 1.0
    assert [table["found_by_all"][name]["blocks"] for name in METHODS] == [1, 1, 1]
    assert table["found_by_all"][NETWORK]["position_median_mm"] == pytest.approx(4.0)
    hidden = {row["low"]: row for row in table["by_condition"]["hidden"]}
    assert hidden[0.0][TAGS]["recall"] == 1.0
    assert hidden[0.0][TAGS]["position_median_mm"] == pytest.approx(1.0)
    assert hidden[0.0][NETWORK]["position_median_mm"] == pytest.approx(4.0)
    assert hidden[40.0][TAGS]["recall"] == 0.0
    assert hidden[40.0][TAGS]["position_median_mm"] is None
    assert hidden[60.0]["blocks"] == 0


@pytest.mark.parametrize("condition", CONDITIONS, ids=lambda c: c.name)
def test_every_value_has_a_range(condition) -> None:  # type: ignore[no-untyped-def]
    last = len(condition.edges) - 2
    least, most = Conditions(-1, -1, -1, -1, -1), Conditions(9e9, 9e9, 9e9, 9e9, 9e9)
    assert condition.place(least) == 0
    assert condition.place(most) == last


def test_the_plot_has_a_panel_for_each_condition(tmp_path: Path) -> None:
    draw_comparison(tmp_path / "tags.png", compared().table())
    image = read_image(tmp_path / "tags.png")
    columns = (image < 250).any(axis=2).any(axis=0)
    assert columns.mean() > 0.5
    assert image.shape[1] > image.shape[0]
