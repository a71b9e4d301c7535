"""`ros2 bag play`."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from typing import Any

from ros2cli_embedded.bag.quality import publishing
from ros2cli_embedded.bag.reading import open_bag
from ros2cli_embedded.errors import CliError, close_names, listed
from ros2cli_embedded.graph import DISCOVERY_S, absolute, spin_for
from ros2cli_embedded.interfaces import interface

ACKNOWLEDGE_S = 2.0
"""How long reliable subscriptions may take to get the last messages."""


def play(node: Any, options: argparse.Namespace) -> int:
    """Publish the messages of a bag in their rhythm; Ctrl-C ends it."""
    if options.rate <= 0.0:
        raise CliError(f"rate is {options.rate:g}; wanted is a number above 0, such as 0.5 or 2")
    if options.clock is not None and options.clock <= 0.0:
        raise CliError(f"--clock is {options.clock:g}; wanted is a number of messages per second")
    if options.start_offset < 0.0 or options.delay < 0.0:
        raise CliError("--start-offset and --delay are seconds of 0 or more")
    with open_bag(options.bag_path) as reader:
        wanted = _wanted(reader, options)
        publishers = _publishers(node, wanted, _remapped(options.remap))
        clock = _Clock(node, options.clock)
        # Whoever listens already shall hear the first message.
        spin_for(node, max(DISCOVERY_S, options.delay))
        while True:
            _once(
                node,
                reader,
                [c for c in wanted if c.topic in publishers],
                publishers,
                clock,
                options,
            )
            if not options.loop:
                break
        for publisher in publishers.values():
            _wait_for_acks(publisher)
    return 0


def _once(
    node: Any,
    reader: Any,
    connections: list[Any],
    publishers: dict[str, Any],
    clock: _Clock,
    options: argparse.Namespace,
) -> None:
    """Play it from `--start-offset` to its end, or for `--playback-duration`."""
    if not connections:
        return
    start_ns = reader.start_time + round(options.start_offset * 1e9)
    stop_ns = None
    if options.playback_duration >= 0.0:
        stop_ns = start_ns + round(options.playback_duration * 1e9)
    began = time.monotonic()

    def now_ns() -> int:
        return start_ns + round((time.monotonic() - began) * options.rate * 1e9)

    messages: Iterator[Any] = reader.messages(connections, start=start_ns, stop=stop_ns)
    for connection, time_ns, data in messages:
        while (left_s := (time_ns - now_ns()) / 1e9 / options.rate) > 0.0:
            spin_for(node, min(left_s, clock.until_due(now_ns())))
            clock.tell(min(now_ns(), time_ns))
        clock.tell(time_ns)
        publishers[connection.topic].publish(bytes(data))


class _Clock:
    """Publishes /clock at a rate of real time; without one it does nothing."""

    def __init__(self, node: Any, rate: float | None) -> None:
        self._period_s = None if rate is None else 1.0 / rate
        self._told_s = -float("inf")
        self._publisher: Any = None
        if rate is not None:
            self._publisher = node.create_publisher(
                interface("rosgraph_msgs/msg/Clock", "msg"), "/clock", 10
            )

    def until_due(self, now_ns: int) -> float:
        """Return the seconds until the clock wants to be told; endless without one."""
        if self._period_s is None:
            return float("inf")
        return max(self._told_s + self._period_s - time.monotonic(), 0.001)

    def tell(self, now_ns: int) -> None:
        """Publish the recording's time if that is due."""
        now_s = time.monotonic()
        if self._period_s is None or now_s < self._told_s + self._period_s:
            return
        self._told_s = now_s
        message = self._publisher.msg_type()
        message.clock.sec, message.clock.nanosec = divmod(now_ns, 10**9)
        self._publisher.publish(message)


def _wanted(reader: Any, options: argparse.Namespace) -> list[Any]:
    known = {connection.topic for connection in reader.connections}
    for name in options.topics or ():
        if absolute(name) not in known:
            raise CliError(
                f"the bag has no topic '{absolute(name)}'{close_names(absolute(name), known)}; "
                f"it has: {listed(known)}"
            )
    chosen = {absolute(name) for name in options.topics or known}
    chosen -= {absolute(name) for name in options.exclude_topics or ()}
    return [connection for connection in reader.connections if connection.topic in chosen]


def _publishers(node: Any, connections: list[Any], names: dict[str, str]) -> dict[str, Any]:
    """Return publisher by recorded topic; a topic of an unknown type is told and left out."""
    found: dict[str, Any] = {}
    for connection in connections:
        topic = connection.topic
        try:
            kind = interface(connection.msgtype, "msg")
        except CliError as error:
            print(f"ros2 bag: topic '{topic}' is not played: {error}", file=sys.stderr)
            continue
        if topic not in found:
            qos = publishing(connection.ext.offered_qos_profiles)
            found[topic] = node.create_publisher(kind, names.get(topic, topic), qos)
    return found


def _remapped(rules: list[str] | None) -> dict[str, str]:
    names = {}
    for rule in rules or ():
        old, separator, new = rule.partition(":=")
        if not separator or not old or not new:
            raise CliError(f"'{rule}' is no remapping; wanted is /old:=/new")
        names[absolute(old)] = absolute(new)
    return names


def _wait_for_acks(publisher: Any) -> None:
    from rclpy.duration import Duration

    publisher.wait_for_all_acked(Duration(seconds=ACKNOWLEDGE_S))
