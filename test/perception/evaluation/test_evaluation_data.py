"""Where examples with truth come from: scenes, photographs, bags; and `simreal evaluate`."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from simreal_cli.cli import main
from simreal_common.errors import ConfigurationError, SimrealError
from simreal_common.geometry import cube_corners
from simreal_perception.evaluation.evaluation_data import PhotographSource
from simreal_perception.evaluation.ros_bag import BagSource

BAGS = Path(__file__).resolve().parents[4] / "shared" / "data" / "bags"
WIDTH, HEIGHT, FOCAL = 64, 48, 60.0
EDGE = 0.04


@pytest.fixture(scope="module")
def scenes() -> object:
    pytest.importorskip("numba", reason="scenes are drawn by compiled code")
    from simreal_perception.evaluation import evaluation_scenes

    return evaluation_scenes


def test_a_number_gives_the_same_example_whatever_else_is_drawn(scenes) -> None:  # type: ignore[no-untyped-def]
    (late,) = scenes.SceneSource(50, 7).examples([3])
    *_, again = scenes.SceneSource(4, 7).examples(range(4))
    (other,) = scenes.SceneSource(50, 8).examples([3])
    np.testing.assert_array_equal(late.image, again.image)
    assert late.visible == again.visible
    assert not np.array_equal(late.image, other.image)


def test_blocks_that_count_are_seen_and_in_range_and_where_the_camera_puts_them(scenes) -> None:  # type: ignore[no-untyped-def]
    examples = list(scenes.SceneSource(12, 1).examples(range(12)))
    assert sum(len(example.blocks) for example in examples) > 8
    assert any(example.hidden for example in examples)
    for example in examples:
        assert example.image.shape == (480, 640, 3)
        assert len(example.visible) == len(example.blocks) + len(example.hidden)
        for pose, share in zip(example.blocks, example.visible):
            assert share >= 0.5
            assert 0.5 <= np.linalg.norm(pose.position) <= 1.1
            pixels = example.camera.project(pose.transform_points(cube_corners(example.edge)))
            assert ((pixels > 0) & (pixels < [640, 480])).all(axis=1).any()


def test_another_renderer_shows_the_same_scenes(scenes) -> None:  # type: ignore[no-untyped-def]
    pytest.importorskip("pybullet", reason="another renderer needs PyBullet")
    for number in range(3):
        (first,) = scenes.SceneSource(3, 2).examples([number])
        (second,) = scenes.SceneSource(3, 2, "tiny").examples([number])
        np.testing.assert_array_equal(first.camera.matrix, second.camera.matrix)
        assert len(first.blocks) == len(second.blocks)
        for pose, same in zip(first.blocks, second.blocks, strict=True):
            np.testing.assert_allclose(pose.matrix, same.matrix)
        np.testing.assert_allclose(first.visible, second.visible, atol=0.05)
        assert not np.array_equal(first.image, second.image)


def image(seed: int) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)


def write_bag(folder: Path, images: int, topics: tuple[str, ...] = ("image_raw",)) -> None:
    """A bag with raw bgr8 images, or PNG ones on topics that end in /compressed."""
    writing = pytest.importorskip("rosbags.rosbag2", reason="bags are written by rosbags")
    from rosbags.typesys import Stores, get_typestore

    store = get_typestore(Stores.ROS2_JAZZY)
    kinds = {name.rsplit("/", 1)[1]: store.types[name] for name in store.types}
    header = kinds["Header"](stamp=kinds["Time"](sec=1, nanosec=0), frame_id="camera")
    no_region = kinds["RegionOfInterest"](
        x_offset=0, y_offset=0, height=0, width=0, do_rectify=False
    )
    matrix = np.array([FOCAL, 0, WIDTH / 2, 0, FOCAL, HEIGHT / 2, 0, 0, 1])
    info = kinds["CameraInfo"](
        header=header, height=HEIGHT, width=WIDTH, distortion_model="plumb_bob", d=np.zeros(5),
        k=matrix, r=np.eye(3).ravel(), p=np.zeros(12), binning_x=0, binning_y=0, roi=no_region,
    )  # fmt: skip
    with writing.Writer(folder, version=9) as writer:

        def send(topic: str, message: object, stamp: int) -> None:
            kind = message.__msgtype__  # type: ignore[attr-defined]
            if topic not in connections:
                connections[topic] = writer.add_connection(topic, kind, typestore=store)
            writer.write(connections[topic], stamp, store.serialize_cdr(message, kind))

        connections: dict[str, object] = {}
        send("/camera/camera_info", info, 0)
        for number in range(images):
            bgr = image(number)[..., ::-1]
            for name in topics:
                topic = f"/camera/{name}"
                if topic.endswith("/compressed"):
                    _, code = cv2.imencode(".png", bgr)
                    message = kinds["CompressedImage"](header=header, format="png", data=code)
                else:
                    message = kinds["Image"](
                        header=header, height=HEIGHT, width=WIDTH, encoding="bgr8",
                        is_bigendian=0, step=3 * WIDTH, data=np.ascontiguousarray(bgr).ravel(),
                    )  # fmt: skip
                send(topic, message, number + 1)


@pytest.fixture(scope="module")
def bag(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole bag of one image."""
    pytest.importorskip("sensor_msgs", reason="messages of images need ROS 2, or embedded_ros2")
    folder = tmp_path_factory.mktemp("whole") / "bag"
    write_bag(folder, 1)
    return folder


