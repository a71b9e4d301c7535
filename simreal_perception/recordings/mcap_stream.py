"""MCAP read from its beginning, without the index at its end, which a broken file lacks.

Format: https://mcap.dev/spec. A chunk that is cut off is unpacked as far as it goes.
"""

from __future__ import annotations

import struct
from binascii import crc32
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from simreal_perception.recordings.stored_message import RecordingBreak, StoredMessage
from simreal_perception.recordings.unpacking import LARGEST, unpack

MAGIC = b"\x89MCAP0\r\n"
FOOTER, SCHEMA, CHANNEL, MESSAGE, CHUNK, DATA_END = 0x02, 0x03, 0x04, 0x05, 0x06, 0x0F
RECORD_HEAD = struct.Struct("<BQ")  # kind, length
MESSAGE_HEAD = struct.Struct("<HIQQ")  # channel, sequence, log time, publish time
CHUNK_HEAD = struct.Struct("<QQQI")  # first and last log time, size unpacked, CRC-32 or 0


def read_mcap(path: Path) -> Iterator[StoredMessage]:
    """All messages in the order in which they lie in the file.

    Raises:
        RecordingBreak: the file breaks off, or something in it is damaged.
    """
    try:
        with path.open("rb") as file:
            yield from _Stream(path.name, file, path.stat().st_size).messages()
    except OSError as error:
        raise RecordingBreak(f"{path.name} cannot be read: {error.strerror}") from error


class _Stream:
    def __init__(self, name: str, file: BinaryIO, size: int) -> None:
        self._name, self._file, self._size = name, file, size
        self._schemas: dict[int, str] = {}
        self._channels: dict[int, tuple[str, str]] = {}

    def messages(self) -> Iterator[StoredMessage]:
        magic = self._file.read(len(MAGIC))
        if magic != MAGIC and MAGIC.startswith(magic):
            raise self._cut(0)
        if magic != MAGIC:
            raise RecordingBreak(f"{self._name} does not begin as an MCAP file")
        while True:
            start = self._file.tell()
            head = self._file.read(RECORD_HEAD.size)
            if len(head) < RECORD_HEAD.size:
                raise self._cut(start)
            kind, length = RECORD_HEAD.unpack(head)
            if kind in (FOOTER, DATA_END):
                return
            if length > LARGEST:
                raise self._damaged(start, f"a record claims {length} bytes")
            if kind not in (SCHEMA, CHANNEL, MESSAGE, CHUNK):
                if start + RECORD_HEAD.size + length > self._size:
                    raise self._cut(start)
                self._file.seek(length, 1)
                continue
            content = self._file.read(length)
            whole = len(content) == length
            if kind == CHUNK:
                yield from self._chunk(content, start, whole)
            elif whole:
                yield from self._record(kind, content, start)
            if not whole:
                raise self._cut(start)

    def _chunk(self, content: bytes, start: int, whole: bool) -> Iterator[StoredMessage]:
        try:
            _, _, size, checksum = CHUNK_HEAD.unpack_from(content)
            compression, place = _string(content, CHUNK_HEAD.size)
            (packed,) = struct.unpack_from("<Q", content, place)
        except (struct.error, UnicodeDecodeError) as error:
            if not whole:
                return  # cut within the chunk's head: the caller says so
            raise self._damaged(start, "a chunk's head") from error
        stored = content[place + 8 : place + 8 + packed]
        try:
            records = unpack(compression, stored, size)
        except Exception as error:  # each of the libraries has errors of its own
            raise self._damaged(start, f"a chunk cannot be unpacked ({error})") from error
        if whole and (len(records) != size or (checksum and crc32(records) != checksum)):
            raise self._damaged(start, "a chunk does not match its checksum or size")
        place = 0
        while place + RECORD_HEAD.size <= len(records):
            kind, length = RECORD_HEAD.unpack_from(records, place)
            place += RECORD_HEAD.size
            if place + length > len(records):
                break
            yield from self._record(kind, records[place : place + length], start)
            place += length
        if whole and place != size:
            raise self._damaged(start, "a record reaches beyond its chunk")

    def _record(self, kind: int, content: bytes, start: int) -> Iterator[StoredMessage]:
        """Take a schema or a channel; the message of a message."""
        try:
            if kind == SCHEMA:
                name, _ = _string(content, 2)
                self._schemas[struct.unpack_from("<H", content)[0]] = name
            elif kind == CHANNEL:
                number, schema = struct.unpack_from("<HH", content)
                topic, _ = _string(content, 4)
                self._channels[number] = topic, self._schemas.get(schema, "")
            elif kind == MESSAGE:
                channel, _, log_time, _ = MESSAGE_HEAD.unpack_from(content)
                topic, kind_name = self._channels[channel]
                yield StoredMessage(topic, kind_name, log_time, content[MESSAGE_HEAD.size :])
        except (struct.error, KeyError, UnicodeDecodeError) as error:
            raise self._damaged(start, "a record") from error

    def _cut(self, start: int) -> RecordingBreak:
        return RecordingBreak(
            f"{self._name} breaks off at byte {self._size}, in the record that begins at {start}"
        )

    def _damaged(self, start: int, what: str) -> RecordingBreak:
        return RecordingBreak(f"{self._name} is damaged at byte {start}: {what}")


def _string(content: bytes, place: int) -> tuple[str, int]:
    """A text with its length before it, and the place behind it."""
    (length,) = struct.unpack_from("<I", content, place)
    end = place + 4 + length
    if end > len(content):
        raise struct.error("a text longer than its record")
    return content[place + 4 : end].decode("utf-8"), end
