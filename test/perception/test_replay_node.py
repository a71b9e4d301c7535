"""replay_node with a stand-in for perception: what it plays, what it keeps, how it ends."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

rclpy = pytest.importorskip("rclpy")
pytest.importorskip("rosbags", reason="bags are read by rosbags")

from builtin_interfaces.msg import Time
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.serialization import deserialize_message, serialize_message
from rosbags.rosbag2 import Reader, StoragePlugin, Writer
from rosbags.typesys import Stores, get_typestore
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import Header
from vision_msgs.msg import Detection3DArray

from simreal_common.block_estimate import BlockEstimate
from simreal_common.camera import Camera
from simreal_common.errors import CalibrationError, ConfigurationError, SimrealError
from simreal_common.geometry import Pose
from simreal_common.imaging.ros_camera_info import camera_to_camera_info
from simreal_common.imaging.ros_images import image_to_rgb, rgb_to_image
from simreal_common.ros_messages import estimates_to_detections, stamp_nanoseconds
from simreal_common.ros_process import NodeFinished
from simreal_common.ros_qos import (
    CAMERA_INFO_QOS,
    DETECTION_QOS,
    LATEST_IMAGE_QOS,
    STATE_QOS,
    reliably,
)
from simreal_perception.replay_node import ReplayNode

CAMERA = Camera.pinhole(64, 48, 1.0)
START_NS, STEP_NS = 1_700_000_000_000_000_000, 100_000_000
STAMP_LATER_NS = 7_000_000  # headers are older than what was recorded
COUNT = 6
WAIT_S = 60.0


def picture(index: int, height: int = 48) -> np.ndarray:
    return np.full((height, 64, 3), 10 + 20 * index, dtype=np.uint8)


def stamp(time_ns: int) -> Time:
    return Time(sec=time_ns // 10**9, nanosec=time_ns % 10**9)


def write_bag(
    folder: Path, count: int = COUNT, *, infos: bool = True, odd: int | None = None
) -> Path:
    """Images before their calibration, as some drivers send them; `odd` has another size."""
    store = get_typestore(Stores.ROS2_JAZZY)
    with Writer(folder, version=9, storage_plugin=StoragePlugin.MCAP) as writer:
        image = writer.add_connection("/lens/image_raw", "sensor_msgs/msg/Image", typestore=store)
        info = writer.add_connection("/lens/info", "sensor_msgs/msg/CameraInfo", typestore=store)
        for index in range(count):
            time_ns = START_NS + index * STEP_NS
            header = Header(stamp=stamp(time_ns - STAMP_LATER_NS), frame_id="lens")
            message = rgb_to_image(picture(index, 32 if index == odd else 48), header)
            writer.write(image, time_ns, serialize_message(message))
            if infos:
                calibration = camera_to_camera_info(CAMERA, header)
                if index == 0:  # not calibrated yet
                    calibration = CameraInfo(header=header, width=64, height=48)
                writer.write(info, time_ns, serialize_message(calibration))
    return folder


def estimate(index: int) -> BlockEstimate:
    pose = Pose(np.array([0.01 * index, 0.0, 0.5]), np.array([0.0, 0.0, 0.0, 1.0]))
    return BlockEstimate(pose, 1e-6 * np.eye(6), 0.9, 0.05, id="7")


@dataclass
class Heard:
    """What the stand-in heard, in order: "info", "clock" with its time, "image" with its index."""

    events: list[tuple[str, int]] = field(default_factory=list)
    stamps: list[int] = field(default_factory=list)

    def of(self, kind: str) -> list[int]:
        return [value for name, value in self.events if name == kind]


class StandIn(Node):
    """Finds one block in each image, the farther right the brighter it is."""

    def __init__(self, heard: Heard, silent: tuple[int, ...], takes_s: float) -> None:
        super().__init__("perception_node")
        self._heard, self._silent, self._takes_s = heard, silent, takes_s
        self._publisher = self.create_publisher(Detection3DArray, "detections", DETECTION_QOS)
        self._kept = [
            self.create_subscription(Clock, "/clock", self._on_clock, STATE_QOS),
            self.create_subscription(
                CameraInfo, "camera/camera_info", self._on_info, CAMERA_INFO_QOS
            ),
            self.create_subscription(
                Image, "camera/image_raw", self._on_image, reliably(LATEST_IMAGE_QOS)
            ),
        ]

    def _on_clock(self, message: Clock) -> None:
        self._heard.events.append(("clock", stamp_nanoseconds(message.clock)))

    def _on_info(self, message: CameraInfo) -> None:
        self._heard.events.append(("info", int(message.width)))

    def _on_image(self, message: Image) -> None:
        index = (int(image_to_rgb(message)[0, 0, 0]) - 10) // 20
        self._heard.events.append(("image", index))
        self._heard.stamps.append(stamp_nanoseconds(message.header.stamp))
        time.sleep(self._takes_s)  # the time that a network takes
        if index not in self._silent:
            self._publisher.publish(estimates_to_detections([estimate(index)], message.header))


@pytest.fixture
def replay(ros: None, tmp_path: Path) -> Callable[..., tuple[int, Heard]]:
    """Plays a bag to the stand-in; the exit code and what was heard."""

    def run(
        bag: Path,
        *,
        silent: tuple[int, ...] = (),
        takes_s: float = 0.0,
        alone: bool = False,
        **parameters: Any,
    ) -> tuple[int, Heard]:
        heard = Heard()
        executor = SingleThreadedExecutor()
        values = {"bag": str(bag), "out": str(tmp_path / "out"), **parameters}
        nodes: list[Node] = []
        try:
            node = ReplayNode(
                parameter_overrides=[Parameter(key, value=value) for key, value in values.items()]
            )
            nodes.append(node)
            if not alone:
                nodes.append(StandIn(heard, silent, takes_s))
            for one in nodes:
                executor.add_node(one)
            deadline = time.monotonic() + WAIT_S
            while time.monotonic() < deadline:
                executor.spin_once(timeout_sec=0.05)
        except NodeFinished as finished:
            return finished.exit_code, heard
        finally:
            for one in nodes:
                executor.remove_node(one)
                one.destroy_node()
            executor.shutdown()
        raise AssertionError("the replay did not end")

    return run


def summary(tmp_path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((tmp_path / "out" / "summary.json").read_text())
    return content


def detections(tmp_path: Path) -> list[tuple[int, Detection3DArray]]:
    with Reader(tmp_path / "out" / "detections") as reader:
        return [
            (time_ns, deserialize_message(bytes(data), Detection3DArray))
            for _, time_ns, data in reader.messages()
        ]


def test_each_image_is_played_and_its_answer_kept(
    replay: Callable[..., tuple[int, Heard]], tmp_path: Path
) -> None:
    truth = {
        "edge_m": 0.05,
        "frames": {
            str(i): {"position_m": [0.01 * i, 0, 0.5], "orientation_xyzw": [0, 0, 0, 1]}
            for i in range(COUNT)
        },
    }
    (tmp_path / "truth.json").write_text(json.dumps(truth))
    code, heard = replay(
        write_bag(tmp_path / "bag"), truth=str(tmp_path / "truth.json"), takes_s=0.02
    )
    assert code == 0
    assert heard.of("image") == list(range(COUNT))
    assert heard.stamps == [START_NS + i * STEP_NS - STAMP_LATER_NS for i in range(COUNT)]
    assert heard.events.index(("info", 64)) < heard.events.index(("image", 0))
    clock = heard.of("clock")
    assert clock == sorted(clock)
    assert (clock[0], clock[-1]) == (START_NS, START_NS + (COUNT - 1) * STEP_NS)
    kept = detections(tmp_path)
    assert [time_ns for time_ns, _ in kept] == [START_NS + i * STEP_NS for i in range(COUNT)]
    for index, (_, message) in enumerate(kept):
        assert message.detections[0].bbox.center.position.x == pytest.approx(0.01 * index)
        assert message.detections[0].id == "7"
    told = summary(tmp_path)
    assert (told["images"], told["answered"], told["read_to_its_end"]) == (COUNT, COUNT, True)
    assert told["calibration"] == "message 2 on /lens/info"
    assert told["against_truth"]["recall"] == 1.0
    assert told["against_truth"]["position_mean_mm"] == pytest.approx(0.0, abs=1e-6)
    assert told["latency_p50_ms"] >= 20.0
    page = (tmp_path / "out" / "report.html").read_text()
    assert "data:image/jpeg;base64," in page
    assert page.count("<svg") == 6
    assert "http" not in page and 'src="replay' not in page  # it needs no other file


def test_a_loop_begins_anew(replay: Callable[..., tuple[int, Heard]], tmp_path: Path) -> None:
    code, heard = replay(write_bag(tmp_path / "bag"), loop=2, film=False)
    assert code == 0
    assert heard.of("image") == [*range(COUNT), *range(COUNT)]
    back = [i for i in range(1, len(heard.events)) if heard.events[i] == ("clock", START_NS)]
    images = [i for i, event in enumerate(heard.events) if event[0] == "image"]
    assert any(images[COUNT - 1] < place < images[COUNT] for place in back)
    told = summary(tmp_path)
    assert (told["loops"], told["loops_that_differ_from_the_first"]) == (2, 0)
    times = [time_ns for time_ns, _ in detections(tmp_path)]
    assert len(times) == 2 * COUNT and times == sorted(set(times))


def test_the_same_twice(replay: Callable[..., tuple[int, Heard]], tmp_path: Path) -> None:
    bag = write_bag(tmp_path / "bag")
    digests = []
    for _ in range(2):  # into the same folder
        assert replay(bag, film=False)[0] == 0
        digests.append(summary(tmp_path)["detections_sha256"])
    assert digests[0] == digests[1]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "detections", "report.html", "summary.json",
    ]  # fmt: skip


def test_a_later_start(replay: Callable[..., tuple[int, Heard]], tmp_path: Path) -> None:
    bag = write_bag(tmp_path / "bag")
    assert replay(bag, start=0.25, film=False)[1].of("image") == [3, 4, 5]
    with pytest.raises(ConfigurationError, match="give a smaller start"):
        replay(bag, start=60.0)


def test_a_recording_that_breaks_off(
    replay: Callable[..., tuple[int, Heard]], tmp_path: Path
) -> None:
    (file,) = write_bag(tmp_path / "bag").glob("*.mcap")
    content = file.read_bytes()
    file.write_bytes(content[: content.find(picture(4).tobytes()) + 100])
    code, heard = replay(tmp_path / "bag", film=False)
    assert code == 1
    assert heard.of("image") == [0, 1, 2, 3]
    told = summary(tmp_path)
    assert (told["answered"], told["read_to_its_end"]) == (4, False)
    assert "breaks off at byte" in told["broken"]
    assert told["broken"] in (tmp_path / "out" / "report.html").read_text()
    file.write_bytes(content[:30])
    code, heard = replay(tmp_path / "bag")
    assert (code, heard.of("image"), summary(tmp_path)["images"]) == (1, [], 0)


def test_in_time_what_perception_leaves_out_is_counted(
    replay: Callable[..., tuple[int, Heard]], tmp_path: Path
) -> None:
    began = time.monotonic()
    code, heard = replay(write_bag(tmp_path / "bag"), rate=0.5, silent=(2,), film=False)
    assert code == 0
    assert time.monotonic() - began > (COUNT - 1) * STEP_NS / 1e9 / 0.5
    assert heard.of("image") == list(range(COUNT))
    told = summary(tmp_path)
    assert (told["answered"], told["unanswered"]) == (COUNT - 1, 1)


def test_an_image_that_cannot_be_used_is_left_out(
    replay: Callable[..., tuple[int, Heard]], tmp_path: Path
) -> None:
    code, heard = replay(write_bag(tmp_path / "bag", odd=1), film=False)
    assert code == 0
    assert heard.of("image") == [0, 2, 3, 4, 5]
    assert summary(tmp_path)["unreadable"] == 1
    assert "image is 64x32" in (tmp_path / "out" / "report.html").read_text()


def test_a_camera_file_in_place_of_camera_info(
    replay: Callable[..., tuple[int, Heard]], tmp_path: Path
) -> None:
    bag = write_bag(tmp_path / "bag", infos=False)
    with pytest.raises(CalibrationError, match="give a camera file: camera_info:=camera.yaml"):
        replay(bag)
    focal = CAMERA.matrix[0, 0]
    (tmp_path / "lens.yaml").write_text(
        "image_width: 64\nimage_height: 48\n"
        f"camera_matrix: {{rows: 3, cols: 3, data: [{focal}, 0, 32, 0, {focal}, 24, 0, 0, 1]}}\n"
        "distortion_model: plumb_bob\n"
        "distortion_coefficients: {rows: 1, cols: 5, data: [0, 0, 0, 0, 0]}\n"
    )
    code, heard = replay(bag, camera_info=str(tmp_path / "lens.yaml"), film=False)
    assert (code, heard.of("image")) == (0, list(range(COUNT)))


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"alone": True}, "wanted perception_node"),
        ({"silent": (0,)}, "gave no answer to image 0"),
        ({"silent": (2, 3, 4)}, "gave no answer to image 4"),
    ],
)
def test_nobody_answers(
    replay: Callable[..., tuple[int, Heard]],
    tmp_path: Path,
    options: dict[str, Any],
    says: str,
) -> None:
    with pytest.raises(SimrealError, match=says):
        replay(write_bag(tmp_path / "bag"), patience=1.0, film=False, **options)
    assert summary(tmp_path)["ended_early"] == "the replay was ended"


def test_what_lies_there_already_is_kept(
    replay: Callable[..., tuple[int, Heard]], tmp_path: Path
) -> None:
    mine = tmp_path / "out" / "detections" / "mine.txt"
    mine.parent.mkdir(parents=True)
    mine.write_text("mine")
    with pytest.raises(ConfigurationError, match="is no recording"):
        replay(write_bag(tmp_path / "bag"))
    assert mine.read_text() == "mine"


def test_truth_of_other_blocks(replay: Callable[..., tuple[int, Heard]], tmp_path: Path) -> None:
    (tmp_path / "truth.json").write_text('{"edge_m": 0.08, "frames": {}}')
    with pytest.raises(ConfigurationError, match="give edge:=0.08"):
        replay(write_bag(tmp_path / "bag"), truth=str(tmp_path / "truth.json"))
