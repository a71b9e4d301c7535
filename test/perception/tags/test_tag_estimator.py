"""Blocks found by their tags: images made by warping the prints into place, no renderer."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from simreal_common.errors import ConfigurationError
from simreal_common.geometry import Pose, cube_corners, rotation_distance
from simreal_perception.tags.tag_estimator import TagEstimator
from simreal_perception.tags.tag_layout import DICTIONARIES, FACES, TagLayout


def posed(turn: tuple[float, float, float], x: float = 0.0, z: float = 0.5) -> Pose:
    return Pose.from_rotation(Rotation.from_rotvec(turn).as_matrix(), np.array([x, 0.01, z]))


@pytest.mark.parametrize("dictionary", ["APRILTAG_36h11", "4X4_250"])
@pytest.mark.parametrize(
    "turn", [(0.6, 0.5, 0.2), (-0.6, 2.2, 0.4), (2.5, 0.3, 0.9), (0.4, -1.2, -2.0)]
)
def test_the_pose_is_the_blocks_own_whichever_faces_are_seen(
    dictionary: str, turn: tuple[float, float, float], tagged: Any
) -> None:
    layout = TagLayout(dictionary)
    truth = posed(turn)
    (found,) = TagEstimator(layout).estimate(
        tagged.draw(layout, {3: truth}), tagged.camera, tagged.edge
    )
    assert found.id == "3"
    assert np.linalg.norm(found.pose.position - truth.position) < 0.002
    # Its own, not one of the 24 that look alike on a plain cube.
    assert np.degrees(rotation_distance(found.pose.rotation, truth.rotation)) < 1.5


@pytest.mark.parametrize("face", range(FACES))
def test_any_single_face_gives_the_pose(face: int, tagged: Any) -> None:
    layout = TagLayout()
    normal = np.zeros(3)
    normal[face // 2] = 1 if face % 2 else -1
    towards, _ = Rotation.align_vectors([[0.25, -0.3, -1.0]], [normal])
    truth = Pose.from_rotation(towards.as_matrix(), np.array([0.03, 0.01, 0.5]))
    (found,) = TagEstimator(layout).estimate(
        tagged.draw(layout, {0: truth}, {face}), tagged.camera, tagged.edge
    )
    # Half a pixel aside would be 0.28 mm.
    assert np.linalg.norm((found.pose.position - truth.position)[:2]) < 0.0002
    assert abs(found.pose.position[2] - truth.position[2]) < 0.002
    assert np.degrees(rotation_distance(found.pose.rotation, truth.rotation)) < 3.0


def test_several_blocks_are_told_apart_and_one_face_is_enough(tagged: Any) -> None:
    layout = TagLayout()
    truths = {0: posed((0.0, 0.02, 0.1), -0.1), 7: posed((0.7, 0.5, 0.0), 0.1)}
    found = {
        e.id: e
        for e in TagEstimator(layout).estimate(
            tagged.draw(layout, truths), tagged.camera, tagged.edge
        )
    }
    assert set(found) == {"0", "7"}
    for number, truth in truths.items():
        estimate = found[str(number)]
        error = estimate.pose.position - truth.position
        assert np.linalg.norm(error) < 0.003
        assert error @ np.linalg.solve(estimate.covariance[:3, :3], error) < 25.0
        np.testing.assert_allclose(
            estimate.covariance, estimate.covariance.T, rtol=1e-6, atol=1e-15
        )


def test_without_tags_nothing_is_found(tagged: Any) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (480, 640, 3), dtype=np.uint8)
    assert TagEstimator().estimate(noise, tagged.camera, tagged.edge) == []


@pytest.mark.parametrize("dictionary", DICTIONARIES)
def test_corners_lie_on_the_faces_and_run_clockwise_from_outside(
    dictionary: str, tagged: Any
) -> None:
    layout = TagLayout(dictionary)
    for face in range(FACES):
        corners = layout.corners(face, tagged.edge)
        normal = np.zeros(3)
        normal[face // 2] = 1 if face % 2 else -1
        np.testing.assert_allclose(corners @ normal, tagged.edge / 2)
        right, down = corners[1] - corners[0], corners[3] - corners[0]
        assert np.cross(right, down) @ normal < 0
        assert np.linalg.norm(right) == pytest.approx(layout.tag_share * tagged.edge)
        assert np.abs(corners).max() <= np.abs(cube_corners(tagged.edge)).max()


def test_prints_have_a_white_border_and_there_are_only_so_many() -> None:
    layout = TagLayout()
    print_ = layout.print_of(0, 0, 128)
    assert print_.shape == (128, 128)
    assert (print_[:12] == 255).all() and (print_[:, -12:] == 255).all()
    assert print_[16:20, 16:112].max() < 10
    assert layout.blocks == 97
    with pytest.raises(ConfigurationError, match="has them for 97 blocks"):
        layout.print_of(97, 0, 128)
    with pytest.raises(ConfigurationError, match="no dictionary of tags"):
        TagLayout("QR")
