"""Contexts: begun once, ended once."""

from __future__ import annotations

import pytest

from rclpy.context import Context
from rclpy.exceptions import NotInitializedException
from rclpy.node import Node


def test_a_context_is_used_once(domain: int) -> None:
    context, told = Context(), []
    with pytest.raises(RuntimeError, match="must be initialized"):
        context.shutdown()
    context.init([])
    context.on_shutdown(lambda: told.append("at shutdown"))
    context.shutdown()
    context.on_shutdown(lambda: told.append("at once"))
    assert told == ["at shutdown", "at once"]
    with pytest.raises(RuntimeError, match="only be called once"):
        context.init([])
    with pytest.raises(RuntimeError, match="already called"):
        context.shutdown()
    context.try_shutdown()
    with pytest.raises(NotInitializedException):
        Node("n", context=context)
