"""Files that a program leaves: whole or not at all, and written by one process at a time."""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import IO

from simreal_common.errors import ConfigurationError
from simreal_common.resources import named_path


def write_whole(path: Path, content: str | bytes) -> None:
    """Write a file beside its place and rename it: whoever looks sees the whole file or none.

    What is no regular file (a pipe, a device) is written as it is.

    Raises:
        OSError: it cannot be written; the file that was there before still is.
    """
    raw = content.encode("utf-8") if isinstance(content, str) else content
    if path.exists() and not path.is_file():
        path.write_bytes(raw)
        return
    path = Path(os.path.realpath(path))  # a link goes on to point there
    draft = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        draft.write_bytes(raw)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def write_output(path: Path, content: str | bytes) -> None:
    """Write a file whole at a place that the user named; its folder is made where it is missing.

    Raises:
        ConfigurationError: it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, content)
    except OSError as error:
        raise _unwritable(path, error) from error


def check_writable(path: Path) -> None:
    """Tell, before a long job, whether `write_output` could write a file; leaves nothing behind.

    Raises:
        ConfigurationError: it could not.
    """
    try:
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        if not path.exists() or path.is_file():
            _try_folder(Path(os.path.realpath(path)).parent)
        elif not os.access(path, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except OSError as error:
        raise _unwritable(path, error) from error


def check_folder_writable(folder: Path) -> None:
    """Tell, before a long job, whether files could be written into a folder; leaves nothing behind.

    Raises:
        ConfigurationError: they could not.
    """
    try:
        _try_folder(Path(os.path.realpath(folder)))
    except OSError as error:
        raise _unwritable(folder, error) from error


def _try_folder(folder: Path) -> None:
    """Open a nameless file in a folder, or in the nearest one above it that is there."""
    there = next(one for one in (folder, *folder.parents) if one.exists())
    with tempfile.TemporaryFile(dir=there):
        pass


def _unwritable(path: Path, error: OSError) -> ConfigurationError:
    return ConfigurationError(
        f"cannot write {path}: {error.strerror}; give a place that can be written"
    )


def named_folder(out: str, parameter: str = "out") -> Path:
    """The folder that a parameter names.

    Raises:
        ConfigurationError: it names none, which would mean the current folder.
    """
    if not out.strip():
        raise ConfigurationError(
            f"parameter '{parameter}': got '{out}', wanted a folder such as out/demo"
        )
    return named_path(parameter, out)


def make_folder(out: str) -> Path:
    """The folder that a parameter `out` names, made where it is missing.

    Raises:
        ConfigurationError: it cannot be made, or none is named.
    """
    folder = named_folder(out)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(
            f"parameter 'out': cannot make folder {folder}: {error.strerror}; give a folder that "
            "can be written"
        ) from error
    return folder


class Claim:
    """The right of this process to write a file, until it is closed or the process ends.

    Args:
        path: the file; its folder must be there.

    Raises:
        ConfigurationError: another process has it, or nothing can be written there.
    """

    def __init__(self, path: Path) -> None:
        self._file = path.with_name(f".{path.name}.lock")
        while True:
            try:
                self._lock = self._file.open("w")
            except OSError as error:
                raise ConfigurationError(
                    f"cannot write {path}: {error.strerror}; give a folder that can be written"
                ) from error
            try:
                claim_open_file(self._lock, path)
                if self._is_there():
                    return
            except ConfigurationError:
                self._lock.close()
                raise
            self._lock.close()  # whoever had it took it away meanwhile

    def _is_there(self) -> bool:
        """Whether the name still means the file that is locked."""
        try:
            return os.path.samestat(self._file.stat(), os.fstat(self._lock.fileno()))
        except OSError:
            return False

    def close(self) -> None:
        """Let others write it; further calls do nothing."""
        if not self._lock.closed:
            self._file.unlink(missing_ok=True)
            self._lock.close()


def claim_open_file(file: IO[str], path: Path) -> None:
    """Keep others from claiming a file for as long as it is open here.

    Raises:
        ConfigurationError: another process has claimed it.
    """
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise ConfigurationError(
            f"another run is writing {path}: wait for it, or give another folder"
        ) from None
    except OSError:  # a file system without locks: nobody can be kept from it
        pass


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Inside, Ctrl-C waits: it has its usual effect at the end of the block.

    For short steps that leave something broken when they stop half way, which no cleaning up could
    tell: an encoder that has an image whose bytes never reached the file, say. Only the main thread
    runs signal handlers; in another one nothing can come in between, and this does nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[FrameType | None] = []
    usual = signal.signal(signal.SIGINT, lambda _number, frame: came.append(frame))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, usual)
        if came and callable(usual):
            usual(signal.SIGINT, came[0])
