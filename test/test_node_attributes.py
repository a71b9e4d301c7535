"""Nodes keep their own things under names that rclpy's Node does not use."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
NODES = sorted(
    path
    for folder in ("simreal_control", "simreal_perception", "simreal_sim")
    for path in (ROOT / folder).glob("*_node.py")
)
# What `rclpy.node.Node` of Humble to Lyrical sets on itself, with one underscore. Who overwrites one
# ends when somebody lists the parameters, or at shutdown.
OWN_BY_RCLPY = {
    "_allow_undeclared_parameters", "_callback_groups", "_client", "_clients", "_clock", "_context",
    "_default_callback_group", "_descriptors", "_guards", "_handle", "_logger", "_node",
    "_on_set_parameters_callbacks", "_parameter_event_publisher", "_parameter_overrides",
    "_parameter_service", "_parameters", "_post_set_parameters_callbacks",
    "_pre_set_parameters_callbacks", "_publishers", "_rate_group", "_services", "_subscriptions",
    "_time_source", "_timers", "_type_description_service", "_waitables", "_weak_node",
}  # fmt: skip


def assigned(path: Path) -> set[str]:
    """Names that a module assigns to `self`."""
    return {
        node.attr
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute)
        and isinstance(node.ctx, ast.Store)
        and isinstance(node.value, ast.Name)
        and node.value.id == "self"
    }


def test_there_are_nodes() -> None:
    assert len(NODES) >= 6


@pytest.mark.parametrize("path", NODES, ids=lambda path: path.stem)
def test_a_node_overwrites_nothing_of_rclpy(path: Path) -> None:
    assert not assigned(path) & OWN_BY_RCLPY