def write_poses(path: Path, frames: list[int]) -> Path:
    rotation = Rotation.from_rotvec([0.1, 0.2, 0.3]).as_matrix().tolist()
    entries = {
        str(frame): {"position_m": [0, 0, 0.3 + 0.01 * frame], "rotation": rotation}
        for frame in frames
    }
    path.write_text(json.dumps({"frames": entries}), encoding="utf-8")
    return path


@pytest.mark.parametrize("topic", ["image_raw", "image_raw/compressed"])
def test_a_bag_gives_the_frames_that_have_a_pose(tmp_path: Path, topic: str) -> None:
    pytest.importorskip("sensor_msgs", reason="messages of images need ROS 2, or embedded_ros2")
    write_bag(tmp_path / "bag", 5, (topic,))
    source = BagSource(tmp_path / "bag", write_poses(tmp_path / "poses.json", [1, 2, 4]), EDGE)
    assert source.count == 3
    examples = list(source.examples([0, 2]))
    assert [example.name for example in examples] == ["frame 1", "frame 4"]
    for example, frame in zip(examples, (1, 4), strict=True):
        np.testing.assert_array_equal(example.image, image(frame))
        assert example.blocks[0].position[2] == pytest.approx(0.3 + 0.01 * frame)
        assert example.camera.matrix[0, 0] == FOCAL
        assert example.edge == EDGE


def test_what_is_wrong_with_a_bag_is_said_in_one_line(tmp_path: Path) -> None:
    pytest.importorskip("rosbags", reason="bags are read by rosbags")
    poses = write_poses(tmp_path / "poses.json", [0])
    with pytest.raises(ConfigurationError, match="holds no recording: wanted a folder as"):
        list(BagSource(tmp_path, poses, EDGE).examples([0]))
    write_bag(tmp_path / "bag", 1, ("left/image_raw", "right/image_raw"))
    with pytest.raises(ConfigurationError, match="/camera/left/image_raw.*--topic"):
        list(BagSource(tmp_path / "bag", poses, EDGE).examples([0]))
    poses.write_text('{"frames": {"0": {"position_m": [0, 0]}}}', encoding="utf-8")
    with pytest.raises(ConfigurationError, match="poses.json.*position_m"):
        _ = BagSource(tmp_path / "bag", poses, EDGE).count


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(["metadata.yaml", "bag.db3"]),
    st.lists(st.tuples(st.floats(0, 1), st.integers(1, 255)), min_size=1, max_size=200),
)
def test_flipped_bytes_in_a_bag_are_one_line(
    bag: Path, file: str, flips: list[tuple[float, int]]
) -> None:
    content = bytearray((bag / file).read_bytes())
    for place, change in flips:
        content[int(place * (len(content) - 1))] ^= change
    with tempfile.TemporaryDirectory() as folder:
        damaged = Path(folder) / "bag"
        shutil.copytree(bag, damaged)
        (damaged / file).write_bytes(content)
        poses = write_poses(Path(folder) / "poses.json", [0])
        said = ""
        try:
            list(BagSource(damaged, poses, EDGE).examples([0]))
        except SimrealError as error:
            said = str(error)
        assert "\n" not in said
        assert len(said) < 600


@pytest.mark.parametrize(
    "metadata",
    ["[" * 50_000, "a: &a [1]\nb: [*a]", "rosbag2_bagfile_information: 1", "a: " + "1" * 5000, "x"],
    ids=range(5),
)
def test_metadata_that_are_none(bag: Path, tmp_path: Path, metadata: str) -> None:
    shutil.copytree(bag, tmp_path / "bag")
    (tmp_path / "bag" / "metadata.yaml").write_text(metadata)
    with pytest.raises(ConfigurationError, match="cannot read bag .*wanted a whole rosbag2"):
        list(
            BagSource(tmp_path / "bag", write_poses(tmp_path / "poses.json", [0]), EDGE).examples(
                [0]
            )
        )


