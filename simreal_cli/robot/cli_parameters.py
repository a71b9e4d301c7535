"""`simreal parameters`: the parameters of the nodes as Markdown tables, from their declarations."""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Iterable
from pathlib import Path

from simreal_cli.parsing.arguments import output_file
from simreal_common.errors import ConfigurationError, MissingDependencyError
from simreal_common.output_files import write_output
from simreal_common.settings.parameters import ParameterSpec, parameter_specs, to_text

# Where each node's parameters are declared: module and class.
NODES: dict[str, tuple[tuple[str, str], ...]] = {
    "sim_node": (
        ("simreal_sim.sim_node", "SimParameters"),
        ("simreal_sim.ros_controllers", "ControllerParameters"),
    ),
    "perception_node": (("simreal_perception.node_parameters", "PerceptionParameters"),),
    "control_node": (("simreal_control.control_configuration", "ControlParameters"),),
    "randomized_images_node": (
        ("simreal_sim.randomized_images_node", "RandomizedImagesParameters"),
    ),
    "scorer_node": (("simreal_sim.scorer_node", "ScorerParameters"),),
    "aruco_node": (("simreal_perception.tags.aruco_parameters", "ArucoParameters"),),
    "webcam_node": (("simreal_perception.webcam_node", "WebcamParameters"),),
    "view_node": (("simreal_perception.view_node", "ViewParameters"),),
    "recorder_node": (("simreal_perception.node_parameters", "RecorderParameters"),),
    "replay_node": (("simreal_perception.node_parameters", "ReplayParameters"),),
}


# Between these lines of a Markdown file stand the tables.
BEGIN, END = "<!-- parameters -->", "<!-- /parameters -->"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("node", nargs="?", metavar="NODE", help=f"one of {', '.join(NODES)}")
    parser.add_argument(
        "--update",
        type=output_file,
        metavar="FILE.md",
        help=f"write all tables into this file, between {BEGIN} and {END}",
    )


def run(args: argparse.Namespace) -> int:
    """Print the tables, or write them into a file.

    Raises:
        ConfigurationError: no such node, or a file without a place for the tables.
        MissingDependencyError: a node's libraries are not installed.
    """
    if args.node is not None and args.node not in NODES:
        raise ConfigurationError(
            f"no node is called '{args.node}': wanted one of {', '.join(NODES)}"
        )
    if args.update is not None:
        write_output(args.update, with_tables(_read(args.update), args.update))
    else:
        print(tables(NODES if args.node is None else [args.node]))
    return 0


def tables(nodes: Iterable[str]) -> str:
    """One Markdown table a node, under its name."""
    return "\n\n".join(f"#### {node}\n\n{table(node_parameters(node))}" for node in nodes)


def with_tables(text: str, path: Path) -> str:
    """The text of a Markdown file with the tables of all nodes in their place."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ConfigurationError(f"{path} has no place for the tables: wanted {BEGIN} and {END}")
    return f"{before}{BEGIN}\n\n{tables(NODES)}\n\n{END}{after}"


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(f"cannot read {path}: {error.strerror}") from error


def node_parameters(node: str) -> list[ParameterSpec]:
    """The parameters of a node, in the order of their declaration."""
    try:
        classes = [getattr(importlib.import_module(module), name) for module, name in NODES[node]]
    except ImportError as error:
        raise MissingDependencyError(
            f"{node} needs {error.name}, which is not installed: pip install "
            "'simreal[sim,control,film]', and ROS 2 or embedded_ros2"
        ) from error
    return [spec for cls in classes for spec in parameter_specs(cls)]


def table(specs: list[ParameterSpec]) -> str:
    """A Markdown table of parameters."""
    lines = ["| parameter | type | default | meaning |", "| --- | --- | --- | --- |"]
    for spec in specs:
        default = "must be given" if spec.required else f"`{to_text(spec.default)}`"
        lines.append(f"| `{spec.name}` | {spec.wanted()} | {default} | {spec.doc.description} |")
    return "\n".join(lines)
