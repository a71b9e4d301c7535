"""Recordings of every kind are read whole; damaged ones up to where they break, which is said."""

from __future__ import annotations

import struct
import tempfile
import tracemalloc
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

rosbags = pytest.importorskip("rosbags", reason="bags are read by rosbags")

import lz4.frame
from rosbags.rosbag1 import Writer as Writer1
from rosbags.rosbag2 import CompressionFormat, CompressionMode, StoragePlugin, Writer
from rosbags.typesys import Stores, get_typestore

from simreal_common.errors import ConfigurationError
from simreal_perception.recordings import unpacking
from simreal_perception.recordings.recorded_bag import RecordedBag
from simreal_perception.recordings.topics import choose_topics
from simreal_perception.recordings.unpacking import zstd

MCAP, SQLITE = StoragePlugin.MCAP, StoragePlugin.SQLITE3
NONE, FILE, MESSAGE, STORAGE = (
    CompressionMode.NONE,
    CompressionMode.FILE,
    CompressionMode.MESSAGE,
    CompressionMode.STORAGE,
)
KINDS = [
    (MCAP, NONE), (MCAP, FILE), (MCAP, MESSAGE), (MCAP, STORAGE),
    (SQLITE, NONE), (SQLITE, FILE), (SQLITE, MESSAGE),
]  # fmt: skip
START_NS, STEP_NS = 1_700_000_000_000_000_000, 50_000_000
COUNT = 60
TOPIC = "/words"
TYPE = "std_msgs/msg/String"


def text(index: int) -> bytes:
    """A std_msgs/String in CDR that grows, so that messages differ and fill pages."""
    content = (f"{index}-" * (20 + 20 * index)).encode() + b"\0"
    return b"\x00\x01\x00\x00" + len(content).to_bytes(4, "little") + content


def write_bag(folder: Path, storage: StoragePlugin, mode: CompressionMode) -> Path:
    """60 messages on one topic; the only file of the bag."""
    writer = Writer(folder, version=9, storage_plugin=storage)
    if mode is not NONE:
        writer.set_compression(mode, CompressionFormat.ZSTD)
    with writer:
        store = get_typestore(Stores.ROS2_JAZZY)
        connection = writer.add_connection(TOPIC, TYPE, typestore=store)
        for index in range(COUNT):
            writer.write(connection, START_NS + index * STEP_NS, text(index))
    (file,) = (path for path in folder.iterdir() if path.name != "metadata.yaml")
    return file


@cache
def stored(storage: StoragePlugin, mode: CompressionMode) -> tuple[str, bytes]:
    """Name and content of a bag's file."""
    with tempfile.TemporaryDirectory() as folder:
        file = write_bag(Path(folder) / "bag", storage, mode)
        return file.name, file.read_bytes()


def read(bag: RecordedBag) -> list[bytes]:
    messages = list(bag.messages([TOPIC]))
    for index, message in enumerate(messages):
        assert (message.topic, message.type) == (TOPIC, TYPE)
        assert message.time_ns == START_NS + index * STEP_NS
    return [message.data for message in messages]


@pytest.mark.parametrize(("storage", "mode"), KINDS)
def test_a_whole_bag_is_read(tmp_path: Path, storage: StoragePlugin, mode: CompressionMode) -> None:
    write_bag(tmp_path / "bag", storage, mode)
    bag = RecordedBag(tmp_path / "bag")
    assert bag.topics[TOPIC].count == COUNT
    for _ in range(2):
        assert read(bag) == [text(index) for index in range(COUNT)]
    assert list(bag.messages(["/nothing"])) == []
    assert bag.broken is None


@pytest.mark.parametrize(("storage", "mode"), KINDS)
def test_a_recording_that_was_not_ended(
    tmp_path: Path, storage: StoragePlugin, mode: CompressionMode
) -> None:
    write_bag(tmp_path / "bag", storage, mode)
    (tmp_path / "bag" / "metadata.yaml").unlink()
    bag = RecordedBag(tmp_path / "bag")
    assert read(bag) == [text(index) for index in range(COUNT)]
    assert bag.broken is not None and "metadata.yaml" in bag.broken


@settings(max_examples=60)
@given(kind=st.sampled_from(KINDS), share=st.floats(0.0, 1.0, exclude_max=True))
def test_a_bag_cut_anywhere_is_read_up_to_there(
    kind: tuple[StoragePlugin, CompressionMode], share: float
) -> None:
    name, content = stored(*kind)
    cut = int(share * len(content))
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / name).write_bytes(content[:cut])
        bag = RecordedBag(Path(folder))
        found = read(bag)
        assert found == [text(index) for index in range(len(found))]
        assert bag.broken is not None and "\n" not in bag.broken and len(bag.broken) < 400
        if kind == (MCAP, NONE):  # nothing is packed: all that lies before the cut is there
            here = next(
                (i for i in range(COUNT) if content.find(text(i)) + len(text(i)) > cut), COUNT
            )
            assert len(found) == here
            assert str(cut) in bag.broken or "not ended" in bag.broken


