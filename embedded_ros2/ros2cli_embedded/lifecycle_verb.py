"""`ros2 lifecycle nodes | get | list | set`, through the services of managed nodes."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from ros2cli_embedded.errors import EXIT_FAILURE, CliError, close_names, listed
from ros2cli_embedded.graph import (
    DISCOVERY_S,
    LOOKUP_S,
    absolute,
    spin_for,
    temporary_node,
    wait_for_future,
)

ANSWER_S = 60.0
"""How long a transition may take: a model is loaded in it, say."""

SUFFIX = "/get_state"
TYPE = "lifecycle_msgs/srv/GetState"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="ros2 lifecycle", description="Managed nodes.")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    verbs.add_parser("nodes", help="print the managed nodes")
    get = verbs.add_parser("get", help="print the state of one node or of all")
    get.add_argument("node_name", nargs="?")
    transitions = verbs.add_parser("list", help="print the transitions from a node's state")
    transitions.add_argument("node_name")
    put = verbs.add_parser("set", help="change a node's state")
    put.add_argument("node_name")
    put.add_argument("transition", help="label or number: configure, activate, deactivate, ...")
    return parser


def _nodes(node: Any) -> list[str]:
    spin_for(node, DISCOVERY_S)
    found = node.get_service_names_and_types()
    return sorted(name[: -len(SUFFIX)] for name, types in found if TYPE in types)


def _call(node: Any, owner: str, kind: str, service: str, request: Any = None) -> Any:
    import lifecycle_msgs.srv

    service_type = getattr(lifecycle_msgs.srv, kind)
    client = node.create_client(service_type, f"{owner}/{service}")
    if not client.wait_for_service(timeout_sec=LOOKUP_S):
        raise CliError(f"there is no managed node '{owner}'", EXIT_FAILURE)
    future = client.call_async(request or service_type.Request())
    return wait_for_future(node, future, ANSWER_S, f"node '{owner}'")


def _state(node: Any, owner: str) -> str:
    state = _call(node, owner, "GetState", "get_state").current_state
    return f"{state.label} [{state.id}]"


def _transitions(node: Any, owner: str) -> list[Any]:
    answer = _call(node, owner, "GetAvailableTransitions", "get_available_transitions")
    return list(answer.available_transitions)


def _list_nodes(node: Any, options: argparse.Namespace) -> int:
    print("\n".join(_nodes(node)))
    return 0


def _get(node: Any, options: argparse.Namespace) -> int:
    if options.node_name is not None:
        print(_state(node, absolute(options.node_name)))
        return 0
    for owner in _nodes(node):
        print(f"{owner}: {_state(node, owner)}")
    return 0


def _list(node: Any, options: argparse.Namespace) -> int:
    for one in _transitions(node, absolute(options.node_name)):
        print(f"- {one.transition.label} [{one.transition.id}]")
        print(f"\tStart: {one.start_state.label}\n\tGoal: {one.goal_state.label}")
    return 0


def _set(node: Any, options: argparse.Namespace) -> int:
    from lifecycle_msgs.srv import ChangeState

    owner, asked = absolute(options.node_name), options.transition
    known = {one.transition.label: one.transition.id for one in _transitions(node, owner)}
    by_number = {str(number): label for label, number in known.items()}
    label = by_number.get(asked, asked)
    if label not in known:
        raise CliError(
            f"unknown transition '{asked}'{close_names(asked, known)}; from its state "
            f"'{owner}' has: {listed(list(known))}",
            EXIT_FAILURE,
        )
    request = ChangeState.Request()
    request.transition.id, request.transition.label = known[label], label
    if not _call(node, owner, "ChangeState", "change_state", request).success:
        print("Transitioning failed")
        return EXIT_FAILURE
    print("Transitioning successful")
    return 0


_VERBS = {"nodes": _list_nodes, "get": _get, "list": _list, "set": _set}


def main(words: Sequence[str]) -> int:
    """Run `ros2 lifecycle` with the words that follow it; return the exit code."""
    options = _parser().parse_args(list(words))
    with temporary_node() as node:
        return _VERBS[options.verb](node, options)
