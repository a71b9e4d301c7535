"""`simreal calibrate` from pictures to files, as a person runs it."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path
from types import ModuleType

import cv2
import numpy as np
import pytest

from simreal_cli.cli import main
from simreal_common.camera import Camera
from simreal_common.errors import SimrealError
from simreal_common.imaging.camera_files import load_camera
from simreal_perception.camera_calibration.board import Board

ROOT = Path(__file__).resolve().parents[2]
SMALL = Camera(
    400, 300, np.array([[382.0, 0, 198], [0, 381, 152], [0, 0, 1]]), np.array([0.08, -0.15, 0, 0])
)
CHARUCO, CHESSBOARD = Board(square_m=0.03, marker_m=0.0225), Board("chessboard", 8, 6, 0.03)
CAMERA_YAML = """\
image_width: 400
image_height: 300
camera_matrix: {rows: 3, cols: 3, data: [382.0, 0.0, 198.0, 0.0, 381.0, 152.0, 0.0, 0.0, 1.0]}
distortion_model: plumb_bob
distortion_coefficients: {rows: 1, cols: 5, data: [0.08, -0.15, 0.0, 0.0, 0.0]}
"""


def save(path: Path, rgb: np.ndarray) -> None:
    assert cv2.imwrite(str(path), rgb[..., ::-1])


@pytest.fixture(scope="module")
def waved(drawing: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pictures of a board that is waved before a camera, two of them useless."""
    folder = tmp_path_factory.mktemp("waved")
    simulation, rng = drawing.Simulation(SMALL), np.random.default_rng(1)
    for number in range(14):
        picture = simulation.picture(CHARUCO, simulation.board_pose(rng))
        save(folder / f"{number:02}.png", picture)
    save(folder / "empty.png", np.full((300, 400, 3), 128, np.uint8))
    save(folder / "00.mask.png", np.zeros((300, 400, 3), np.uint8))  # no picture
    (folder / "torn.jpg").write_bytes(b"\xff\xd8 no more")
    return folder


def hand_eye(arm: Path, out: Path, *more: str, square: str = "0.03") -> int:
    return main(
        [
            "calibrate", "hand-eye", str(arm), "--camera", str(arm / "camera.yaml"),
            "--mount", "eye-in-hand", "--parent", "tool0", "--board", "chessboard",
            "--squares", "8x6", "--square", square, "--out", str(out), *more,
        ]
    )  # fmt: skip


def camera(folder: Path, out: Path, *more: str) -> int:
    words = ["calibrate", "camera", str(folder), "--square", "0.03", "--out", str(out)]
    return main([*words, *more])