@settings(max_examples=60)
@given(
    kind=st.sampled_from(KINDS),
    flips=st.lists(st.tuples(st.floats(0, 1), st.integers(1, 255)), min_size=1, max_size=50),
)
def test_flipped_bytes_are_one_line(
    kind: tuple[StoragePlugin, CompressionMode], flips: list[tuple[float, int]]
) -> None:
    name, content = stored(*kind)
    damaged = bytearray(content)
    for place, change in flips:
        damaged[int(place * (len(content) - 1))] ^= change
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / name).write_bytes(damaged)
        bag = RecordedBag(Path(folder) / name)
        for _ in bag.messages([TOPIC]):
            pass
        assert bag.broken is None or ("\n" not in bag.broken and len(bag.broken) < 600)


@pytest.mark.parametrize("compression", ["zstd", "lz4"])
@pytest.mark.parametrize("whole", [True, False])
def test_a_chunk_that_unpacks_to_more_than_it_claims_takes_no_memory(
    tmp_path: Path, compression: str, whole: bool
) -> None:
    """200 MB of zeros, which the index does not tell of."""
    zeros = bytes(200_000_000)
    packed = zstd().compress(zeros) if compression == "zstd" else lz4.frame.compress(zeros)
    del zeros
    claimed = 1000
    folder = tmp_path / "bag"
    write_bag(folder, MCAP, STORAGE)
    (file,) = folder.glob("*.mcap")
    content = file.read_bytes()
    start = first_chunk(content)
    head = struct.pack("<QQQI", START_NS, START_NS, claimed, 0)
    chunk = head + with_length(compression.encode()) + struct.pack("<Q", len(packed)) + packed
    record = struct.pack("<BQ", 0x06, len(chunk)) + chunk
    # Without the summary at the end the whole file is looked through, chunks and all.
    end = struct.pack("<BQI", 0x0F, 4, 0) + struct.pack("<BQQQI", 0x02, 20, 0, 0, 0)
    file.write_bytes(content[:start] + record + end + content[:8])
    if not whole:
        (folder / "metadata.yaml").unlink()
    tracemalloc.start()
    bag = RecordedBag(folder)
    assert list(bag.messages([TOPIC])) == []
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20_000_000
    assert bag.broken is not None and "\n" not in bag.broken
    assert "chunk" in bag.broken


def test_a_message_that_unpacks_to_more_than_any_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unpacking, "LARGEST", 3000)  # some of the messages are longer
    write_bag(tmp_path / "bag", SQLITE, MESSAGE)
    bag = RecordedBag(tmp_path / "bag")
    assert read(bag) == [text(index) for index in range(COUNT) if len(text(index)) <= 3000]
    assert bag.broken is not None and "more than 3000 bytes" in bag.broken


@pytest.mark.parametrize("storage", [MCAP, SQLITE])
def test_a_packed_file_does_not_fill_the_disk(
    tmp_path: Path, storage: StoragePlugin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unpacking, "LEFT_FREE", 1 << 80)
    write_bag(tmp_path / "bag", storage, FILE)
    bag = RecordedBag(tmp_path / "bag")
    assert list(bag.messages([TOPIC])) == []
    assert bag.broken is not None and "set TMPDIR to a larger disk" in bag.broken


def first_chunk(content: bytes) -> int:
    """Where it begins."""
    place = 8
    while True:
        kind, length = struct.unpack_from("<BQ", content, place)
        if kind == 0x06:
            return place
        place += 9 + length


def with_length(text: bytes) -> bytes:
    return struct.pack("<I", len(text)) + text


