"""Errors by the vertices of a cube, held against their definitions, written out."""

from __future__ import annotations

import itertools

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from simreal_common.camera import Camera
from simreal_common.geometry import Pose, cube_symmetries
from simreal_perception.evaluation.metrics.symmetric_errors import symmetric_errors

EDGE = 0.05
CAMERA = Camera(
    1280,
    960,
    np.array([[1000.0, 0, 630], [0, 990.0, 470], [0, 0, 1]]),
    np.array([0.1, -0.05, 0, 0]),
)
turns = st.tuples(*[st.floats(-3.0, 3.0)] * 3)
shifts = st.tuples(*[st.floats(-0.06, 0.06)] * 3)


def pose(turn: tuple[float, ...], shift: tuple[float, ...]) -> Pose:
    rotation = Rotation.from_rotvec(turn).as_matrix()
    return Pose.from_rotation(rotation, np.array([0.05, -0.02, 0.7]) + np.array(shift))


def turns_of_a_cube() -> list[np.ndarray]:
    """By trying all signed permutations, not from the library's own group."""
    found = []
    for order in itertools.permutations(range(3)):
        for signs in itertools.product((-1.0, 1.0), repeat=3):
            matrix = np.zeros((3, 3))
            matrix[range(3), order] = signs
            if np.linalg.det(matrix) > 0:
                found.append(matrix)
    return found


@settings(max_examples=60, deadline=None)
@given(turns, shifts, turns)
def test_each_error_is_what_its_definition_says(
    turn: tuple[float, ...], shift: tuple[float, ...], true_turn: tuple[float, ...]
) -> None:
    estimate, truth = pose(turn, shift), pose(true_turn, (0.0, 0.0, 0.0))
    got = symmetric_errors(estimate, truth, EDGE, CAMERA)
    vertices = np.array(list(itertools.product((-EDGE / 2, EDGE / 2), repeat=3)))

    def pixels(points: np.ndarray) -> np.ndarray:
        zero = np.zeros(3)
        seen, _ = cv2.projectPoints(points, zero, zero, CAMERA.matrix, CAMERA.distortion)
        return np.asarray(seen[:, 0])

    surface, projection = np.inf, np.inf
    placed = vertices @ estimate.rotation.T + estimate.position
    for symmetry in turns_of_a_cube():
        true = vertices @ symmetry.T @ truth.rotation.T + truth.position
        surface = min(surface, max(np.linalg.norm(placed - true, axis=1)))
        projection = min(projection, max(np.linalg.norm(pixels(placed) - pixels(true), axis=1)))
    assert len(turns_of_a_cube()) == 24
    assert got.mssd == pytest.approx(surface / (np.sqrt(3) * EDGE), abs=1e-9)
    assert got.mspd_px == pytest.approx(projection * 640 / 1280, abs=1e-6)
    true = vertices @ truth.rotation.T + truth.position
    nearest = [min(np.linalg.norm(placed - vertex, axis=1)) for vertex in true]
    assert got.add_s_m == pytest.approx(np.mean(nearest), abs=1e-12)


def test_a_cube_turned_into_itself_has_no_error() -> None:
    truth = pose((0.3, -0.2, 0.5), (0.0, 0.0, 0.0))
    for symmetry in cube_symmetries():
        turned = Pose.from_rotation(truth.rotation @ symmetry, truth.position)
        got = symmetric_errors(turned, truth, EDGE, CAMERA)
        assert max(got.mssd, got.mspd_px, got.add_s_m) < 1e-6


def test_a_shift_is_told_in_diameters_pixels_and_metres() -> None:
    camera = Camera.pinhole(320, 240, np.radians(60))
    truth = Pose(np.array([0.0, 0.0, 1.0]), np.array([0.0, 0.0, 0.0, 1.0]))
    moved = Pose(np.array([0.004, 0.0, 1.0]), truth.orientation)
    got = symmetric_errors(moved, truth, EDGE, camera)
    assert got.mssd == pytest.approx(0.004 / (EDGE * np.sqrt(3)))
    assert got.add_s_m == pytest.approx(0.004)
    # The near face is 0.975 m away; an image of 320 pixels counts double.
    assert got.mspd_px == pytest.approx(2 * 0.004 / 0.975 * camera.matrix[0, 0])


def test_what_has_no_pixel_is_infinitely_far_off_in_the_image() -> None:
    truth = pose((0.0, 0.0, 0.0), (0.0, 0.0, 0.0))
    behind = Pose(np.array([0.0, 0.0, 0.01]), truth.orientation)
    assert symmetric_errors(behind, truth, EDGE, CAMERA).mspd_px == np.inf
    assert symmetric_errors(truth, truth, EDGE).mspd_px == np.inf