@pytest.mark.parametrize("poses", ["[" * 50_000, '{"frames": {"0": ' + "1" * 5000 + "}}", "NaN"])
def test_poses_that_are_none(tmp_path: Path, poses: str) -> None:
    (tmp_path / "poses.json").write_text(poses)
    with pytest.raises(ConfigurationError, match="cannot read poses") as refused:
        _ = BagSource(tmp_path, tmp_path / "poses.json", EDGE).count
    assert len(str(refused.value)) < 600


@pytest.mark.skipif(not BAGS.is_dir(), reason="the recorded bags are not in the repository")
def test_a_recorded_mcap_with_compressed_images_is_read() -> None:
    pytest.importorskip("sensor_msgs", reason="messages of images need ROS 2, or embedded_ros2")
    source = BagSource(BAGS / "visp_gray_cube_10hz_mcap", BAGS / "visp_gray_cube_poses.json", 0.084)
    assert source.count == 218
    first, last = source.examples([0, 217])
    for example in (first, last):
        assert example.image.shape == (example.camera.height, example.camera.width, 3)
        corners = example.blocks[0].transform_points(cube_corners(example.edge))
        pixels = example.camera.project(corners)
        assert (pixels > 0).all()
        assert (pixels < [example.camera.width, example.camera.height]).all()


def test_photographs_name_what_their_index_lacks(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"index\.json.*position_m"):
        _ = PhotographSource(tmp_path).count
    (tmp_path / "index.json").write_text('{"blocks": [{"image": "a.png"}]}', encoding="utf-8")
    with pytest.raises(ConfigurationError, match="lacks camera"):
        _ = PhotographSource(tmp_path).count


def test_evaluate_gives_the_same_figures_with_any_number_of_processes(  # type: ignore[no-untyped-def]
    scenes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = [tmp_path / f"{jobs}.json" for jobs in (1, 2)]
    for jobs, file in enumerate(files, start=1):
        images = ["--sheet", f"{tmp_path}/s.png", "--reliability", f"{tmp_path}/r.png"]
        common = ["evaluate", "--scenes", "6", "--seed", "3", "--jobs", str(jobs)]
        assert main([*common, "--json", str(file), *(images if jobs == 1 else [])]) == 0
    out = capsys.readouterr().out
    assert "recall" in out
    assert "How far a score can be trusted" in out
    one, two = (json.loads(file.read_text(encoding="utf-8")) for file in files)
    assert one["images"] == 6
    assert [(b["image"], b["number"]) for b in one["blocks"]] == [
        (b["image"], b["number"]) for b in two["blocks"]
    ]
    # A network's sums are split among as many threads as a process may use. Its last digits decide
    # where the image is read, which OpenCV rounds to 1/32 pixel: tenths of a millimetre.
    for ours, theirs in zip(one["blocks"], two["blocks"], strict=True):
        assert (ours["error"] is None) == (theirs["error"] is None)
        if ours["error"] is not None:
            for name, bound in (("position_m", 1e-3), ("rotation_rad", 0.01), ("score", 0.02)):
                assert ours["error"][name] == pytest.approx(theirs["error"][name], abs=bound)
    for name in ("recall", "precision", "position_mean_mm"):
        assert one["overall"][name] == pytest.approx(two["overall"][name], rel=5e-2)
    for name in ("s.png", "r.png"):
        assert cv2.imread(f"{tmp_path}/{name}") is not None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--bag", "x"], "--poses"),
        (["--scenes", "1", "--edge", "0.05"], "--edge belongs to --bag"),
        (["--world", "1", "--renderer", "tiny"], "--renderer tiny draws --scenes"),
        (["--scenes", "1", "--sheet", "a.txt"], "a.txt"),
        (["--world", "1", "--plane-sigma", "0"], "--plane-sigma: got 0, wanted metres above 0"),
        (["--world", "1", "--plane-noise", "0.01,1"], "--plane-noise disturbs the plane"),
        (
            ["--world", "1", "--plane-sigma", "0.01", "--plane-noise", "1mm"],
            "--plane-noise: got '1mm', wanted metres",
        ),
        (
            ["--bag", "x", "--poses", "y", "--edge", "0.05", "--plane-sigma", "0.01"],
            "nobody knows the plane of --bag",
        ),
    ],
)
def test_options_that_do_not_belong_together_are_refused(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["evaluate", *arguments]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
