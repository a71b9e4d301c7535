"""`ros2 topic list | info | echo | hz | pub`."""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections import deque
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from ros2cli_embedded.errors import EXIT_FAILURE, CliError
from ros2cli_embedded.graph import (
    DISCOVERY_S,
    LOOKUP_S,
    absolute,
    is_hidden,
    lookup_types,
    not_found,
    print_names,
    spin_for,
    temporary_node,
    wait_until,
)
from ros2cli_embedded.interfaces import (
    SHOWN_ITEMS,
    interface,
    is_cut,
    parse_values,
    set_fields,
    to_yaml,
)

HZ_WINDOW = 10000
"""Messages over which `ros2 topic hz` takes its statistics."""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="ros2 topic", description="Look at topics.")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")

    listing = verbs.add_parser("list", help="print the topics")
    listing.add_argument("-t", "--show-types", action="store_true")
    listing.add_argument("--include-hidden-topics", action="store_true")

    info = verbs.add_parser("info", help="print type, publishers and subscriptions of a topic")
    info.add_argument("-v", "--verbose", action="store_true", help="print every endpoint")
    info.add_argument("topic_name")

    echo = verbs.add_parser("echo", help="print the messages of a topic")
    echo.add_argument("topic_name")
    echo.add_argument("message_type", nargs="?")
    echo.add_argument("--once", action="store_true", help="end after the first message")
    echo.add_argument("--timeout", type=float, help="end with an error after so many seconds")
    echo.add_argument("--field", help="print one field, e.g. pose.position")
    echo.add_argument(
        "-f", "--full-length", action="store_true", help="do not cut long arrays and texts"
    )
    echo.add_argument("-l", "--truncate-length", type=int, default=SHOWN_ITEMS)
    echo.add_argument("--no-arr", action="store_true", help="print the lengths of arrays only")
    _add_qos(echo)

    hz = verbs.add_parser("hz", help="print the rate of a topic")
    hz.add_argument("topic_name")
    hz.add_argument("-w", "--window", type=int, default=HZ_WINDOW)

    pub = verbs.add_parser("pub", help="publish messages")
    pub.add_argument("topic_name")
    pub.add_argument("message_type")
    pub.add_argument("values", nargs="?", default="{}", help="fields in YAML, e.g. '{data: 5}'")
    how = pub.add_mutually_exclusive_group()
    how.add_argument("-1", "--once", action="store_true", help="publish once and end")
    how.add_argument("-t", "--times", type=int, default=0, help="publish so often and end")
    pub.add_argument("-r", "--rate", type=float, default=1.0, help="messages per second")
    pub.add_argument("-w", "--wait-matching-subscriptions", type=int, default=None)
    pub.add_argument("--keep-alive", type=float, default=0.1, help="seconds to stay afterwards")
    _add_qos(pub)
    return parser


