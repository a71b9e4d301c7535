"""What is packed in a recording, unpacked as far as it may claim memory and disk: zstd and LZ4.

A few kilobytes can unpack to more than a machine holds. Sizes that a recording tells of itself are not
believed beyond a limit, nor that what is packed keeps to them.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import IO, Any

from simreal_perception.recordings.stored_message import RecordingBreak

# Of one record, one message or one chunk unpacked. Recorders write chunks of some megabytes; one
# message alone in a chunk may be an image.
LARGEST = 1 << 28
LEFT_FREE = 1 << 30  # of the disk that a file is unpacked to, bytes
STEP = 1 << 24


def unpack(compression: str, stored: bytes, size: int) -> bytes:
    """What a chunk holds; of one that is cut off as much as there is.

    Args:
        compression: `zstd`, `lz4`, or empty for none.
        stored: what lies in the file.
        size: how many bytes it should be; at most one more is unpacked.

    Raises:
        ValueError: another compression, or more than `LARGEST` bytes.
        Exception: whatever the libraries raise for what is damaged.
    """
    if size > LARGEST:
        raise ValueError(f"{size} bytes, wanted at most {LARGEST}")
    if compression == "":
        return stored
    unpacker: Any
    if compression == "zstd":
        unpacker = zstd().ZstdDecompressor()
    elif compression == "lz4":
        from lz4.frame import LZ4FrameDecompressor

        unpacker = LZ4FrameDecompressor()
    else:
        raise ValueError(f"compression '{compression}'")
    # One byte more than told, so that a chunk that holds more is recognised.
    return bytes(unpacker.decompress(stored, size + 1))


def unpack_message(stored: bytes) -> bytes:
    """A message that is packed by itself, with zstd.

    Raises:
        ValueError: more than `LARGEST` bytes.
        Exception: whatever zstd raises for what is damaged.
    """
    data = bytes(zstd().ZstdDecompressor().decompress(stored, LARGEST + 1))
    if len(data) > LARGEST:
        raise ValueError(f"a packed message of more than {LARGEST} bytes")
    return data


def unpack_file(source: IO[bytes], target: IO[bytes], place: Path) -> None:
    """Copy what a packed file gives, as long as the disk does not run full.

    Args:
        source: reads unpacked bytes.
        target, place: file to write, and its folder.

    Raises:
        RecordingBreak: it does not fit.
        Exception: whatever reading and writing raise.
    """
    while content := source.read(STEP):
        free = shutil.disk_usage(place).free
        if free < LEFT_FREE:
            raise RecordingBreak(
                f"it does not fit, unpacked, into {place}: {free / 1e9:.1f} GB are left; set TMPDIR to "
                "a larger disk"
            )
        target.write(content)


def zstd() -> Any:
    """The module of that name, of the standard library or as `backports.zstd`."""
    if sys.version_info >= (3, 14):
        from compression import zstd as module
    else:
        from backports import zstd as module
    return module


def bound_rosbags() -> None:
    """Have rosbags unpack as here: by itself it unpacks whatever comes, and compares sizes later.

    It has no option for that. Where a version keeps its functions elsewhere this fails, and a bag is
    read as a damaged one is, without rosbags.

    Raises:
        AttributeError: in such a version.
    """
    from rosbags.rosbag2 import reader, storage_mcap

    # What it imports for itself it does not declare as its own.
    imported: Any = reader
    for name in list(storage_mcap.DECOMPRESSORS):
        storage_mcap.DECOMPRESSORS[name] = _bounded(name)
    if not isinstance(imported.zstd, _Zstd):
        imported.zstd = _Zstd(imported.zstd)
    if not isinstance(imported.shutil, _Shutil):
        imported.shutil = _Shutil()


def _bounded(compression: str) -> Any:
    return lambda stored, size: unpack(compression, stored, size)


class _Zstd:
    """The module zstd as rosbags uses it for packed messages and files."""

    def __init__(self, module: Any) -> None:
        self.open = module.open
        self.decompress = unpack_message


class _Shutil:
    """The module shutil as rosbags uses it, to unpack a file."""

    @staticmethod
    def copyfileobj(source: IO[bytes], target: IO[bytes]) -> None:
        unpack_file(source, target, Path(target.name).parent)