def test_files_of_one_bag_are_read_in_order(tmp_path: Path) -> None:
    """Numbers of files grow beyond 9; the second file of two breaks off."""
    folder = tmp_path / "split"
    folder.mkdir()
    _, content = stored(MCAP, NONE)
    (folder / "bag_2.mcap").write_bytes(content)
    (folder / "bag_10.mcap").write_bytes(content[: len(content) // 2])
    bag = RecordedBag(folder)
    messages = [message.data for message in bag.messages([TOPIC])]
    assert messages[:COUNT] == [text(index) for index in range(COUNT)]
    assert 0 < len(messages) - COUNT < COUNT
    assert bag.broken is not None and bag.broken.startswith("bag_10.mcap breaks off")


def test_an_index_that_promises_more_is_not_believed(tmp_path: Path) -> None:
    write_bag(tmp_path / "bag", SQLITE, NONE)
    metadata = tmp_path / "bag" / "metadata.yaml"
    metadata.write_text(
        metadata.read_text().replace(f"message_count: {COUNT}", "message_count: 99")
    )
    bag = RecordedBag(tmp_path / "bag")
    assert len(read(bag)) == COUNT
    assert bag.broken is not None and "99" in bag.broken


def test_a_ros1_bag_becomes_ros2_messages(tmp_path: Path) -> None:
    store = get_typestore(Stores.ROS1_NOETIC)
    kind = store.types["sensor_msgs/msg/CompressedImage"]
    header = store.types["std_msgs/msg/Header"]
    time = store.types["builtin_interfaces/msg/Time"]
    with Writer1(tmp_path / "old.bag") as writer:
        connection = writer.add_connection("/image", kind.__msgtype__, typestore=store)
        for index in range(3):
            stamp = time(sec=5, nanosec=index)
            message = kind(header(index, stamp, "lens"), "jpeg", np.arange(9, dtype=np.uint8))
            raw = store.serialize_ros1(message, kind.__msgtype__)
            writer.write(connection, START_NS + index * STEP_NS, raw)
    bag = RecordedBag(tmp_path / "old.bag")
    ros2 = get_typestore(Stores.ROS2_JAZZY)
    messages = list(bag.messages(["/image"]))
    assert [message.time_ns for message in messages] == [START_NS + i * STEP_NS for i in range(3)]
    read_back = [ros2.deserialize_cdr(message.data, message.type) for message in messages]
    assert [message.header.stamp.nanosec for message in read_back] == [0, 1, 2]  # type: ignore[attr-defined]
    assert read_back[0].header.frame_id == "lens"  # type: ignore[attr-defined]
    assert bag.broken is None
    (tmp_path / "cut.bag").write_bytes((tmp_path / "old.bag").read_bytes()[:300])
    with pytest.raises(ConfigurationError, match="rosbag reindex"):
        RecordedBag(tmp_path / "cut.bag")


@pytest.mark.parametrize("place", ["missing", "empty", "text.txt"])
def test_what_is_no_recording(tmp_path: Path, place: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.txt").write_text("hello")
    with pytest.raises(ConfigurationError, match="wanted a folder as"):
        RecordedBag(tmp_path / place)


class TestTopics:
    """The choice of topics."""

    @pytest.fixture
    def bag(self, tmp_path: Path, request: pytest.FixtureRequest) -> RecordedBag:
        store = get_typestore(Stores.ROS2_JAZZY)
        with Writer(tmp_path / "bag", version=9, storage_plugin=MCAP) as writer:
            for name in request.param:
                base = name.rpartition("/")[2]
                kind = {"camera_info": "CameraInfo", "compressed": "CompressedImage"}.get(
                    base, "Image"
                )
                if base == "compressedDepth":
                    kind = "CompressedImage"
                writer.add_connection(name, f"sensor_msgs/msg/{kind}", typestore=store)
        return RecordedBag(tmp_path / "bag")

    @pytest.mark.parametrize(
        "bag",
        [["/a/image_raw/compressed", "/a/camera_info", "/b/camera_info", "/a/d/compressedDepth"]],
        indirect=True,
    )
    def test_the_only_images_and_the_calibration_beside_them(self, bag: RecordedBag) -> None:
        chosen = choose_topics(bag)
        assert chosen.image.name == "/a/image_raw/compressed"
        assert chosen.info is not None and chosen.info.name == "/a/camera_info"
        assert choose_topics(bag, "a/image_raw", "b/camera_info").info != chosen.info

    @pytest.mark.parametrize("bag", [["/a/image", "/b/image", "/a/camera_info"]], indirect=True)
    def test_several_are_listed(self, bag: RecordedBag) -> None:
        with pytest.raises(
            ConfigurationError, match=r"2 topics .*/a/image .*/b/image .*image:=TOPIC"
        ):
            choose_topics(bag)
        assert choose_topics(bag, "/b/image").image.name == "/b/image"
        with pytest.raises(ConfigurationError, match="0 topics of images .*called /c"):
            choose_topics(bag, "/c")

    @pytest.mark.parametrize("bag", [["/a/image", "/a/image/compressed"]], indirect=True)
    def test_the_name_of_raw_images_means_these(self, bag: RecordedBag) -> None:
        chosen = choose_topics(bag, "/a/image")
        assert (chosen.image.name, chosen.info) == ("/a/image", None)
        assert choose_topics(bag, "/a/image/compressed").image.name == "/a/image/compressed"

    @pytest.mark.parametrize("bag", [["/a/camera_info"]], indirect=True)
    def test_no_images(self, bag: RecordedBag) -> None:
        with pytest.raises(ConfigurationError, match="wanted a bag with images"):
            choose_topics(bag)
