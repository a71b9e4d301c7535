"""What rclpy's Node holds for itself: here under the same names, or under such as nobody takes."""

from __future__ import annotations

from typing import Any

import pytest

from rclpy.lifecycle import LifecycleNode
from rclpy.node import Node
from rclpy.reserved_names import ATTRIBUTES, MANAGED, METHODS, OWN_PREFIX, PROPERTIES


def test_what_a_node_holds_has_rclpys_names_or_the_prefix(ros: None) -> None:
    node = Node("n")
    held = set(vars(node)) | {n for n in dir(Node) if n.startswith("_") and not n.startswith("__")}
    assert {name for name in held if not name.startswith(OWN_PREFIX)} <= ATTRIBUTES | METHODS
    assert "_publishers" in held and "_rcl_entities" in held


@pytest.mark.parametrize("name", sorted(ATTRIBUTES | METHODS | {"_rcl_lock"}))
def test_an_assignment_to_one_is_refused(ros: None, name: str) -> None:
    node = Node("n")
    with pytest.raises(AttributeError, match=f"'{name}' of Node .* choose another name"):
        setattr(node, name, [])


@pytest.mark.parametrize("name", sorted(ATTRIBUTES | METHODS | PROPERTIES))
def test_a_definition_of_one_is_refused(name: str) -> None:
    with pytest.raises(TypeError, match=f"class Mine defines {name}, "):
        type("Mine", (Node,), {name: lambda self: None})


@pytest.mark.parametrize("name", sorted(MANAGED))
def test_a_managed_node_has_more(ros: None, name: str) -> None:
    with pytest.raises(AttributeError, match=f"'{name}' of LifecycleNode .* choose another name"):
        setattr(LifecycleNode("managed"), name, [])
    with pytest.raises(TypeError, match=f"class Mine defines {name}, "):
        type("Mine", (LifecycleNode,), {name: lambda self: None})
    setattr(Node("plain"), name, [])


def test_names_of_ones_own_are_free(ros: None) -> None:
    class Mine(Node):
        def __init__(self) -> None:
            self.before = 1
            super().__init__("mine")
            # what this runtime once held under such names
            self._lock, self._entities, self._name, self._store = 1, 2, 3, 4

        def __setattr__(self, name: str, value: Any) -> None:
            super().__setattr__(name, value)

        def _all(self) -> str:
            return "mine"

        _resolve = _group = _add = _count = _all

        def destroy_node(self) -> None:
            self.before = 2
            super().destroy_node()

    node = Mine()
    node.declare_parameter("p", 1)
    assert node.get_parameter("p").value == 1
    assert ("mine", "/") in node.get_node_names_and_namespaces() and node._all() == "mine"
    assert node.count_publishers("/parameter_events") == 1
    node.destroy_node()
    assert node.before == 2
