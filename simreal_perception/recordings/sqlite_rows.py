"""rosbag2's sqlite3 files read row by row, also those that break off."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from simreal_perception.recordings.stored_message import RecordingBreak, StoredMessage

VFS_NAME = "simreal_whole_pages"


def read_sqlite(path: Path) -> Iterator[StoredMessage]:
    """All messages in the order in which they were written.

    Raises:
        RecordingBreak: the file breaks off, or something in it is damaged.
    """
    # rosbags brings it. The sqlite3 of Python fills up a page that is cut with zeros, which then
    # pass for what was recorded.
    import apsw

    read = 0
    connection = None
    vfs = _whole_pages_vfs(path)  # must live as long as the connection
    try:
        connection = apsw.Connection(
            f"file:{quote(str(path.absolute()))}?immutable=1",
            flags=apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI,
            vfs=vfs.name,
        )
        # SQLite refuses a file that is shorter than its header says, unless this is set.
        connection.execute("PRAGMA writable_schema=ON")
        topics = {
            number: (str(name), str(kind))
            for number, name, kind in connection.execute("SELECT id, name, type FROM topics")
        }
        # By rowid, not by time: the index of times may lie behind the break.
        rows = connection.execute("SELECT topic_id, timestamp, data FROM messages ORDER BY id")
        for number, time_ns, data in rows:
            if number not in topics or not isinstance(time_ns, int) or not isinstance(data, bytes):
                raise RecordingBreak(f"{path.name} is damaged in row {read + 1} of its messages")
            name, kind = topics[number]
            yield StoredMessage(name, kind, time_ns, data)
            read += 1
    except (apsw.Error, UnicodeDecodeError) as error:
        raise RecordingBreak(
            f"{path.name}, of {path.stat().st_size} bytes, cannot be read beyond row {read} of its "
            f"messages ({error})"
        ) from error
    finally:
        if connection is not None:
            connection.close()
        vfs.unregister()


def _whole_pages_vfs(path: Path) -> Any:
    """SQLite's way to a file, which ends at the last page that is whole."""
    import apsw

    page = _page_size(path)

    class WholePagesFile(apsw.VFSFile):
        def xFileSize(self) -> int:  # noqa: N802 - SQLite's name
            size = super().xFileSize()
            return int(size - size % page)

    class WholePages(apsw.VFS):
        def __init__(self) -> None:
            # One a connection: a generator that is left alone may still have its own.
            self.name = f"{VFS_NAME}_{id(self)}"
            super().__init__(self.name, "")

        def xOpen(self, name: Any, flags: Any) -> Any:  # noqa: N802 - SQLite's name
            return WholePagesFile("", name, flags)

    return WholePages()


def _page_size(path: Path) -> int:
    """Of the database, bytes, as its header says; 1 where there is none."""
    with path.open("rb") as file:
        size = int.from_bytes(file.read(18)[16:18], "big")
    return 65536 if size == 1 else max(size, 1)
