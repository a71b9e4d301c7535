"""Images for data sets: one seed a scene, and labels that say what the image shows."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pytest

pytest.importorskip("numba", reason="drawing needs numba: pip install 'simreal[sim]'")

from simreal_common.geometry import cube_corners
from simreal_sim.randomization.labelled_images import LabelledImage, LabelledImages
from simreal_sim.randomization.ranges.randomization_config import RandomizationConfig

WIDTH, HEIGHT = 320, 240
SEEDS = range(1, 25)


@pytest.fixture(scope="module")
def source() -> LabelledImages:
    return LabelledImages(WIDTH, HEIGHT, RandomizationConfig())


@pytest.fixture(scope="module")
def drawn(source: LabelledImages) -> list[LabelledImage]:
    return [source.draw(seed) for seed in SEEDS]


def hull_mask(corners: np.ndarray) -> np.ndarray:
    """The pixels within the outline of eight projected corners."""
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    hull = cv2.convexHull(np.rint(corners * 16).astype(np.int32))
    cv2.fillConvexPoly(mask, hull, 1, cv2.LINE_8, shift=4)
    return mask.astype(bool)


def test_a_seed_gives_the_same_image_whatever_came_before(drawn: list[LabelledImage]) -> None:
    last = drawn[-1]
    alone = LabelledImages(WIDTH, HEIGHT, RandomizationConfig()).draw(last.seed)
    np.testing.assert_array_equal(alone.image, last.image)
    np.testing.assert_array_equal(alone.instances, last.instances)
    assert alone.as_dict() == last.as_dict()
    others = [label.image for label in drawn[:-1]]
    assert not any(np.array_equal(last.image, other) for other in others)


def test_corners_lie_where_the_image_shows_the_block(drawn: list[LabelledImage]) -> None:
    whole = 0
    for label in drawn:
        for block in label.blocks:
            if not block.inside:
                continue
            outline, shown = hull_mask(block.corners), label.instances == block.number
            around = cv2.dilate(outline.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool)
            assert not (shown & ~around).any()
            if block.visible == 1.0:
                area = cv2.contourArea(cv2.convexHull(block.corners.astype(np.float32)))
                assert shown.sum() == pytest.approx(area, rel=0.04, abs=6.0)
                whole += 1
    assert whole >= 5, "too few blocks in full view to say anything"


def test_poses_project_to_the_corners(drawn: list[LabelledImage]) -> None:
    bent, sizes = 0, 0
    for label in drawn:
        sizes += len({round(block.edge, 5) for block in label.blocks}) > 1
        bent += bool(label.camera.distortion.any())
        for block in label.blocks:
            if not np.isnan(block.corners).any():
                points = block.pose.transform_points(cube_corners(block.edge))
                np.testing.assert_allclose(label.camera.project(points), block.corners, atol=1e-6)
    assert bent, "some lenses distort"
    assert sizes, "some scenes have blocks of several sizes"


def test_boxes_masks_and_shares_agree(drawn: list[LabelledImage]) -> None:
    hidden = 0
    for label in drawn:
        numbers = {block.number for block in label.blocks}
        assert set(np.unique(label.instances)) <= numbers | {0}
        for block in label.blocks:
            assert 0.0 <= block.visible <= 1.0
            hidden += block.visible < 0.9
            shown = label.instances == block.number
            if block.box is None:
                assert not shown.any()
                continue
            left, top, right, bottom = block.box
            assert shown[top:bottom, left:right].sum() == shown.sum()
            assert shown[top].any() and shown[bottom - 1].any()
            assert shown[:, left].any() and shown[:, right - 1].any()
    assert hidden, "some blocks are partly hidden"


def test_the_label_survives_json(drawn: list[LabelledImage]) -> None:
    for label in drawn:
        read = json.loads(json.dumps(label.as_dict(), allow_nan=False))
        assert read["seed"] == label.seed
        assert [block["id"] for block in read["blocks"]] == [str(b.number) for b in label.blocks]
        for block, written in zip(label.blocks, read["blocks"], strict=True):
            np.testing.assert_allclose(written["position_m"], block.pose.position, atol=1e-6)
            assert written["edge_m"] == pytest.approx(block.edge, abs=1e-6)
            assert 0.4 * label.edge < block.edge < 1.001 * read["edge_m"]
            assert len(written["corners_px"]) == 8


def test_what_is_switched_off_does_not_vary() -> None:
    off = LabelledImages(WIDTH, HEIGHT, RandomizationConfig(disabled=frozenset({"camera", "lens"})))
    first, second = off.draw(1), off.draw(2)
    np.testing.assert_array_equal(first.camera.matrix, second.camera.matrix)
    assert not first.camera.distortion.any()
