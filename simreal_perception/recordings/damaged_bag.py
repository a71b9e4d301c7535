"""The messages of a rosbag2 without a good metadata.yaml or index, as far as they can be read."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from simreal_perception.recordings.mcap_stream import read_mcap
from simreal_perception.recordings.sqlite_rows import read_sqlite
from simreal_perception.recordings.stored_message import RecordingBreak, StoredMessage
from simreal_perception.recordings.unpacking import unpack_file, unpack_message, zstd

READERS = {".mcap": read_mcap, ".db3": read_sqlite}
PACKED = ".zstd"  # behind a file's name: packed as a whole
ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"  # CDR never begins so: messages are packed one by one


def storage_files(path: Path) -> list[Path]:
    """The files of a bag in the order in which they were written; of a single file itself."""
    files = [path] if path.is_file() else [file for file in path.iterdir() if file.is_file()]
    return sorted((file for file in files if _kind(file) in READERS), key=_number)


def read_files(files: list[Path]) -> Iterator[StoredMessage]:
    """All messages up to the first break.

    Raises:
        RecordingBreak: there is one.
    """
    for file in files:
        if file.suffix == PACKED:
            yield from _read_packed(file)
        else:
            yield from map(_unpacked, READERS[file.suffix](file))


def _read_packed(file: Path) -> Iterator[StoredMessage]:
    with tempfile.TemporaryDirectory(prefix="simreal_bag_") as folder:
        whole = Path(folder) / file.stem
        cut = None
        try:
            with zstd().open(file, "rb") as source, whole.open("wb") as target:
                unpack_file(source, target, whole.parent)
        except (EOFError, zstd().ZstdError) as error:
            cut = RecordingBreak(f"{file.name} breaks off or is damaged ({error})")
        except OSError as error:
            raise RecordingBreak(f"{file.name} cannot be unpacked: {error.strerror}") from error
        try:
            yield from map(_unpacked, READERS[whole.suffix](whole))
        except RecordingBreak as inner:
            raise (cut or inner) from inner
        if cut is not None:
            raise cut


def _unpacked(message: StoredMessage) -> StoredMessage:
    if not message.data.startswith(ZSTD_MAGIC):
        return message
    try:
        return replace(message, data=unpack_message(message.data))
    except (ValueError, zstd().ZstdError) as error:
        raise RecordingBreak(f"a packed message on {message.topic} is damaged ({error})") from error


def _kind(file: Path) -> str:
    return Path(file.stem).suffix if file.suffix == PACKED else file.suffix


def _number(file: Path) -> tuple[int, str]:
    """rosbag2 numbers a bag's files: name_0, name_1, ..., name_10."""
    last = file.name.split(".")[0].rpartition("_")[2]
    return (int(last) if last.isdecimal() else 0), file.name
