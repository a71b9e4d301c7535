"""Group axioms of poses and the symmetries of a cube."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from simreal_common.geometry import (
    OPTICAL_FROM_OPENGL,
    Pose,
    cross,
    cube_corners,
    cube_rotation_distance,
    cube_symmetries,
    look_at,
    nearest_equivalent_rotation,
    rotation_distance,
)

TIGHT = 1e-9  # a few hundred roundings of float64 at the scale of metres

numbers = st.floats(-10.0, 10.0)
vectors = st.tuples(numbers, numbers, numbers).map(np.array)


@st.composite
def rotations(draw: st.DrawFn) -> Rotation:
    return Rotation.from_rotvec(draw(vectors))


@st.composite
def poses(draw: st.DrawFn) -> Pose:
    return Pose(draw(vectors), draw(rotations()).as_quat())


@given(poses())
def test_inverse_undoes(pose: Pose) -> None:
    np.testing.assert_allclose((pose @ pose.inverse()).matrix, np.eye(4), atol=TIGHT)
    np.testing.assert_allclose((pose.inverse() @ pose).matrix, np.eye(4), atol=TIGHT)


@given(poses(), poses(), poses())
def test_composition_is_associative_and_that_of_matrices(a: Pose, b: Pose, c: Pose) -> None:
    np.testing.assert_allclose(((a @ b) @ c).matrix, (a @ (b @ c)).matrix, atol=TIGHT)
    np.testing.assert_allclose((a @ b).matrix, a.matrix @ b.matrix, atol=TIGHT)


@given(poses(), vectors)
def test_points_go_through_as_through_the_matrix(pose: Pose, point: np.ndarray) -> None:
    expected = (pose.matrix @ np.append(point, 1.0))[:3]
    np.testing.assert_allclose(pose.transform_points(point), expected, atol=TIGHT)


@given(poses())
def test_matrix_round_trip(pose: Pose) -> None:
    np.testing.assert_allclose(Pose.from_matrix(pose.matrix).matrix, pose.matrix, atol=TIGHT)


@given(poses(), poses())
def test_cross_products_are_those_of_numpy(a: Pose, b: Pose) -> None:
    expected = np.cross(a.rotation, b.position)
    np.testing.assert_allclose(cross(a.rotation, b.position), expected, atol=TIGHT)


def test_a_pose_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="read-only"):
        Pose.identity().position[0] = 1.0
    with pytest.raises(ValueError, match="read-only"):
        Pose.identity().rotation[0] = 1.0


@pytest.mark.parametrize(
    ("position", "orientation"),
    [
        ((0, 0), (0, 0, 0, 1)),
        ((0, 0, 0), (0, 0, 0, 2)),
        ((0, 0, 0), (0, 0, 0, 0)),
        ((0, 0, np.nan), (0, 0, 0, 1)),
        ((0, 0, 0), (0, 0, 0, np.nan)),
    ],
)
def test_what_is_not_a_pose(position: tuple[float, ...], orientation: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="pose"):
        Pose(np.array(position), np.array(orientation))


@given(vectors, vectors, st.floats(-3.0, 3.0))
def test_look_at_puts_the_target_on_the_optical_axis(
    eye: np.ndarray, target: np.ndarray, roll: float
) -> None:
    distance = np.linalg.norm(target - eye)
    if distance < 1e-3:
        return
    pose = look_at(eye, target, roll)
    seen = pose.inverse().transform_points(target)
    np.testing.assert_allclose(seen, [0.0, 0.0, distance], atol=1e-7)
    assert np.linalg.det(pose.rotation) == pytest.approx(1.0)


def test_look_at_keeps_up_up() -> None:
    pose = look_at([1.0, 0.0, 0.5], [0.0, 0.0, 0.0])
    above = pose.inverse().transform_points([0.0, 0.0, 0.1])
    left_of_the_viewer = pose.inverse().transform_points([0.0, -0.1, 0.0])
    assert above[1] < 0.0  # y of the optical frame points down
    assert left_of_the_viewer[0] < 0.0


def test_opengl_camera_to_optical() -> None:
    # OpenGL: x right, y up, looks along -z. Optical: x right, y down, looks along +z.
    right, up, ahead = np.eye(3)[0], np.eye(3)[1], -np.eye(3)[2]
    np.testing.assert_array_equal(OPTICAL_FROM_OPENGL @ right, [1, 0, 0])
    np.testing.assert_array_equal(OPTICAL_FROM_OPENGL @ up, [0, -1, 0])
    np.testing.assert_array_equal(OPTICAL_FROM_OPENGL @ ahead, [0, 0, 1])


def test_the_symmetries_of_a_cube_are_a_group_of_24() -> None:
    group = {tuple(np.rint(m).astype(int).ravel()) for m in cube_symmetries()}
    assert len(group) == 24
    np.testing.assert_array_equal(cube_symmetries()[0], np.eye(3))
    for a in cube_symmetries():
        assert np.linalg.det(a) == pytest.approx(1.0)
        for b in cube_symmetries():
            assert tuple(np.rint(a @ b).astype(int).ravel()) in group


@given(rotations(), st.integers(0, 23))
def test_a_turned_cube_that_looks_alike_is_no_rotation_away(rotation: Rotation, index: int) -> None:
    matrix = rotation.as_matrix()
    assert cube_rotation_distance(matrix, matrix @ cube_symmetries()[index]) < 1e-6


@given(rotations(), rotations())
def test_distances_of_cubes(first: Rotation, second: Rotation) -> None:
    a, b = first.as_matrix(), second.as_matrix()
    distance = cube_rotation_distance(a, b)
    assert distance == pytest.approx(cube_rotation_distance(b, a), abs=1e-6)
    assert distance <= rotation_distance(a, b) + 1e-6
    assert distance <= np.deg2rad(62.8)  # the most that a cube can be turned from itself
    nearest = nearest_equivalent_rotation(a, b)
    assert rotation_distance(nearest, b) == pytest.approx(distance, abs=1e-6)


def test_corners_of_a_cube() -> None:
    corners = cube_corners(0.05)
    np.testing.assert_allclose(np.abs(corners), 0.025)
    assert len({tuple(corner) for corner in corners}) == 8
    np.testing.assert_allclose(corners[1] - corners[0], [0.05, 0.0, 0.0])
