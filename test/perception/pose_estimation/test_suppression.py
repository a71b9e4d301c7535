"""Of estimates that cannot all be blocks the best stays."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from simreal_common.block_estimate import BlockEstimate
from simreal_common.geometry import Pose
from simreal_perception.pose_estimation.suppression import distinct

EDGE = 0.05


def block(
    position: tuple[float, float, float], score: float, yaw_deg: float = 0.0
) -> BlockEstimate:
    turn = Rotation.from_euler("z", yaw_deg, degrees=True).as_quat()
    return BlockEstimate(Pose(np.array(position), turn), np.eye(6), score, EDGE)


def kept(*blocks: BlockEstimate) -> list[float]:
    return [one.score for one in distinct(sorted(blocks, key=lambda one: -one.score))]


def test_nothing_and_one_stay() -> None:
    assert kept() == []
    assert kept(block((0, 0, 0.5), 0.7)) == [0.7]


def test_blocks_side_by_side_stay_and_two_at_one_place_do_not() -> None:
    assert kept(block((0, 0, 0.5), 0.9), block((EDGE, 0, 0.5), 0.8)) == [0.9, 0.8]
    assert kept(block((0, 0, 0.5), 0.9), block((0.01, 0, 0.55), 0.8)) == [0.9]


@pytest.mark.parametrize("yaw_deg", [0.0, 45.0])
@pytest.mark.parametrize("cell", [(0, 0), (1, 0), (1, 1), (-1, 1)])
def test_fields_of_a_face_are_no_blocks(cell: tuple[int, int], yaw_deg: float) -> None:
    """The nine facelets of a puzzle cube: a third as large, so thrice as far away."""
    cube = block((0, 0, 0.3), 0.9, yaw_deg)
    place = np.array([[*cell, -1.5]]) * EDGE / 3
    facelet = block(tuple(3 * cube.pose.transform_points(place)[0]), 0.8, yaw_deg)
    assert kept(cube, facelet) == [0.9]


def test_the_better_score_decides_which_of_the_two_is_one() -> None:
    near, far = (0, 0, 0.3), (0.06, 0.0, 0.9)
    assert kept(block(near, 0.9), block(far, 0.8)) == [0.9]
    assert kept(block(near, 0.8), block(far, 0.9)) == [0.9]


def test_several_marks_on_a_likely_block_are_marks_however_sure() -> None:
    cube = (0.0, 0.0, 0.3)
    marks = [block((-0.05, 0.0, 0.85), 0.85), block((0.05, 0.0, 0.85), 0.95)]
    assert kept(block(cube, 0.6), *marks) == [0.6]
    assert kept(block(cube, 0.4), *marks) == [0.95, 0.85]


def test_a_block_that_looks_out_from_behind_stays() -> None:
    assert kept(block((0, 0, 0.3), 0.9), block((0.09, 0, 0.9), 0.8)) == [0.9, 0.8]
    # Behind the corner of a cube turned by 45 degrees, where an upright one would not reach.
    aside = 0.66 * EDGE / 0.275 * 0.9
    assert kept(block((0, 0, 0.3), 0.9), block((aside, 0, 0.9), 0.8)) == [0.9, 0.8]
    assert kept(block((0, 0, 0.3), 0.9, 45.0), block((aside, 0, 0.9), 0.8)) == [0.9]
