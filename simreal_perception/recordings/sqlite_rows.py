"""rosbag2's sqlite3 files read row by row, also those that break off."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from simreal_perception.recordings.stored_message import RecordingBreak, StoredMessage


def read_sqlite(path: Path) -> Iterator[StoredMessage]:
    """All messages in the order in which they were written.

    Raises:
        RecordingBreak: the file breaks off, or something in it is damaged.
    """
    read = 0
    connection = None
    try:
        address = f"file:{quote(str(path.absolute()))}?immutable=1&mode=ro"
        connection = sqlite3.connect(address, uri=True)
        # SQLite refuses a file that is shorter than its header says, unless this is set.
        connection.execute("PRAGMA writable_schema=ON")
        connection.text_factory = lambda raw: raw.decode("utf-8", "replace")
        topics = {
            number: (str(name), str(kind))
            for number, name, kind in connection.execute("SELECT id, name, type FROM topics")
        }
        # By rowid, not by time: the index of times may lie behind the break.
        rows = connection.execute("SELECT topic_id, timestamp, data FROM messages ORDER BY id")
        for number, time_ns, data in rows:
            if number not in topics or not isinstance(time_ns, int) or not isinstance(data, bytes):
                raise RecordingBreak(f"{path.name} is damaged in row {read + 1} of its messages")
            yield StoredMessage(*topics[number], time_ns, data)
            read += 1
    except sqlite3.Error as error:
        raise RecordingBreak(
            f"{path.name}, of {path.stat().st_size} bytes, cannot be read beyond row {read} of its "
            f"messages ({error})"
        ) from error
    finally:
        if connection is not None:
            connection.close()