def test_a_camera_from_a_folder(
    waved: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "camera.yaml"
    assert camera(waved, out) == 0
    said = capsys.readouterr().out
    assert "left out empty.png: no marker of 5X5_100 was found" in said
    assert "left out torn.jpg: cannot read image" in said
    assert "mask" not in said
    assert said.count(".png  ") == 14  # the table, a line each
    assert "px, 14 of 14 different pictures used" in said
    assert "fx " in said and " +- " in said
    found = load_camera(out)
    assert found.matrix == pytest.approx(SMALL.matrix, abs=3.0)
    assert [path.name for path in tmp_path.iterdir()] == ["camera.yaml"]


def test_pictures_that_do_not_suffice_leave_no_file(
    waved: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    few = tmp_path / "few"
    few.mkdir()
    for name in ("00.png", "01.png", "02.png"):
        (few / name).write_bytes((waved / name).read_bytes())
    (few / "again.png").write_bytes((waved / "00.png").read_bytes())
    assert camera(few, tmp_path / "camera.yaml") == 2
    said = capsys.readouterr()
    assert "left out again.png: shows nearly the same as" in said.out or "00.png" in said.out
    assert said.err.count("\n") == 1
    assert "found in 3 different pictures (1 more repeat others), wanted 8 or more" in said.err
    assert not (tmp_path / "camera.yaml").exists()


def test_a_place_at_an_arm_from_a_folder(
    arm: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "hand_eye.launch.xml"
    assert hand_eye(arm, out, "--child", "eye") == 0
    said = capsys.readouterr().out
    assert "poses left out: " in said and " mm, " in said
    node = ET.fromstring(out.read_text()).find("node")
    assert node is not None
    words = node.get("args", "").split()
    values = dict(zip(words[::2], words[1::2]))
    assert (values["--frame-id"], values["--child-frame-id"]) == ("tool0", "eye")
    place = [float(values[name]) for name in ("--x", "--y", "--z")]
    assert place == pytest.approx(np.load(arm / "truth.npy")[:3, 3], abs=1e-3)


def test_wrong_squares_are_found_out_by_the_arm(
    arm: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "hand_eye.launch.xml"
    assert hand_eye(arm, out, square="0.0315") == 2
    assert "squares measure 30.0" in capsys.readouterr().err
    assert not out.exists()


def test_poses_without_pictures_and_pictures_without_poses(
    arm: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = (arm / "poses.csv").read_text().splitlines()
    poses = tmp_path / "some.csv"
    poses.write_text("\n".join([*rows[:4], rows[4].replace("03.png", "lost.png")]) + "\n")
    assert hand_eye(arm, tmp_path / "x.launch.xml", "--poses", str(poses)) == 2
    said = capsys.readouterr()
    assert "left out 03.png: the poses do not name it" in said.out
    assert "left out lost.png: there is no such picture" in said.out
    assert "seen at 3 different poses of the arm, wanted 8 or more" in said.err


def test_a_full_disk_and_ctrl_c_leave_what_was_there(
    waved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    out = tmp_path / "board.pdf"
    out.write_text("before")

    def full(self: Path, content: bytes) -> int:
        with self.open("wb") as file:
            file.write(content[:10])
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", full)
        assert main(["calibrate", "board", "--out", str(out)]) == 2
    assert "No space left on device; give a place that can be written" in capsys.readouterr().err

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("simreal_cli.calibrate.camera.calibrate_camera", interrupted)
        assert camera(waved, tmp_path / "camera.yaml") == 130
    assert out.read_text() == "before"
    assert [path.name for path in tmp_path.iterdir()] == ["board.pdf"]


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["camera", "nowhere", "--out", "c.yaml"], "nowhere is not there"),
        (["camera", ".", "--out", "c.yaml"], "no picture in ."),
        (["camera", ".", "--out", "c.txt"], "wanted a name that ends in .yaml or .yml"),
        (["camera", ".", "--out", "c.yaml", "--name", "a: b"], "--name 'a: b'"),
        (["camera", ".", "--out", "c.yaml", "--square", "28"], "their side in metres"),
        (["camera", ".", "--out", "c.yaml", "--squares", "9"], "wanted two numbers like 9x6"),
        (["board", "--out", "b.svg"], "wanted a name that ends in .pdf or .png"),
        (["board", "--out", "b.pdf", "--square", "0.05"], "does not fit on a4"),
    ],
)
def test_mistakes_are_told_in_one_line(
    words: list[str], problem: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    try:
        code = main(["calibrate", *words])
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 1
    assert code == 2
    error = capsys.readouterr().err
    assert problem in error
    assert error.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_pictures_of_a_bag(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("rosbags")
    pytest.importorskip("rclpy")
    bag = ROOT / "perception" / "replay" / "cell"
    assert camera(bag, tmp_path / "camera.yaml") == 2
    said = capsys.readouterr()
    assert said.out.count("left out image ") >= 5
    assert "was found in none of " in said.err


def test_joint_positions_by_the_robots_kinematics(tmp_path: Path) -> None:
    pytest.importorskip("pinocchio")
    pytest.importorskip("pink")
    from simreal_cli.calibrate.arm_poses import poses_of
    from simreal_perception.camera_calibration.robot_poses import ArmAt

    joint = (
        '<joint name="{0}" type="revolute"><parent link="{1}"/><child link="{2}"/><axis xyz="{3}"/>'
        '<origin xyz="0 0 0.5"/><limit lower="-3" upper="3" effort="1" velocity="1"/></joint>'
    )
    mass = (
        '<inertial><mass value="1"/>'
        '<inertia ixx="1" iyy="1" izz="1" ixy="0" ixz="0" iyz="0"/></inertial>'
    )
    links = "".join(f'<link name="{name}">{mass}</link>' for name in ("base", "arm", "tool"))
    urdf = tmp_path / "robot.urdf"
    urdf.write_text(
        f'<robot name="r">{links}{joint.format("turn", "base", "arm", "0 0 1")}'
        f"{joint.format('nod', 'arm', 'tool', '0 1 0')}</robot>"
    )
    # In a file the joints may stand in any order.
    at = {"a.png": ArmAt(None, {"nod": 0.2, "turn": np.pi / 2})}
    poses, frames = poses_of(at, urdf, "tool")
    assert frames == ("base", "tool")
    assert poses["a.png"].position == pytest.approx([0, 0, 1.0])
    assert poses["a.png"].rotation[:, 2] == pytest.approx([0, np.sin(0.2), np.cos(0.2)])
    for wrong in (
        {"a.png": ArmAt(None, {"nod": 0.2, "twist": 0.0})},
        {**at, "b": ArmAt(None, {"nod": 0.0})},
    ):
        with pytest.raises(SimrealError, match="twist|wanted the same for all"):
            poses_of(wrong, urdf, "tool")
    with pytest.raises(SimrealError, match="wanted --urdf FILE and --tool LINK"):
        poses_of(at, None, None)
