"""A recording, whole or damaged: its topics, its messages in order, and where it breaks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from simreal_common.errors import ConfigurationError, MessageError
from simreal_common.untrusted_text import Limits, parse_yaml, read_text, shortened
from simreal_perception.recordings.damaged_bag import read_files, storage_files
from simreal_perception.recordings.stored_message import RecordingBreak, StoredMessage
from simreal_perception.recordings.whole_bag import (
    Messages,
    need_rosbags,
    open_rosbag1,
    open_rosbag2,
)

METADATA = "metadata.yaml"
METADATA_LIMITS = Limits(size=16_000_000, nodes=1_000_000)
BAGS = (
    "a folder as `ros2 bag record` writes it, one of its files (.db3, .mcap), or a ROS 1 .bag file"
)
WANTED = f"wanted {BAGS}"


@dataclass(frozen=True)
class Topic:
    """A topic of a recording.

    Args:
        name, type: as recorded, the type in the words of ROS 2.
        count: messages that can be read; as many as the index says where the bag is whole.
    """

    name: str
    type: str
    count: int


class RecordedBag:
    """A bag on disk; each call of `messages` reads it from its beginning.

    Args:
        path: rosbag2 folder, a file of one (.db3, .mcap, also packed: .zstd), or a ROS 1 .bag.

    Attributes:
        topics: what was recorded, by name.
        broken: where and why it cannot be read further, for people; None as far as nobody knows of
            a break. A damaged chunk in the middle shows when it is reached.

    Raises:
        ConfigurationError: there is nothing that could be a recording.
        MissingDependencyError: `rosbags` is not installed.
    """

    def __init__(self, path: Path) -> None:
        need_rosbags()
        self.path = path
        self.broken: str | None = None
        self.topics: dict[str, Topic] = {}
        self._damaged = False
        self._is_ros1 = _is_ros1(path)
        if not may_be_recording(path):
            what = "holds no recording" if path.exists() else "is not there"
            raise ConfigurationError(f"bag {shortened(str(path), 200)} {what}: {WANTED}")
        try:
            self._check_metadata()
            with self._open() as (topics, _):
                self.topics = {
                    name: Topic(name, kind, count) for name, (kind, count) in sorted(topics.items())
                }
        except Exception as error:  # damaged: rosbags, apsw and struct raise what they like
            if self._is_ros1:
                raise ConfigurationError(
                    f"cannot read bag {path} ({_words(error)}): wanted a ROS 1 bag that was closed; "
                    "mend it with: rosbag reindex"
                ) from error
            self._scan(error)

    def messages(self, topics: Sequence[str]) -> Iterator[StoredMessage]:
        """The messages of some topics, by time; of a damaged bag as they were written.

        Ends where the recording does or breaks; then `broken` says so.
        """
        if self._damaged:
            yield from (m for m in self._salvaged() if m.topic in topics)
            return
        read = 0
        try:
            with self._open() as (_, messages):
                for message in messages(topics):
                    read += 1
                    yield message
        except GeneratorExit:
            raise
        except Exception as error:  # as above
            self.broken = f"it is damaged after {read} messages of these topics ({_words(error)})"
            return
        promised = sum(self.topics[name].count for name in set(topics) & set(self.topics))
        if read < promised:
            self.broken = f"its index tells of {promised} messages, {read} are there"

    def _open(self) -> AbstractContextManager[tuple[dict[str, tuple[str, int]], Messages]]:
        return open_rosbag1(self.path) if self._is_ros1 else open_rosbag2(self.path)

    def _check_metadata(self) -> None:
        if self.path.is_dir():
            # Before rosbags does, which follows aliases and recurses.
            parse_yaml(read_text(self.path / METADATA, METADATA_LIMITS), METADATA_LIMITS)

    def _scan(self, error: Exception) -> None:
        """Read all that can be read, to know what there is."""
        self._damaged = True
        counts: dict[str, tuple[str, int]] = {}
        for message in self._salvaged():
            count = counts.get(message.topic, ("", 0))[1] + 1
            counts[message.topic] = message.type, count
        self.topics = {name: Topic(name, *counts[name]) for name in sorted(counts)}
        if self.broken is None:
            # All files are whole: a recorder that was killed before it wrote the metadata.
            no_metadata = self.path.is_dir() and not (self.path / METADATA).is_file()
            why = f"it has no {METADATA}" if no_metadata else _words(error)
            self.broken = f"its recording was not ended properly ({why}); what is there was read"

    def _salvaged(self) -> Iterator[StoredMessage]:
        try:
            yield from read_files(storage_files(self.path))
        except RecordingBreak as end:
            self.broken = str(end)


def may_be_recording(path: Path) -> bool:
    """Whether something is there that could be a recording, whole or damaged.

    Raises:
        ConfigurationError: nobody may look.
    """
    try:
        return _is_ros1(path) or (path.exists() and bool(storage_files(path)))
    except OSError as error:
        raise ConfigurationError(f"cannot read {path}: {error.strerror}; {WANTED}") from error


def _is_ros1(path: Path) -> bool:
    return path.suffix == ".bag" and path.is_file()


def _words(error: Exception) -> str:
    if isinstance(error, MessageError):
        return str(error)
    return shortened(str(error)) or type(error).__name__
