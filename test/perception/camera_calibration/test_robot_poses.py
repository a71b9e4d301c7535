"""Where the arm was: CSV and YAML, poses and joints, and the launch file of the result."""

from __future__ import annotations

import contextlib
import re
import shlex
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from simreal_common.errors import ConfigurationError
from simreal_common.geometry import Pose, rotation_distance
from simreal_perception.camera_calibration.hand_eye import EYE_TO_HAND, HandEyeFit
from simreal_perception.camera_calibration.hand_eye_checks import HeldOut
from simreal_perception.camera_calibration.robot_poses import read_robot_poses
from simreal_perception.camera_calibration.transform_file import check_frame, transform_launch


def read(folder: Path, text: str, name: str = "poses.csv") -> dict:
    (folder / name).write_text(text, encoding="utf-8")
    return read_robot_poses(folder / name)


def test_orientations_in_three_ways(tmp_path: Path) -> None:
    turn = Rotation.from_euler("xyz", [0.3, -0.2, 1.1])
    for columns, numbers in (
        ("qx, qy, qz, qw", turn.as_quat()),
        ("roll, pitch, yaw", [0.3, -0.2, 1.1]),
        ("rx,ry,rz", turn.as_rotvec()),
    ):
        said = ", ".join(f"{number:.12f}" for number in numbers)
        text = f"image, x, y, z, {columns}\na.png, 0.1, 0.2, 0.3, {said}\n"
        pose = read(tmp_path, text)["a.png"].pose
        assert pose.position.tolist() == [0.1, 0.2, 0.3]
        assert rotation_distance(pose.rotation, turn.as_matrix()) < 1e-7


def test_yaml_says_the_same(tmp_path: Path) -> None:
    text = "a.png: {x: 0.1, y: 0.2, z: 0.3, qx: 0, qy: 0, qz: 0, qw: 1}\nb.png: {j1: 0.5, j2: -1}\n"
    found = read(tmp_path, text, "poses.yaml")
    assert found["a.png"].pose.position.tolist() == [0.1, 0.2, 0.3]
    assert found["b.png"].joints == {"j1": 0.5, "j2": -1.0}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "none is called image"),
        ("picture,x,y,z\n", "none is called image"),
        ("image,x,y,z,qx,qy,qz,qw\n", "it holds none"),
        ("image,x,y,z,qx,qy,qz,qw\na,1,2\n", "line 2 has not 8 values"),
        ("image,x,y,z,qx,qy,qz,qw\na,1,2,3,0,0,0,1,9\n", "line 2 has not 8 values"),
        ("image,x,y,z,qx,qy,qz,qw\na,1,2,zz,0,0,0,1\n", "a: z: got 'zz', wanted a number"),
        ("image,x,y,z,qx,qy,qz,qw\na,1,2,nan,0,0,0,1\n", "a: z: got 'nan', wanted a number"),
        ("image,x,y,z,qx,qy,qz,qw\na,412,20,300,0,0,0,1\n", "write metres, not millimetres"),
        ("image,x,y,z,qx,qy,qz,qw\na,0,0,0,0,0,0,0\n", "quaternion of length 0"),
        ("image,x,y,z,roll,pitch,yaw\na,0,0,0,180,0,90\n", "wanted radians"),
        ("image,x,y,z\na,0,0,0\n", "wanted x, y, z and one of qx, qy, qz, qw"),
        ("image,x,y,z,qx,qy,qz,qw\na,0,0,0,0,0,0,1\na,0,0,0,0,0,0,1\n", "a stands there twice"),
    ],
)
def test_files_that_say_it_otherwise(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(words)):
        read(tmp_path, text)


@given(st.text(max_size=200))
def test_any_text_is_poses_or_refused(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    folder = tmp_path_factory.mktemp("poses")
    for name in ("poses.csv", "poses.yaml"):
        (folder / name).write_bytes(text.encode("utf-8", "replace"))
        with contextlib.suppress(ConfigurationError):
            assert read_robot_poses(folder / name)


def result(pose: Pose) -> tuple[HandEyeFit, HeldOut]:
    fit = HandEyeFit(EYE_TO_HAND, pose, Pose.identity(), (), np.zeros(0))
    return fit, HeldOut(np.array([4e-4]), np.array([1e-3]), 2e-4, 5e-4)


def test_the_launch_file_says_the_transform(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(HandEyeFit, "rms_px", 0.21)
    optical = Pose(
        np.array([0.4, -0.1, 0.9]), Rotation.from_euler("xyz", [2.0, 0.1, -1.0]).as_quat()
    )
    optical_in_link = Pose(np.array([0.0, 0.02, 0.01]), np.array([-0.5, 0.5, -0.5, 0.5]))
    fit, held_out = result(optical)
    for link, child in (
        (Pose.identity(), "camera_optical_frame"),
        (optical_in_link.inverse(), "camera_link"),
    ):
        node = ET.fromstring(transform_launch(fit, held_out, "panda_link0", child, link)).find(
            "node"
        )
        assert node is not None
        assert (node.get("pkg"), node.get("exec")) == ("tf2_ros", "static_transform_publisher")
        words = shlex.split(node.get("args", ""))
        said = dict(zip(words[::2], words[1::2]))
        assert (said["--frame-id"], said["--child-frame-id"]) == ("panda_link0", child)
        place = np.array([float(said[f"--{name}"]) for name in ("x", "y", "z")])
        turn = np.array([float(said[f"--{name}"]) for name in ("qx", "qy", "qz", "qw")])
        whole = Pose(place, turn) @ link.inverse()
        assert whole.position == pytest.approx(optical.position, abs=2e-6)
        assert rotation_distance(whole.rotation, optical.rotation) < 1e-6


@pytest.mark.parametrize("name", ["", "/panda_link0", "a b", 'x" y="'])
def test_names_that_no_frame_has(name: str) -> None:
    with pytest.raises(ConfigurationError, match="wanted a name as TF has them"):
        check_frame(name)
