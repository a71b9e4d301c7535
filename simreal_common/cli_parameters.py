"""`simreal parameters`: the parameters of the nodes as Markdown tables, from their declarations."""

from __future__ import annotations

import argparse
import importlib
import sys

from simreal_common.errors import ConfigurationError
from simreal_common.parameters import ParameterSpec, parameter_specs, to_text

# Where each node's parameters are declared: module and class.
NODES: dict[str, tuple[tuple[str, str], ...]] = {
    "sim_node": (
        ("simreal_sim.sim_node", "SimParameters"),
        ("simreal_sim.ros_controllers", "ControllerParameters"),
    ),
    "perception_node": (("simreal_perception.node_parameters", "PerceptionParameters"),),
    "control_node": (("simreal_control.parameters", "ControlParameters"),),
    "scorer_node": (("simreal_sim.scorer_node", "ScorerParameters"),),
    "recorder_node": (("simreal_perception.node_parameters", "RecorderParameters"),),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("node", nargs="?", metavar="NODE", help=f"one of {', '.join(NODES)}")


def run(args: argparse.Namespace) -> int:
    """Print one table a node; a node whose libraries are not installed is named on stderr."""
    if args.node is not None and args.node not in NODES:
        raise ConfigurationError(
            f"no node is called '{args.node}': wanted one of {', '.join(NODES)}"
        )
    complete = True
    for node in NODES if args.node is None else [args.node]:
        try:
            specs = node_parameters(node)
        except ImportError as error:
            print(f"{node} is left out: it needs {error.name}", file=sys.stderr)
            complete = False
            continue
        print(f"### {node}\n\n{table(specs)}\n")
    return 0 if complete or args.node is None else 1


def node_parameters(node: str) -> list[ParameterSpec]:
    """The parameters of a node, in the order of their declaration."""
    classes = [getattr(importlib.import_module(module), name) for module, name in NODES[node]]
    return [spec for cls in classes for spec in parameter_specs(cls)]


def table(specs: list[ParameterSpec]) -> str:
    """A Markdown table of parameters."""
    lines = ["| parameter | type | default | meaning |", "| --- | --- | --- | --- |"]
    for spec in specs:
        default = "must be given" if spec.required else f"`{to_text(spec.default)}`"
        lines.append(f"| `{spec.name}` | {spec.wanted()} | {default} | {spec.doc.description} |")
    return "\n".join(lines)
