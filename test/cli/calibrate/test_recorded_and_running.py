"""`simreal calibrate` from a recording and from a camera and an arm that run."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

rclpy = pytest.importorskip("rclpy")
pytest.importorskip("rosbags", reason="bags are read by rosbags")
pytest.importorskip("pinocchio")
pytest.importorskip("pink")

from builtin_interfaces.msg import Time
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.serialization import serialize_message
from rosbags.rosbag2 import StoragePlugin, Writer
from rosbags.typesys import Stores, get_typestore
from scipy.spatial.transform import Rotation
from sensor_msgs.msg import Image, JointState
from std_msgs.msg import Header

from simreal_cli.calibrate import hand_eye as hand_eye_command
from simreal_cli.cli import main
from simreal_common.geometry import Pose
from simreal_common.imaging.ros_images import rgb_to_image
from simreal_perception.camera_calibration.picture_sources import ros_live_pictures
from simreal_perception.video.image_io import read_image

START_NS = 1_700_000_000_000_000_000
JOINTS = ("x", "y", "z", "yaw", "pitch", "roll")
IMAGES, STATES = "/eye/image_raw", "/arm/joint_states"


def gantry_urdf() -> str:
    """A robot whose six joints are the six numbers of its tool's pose."""
    mass = (
        '<inertial><mass value="1"/>'
        '<inertia ixx="1" iyy="1" izz="1" ixy="0" ixz="0" iyz="0"/></inertial>'
    )
    axes = dict(zip(JOINTS, ("1 0 0", "0 1 0", "0 0 1", "0 0 1", "0 1 0", "1 0 0")))
    links = ["base", *(f"after_{name}" for name in JOINTS[:-1]), "tool"]
    text = "".join(f'<link name="{name}">{mass}</link>' for name in links)
    for (name, axis), parent, child in zip(axes.items(), links, links[1:]):
        kind = "prismatic" if name in "xyz" else "revolute"
        text += (
            f'<joint name="{name}" type="{kind}"><parent link="{parent}"/><child link="{child}"/>'
            f'<axis xyz="{axis}"/><limit lower="-4" upper="4" effort="1" velocity="1"/></joint>'
        )
    return f'<robot name="gantry">{text}</robot>'


def places_of(arm: Path) -> tuple[list[np.ndarray], list[list[float]]]:
    """The pictures of the folder and the joints of the gantry at each."""
    pictures, joints = [], []
    for line in (arm / "poses.csv").read_text().splitlines()[1:]:
        name, *numbers = line.split(",")
        values = [float(number) for number in numbers]
        turn = Rotation.from_quat(values[3:]).as_euler("ZYX")
        pictures.append(read_image(arm / name))
        joints.append([*values[:3], *turn])
    return pictures, joints


