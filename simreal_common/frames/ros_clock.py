"""What to do when a node's clock goes back: a bag that loops, a simulation that was restarted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rclpy.clock import JumpThreshold
from rclpy.duration import Duration
from rclpy.node import Node

# Two messages of /clock that overtake each other are no loop.
SET_BACK_S = 0.1


def on_clock_set_back(node: Node, callback: Callable[[], None]) -> Any:
    """Call `callback` when the node's clock goes back, or goes over to another clock.

    It is called where /clock is heard, beside other callbacks of an executor of several threads, and
    must not block.

    Returns:
        A handle. As long as it is kept, the callback is.
    """
    threshold = JumpThreshold(
        min_forward=None, min_backward=Duration(seconds=-SET_BACK_S), on_clock_change=True
    )
    return node.get_clock().create_jump_callback(threshold, post_callback=lambda _: callback())
