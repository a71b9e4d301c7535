"""`ros2 bag record | play | info`."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from ros2cli_embedded.graph import temporary_node

STORAGES = ("mcap", "sqlite3")
CLOCK_HZ = 40.0
"""Rate of /clock where --clock stands without a number, as in ROS 2."""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="ros2 bag", description="Record and play topics.")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")

    info = verbs.add_parser("info", help="print what a bag holds")
    info.add_argument("bag_path")
    info.add_argument(
        "-t", "--topic-name", action="store_true", help="print the topics' names only"
    )
    info.add_argument("-s", "--storage", choices=STORAGES, help="not needed: it is recognised")

    play = verbs.add_parser("play", help="publish what a bag holds")
    play.add_argument("bag_path")
    play.add_argument("-r", "--rate", type=float, default=1.0, help="recorded seconds per second")
    play.add_argument("-l", "--loop", action="store_true", help="begin anew at the end, for ever")
    play.add_argument(
        "--clock", type=float, nargs="?", const=CLOCK_HZ, default=None, metavar="HZ",
        help=f"publish /clock, {CLOCK_HZ:g} times a second unless told otherwise",
    )  # fmt: skip
    play.add_argument("--start-offset", type=float, default=0.0, help="seconds that are left out")
    play.add_argument(
        "--playback-duration", type=float, default=-1.0, help="recorded seconds; below 0: all"
    )
    play.add_argument("-d", "--delay", type=float, default=0.0, help="seconds to wait before")
    play.add_argument("--topics", nargs="+", help="play these topics only")
    play.add_argument("--exclude-topics", nargs="+", help="do not play these topics")
    play.add_argument("-m", "--remap", nargs="+", metavar="/OLD:=/NEW", help="other topic names")
    play.add_argument("-s", "--storage", choices=STORAGES, help="not needed: it is recognised")
    play.add_argument(
        "--disable-keyboard-controls", action="store_true", help="there are none here"
    )

    record = verbs.add_parser("record", help="write what is published into a bag")
    record.add_argument("topics", nargs="*", help="topics to record")
    record.add_argument("--topics", nargs="+", dest="topic_list", metavar="TOPIC")
    record.add_argument("-a", "--all", "--all-topics", action="store_true", help="all topics")
    record.add_argument("-e", "--regex", help="topics that match")
    record.add_argument("-x", "--exclude-regex", help="but not those that match this")
    record.add_argument("--include-hidden-topics", action="store_true")
    record.add_argument("-o", "--output", help="folder to make; default: rosbag2_ and the date")
    record.add_argument("-s", "--storage", choices=STORAGES, default="mcap")
    record.add_argument("--compression-mode", choices=("none", "file", "message"), default="none")
    record.add_argument("--compression-format", choices=("zstd",), default="zstd")
    record.add_argument("--use-sim-time", action="store_true", help="times are those of /clock")
    record.add_argument(
        "-p", "--polling-interval", type=int, default=100, help="ms between looks for new topics"
    )
    return parser


def main(words: Sequence[str]) -> int:
    """Run `ros2 bag` with the words that follow it; return the exit code."""
    options = _parser().parse_args(list(words))
    if options.verb == "info":
        from ros2cli_embedded.bag.info import info

        return info(options)
    with temporary_node() as node:
        if options.verb == "play":
            from ros2cli_embedded.bag.play import play

            return play(node, options)
        from ros2cli_embedded.bag.record import record

        if options.use_sim_time:
            from rclpy.parameter import Parameter

            node.set_parameters([Parameter("use_sim_time", Parameter.Type.BOOL, True)])
        return record(node, options)
