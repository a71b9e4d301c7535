"""`ros2 bag record`."""

from __future__ import annotations

import argparse
import re
import signal
import sys
import time
from pathlib import Path
from typing import Any

from ros2cli_embedded.bag.definitions import add_definition
from ros2cli_embedded.bag.quality import listening, to_bag
from ros2cli_embedded.errors import EXIT_FAILURE, CliError
from ros2cli_embedded.graph import absolute, is_hidden, spin_for
from ros2cli_embedded.interfaces import interface


def record(node: Any, options: argparse.Namespace) -> int:
    """Write what is published into a new bag until Ctrl-C."""
    recorder = _Recorder(node, options)
    # A launch that ends, and `kill`, want a whole bag as well.
    kept = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        while True:
            recorder.look()
            spin_for(node, options.polling_interval / 1000.0)
    except KeyboardInterrupt:
        return 0
    finally:
        signal.signal(signal.SIGTERM, kept)
        recorder.close()


class _Recorder:
    def __init__(self, node: Any, options: argparse.Namespace) -> None:
        from rosbags.rosbag2 import CompressionFormat, CompressionMode, StoragePlugin, Writer
        from rosbags.typesys import Stores, get_typestore

        self._node, self._options = node, options
        self._named = {absolute(name) for name in (*options.topics, *(options.topic_list or ()))}
        if not (self._named or options.all or options.regex):
            raise CliError("nothing to record: name topics, or give -a for all")
        self._regex, self._exclude = _pattern(options.regex), _pattern(options.exclude_regex)
        self._store = get_typestore(Stores.ROS2_JAZZY)
        self._topics: dict[str, Any] = {}
        self._refused: set[str] = set()
        folder = Path(options.output or time.strftime("rosbag2_%Y_%m_%d-%H_%M_%S"))
        if folder.exists():
            raise CliError(f"output folder '{folder}' is there already; give another with -o")
        plugin = StoragePlugin[options.storage.upper()]
        self._writer = Writer(folder, version=9, storage_plugin=plugin)
        mode = CompressionMode[options.compression_mode.upper()]
        if mode is not CompressionMode.NONE:
            self._writer.set_compression(mode, CompressionFormat.ZSTD)
        try:
            self._writer.open()
        except OSError as error:
            raise CliError(f"cannot write '{folder}': {error.strerror}", EXIT_FAILURE) from error
        print(f"Recording into '{folder}'; Ctrl-C ends it", flush=True)

    def look(self) -> None:
        """Subscribe to what is new and wanted."""
        for topic, kinds in self._node.get_topic_names_and_types():
            if topic in self._topics or topic in self._refused or not self._wants(topic):
                continue
            publishers = self._node.get_publishers_info_by_topic(topic)
            if not publishers:
                continue
            try:
                if len(kinds) != 1:
                    raise CliError(f"it has several types: {', '.join(kinds)}")
                self._subscribe(topic, kinds[0], publishers)
            except CliError as error:
                self._refused.add(topic)
                print(f"ros2 bag: topic '{topic}' is not recorded: {error}", file=sys.stderr)

    def close(self) -> None:
        """Finish the bag."""
        for _, subscription in self._topics.values():
            subscription.destroy()
        self._writer.close()

    def _wants(self, topic: str) -> bool:
        if self._exclude is not None and self._exclude.search(topic):
            return False
        if topic in self._named:
            return True
        if is_hidden(topic) and not self._options.include_hidden_topics:
            return False
        return bool(self._options.all or (self._regex is not None and self._regex.search(topic)))

    def _subscribe(self, topic: str, kind: str, publishers: list[Any]) -> None:
        message_type = interface(kind, "msg")
        add_definition(self._store, kind)
        connection = self._writer.add_connection(
            topic, kind, typestore=self._store, offered_qos_profiles=to_bag(publishers)
        )

        def write(data: bytes) -> None:
            self._writer.write(connection, self._now_ns(), data)

        subscription = self._node.create_subscription(
            message_type, topic, write, listening(publishers), raw=True
        )
        self._topics[topic] = connection, subscription
        print(f"Subscribed to topic '{topic}'", flush=True)

    def _now_ns(self) -> int:
        if self._options.use_sim_time:
            return int(self._node.get_clock().now().nanoseconds)
        return time.time_ns()


def _pattern(text: str | None) -> re.Pattern[str] | None:
    try:
        return None if text is None else re.compile(text)
    except re.error as error:
        raise CliError(f"'{text}' is no regular expression: {error}") from None
