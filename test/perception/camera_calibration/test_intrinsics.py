"""A camera's calibration from a simulated board: how far off, how sure, what is refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from simreal_common.camera import Camera
from simreal_common.errors import CalibrationError
from simreal_common.geometry import Pose
from simreal_common.imaging.camera_files import load_camera, parse_camera
from simreal_common.lenses.perspective_lens import PERSPECTIVE
from simreal_common.lenses.registry import lens_of
from simreal_perception.camera_calibration.board import Board
from simreal_perception.camera_calibration.camera_file import camera_yaml
from simreal_perception.camera_calibration.coverage import (
    check_count,
    coverage,
    different_sights,
)
from simreal_perception.camera_calibration.intrinsics import calibrate_camera
from simreal_perception.camera_calibration.lens_solvers import LENS_SOLVERS, PLUMB_BOB

BOARD = Board()
FACING = np.array([0.0, 0.0, 0.0, 1.0])


def numbers(camera: Camera) -> np.ndarray:
    return np.array([*camera.matrix[[0, 1], [0, 1]], *camera.matrix[:2, 2]])


@pytest.mark.parametrize("seed", range(4))
def test_the_true_camera_is_found_within_its_uncertainty(simulation: Any, seed: int) -> None:
    rng = np.random.default_rng(seed)
    fit = calibrate_camera(simulation.board_sights(BOARD, 20, rng))
    sigma = np.concatenate([fit.sigma_focal_px, fit.sigma_center_px])
    off = np.abs(numbers(fit.camera) - numbers(simulation.camera))
    assert (off < 4 * sigma).all()
    assert (sigma < 2.0).all()
    assert fit.rms_px == pytest.approx(0.2 * np.sqrt(2), rel=0.15)  # of the noise alone
    assert fit.left_out == ()
    assert coverage(fit).lacking == ()
    # Where the lens moves a point is right everywhere in the image.
    corners = np.array([[5.0, 5.0], [634.0, 5.0], [320.0, 240.0], [5.0, 474.0], [634.0, 474.0]])
    there = simulation.camera.project(fit.camera.rays(corners)) - corners
    assert np.abs(there - there.mean(axis=0)).max() < 3.0


def test_the_uncertainty_is_neither_boast_nor_fear(simulation: Any) -> None:
    """Of ten calibrations the focal lengths are off by as much as each says of itself."""
    ratios = []
    for seed in range(10):
        fit = calibrate_camera(simulation.board_sights(BOARD, 12, np.random.default_rng(50 + seed)))
        off = numbers(fit.camera)[:2] - numbers(simulation.camera)[:2]
        ratios.append(off / fit.sigma_focal_px)
    assert 0.4 < np.sqrt(np.mean(np.square(ratios))) < 1.6


@pytest.mark.parametrize("lens", [name for name in LENS_SOLVERS if name != PLUMB_BOB])
def test_other_lenses(with_camera: Callable[[Camera], Any], lens: str) -> None:
    matrix = np.array([[330.0, 0.0, 322.0], [0.0, 331.0, 238.0], [0.0, 0.0, 1.0]])
    bent = (
        [0.05, -0.02, 0.004, -0.001]
        if lens == "equidistant"
        else [0.4, 0.05, 0, 0, 0.01, 0.7, 0.1, 0.02]
    )
    truth = Camera(640, 480, matrix, np.array(bent), lens_of(lens) or PERSPECTIVE)
    simulation = with_camera(truth)
    rng = np.random.default_rng(3)
    sights = [
        simulation.sight(f"{n}", BOARD.points, simulation.board_pose(rng, far=0.25), rng)
        for n in range(25)
    ]
    fit = calibrate_camera(sights, lens)
    assert fit.camera.lens == truth.lens
    assert numbers(fit.camera) == pytest.approx(numbers(truth), abs=3.0)
    assert fit.rms_px < 0.35
    again = parse_camera(camera_yaml(fit, "camera", str(BOARD)))
    assert again.lens == truth.lens
    assert again.distortion == pytest.approx(fit.camera.distortion, abs=1e-9)


def test_a_lens_is_solved_by_the_function_in_its_row(
    simulation: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    sights = simulation.board_sights(BOARD, 8, np.random.default_rng(2))
    asked = []

    def solve(some: Any, start: Camera | None) -> Any:
        asked.append(len(some))
        return LENS_SOLVERS[PLUMB_BOB](some, start)

    monkeypatch.setitem(LENS_SOLVERS, "another", solve)
    fit = calibrate_camera(sights, "another")
    assert fit.lens == "another" and asked[0] == 8 and set(asked[1:]) == {7}
    with pytest.raises(CalibrationError, match="lens 'telescope': wanted one of plumb_bob"):
        calibrate_camera(sights, "telescope")


def test_k3_is_kept_where_it_shows(with_camera: Callable[[Camera], Any], simulation: Any) -> None:
    strong = with_camera(replace(simulation.camera, distortion=np.array([-0.3, 0.12, 0, 0, -0.6])))
    rng = np.random.default_rng(1)
    fit = calibrate_camera(strong.board_sights(BOARD, 25, rng, noise=0.05))
    assert fit.camera.distortion.size == 5
    weak = with_camera(replace(simulation.camera, distortion=np.array([-0.1, 0.02, 0, 0])))
    fit = calibrate_camera(weak.board_sights(BOARD, 25, rng))
    assert fit.camera.distortion.size == 4
    text = camera_yaml(fit, "camera", str(BOARD))
    assert "cols: 5" in text  # ROS wants five of plumb_bob


def test_a_picture_that_fits_none_of_the_others_is_left_out(simulation: Any) -> None:
    rng = np.random.default_rng(7)
    sights = simulation.board_sights(BOARD, 15, rng)
    spoilt = sights[4].pixels + rng.normal(0.0, 6.0, sights[4].pixels.shape)
    sights[4] = replace(sights[4], pixels=spoilt)
    fit = calibrate_camera(sights)
    assert [name for name, _ in fit.left_out] == ["04.png"]
    assert fit.left_out[0][1] > 3.0
    assert len(fit.errors_px) == len(fit.poses) == 14
    assert numbers(fit.camera) == pytest.approx(numbers(simulation.camera), abs=5.0)


def test_the_file_is_read_back(simulation: Any, tmp_path: Any) -> None:
    fit = calibrate_camera(simulation.board_sights(BOARD, 12, np.random.default_rng(0)))
    path = tmp_path / "camera.yaml"
    path.write_text(camera_yaml(fit, "front", str(BOARD)), encoding="utf-8")
    camera = load_camera(path)
    assert numbers(camera) == pytest.approx(numbers(fit.camera), abs=1e-9)
    pixels = np.array([[10.0, 20.0], [600.0, 400.0]])
    assert camera.rays(pixels) == pytest.approx(fit.camera.rays(pixels), abs=1e-8)
    rectified = load_camera(path, rectified=True)
    assert rectified.matrix[0, 0] == pytest.approx(fit.camera.matrix[0, 0], rel=0.1)
    text = path.read_text(encoding="utf-8")
    assert "camera_name: front" in text
    assert f"residual {fit.rms_px:.3f} px" in text


def test_boards_that_face_the_camera_tell_no_focal_length(simulation: Any) -> None:
    rng = np.random.default_rng(2)
    sights = []
    for number in range(15):
        place = simulation.camera.rays(rng.uniform(0.3, 0.7, 2) * [640, 480]) * rng.uniform(
            0.3, 0.5
        )
        sights.append(simulation.sight(f"{number}", BOARD.points, Pose(place, FACING), rng))
    found = coverage(calibrate_camera(sights))
    words = "; ".join(found.lacking)
    assert "2 pictures or more with the board's left or right edge turned 20 to 45 degrees" in words
    assert "2 pictures or more with the board's upper or lower edge turned" in words


def test_parts_of_the_image_without_a_board_are_named(simulation: Any) -> None:
    rng = np.random.default_rng(2)
    sights = []
    while len(sights) < 15:
        sight = simulation.sight("x", BOARD.points, simulation.board_pose(rng, far=0.6), rng)
        left = sight.pixels[:, 0] < 640 / 3 - 5
        if left.sum() >= 12:
            kept = replace(
                sight, name=f"{len(sights)}", points=sight.points[left], pixels=sight.pixels[left]
            )
            sights.append(kept)
    found = coverage(calibrate_camera(sights))
    assert "the board in the upper middle, upper right, middle middle" in "; ".join(found.lacking)


def test_pictures_that_repeat_others(simulation: Any) -> None:
    rng = np.random.default_rng(2)
    sights = simulation.board_sights(BOARD, 5, rng)
    twins = [replace(one, name=f"twin {one.name}", pixels=one.pixels + 1.0) for one in sights]
    kept, repeated = different_sights([*sights, *twins])
    assert kept == sights
    assert repeated == [(f"twin {one.name}", one.name) for one in sights]
    with pytest.raises(
        CalibrationError, match=r"5 different pictures \(5 more repeat others\), wanted 8"
    ):
        check_count(kept, len(repeated))


def test_pictures_of_several_sizes(simulation: Any) -> None:
    sights = simulation.board_sights(BOARD, 8, np.random.default_rng(2))
    sights[3] = replace(sights[3], size=(480, 640))
    with pytest.raises(CalibrationError, match="480x640, 640x480.*wanted one; hold a phone"):
        calibrate_camera(sights)
