"""What a callback takes: rclpy looks at the signature, and so refuses what has none."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any


def signature_of(callback: Callable[..., Any]) -> inspect.Signature:
    """The signature; ValueError for a builtin without one (`deque().append`, `print` on some
    versions of Python): put it into a lambda."""
    try:
        return inspect.signature(callback)
    except ValueError as error:
        raise ValueError(f"{error}; rclpy takes no such callback: put it into a lambda") from None
