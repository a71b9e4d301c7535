"""`ros2 service list | type | call`."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from ros2cli_embedded.errors import EXIT_FAILURE, CliError
from ros2cli_embedded.graph import (
    DISCOVERY_S,
    absolute,
    is_hidden,
    lookup_types,
    print_names,
    spin_for,
    temporary_node,
    wait_for_future,
)
from ros2cli_embedded.interfaces import interface, parse_values, set_fields


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="ros2 service", description="Look at services.")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    listing = verbs.add_parser("list", help="print the services")
    listing.add_argument("-t", "--show-types", action="store_true")
    listing.add_argument("--include-hidden-services", action="store_true")
    kind = verbs.add_parser("type", help="print the type of a service")
    kind.add_argument("service_name")
    call = verbs.add_parser("call", help="call a service")
    call.add_argument("service_name")
    call.add_argument("service_type")
    call.add_argument("values", nargs="?", default="{}", help="fields in YAML, e.g. '{data: true}'")
    call.add_argument("--timeout", type=float, default=10.0, help="seconds to wait")
    return parser


def _list(node: Any, options: argparse.Namespace) -> int:
    spin_for(node, DISCOVERY_S)
    found = {
        name: types
        for name, types in node.get_service_names_and_types()
        if options.include_hidden_services or not is_hidden(name)
    }
    print_names(found, options.show_types)
    return 0


def _type(node: Any, options: argparse.Namespace) -> int:
    name = absolute(options.service_name)
    print(lookup_types(node, "service", name, node.get_service_names_and_types))
    return 0


def _call(node: Any, options: argparse.Namespace) -> int:
    service_type = interface(options.service_type, "srv")
    request = service_type.Request()
    set_fields(request, parse_values(options.values))
    name = absolute(options.service_name)
    client = node.create_client(service_type, name)
    if not client.service_is_ready():
        print("waiting for service to become available...", flush=True)
    if not client.wait_for_service(timeout_sec=options.timeout):
        raise CliError(f"no service '{name}' within {options.timeout:g} s", EXIT_FAILURE)
    print(f"requester: making request: {request!r}\n", flush=True)
    future = client.call_async(request)
    response = wait_for_future(node, future, options.timeout, f"service '{name}'")
    print(f"response:\n{response!r}\n")
    return 0


_VERBS = {"list": _list, "type": _type, "call": _call}


def main(words: Sequence[str]) -> int:
    """Run `ros2 service` with the words that follow it; return the exit code."""
    options = _parser().parse_args(list(words))
    with temporary_node() as node:
        return _VERBS[options.verb](node, options)
