"""Pictures that `simreal calibrate` is tried on: drawn once for its tests."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import cv2
import numpy as np
import pytest

from simreal_common.camera import Camera
from simreal_perception.camera_calibration.board import Board
from simreal_perception.camera_calibration.hand_eye import EYE_IN_HAND

ROOT = Path(__file__).resolve().parents[2]
SMALL = Camera(
    400, 300, np.array([[382.0, 0, 198], [0, 381, 152], [0, 0, 1]]), np.array([0.08, -0.15, 0, 0])
)
CHESSBOARD = Board("chessboard", 8, 6, 0.03)
CAMERA_YAML = """\
image_width: 400
image_height: 300
camera_matrix: {rows: 3, cols: 3, data: [382.0, 0.0, 198.0, 0.0, 381.0, 152.0, 0.0, 0.0, 1.0]}
distortion_model: plumb_bob
distortion_coefficients: {rows: 1, cols: 5, data: [0.08, -0.15, 0.0, 0.0, 0.0]}
"""


@pytest.fixture(scope="module")
def drawing() -> ModuleType:
    """What the tests of the library draw their pictures with."""
    path = ROOT / "perception" / "camera_calibration" / "conftest.py"
    spec = importlib.util.spec_from_file_location("drawn_boards", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["drawn_boards"] = module  # dataclasses look it up
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def arm(drawing: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pictures of a chessboard from a camera on an arm, with poses.csv and the truth."""
    folder = tmp_path_factory.mktemp("arm")
    simulation, rng = drawing.Simulation(SMALL), np.random.default_rng(2)
    views, truth = simulation.views(EYE_IN_HAND, CHESSBOARD.points, 11, rng)
    target = drawing.turned(
        drawing.Pose(np.array([0.5, 0.1, 0.01]), np.array([0, 0, 0, 1.0])), [180, 0, 20]
    )
    rows = ["image,x,y,z,qx,qy,qz,qw"]
    for view in views:
        pose = view.pose_tool_in_base
        there = truth.inverse() @ pose.inverse() @ target
        picture = simulation.picture(CHESSBOARD, there)
        assert cv2.imwrite(str(folder / view.sight.name), picture[..., ::-1])
        numbers = [*pose.position, *pose.orientation]
        rows.append(",".join([view.sight.name, *(f"{number:.9f}" for number in numbers)]))
    (folder / "poses.csv").write_text("\n".join(rows) + "\n")
    (folder / "camera.yaml").write_text(CAMERA_YAML)
    np.save(folder / "truth.npy", truth.matrix)
    return folder
