"""`ros2 node list | info`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any

from ros2cli_embedded.graph import (
    DISCOVERY_S,
    LOOKUP_S,
    absolute,
    is_hidden,
    node_names,
    not_found,
    spin_for,
    temporary_node,
    wait_until,
)


def _list(node: Any, options: argparse.Namespace) -> int:
    spin_for(node, DISCOVERY_S)
    for name in node_names(node):
        print(name)
    return 0


def _info(node: Any, options: argparse.Namespace) -> int:
    """What a node offers and uses, as `ros2 node info` of ROS 2 prints it."""
    from rclpy.action import (
        get_action_client_names_and_types_by_node,
        get_action_server_names_and_types_by_node,
    )

    wanted = absolute(options.node_name)
    namespace, _, name = wanted.rpartition("/")
    place = (name, namespace or "/")
    if not wait_until(
        node, lambda: place in node.get_node_names_and_namespaces() or None, LOOKUP_S
    ):
        raise not_found("node", wanted, node_names(node))
    spin_for(node, DISCOVERY_S)
    count = node.get_node_names_and_namespaces().count(place)
    if count == 0:
        raise not_found("node", wanted, node_names(node))
    if count > 1:
        print(
            f'There are {count} nodes in the graph with the exact name "{wanted}". '
            "You are seeing information about only one of them.",
            file=sys.stderr,
        )
    print(wanted)
    for title, found in (
        ("Subscribers", node.get_subscriber_names_and_types_by_node(*place)),
        ("Publishers", node.get_publisher_names_and_types_by_node(*place)),
        ("Service Servers", node.get_service_names_and_types_by_node(*place)),
        ("Service Clients", node.get_client_names_and_types_by_node(*place)),
        ("Action Servers", get_action_server_names_and_types_by_node(node, *place)),
        ("Action Clients", get_action_client_names_and_types_by_node(node, *place)),
    ):
        print(f"  {title}:")
        for one, types in sorted(found):
            if options.include_hidden or not is_hidden(one):
                print(f"    {one}: {', '.join(types)}")
        if not found:
            print()
    return 0


_VERBS = {"list": _list, "info": _info}


def main(words: Sequence[str]) -> int:
    """Run `ros2 node` with the words that follow it; return the exit code."""
    parser = argparse.ArgumentParser(prog="ros2 node", description="Look at running nodes.")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    verbs.add_parser("list", help="print the running nodes")
    info = verbs.add_parser("info", help="print topics, services and actions of a node")
    info.add_argument("node_name")
    info.add_argument("--include-hidden", action="store_true", help="those with a '_' in front too")
    options = parser.parse_args(list(words))
    with temporary_node() as node:
        return _VERBS[options.verb](node, options)
