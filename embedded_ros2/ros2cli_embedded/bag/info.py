"""`ros2 bag info`."""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

from ros2cli_embedded.bag.reading import open_bag


def info(options: argparse.Namespace) -> int:
    """Print what a bag holds, as `ros2 bag info` does."""
    with open_bag(options.bag_path) as reader:
        topics = sorted(
            (name, topic.msgtype, topic.msgcount, topic.connections)
            for name, topic in reader.topics.items()
        )
        if options.topic_name:
            print("\n".join(name for name, *_ in topics))
            return 0
        files = _files(Path(options.bag_path))
        start, end = reader.start_time, max(reader.end_time - 1, reader.start_time)
        if not reader.message_count:
            start = end = 0
        lines = [
            ("Files", "\n".join(file.name for file in files)),
            ("Bag size", _size(sum(file.stat().st_size for file in files))),
            ("Storage id", _storage(files)),
            ("ROS Distro", reader.ros_distro or "unknown"),
            ("Duration", f"{(end - start) / 1e9:.9f}s"),
            ("Start", _time(start)),
            ("End", _time(end)),
            ("Messages", str(reader.message_count)),
            ("Topic information", "\n".join(_topic(*topic) for topic in topics)),
        ]
        for title, text in lines:
            print(f"{title + ':':19}" + text.replace("\n", "\n" + 19 * " "))
    return 0


def _topic(name: str, kind: str, count: int, connections: list[Any]) -> str:
    form = connections[0].ext.serialization_format
    return f"Topic: {name} | Type: {kind} | Count: {count} | Serialization Format: {form}"


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    return sorted(
        file for file in path.iterdir() if file.is_file() and file.name != "metadata.yaml"
    )


def _storage(files: list[Path]) -> str:
    kinds = {suffix for file in files for suffix in file.suffixes}
    return "mcap" if ".mcap" in kinds else "sqlite3" if ".db3" in kinds else "unknown"


def _size(count: int) -> str:
    size = float(count)
    for unit in ("B", "KiB", "MiB"):
        if size < 1024.0:
            return f"{size:.1f} {unit}"
        size /= 1024.0
    return f"{size:.1f} GiB"


def _time(nanoseconds: int) -> str:
    seconds, rest = divmod(nanoseconds, 10**9)
    shown = time.strftime("%b %e %Y %H:%M:%S", time.localtime(seconds))
    return f"{shown}.{rest:09d} ({seconds}.{rest:09d})"
