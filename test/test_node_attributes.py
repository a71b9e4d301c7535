"""Nodes keep their own things under names that rclpy's Node does not use."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
NODES = sorted(
    path
    for folder in ("simreal_control", "simreal_perception", "simreal_sim")
    for path in (ROOT / folder).rglob("*_node.py")
)
# What `rclpy.node.Node` of Humble to Lyrical has of its own: attributes with one underscore, private
# methods, and what executors read of it. Who takes one ends when somebody lists the parameters, or
# at shutdown.
OWN_BY_RCLPY = {
    "_allow_undeclared_parameters", "_clients", "_clock", "_context", "_default_callback_group",
    "_descriptors", "_guards", "_handle", "_logger", "_logger_service", "_node",
    "_on_set_parameters_callbacks", "_parameter_event_publisher", "_parameter_overrides",
    "_parameter_service", "_parameters", "_parameters_callbacks", "_post_set_parameters_callbacks",
    "_pre_set_parameters_callbacks", "_publishers", "_rate_group", "_services", "_subscriptions",
    "_time_source", "_timers", "_type_description_service", "_waitables", "_weak_node",
    "_apply_descriptor", "_apply_descriptor_and_set", "_apply_descriptors",
    "_apply_floating_point_range", "_apply_integer_range", "_call_post_set_parameters_callback",
    "_call_pre_set_parameters_callback", "_check_undeclared_parameters",
    "_count_clients_or_servers", "_count_publishers_or_subscribers", "_declare_parameter_common",
    "_get_info_by_topic", "_set_parameters", "_set_parameters_atomically",
    "_set_parameters_atomically_common", "_validate_qos_or_depth_parameter",
    "_validate_topic_or_service_name", "_wake_executor",
    "clients", "context", "default_callback_group", "executor", "guards", "handle", "publishers",
    "services", "subscriptions", "timers", "waitables",
    # of LifecycleNode
    "_callbacks", "_managed_entities", "_service_change_state", "_service_get_available_states",
    "_service_get_available_transitions", "_service_get_state", "_service_get_transition_graph",
    "_state_machine",
}  # fmt: skip


def taken(path: Path) -> set[str]:
    """Names that a module assigns to `self`, and those of its classes' methods and attributes."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            if isinstance(node.value, ast.Name) and node.value.id == "self":
                found.add(node.attr)
        elif isinstance(node, ast.ClassDef):
            for inside in node.body:
                if isinstance(inside, ast.FunctionDef | ast.AsyncFunctionDef):
                    found.add(inside.name)
                elif isinstance(inside, ast.Assign):
                    found |= {name.id for name in inside.targets if isinstance(name, ast.Name)}
    return found


def test_there_are_nodes() -> None:
    assert len(NODES) >= 6


@pytest.mark.parametrize("path", NODES, ids=lambda path: path.stem)
def test_a_node_overwrites_nothing_of_rclpy(path: Path) -> None:
    assert not taken(path) & OWN_BY_RCLPY


@pytest.mark.parametrize("kind", ["rclpy.node:Node", "rclpy.lifecycle:LifecycleNode"])
def test_the_list_has_all_that_this_rclpy_holds(ros: None, kind: str) -> None:
    module, _, name = kind.partition(":")
    node = getattr(pytest.importorskip(module), name)("probe")
    own = {name for name in vars(node) if name.startswith("_")}
    own |= {name for name in dir(type(node)) if name.startswith("_") and not name.startswith("__")}
    # Of Python's private names (`_Node__handle`) each class has its own; `_rcl_` is the embedded
    # runtime's mark.
    private = ("_Node__", "_LifecycleNodeMixin__", "_rcl_")
    missing = {name for name in own if not name.startswith(private)} - OWN_BY_RCLPY
    assert not missing, f"add to OWN_BY_RCLPY: {missing}"
    node.destroy_node()
