"""`ros2 action list | send_goal`."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from ros2cli_embedded.errors import EXIT_FAILURE, CliError
from ros2cli_embedded.graph import (
    DISCOVERY_S,
    absolute,
    print_names,
    spin_for,
    temporary_node,
    wait_for_future,
    wait_until,
)
from ros2cli_embedded.interfaces import interface, parse_values, set_fields, to_yaml

CANCEL_S = 5.0
"""How long the server may take to confirm a cancel when the user interrupts."""

_STATUS = {0: "UNKNOWN", 1: "ACCEPTED", 2: "EXECUTING", 3: "CANCELING"}
_STATUS |= {4: "SUCCEEDED", 5: "CANCELED", 6: "ABORTED"}
_SUCCEEDED = 4


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="ros2 action", description="Look at actions.")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    listing = verbs.add_parser("list", help="print the actions")
    listing.add_argument("-t", "--show-types", action="store_true")
    send = verbs.add_parser("send_goal", help="send a goal and wait for its result")
    send.add_argument("action_name")
    send.add_argument("action_type")
    send.add_argument("goal", help="fields in YAML, e.g. '{order: 5}'")
    send.add_argument("-f", "--feedback", action="store_true", help="print the feedback")
    send.add_argument("-t", "--timeout", type=float, default=10.0, help="seconds for the server")
    return parser


def _list(node: Any, options: argparse.Namespace) -> int:
    from rclpy.action import get_action_names_and_types

    spin_for(node, DISCOVERY_S)
    print_names(dict(get_action_names_and_types(node)), options.show_types)
    return 0


def _send_goal(node: Any, options: argparse.Namespace) -> int:
    from rclpy.action import ActionClient

    action_type = interface(options.action_type, "action")
    goal = action_type.Goal()
    set_fields(goal, parse_values(options.goal))
    name = absolute(options.action_name)
    client = ActionClient(node, action_type, name)
    try:
        print("Waiting for an action server to become available...", flush=True)
        if not wait_until(node, client.server_is_ready, options.timeout):
            raise CliError(f"no action server '{name}' within {options.timeout:g} s", EXIT_FAILURE)
        print(f"Sending goal:\n{_indented(goal)}\n", flush=True)
        future = client.send_goal_async(goal, _show_feedback if options.feedback else None)
        handle = wait_for_future(node, future, options.timeout, f"action server '{name}'")
        if not handle.accepted:
            raise CliError("goal was rejected", EXIT_FAILURE)
        print(f"Goal accepted with ID: {bytes(handle.goal_id.uuid).hex()}\n", flush=True)
        return _result(node, handle, name)
    finally:
        client.destroy()


def _result(node: Any, handle: Any, name: str) -> int:
    try:
        answer = wait_for_future(node, handle.get_result_async(), None, f"action server '{name}'")
    except KeyboardInterrupt:
        print("Canceling goal...", flush=True)
        wait_for_future(node, handle.cancel_goal_async(), CANCEL_S, f"action server '{name}'")
        raise
    print(f"Result:\n{_indented(answer.result)}\n")
    status = _STATUS.get(answer.status, str(answer.status))
    print(f"Goal finished with status: {status}")
    return 0 if answer.status == _SUCCEEDED else EXIT_FAILURE


def _show_feedback(message: Any) -> None:
    print(f"Feedback:\n{_indented(message.feedback)}\n", flush=True)


def _indented(message: Any) -> str:
    return "\n".join("    " + line for line in to_yaml(message, shown=None).splitlines())


_VERBS = {"list": _list, "send_goal": _send_goal}


def main(words: Sequence[str]) -> int:
    """Run `ros2 action` with the words that follow it; return the exit code."""
    options = _parser().parse_args(list(words))
    with temporary_node() as node:
        return _VERBS[options.verb](node, options)