def image(rgb: np.ndarray, time_ns: int) -> Image:
    stamp = Time(sec=time_ns // 10**9, nanosec=time_ns % 10**9)
    return rgb_to_image(rgb, Header(stamp=stamp, frame_id="eye"))


@pytest.fixture(scope="module")
def recording(arm: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The arm goes from place to place, stands a second at each; between them pictures mislead."""
    folder = tmp_path_factory.mktemp("recorded")
    (folder / "gantry.urdf").write_text(gantry_urdf())
    pictures, joints = places_of(arm)
    store = get_typestore(Stores.ROS2_JAZZY)
    with Writer(folder / "bag", version=9, storage_plugin=StoragePlugin.MCAP) as writer:
        eye = writer.add_connection(IMAGES, "sensor_msgs/msg/Image", typestore=store)
        states = writer.add_connection(STATES, "sensor_msgs/msg/JointState", typestore=store)
        now = START_NS
        for index, (rgb, place) in enumerate(zip(pictures, joints)):
            for step in range(30):  # 20 Hz: half a second of motion, one at rest
                now += 50_000_000
                moving = max(0.0, 1.0 - step / 10)
                there = np.array(place) + 0.2 * moving * (index % 2 * 2 - 1)
                state = JointState(name=list(JOINTS), position=there.tolist())
                writer.write(states, now, serialize_message(state))
                shown = rgb if step >= 10 else pictures[(index + 5) % len(pictures)]
                writer.write(eye, now + 1_000_000, serialize_message(image(shown, now)))
    return folder


def hand_eye(arm: Path, out: Path, *more: str) -> int:
    return main(
        [
            "calibrate", "hand-eye", *more, "--camera", str(arm / "camera.yaml"), "--mount",
            "eye-in-hand", "--board", "chessboard", "--squares", "8x6", "--square", "0.03",
            "--out", str(out),
        ]
    )  # fmt: skip


def from_states(arm: Path, recording: Path, out: Path, *source: str) -> int:
    """Run the command on something that tells the arm's joints."""
    robot = ("--urdf", str(recording / "gantry.urdf"), "--tool", "tool")
    return hand_eye(arm, out, *source, *robot)


def place_in(launch: str) -> np.ndarray:
    """The camera's place that a launch file publishes."""
    words = launch.replace('"', " ").split()
    return np.array([float(words[words.index(f"--{axis}") + 1]) for axis in "xyz"])


def test_an_arm_that_was_recorded(
    arm: Path, recording: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "eye.launch.xml"
    assert from_states(arm, recording, out, str(recording / "bag")) == 0
    said = capsys.readouterr().out
    assert "11 poses used" in said
    truth = Pose.from_matrix(np.load(arm / "truth.npy"))
    assert np.linalg.norm(place_in(out.read_text()) - truth.position) < 2e-3
    # As from the folder with the poses written down.
    assert hand_eye(arm, tmp_path / "folder.launch.xml", str(arm), "--parent", "tool") == 0
    same = place_in((tmp_path / "folder.launch.xml").read_text())
    np.testing.assert_allclose(place_in(out.read_text()), same, atol=2e-4)


def test_a_recording_needs_a_robot_and_no_poses(
    arm: Path, recording: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "eye.launch.xml"
    bag = str(recording / "bag")
    assert hand_eye(arm, out, bag) == 2
    assert "wanted --urdf FILE and --tool LINK" in capsys.readouterr().err
    poses = ("--poses", str(arm / "poses.csv"))
    assert from_states(arm, recording, out, bag, *poses) == 2
    assert "belongs to a folder of pictures" in capsys.readouterr().err
    assert from_states(arm, recording, out, bag, "--joint-states", "/other") == 2
    assert f"{STATES} (" in capsys.readouterr().err
    assert from_states(arm, recording, out) == 2
    assert "wanted a folder of pictures, a bag, or --topic" in capsys.readouterr().err
    assert hand_eye(arm, out, str(arm), "--topic", IMAGES) == 2
    assert "is a folder of pictures" in capsys.readouterr().err
    assert not out.exists()


class Robot:
    """Publishes an arm's joint states and its camera's images from a thread of its own."""

    def __init__(self, pictures: list[np.ndarray], joints: list[list[float]]) -> None:
        self._context = Context()
        rclpy.init(args=[], context=self._context)
        self._node = rclpy.create_node("stand_in", context=self._context)
        self._eye = self._node.create_publisher(Image, IMAGES, 1)
        self._states = self._node.create_publisher(JointState, STATES, 10)
        self._places = list(zip(pictures, joints))
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        executor = SingleThreadedExecutor(context=self._context)
        executor.add_node(self._node)
        started = time.monotonic()
        while not self._end.is_set():
            index = int((time.monotonic() - started) / 1.5) % len(self._places)
            rgb, place = self._places[index]
            self._states.publish(JointState(name=list(JOINTS), position=list(place)))
            self._eye.publish(image(rgb, time.time_ns()))
            executor.spin_once(timeout_sec=0.05)
        executor.shutdown()

    def close(self) -> None:
        self._end.set()
        self._thread.join()
        self._node.destroy_node()
        rclpy.shutdown(context=self._context)


@pytest.fixture
def robot(arm: Path) -> Iterator[Any]:
    pictures, joints = places_of(arm)
    running = Robot(pictures, joints)
    yield running
    running.close()


def test_an_arm_that_runs(
    arm: Path,
    recording: Path,
    robot: Robot,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(hand_eye_command, "MOST_LIVE", 11)
    out = tmp_path / "eye.launch.xml"
    topics = ("--topic", IMAGES, "--joint-states", STATES)
    assert from_states(arm, recording, out, *topics) == 0, capsys.readouterr()
    truth = Pose.from_matrix(np.load(arm / "truth.npy"))
    assert np.linalg.norm(place_in(out.read_text()) - truth.position) < 2e-3


def test_ctrl_c_ends_a_running_camera_with_what_there_is(robot: Robot) -> None:
    pictures = ros_live_pictures.live_pictures(IMAGES, 30)
    assert next(pictures).rgb is not None
    signal.raise_signal(signal.SIGINT)
    assert list(pictures) == []


def test_a_topic_without_images_is_told(
    robot: Robot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: Any
) -> None:
    monkeypatch.setattr(ros_live_pictures, "PATIENCE_S", 2.0)
    out = tmp_path / "camera.yaml"
    assert main(["calibrate", "camera", "--topic", "/nothing", "--out", str(out)]) == 2
    said = capsys.readouterr().err
    assert f"no image on /nothing for 2 s (images are on {IMAGES})" in said
    assert not out.exists()
