"""`simreal estimate` from the command line, with a stand-in for the network where it is not meant."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from simreal_cli import cli_estimate
from simreal_cli.cli import main
from simreal_common.block_estimate import BlockEstimate
from simreal_common.camera import Camera
from simreal_common.geometry import Pose
from simreal_perception.pose_estimation.support_plane import SupportPlane
from simreal_perception.video.image_io import read_image

CAMERA_YAML = """\
image_width: 64
image_height: 48
camera_matrix: {rows: 3, cols: 3, data: [60.0, 0.0, 32.0, 0.0, 60.0, 24.0, 0.0, 0.0, 1.0]}
distortion_model: plumb_bob
distortion_coefficients: {rows: 1, cols: 5, data: [0.0, 0.0, 0.0, 0.0, 0.0]}
"""


def find_one(rgb: np.ndarray, camera: Camera, edge: float, *known: object) -> list[BlockEstimate]:
    assert rgb[0, 0].tolist() == [200, 100, 50]  # red first
    pose = Pose(np.array([0.01, -0.02, 0.6]), np.array([0.0, 0.0, 0.0, 1.0]))
    return [BlockEstimate(pose, np.eye(6), 0.87654321, edge)]


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    image = np.full((48, 64, 3), (50, 100, 200), dtype=np.uint8)  # BGR for OpenCV
    cv2.imwrite(str(tmp_path / "photo.png"), image)
    (tmp_path / "camera.yaml").write_text(CAMERA_YAML)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(cli_estimate, "load_estimator", lambda model, search: find_one)
    return tmp_path


def estimate(*more: str, image: str = "photo.png", edge: str = "0.05") -> int:
    return main(["estimate", image, "--camera", "camera.yaml", "--edge", edge, *more])


def test_one_line_of_json(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert estimate() == 0
    said = capsys.readouterr()
    assert said.err == ""
    assert said.out.count("\n") == 1
    assert json.loads(said.out) == {
        "image": "photo.png",
        "blocks": [
            {
                "position": [0.01, -0.02, 0.6],
                "orientation": [0.0, 0.0, 0.0, 1.0],
                "edge": 0.05,
                "score": 0.8765,
            }
        ],
    }


def test_rectified_images(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert estimate("--rectified") == 2
    assert "camera.yaml: rectified images: wanted the projection matrix" in capsys.readouterr().err
    projection = "[50.0, 0.0, 32.0, 0.0, 0.0, 50.0, 24.0, 0.0, 0.0, 0.0, 1.0, 0.0]"
    whole = CAMERA_YAML + f"projection_matrix: {{rows: 3, cols: 4, data: {projection}}}\n"
    (files / "camera.yaml").write_text(whole)
    assert estimate("--rectified") == 0


def test_what_is_unlikely_is_left_out(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert estimate("--min-score", "0.9") == 0
    assert json.loads(capsys.readouterr().out)["blocks"] == []
    with pytest.raises(SystemExit) as ended:
        estimate("--min-score", "2")
    assert ended.value.code == 2
    assert "--min-score: got '2', wanted a number from 0 to 1" in capsys.readouterr().err


def test_drawing(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert estimate("--draw", "new/found.png") == 0
    drawn = read_image(files / "new" / "found.png")
    assert drawn.shape == (48, 64, 3)
    assert (drawn != [200, 100, 50]).any()


@pytest.mark.parametrize("edge", ["0", "-0.05", "50", "nan", "5cm"])
def test_an_edge_that_no_block_has(
    files: Path, capsys: pytest.CaptureFixture[str], edge: str
) -> None:
    assert estimate(f"--edge={edge}") == 2
    assert (
        f"--edge: got '{edge}', wanted the edge of the blocks in metres" in capsys.readouterr().err
    )


def test_a_image_of_another_size(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cv2.imwrite("photo.png", np.zeros((24, 32, 3), np.uint8))
    assert estimate() == 2
    said = capsys.readouterr().err
    assert "image photo.png is 32x24, calibration camera.yaml is for 64x48" in said
    assert "as the camera took it" in said


@pytest.mark.parametrize("content", [None, b"", b"no image", b"\x89PNG\r\n\x1a\nbroken"])
def test_an_unreadable_image(
    files: Path, capfd: pytest.CaptureFixture[str], content: bytes | None
) -> None:
    if content is not None:
        Path("bad.png").write_bytes(content)
    assert estimate(image="bad.png") == 2
    said = capfd.readouterr().err
    assert "image bad.png" in said
    assert "wanted a PNG or JPEG file" in said
    assert said.count("\n") == 1, said


def test_a_missing_calibration(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("camera.yaml").unlink()
    assert estimate() == 2
    assert "camera file camera.yaml cannot be read" in capsys.readouterr().err


def test_a_drawing_of_unknown_kind(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert estimate("--draw", "found.gif2") == 2
    assert "wanted a name that ends in .png or .jpg" in capsys.readouterr().err


def test_grey_16_bit_images_are_read_too(tmp_path: Path) -> None:
    path = tmp_path / "grey.png"
    cv2.imwrite(str(path), np.full((4, 5), 128 * 256, dtype=np.uint16))
    np.testing.assert_array_equal(read_image(path), np.full((4, 5, 3), 128))


def test_a_model_that_is_not_there(
    files: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    monkeypatch.chdir(files)
    assert estimate("--model", "nonsense") == 2
    said = capsys.readouterr().err
    assert said.startswith("error: no model 'nonsense': wanted its card")
    assert said.count("\n") == 1


def test_plane_and_depth_reach_the_estimator(
    files: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[SupportPlane | None, np.ndarray | None, bool]] = []

    def find(
        rgb: np.ndarray,
        camera: Camera,
        edge: float,
        plane: SupportPlane | None,
        depth: np.ndarray | None,
        plane_from_blocks: bool,
    ) -> list[BlockEstimate]:
        told.append((plane, depth, plane_from_blocks))
        return []

    monkeypatch.setattr(cli_estimate, "load_estimator", lambda model, search: find)
    cv2.imwrite("depth.png", np.full((48, 64), 650, np.uint16))
    assert estimate() == 0
    assert estimate("--plane", "0", "-0.6", "-0.8", "-0.7", "--depth", "depth.png") == 0
    assert estimate("--plane", "0", "0", "2", "1.4", "--plane-sigma", "0.01") == 0
    assert estimate("--no-plane-from-blocks") == 0
    assert (told[0], told[3]) == ((None, None, True), (None, None, False))
    (plane, depth, _), (other, _, _) = told[1:3]
    assert plane is not None
    assert depth is not None
    assert other is not None
    np.testing.assert_allclose(plane.normal, [0, -0.6, -0.8])
    assert (plane.offset, plane.sigma) == (pytest.approx(-0.7), 0.002)
    np.testing.assert_allclose(depth, 0.65, rtol=1e-6)
    np.testing.assert_allclose(other.normal, [0, 0, -1])
    assert (other.offset, other.sigma) == (pytest.approx(-0.7), 0.01)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--plane", "0", "0", "0", "1"], "support plane with normal [0.0, 0.0, 0.0]"),
        (["--plane", "0", "0", "1"], "expected 4 arguments"),
        (["--plane", "0", "0", "1", "1", "--plane-sigma", "-1"], "wanted metres above 0"),
        (["--plane-sigma", "0.01"], "--plane-sigma belongs to --plane"),
        (["--depth", "none.png"], "depth image none.png cannot be read"),
        (["--depth", "photo.png"], "has 3 channels of 8 bits: wanted a PNG file of one channel"),
        (["--depth", "small.png"], "the depth image is 32x24, the image 64x48"),
    ],
)
def test_what_is_no_plane_or_no_depth_is_refused_in_one_line(
    files: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], says: str
) -> None:
    cv2.imwrite("small.png", np.ones((24, 32), np.uint16))
    try:
        code = estimate(*arguments)
    except SystemExit as error:  # what argparse finds wrong by itself
        code = int(str(error.code))
    assert code == 2
    said = capsys.readouterr().err
    assert says in said
    assert said.count("\n") == 1
