"""What timers leave behind."""

from __future__ import annotations

import pytest

from rclpy.node import Node


def test_a_destroyed_timer_hears_of_no_jump(ros: None) -> None:
    node = Node("n")
    clock = node.get_clock()
    before = len(clock._jump_handles)
    timer = node.create_timer(1.0, lambda: None)
    assert len(clock._jump_handles) == before + 1
    node.destroy_timer(timer)
    assert len(clock._jump_handles) == before


def test_a_builtin_without_a_signature_is_no_callback(ros: None) -> None:
    node = Node("n")
    with pytest.raises(ValueError, match="put it into a lambda"):
        node.create_timer(1.0, max)
    assert not list(node.timers)
