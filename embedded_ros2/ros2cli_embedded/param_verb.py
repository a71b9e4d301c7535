"""`ros2 param list | get | set`, through the parameter services of the node."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from ros2cli_embedded.errors import EXIT_FAILURE, CliError, close_names, listed
from ros2cli_embedded.graph import (
    DISCOVERY_S,
    LOOKUP_S,
    absolute,
    node_names,
    not_found,
    spin_for,
    temporary_node,
    wait_for_future,
    wait_until,
)
from ros2cli_embedded.launch.typed_values import Value, ValueTypeError, load_yaml

ANSWER_S = 5.0
"""How long a node may take to answer."""

# ParameterType of rcl_interfaces: number -> (name shown, field of ParameterValue)
_TYPES = {
    1: ("Boolean", "bool_value"),
    2: ("Integer", "integer_value"),
    3: ("Double", "double_value"),
    4: ("String", "string_value"),
    5: ("Byte", "byte_array_value"),
    6: ("Boolean", "bool_array_value"),
    7: ("Integer", "integer_array_value"),
    8: ("Double", "double_array_value"),
    9: ("String", "string_array_value"),
}
_SCALARS: dict[type, int] = {bool: 1, int: 2, float: 3, str: 4}
_FIRST_LIST = 5


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="ros2 param", description="Parameters of running nodes.")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    listing = verbs.add_parser("list", help="print the parameters of one node or of all")
    listing.add_argument("node_name", nargs="?")
    get = verbs.add_parser("get", help="print the value of a parameter")
    get.add_argument("node_name")
    get.add_argument("parameter_name")
    get.add_argument("--hide-type", action="store_true", help="print the value alone")
    put = verbs.add_parser("set", help="set a parameter")
    put.add_argument("node_name")
    put.add_argument("parameter_name")
    put.add_argument("value", help="a YAML value, e.g. 5, 1.5, true, text, '[1, 2]'")
    return parser


def _call(node: Any, owner: str, service: tuple[str, str], request: Any) -> Any:
    """Call a parameter service of `owner`; `service` is its type and its name."""
    import rcl_interfaces.srv

    client = node.create_client(getattr(rcl_interfaces.srv, service[0]), f"{owner}/{service[1]}")
    if not client.wait_for_service(timeout_sec=LOOKUP_S):
        raise CliError(f"node '{owner}' offers no parameter services", EXIT_FAILURE)
    return wait_for_future(node, client.call_async(request), ANSWER_S, f"node '{owner}'")


def _names(node: Any, owner: str) -> list[str]:
    from rcl_interfaces.srv import ListParameters

    response = _call(node, owner, ("ListParameters", "list_parameters"), ListParameters.Request())
    return sorted(response.result.names)


def _value(node: Any, owner: str, name: str) -> tuple[int, Any]:
    """Return type number and value of a declared parameter."""
    from rcl_interfaces.srv import GetParameters

    request = GetParameters.Request(names=[name])
    response = _call(node, owner, ("GetParameters", "get_parameters"), request)
    kind = response.values[0].type if response.values else 0
    if kind == 0:
        names = _names(node, owner)
        if name not in names:
            raise CliError(
                f"node '{owner}' has no parameter '{name}'{close_names(name, names)}; "
                f"it has: {listed(names)}",
                EXIT_FAILURE,
            )
        return 0, None
    value = getattr(response.values[0], _TYPES[kind][1])
    return kind, value if kind < _FIRST_LIST else list(value)


def _list(node: Any, options: argparse.Namespace) -> int:
    if options.node_name is not None:
        print("\n".join(f"  {name}" for name in _names(node, absolute(options.node_name))))
        return 0
    spin_for(node, DISCOVERY_S)
    for owner in node_names(node):
        print(f"{owner}:")
        for name in _names(node, owner):
            print(f"  {name}")
    return 0


def _get(node: Any, options: argparse.Namespace) -> int:
    kind, value = _value(node, absolute(options.node_name), options.parameter_name)
    if kind == 0:
        print("Parameter not set.")
    elif options.hide_type:
        print(value)
    else:
        plural = "values are" if kind >= _FIRST_LIST else "value is"
        print(f"{_TYPES[kind][0]} {plural}: {value}")
    return 0


def _set(node: Any, options: argparse.Namespace) -> int:
    from rcl_interfaces.msg import Parameter, ParameterValue
    from rcl_interfaces.srv import SetParameters

    owner = absolute(options.node_name)
    try:
        value = load_yaml(options.value)
    except ValueTypeError as error:
        raise CliError(str(error)) from error
    kind, value = _typed(value, _value(node, owner, options.parameter_name)[0])
    message = Parameter(name=options.parameter_name, value=ParameterValue(type=kind))
    setattr(message.value, _TYPES[kind][1], value)
    request = SetParameters.Request(parameters=[message])
    (result,) = _call(node, owner, ("SetParameters", "set_parameters"), request).results
    if not result.successful:
        raise CliError(f"setting parameter failed: {result.reason}", EXIT_FAILURE)
    print("Set parameter successful")
    return 0


def _typed(value: Value, declared: int) -> tuple[int, Value]:
    """Return type number and value; a whole number becomes a Double where one is declared."""
    doubles = 3, 8
    if declared == doubles[0] and type(value) is int:
        return declared, float(value)
    if not isinstance(value, list):
        return _SCALARS[type(value)], value
    if not value:
        return (declared if declared >= _FIRST_LIST else 9), value
    if declared == doubles[1] and all(type(item) is int for item in value):
        return declared, [float(item) for item in value]
    return _SCALARS[type(value[0])] + _FIRST_LIST, value


_VERBS = {"list": _list, "get": _get, "set": _set}


def main(words: Sequence[str]) -> int:
    """Run `ros2 param` with the words that follow it; return the exit code."""
    options = _parser().parse_args(list(words))
    with temporary_node() as node:
        if options.node_name is not None:
            owner = absolute(options.node_name)
            if not wait_until(node, lambda: owner in node_names(node), LOOKUP_S):
                raise not_found("node", owner, node_names(node))
        return _VERBS[options.verb](node, options)
