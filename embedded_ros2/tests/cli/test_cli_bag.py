"""`ros2 bag record | play | info`: what is played is what was recorded; mistakes end in one line."""

from __future__ import annotations

import os
import signal
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rosbags.rosbag2 import Reader, StoragePlugin, Writer
from rosbags.typesys import Stores, get_typestore

from embedded_ros2_core.typehash import type_hash
from ros2cli_embedded.bag.definitions import add_definition

START_NS = 1_700_000_000_000_000_000
STEP_NS = 20_000_000
COUNT = 10
END_S = 60.0  # on a machine that may have other work


@pytest.fixture(autouse=True)
def domain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROS_DOMAIN_ID", str(100 + os.getpid() % 100))


def number(value: int) -> bytes:
    """A std_msgs/Int32 in CDR."""
    return b"\x00\x01\x00\x00" + struct.pack("<i", value)


@pytest.fixture(params=[StoragePlugin.MCAP, StoragePlugin.SQLITE3])
def bag(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """Two topics of numbers, one of them of a type that nobody knows."""
    store = get_typestore(Stores.ROS2_JAZZY)
    with Writer(tmp_path / "source", version=9, storage_plugin=request.param) as writer:
        numbers = writer.add_connection("/numbers", "std_msgs/msg/Int32", typestore=store)
        other = writer.add_connection(
            "/other", "strange_msgs/msg/Thing", msgdef="int32 data", rihs01="RIHS01_" + 64 * "0"
        )
        for index in range(COUNT):
            writer.write(numbers, START_NS + index * STEP_NS, number(index))
        writer.write(other, START_NS, number(0))
    return tmp_path / "source"


def messages(folder: Path) -> list[tuple[str, bytes]]:
    with Reader(folder) as reader:
        return [(c.topic, bytes(data)) for c, _, data in reader.messages()]


@pytest.mark.parametrize("options", [[], ["-s", "sqlite3", "--compression-mode", "message"]])
def test_what_is_played_is_recorded(
    ros2: Callable[..., Any], bag: Path, tmp_path: Path, options: list[str]
) -> None:
    copy = tmp_path / "copy"
    recorder = ros2("bag", "record", "-a", "-x", "rosout|parameter", "-o", str(copy), *options)
    recorder.wait_for("Recording into", END_S)
    player = ros2("bag", "play", str(bag), "--delay", "3", "--clock", "100", "-r", "2")
    recorder.wait_for("Subscribed to topic '/numbers'", END_S)
    assert player.wait(END_S) == 0, player.output
    assert "'/other' is not played: type 'strange_msgs/msg/Thing'" in player.output
    recorder.process.send_signal(signal.SIGINT)
    assert recorder.wait(END_S) == 0, recorder.output
    recorded = messages(copy)
    told = [data for topic, data in recorded if topic == "/numbers"]
    assert told == [number(index) for index in range(COUNT)]
    clock = [struct.unpack("<iI", data[4:12]) for topic, data in recorded if topic == "/clock"]
    seconds = [sec * 10**9 + nanosec - START_NS for sec, nanosec in clock]
    assert seconds and seconds == sorted(seconds)
    assert 0 <= seconds[0] and seconds[-1] <= COUNT * STEP_NS
    with Reader(copy) as reader:
        span_s = (reader.end_time - reader.start_time) / 1e9
    assert span_s >= 0.9 * (COUNT - 1) * STEP_NS / 1e9 / 2, "it was played faster than asked for"


def test_a_part_is_played(ros2: Callable[..., Any], bag: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    recorder = ros2("bag", "record", "/renamed", "-o", str(copy))
    recorder.wait_for("Recording into", END_S)
    player = ros2(
        "bag", "play", str(bag), "--delay", "3", "--start-offset", "0.1", "--playback-duration",
        "0.06", "--topics", "numbers", "--remap", "/numbers:=/renamed",
    )  # fmt: skip
    assert player.wait(END_S) == 0, player.output
    recorder.wait_for("Subscribed to topic '/renamed'", END_S)
    recorder.process.send_signal(signal.SIGTERM)
    assert recorder.wait(END_S) == 0, recorder.output
    assert messages(copy) == [("/renamed", number(index)) for index in (5, 6, 7)]


def test_info_tells_what_there_is(ros2: Callable[..., Any], bag: Path) -> None:
    info = ros2("bag", "info", str(bag))
    assert info.wait(END_S) == 0, info.output
    assert "Messages:          11" in info.output
    assert "Duration:          0.180000000s" in info.output
    assert "Topic: /numbers | Type: std_msgs/msg/Int32 | Count: 10 |" in info.output


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["info", "nothing"], "bag 'nothing' is not there"),
        (["play", "{bag}", "--topics", "/number"], "did you mean '/numbers'?"),
        (["play", "{bag}", "-r", "0"], "rate is 0"),
        (["play", "{bag}", "--remap", "numbers"], "is no remapping"),
        (["record"], "nothing to record"),
        (["record", "-a", "-o", "{bag}"], "is there already"),
        (["record", "-e", "["], "is no regular expression"),
    ],
)
def test_a_mistake_is_one_line(
    ros2: Callable[..., Any], bag: Path, words: list[str], says: str
) -> None:
    run = ros2("bag", *(word.format(bag=bag) for word in words))
    assert run.wait(END_S) != 0
    assert says in run.output
    assert "Traceback" not in run.output


def test_a_damaged_bag_is_one_line(ros2: Callable[..., Any], bag: Path) -> None:
    (file,) = (path for path in bag.iterdir() if path.suffix in (".mcap", ".db3"))
    file.write_bytes(file.read_bytes()[:600])
    run = ros2("bag", "info", str(bag))
    assert run.wait(END_S) == 1
    assert "cannot be read" in run.output
    assert "Traceback" not in run.output


@pytest.mark.parametrize(
    "name",
    [
        "vision_msgs/msg/Detection3DArray",
        "sensor_msgs/msg/CameraInfo",
        "control_msgs/msg/JointTrajectoryControllerState",
        "rcl_interfaces/msg/ParameterEvent",
    ],
)
def test_definitions_have_the_hash_of_their_type(name: str) -> None:
    store = get_typestore(Stores.EMPTY)
    add_definition(store, name)
    assert store.hash_rihs01(name) == type_hash(name)