def _add_qos(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--qos-reliability", choices=("reliable", "best_effort"))
    parser.add_argument("--qos-durability", choices=("transient_local", "volatile"))
    parser.add_argument("--qos-depth", type=int, default=10)


def _qos(options: argparse.Namespace, publishers: Sequence[Any]) -> Any:
    """Return a profile that hears all `publishers`, unless the options say otherwise."""
    from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy

    offered = [info.qos_profile for info in publishers]
    reliable = all(qos.reliability == ReliabilityPolicy.RELIABLE for qos in offered)
    latched = bool(offered) and all(
        qos.durability == DurabilityPolicy.TRANSIENT_LOCAL for qos in offered
    )
    reliability = getattr(options, "qos_reliability", None) or (
        "reliable" if reliable else "best_effort"
    )
    durability = getattr(options, "qos_durability", None) or (
        "transient_local" if latched else "volatile"
    )
    return QoSProfile(
        depth=getattr(options, "qos_depth", 10),
        reliability=ReliabilityPolicy[reliability.upper()],
        durability=DurabilityPolicy[durability.upper()],
    )


def _list(node: Any, options: argparse.Namespace) -> int:
    spin_for(node, DISCOVERY_S)
    found = {
        name: types
        for name, types in node.get_topic_names_and_types()
        if options.include_hidden_topics or not is_hidden(name)
    }
    print_names(found, options.show_types)
    return 0


def _info(node: Any, options: argparse.Namespace) -> int:
    topic = absolute(options.topic_name)
    spin_for(node, DISCOVERY_S)
    topics = dict(node.get_topic_names_and_types())
    if topic not in topics:
        raise not_found("topic", topic, [name for name in topics if not is_hidden(name)])
    publishers = node.get_publishers_info_by_topic(topic)
    subscriptions = node.get_subscriptions_info_by_topic(topic)
    end = "\n\n" if options.verbose else "\n"
    print(f"Type: {', '.join(topics[topic])}", end=end)
    for title, infos in (("Publisher", publishers), ("Subscription", subscriptions)):
        print(f"{title} count: {len(infos)}", end=end)
        for info in infos if options.verbose else []:
            print(info, end=end)
    return 0


def _subscribe(
    node: Any, options: argparse.Namespace, callback: Any, type_name: str | None
) -> None:
    topic = absolute(options.topic_name)
    name = type_name or lookup_types(node, "topic", topic, node.get_topic_names_and_types)
    message_type = interface(name, "msg")
    wait_until(node, lambda: node.get_publishers_info_by_topic(topic), LOOKUP_S)
    qos = _qos(options, node.get_publishers_info_by_topic(topic))
    node.create_subscription(message_type, topic, callback, qos)


def _echo(node: Any, options: argparse.Namespace) -> int:
    seen: list[bool] = []
    said: list[bool] = []
    shown = None if options.full_length else options.truncate_length

    def show(message: Any) -> None:
        if options.once and seen:
            return
        value = message
        for part in (options.field or "").split(".") if options.field else []:
            if not hasattr(value, part):
                raise CliError(f"{type(value).__name__} has no field '{part}'")
            value = getattr(value, part)
        if shown is not None and not said and is_cut(value, shown):
            said.append(True)
            print(
                f"ros2 topic: what is longer than {shown} is cut, '...' marks it; "
                "--full-length (-f) shows all",
                file=sys.stderr,
                flush=True,
            )
        seen.append(True)
        print(to_yaml(value, shown, not options.no_arr) + "\n---", flush=True)

    _subscribe(node, options, show, options.message_type)
    limit = options.timeout if options.timeout is not None else float("inf")
    wait_until(node, lambda: options.once and seen, limit)
    if not seen and options.timeout is not None:
        raise CliError(
            f"no message on '{absolute(options.topic_name)}' within {options.timeout:g} s",
            EXIT_FAILURE,
        )
    return 0


def _hz(node: Any, options: argparse.Namespace) -> int:
    arrivals: deque[float] = deque(maxlen=options.window)
    _subscribe(node, options, lambda message: arrivals.append(time.monotonic()), None)

    reported = 0.0
    while True:
        spin_for(node, 1.0)
        times = list(arrivals)
        if len(times) < 2 or times[-1] == reported:
            print("no new messages", flush=True)
            continue
        reported = times[-1]
        gaps = [after - before for before, after in pairwise(times)]
        rate = len(gaps) / (times[-1] - times[0])
        print(
            f"average rate: {rate:.3f}\n\tmin: {min(gaps):.3f}s max: {max(gaps):.3f}s "
            f"std dev: {statistics.pstdev(gaps):.5f}s window: {len(times)}",
            flush=True,
        )
    return 0


def _pub(node: Any, options: argparse.Namespace) -> int:
    if options.rate <= 0.0:
        raise CliError(
            f"rate is {options.rate:g}; wanted is a number of messages per second above 0"
        )
    message = interface(options.message_type, "msg")()
    set_fields(message, parse_values(options.values))
    topic = absolute(options.topic_name)
    publisher = node.create_publisher(type(message), topic, _qos(options, []))
    times = 1 if options.once else options.times
    wanted = options.wait_matching_subscriptions
    if wanted is None:
        wanted = 1 if times else 0

    def matched() -> bool:
        return bool(publisher.get_subscription_count() >= wanted)

    if not matched():
        print(f"Waiting for at least {wanted} matching subscription(s)...", flush=True)
        wait_until(node, matched, float("inf"))
    print("publisher: beginning loop", flush=True)
    count = 0
    while True:
        count += 1
        print(f"publishing #{count}: {message!r}\n", flush=True)
        publisher.publish(message)
        if times and count >= times:
            break
        spin_for(node, 1.0 / options.rate)
    spin_for(node, options.keep_alive)
    return 0


_VERBS = {"list": _list, "info": _info, "echo": _echo, "hz": _hz, "pub": _pub}


def main(words: Sequence[str]) -> int:
    """Run `ros2 topic` with the words that follow it; return the exit code."""
    options = _parser().parse_args(list(words))
    with temporary_node() as node:
        return _VERBS[options.verb](node, options)
