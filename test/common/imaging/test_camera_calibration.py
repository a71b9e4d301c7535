"""What a calibration says, and the camera that follows: models, P, binning, regions of interest."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simreal_common.errors import CalibrationError
from simreal_common.imaging.camera_calibration import CameraCalibration, Region, bent_by
from simreal_common.lenses.equidistant_lens import EQUIDISTANT
from simreal_common.lenses.lens import Lens
from simreal_common.lenses.perspective_lens import PERSPECTIVE

K = [610.0, 0, 321.5, 0, 611.0, 238.2, 0, 0, 1]
P = [580.0, 0, 319.0, 0, 0, 582.0, 240.5, 0, 0, 0, 1, 0]
FIVE = [-0.28, 0.09, 0.001, -0.0005, -0.012]
FOURTEEN = [0.38, -2.2, 6e-4, -2e-4, 1.4, 0.26, -2.0, 1.33, 4e-3, -3e-3, 2e-3, -1e-3, 0.02, -0.015]


def calibration(**changes: Any) -> CameraCalibration:
    return CameraCalibration(**{"width": 640, "height": 480, "k": K, "d": FIVE, "p": P, **changes})


@pytest.mark.parametrize(
    ("model", "given", "taken", "lens"),
    [
        ("plumb_bob", FIVE, FIVE, PERSPECTIVE),
        ("plumb_bob", FIVE[:4], FIVE[:4], PERSPECTIVE),
        ("rational_polynomial", FIVE, FIVE, PERSPECTIVE),
        ("rational_polynomial", FOURTEEN[:8], FOURTEEN[:8], PERSPECTIVE),
        ("rational_polynomial", FOURTEEN[:12], FOURTEEN[:12], PERSPECTIVE),
        ("rational_polynomial", FOURTEEN, FOURTEEN, PERSPECTIVE),
        ("plumb_bob", [*FIVE, 0.0, 0.0], FIVE, PERSPECTIVE),
        ("rational_polynomial", [*FOURTEEN[:8], *[0.0] * 24], FOURTEEN[:8], PERSPECTIVE),
        ("", FIVE, FIVE, PERSPECTIVE),
        ("", FIVE[:4], FIVE[:4], PERSPECTIVE),
        ("", FOURTEEN, FOURTEEN, PERSPECTIVE),
        ("", [], [], PERSPECTIVE),
        ("none", [0.0] * 3, [], PERSPECTIVE),
        ("plumb_bob", [0.0] * 5, [], PERSPECTIVE),
        ("Plumb Bob", FIVE, FIVE, PERSPECTIVE),
        ("radtan", FIVE[:4], FIVE[:4], PERSPECTIVE),
        ("equidistant", FIVE[:4], FIVE[:4], EQUIDISTANT),
        ("equidistant", [*FIVE[:4], 0.0], FIVE[:4], EQUIDISTANT),
        ("fisheye", [], [0.0] * 4, EQUIDISTANT),
    ],
)
def test_models_by_name_and_number(
    model: str, given: list[float], taken: list[float], lens: Lens
) -> None:
    coefficients, found = bent_by(model, given)
    assert (coefficients.tolist(), found) == (taken, lens)


@pytest.mark.parametrize(
    ("model", "given", "says"),
    [
        ("magic", FIVE, "'magic': wanted one of plumb_bob, rational_polynomial.*equidistant.*none"),
        ("plumb_bob", FIVE[:3], "3 coefficients .*'plumb_bob': wanted 4, 5, 8, 12 or 14"),
        ("", [0.1] * 7, "7 coefficients for distortion model '': wanted"),
        ("equidistant", FIVE, "5 coefficients for distortion model 'equidistant': wanted 4$"),
        ("none", FIVE, "'none' with coefficients .*set rectified: true"),
    ],
)
def test_models_that_are_none(model: str, given: list[float], says: str) -> None:
    with pytest.raises(CalibrationError, match=says):
        bent_by(model, given)


def test_rectified_images_have_the_projection_and_no_distortion() -> None:
    camera = calibration(distortion_model="magic").camera(rectified=True)
    np.testing.assert_array_equal(camera.matrix, [[580, 0, 319], [0, 582, 240.5], [0, 0, 1]])
    assert (camera.distortion.size, camera.lens) == (0, PERSPECTIVE)
    for p, got in (([0.0] * 12, "zeros"), ((), "0")):
        with pytest.raises(CalibrationError, match=f"rectified images: wanted .*P.* got {got}"):
            calibration(p=p).camera(rectified=True)


def test_where_only_the_projection_is_known_it_holds() -> None:
    camera = calibration(k=[0.0] * 9, d=[0.0] * 5).camera()
    assert camera.matrix[0, 0] == 580
    with pytest.raises(CalibrationError, match="K is all zero, P and D are not.*rectified: true"):
        calibration(k=[0.0] * 9).camera()
    with pytest.raises(CalibrationError, match="not calibrated.*calibrate it"):
        calibration(k=[0.0] * 9, p=[0.0] * 12, d=[]).camera()


@pytest.mark.parametrize("region", [Region(), Region(0, 0, 640, 480)])
@pytest.mark.parametrize("binning", [(0, 0), (1, 1)])
def test_the_whole_image_is_no_region(region: Region, binning: tuple[int, int]) -> None:
    camera = calibration(region=region, binning=binning).camera()
    np.testing.assert_array_equal(camera.matrix.ravel(), K)
    assert (camera.width, camera.height) == (640, 480)


@given(st.integers(0, 300), st.integers(0, 200), st.sampled_from([(1, 1), (2, 2), (4, 2)]))
def test_cut_out_and_binned_images_show_the_same_place(
    x: int, y: int, binning: tuple[int, int]
) -> None:
    whole = calibration().camera()
    part = calibration(region=Region(x, y, 320, 240), binning=binning).camera()
    across, down = binning
    assert (part.width, part.height) == (320 // across, 240 // down)
    point = whole.rays([x + 100.0, y + 80.0])
    # A pixel of many covers those from `across * u` on: their middle is the middle of it.
    u, v = part.project(point) * binning + [(across - 1) / 2, (down - 1) / 2]
    np.testing.assert_allclose([u + x, v + y], [x + 100.0, y + 80.0], atol=1e-3)


def test_binning_holds_for_rectified_images_too() -> None:
    camera = calibration(binning=(2, 2)).camera(rectified=True)
    assert (camera.width, camera.height) == (320, 240)
    np.testing.assert_allclose(camera.matrix[0], [290, 0, (319 - 0.5) / 2])


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"region": Region(400, 0, 320, 240)}, "320x240 at 400, 0 in an image of 640x480"),
        ({"region": Region(1, 1, 0, 0)}, "0x0 at 1, 1"),
        ({"binning": (1000, 2)}, "binning of 1000x2 pixels in an image of 640x480"),
        ({"k": [1.0, 0, 320, 0, 1.0, 240, 0, 0, 1]}, "lengths 1, 1 pixels .* which no lens has"),
        ({"k": [20.0, 0, 320, 0, 20.0, 240, 0, 0, 1]}, "which no lens has: .*calibrate it"),
        ({"k": [60.0, 0, 320, 0, 60.0, 240, 0, 0, 1]}, "which no lens has: .*calibrate it"),
        (
            {"k": [0.9, 0, 0.5, 0, 1.2, 0.5, 0, 0, 1]},
            "look normalised: multiply the first row by 640 and the second by 480",
        ),
        ({"k": K[:8]}, "camera matrix of 8 numbers: wanted 9"),
    ],
)
def test_calibrations_that_cannot_be(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(CalibrationError, match=says) as caught:
        calibration(**changes).camera()
    assert "\n" not in str(caught.value)


@given(
    st.lists(st.floats(), min_size=9, max_size=9),
    st.lists(st.floats(), max_size=15),
    st.lists(st.floats(), max_size=12),
    st.tuples(*[st.integers(0, 2**32 - 1)] * 4),
    st.tuples(*[st.integers(0, 2**32 - 1)] * 2),
    st.booleans(),
)
def test_any_numbers_give_a_camera_or_one_line(
    k: list[float], d: list[float], p: list[float], region: Any, binning: Any, rectified: bool
) -> None:
    said = calibration(k=k, d=d, p=p, region=Region(*region), binning=binning)
    try:
        camera = said.camera(rectified=rectified)
    except CalibrationError:
        return
    assert np.isfinite(camera.project([0.0, 0.0, 1.0])).all()
