"""Whether the action that control wants is offered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rclpy.action import get_action_names_and_types
from rclpy.node import Node

from simreal_common.untrusted_text import shortened
from simreal_control.robot_interface.checked_item import CheckedItem, Verdict

OfferedActions = Mapping[str, Sequence[str]]  # types, by names
MOST_NAMED = 8


def offered_actions(node: Node) -> OfferedActions:
    """Actions that have a server."""
    return {
        name: types
        for name, types in get_action_names_and_types(node)
        if node.count_publishers(f"{name}/_action/status")
    }


def action_finding(
    parameter: str, name: str, kind: str, offered: OfferedActions, where: str = ""
) -> CheckedItem:
    """The line on one action.

    Args:
        parameter: that names it.
        name: that it shall have.
        kind: its type.
        offered: what is there.
        where: what says its type, in words that follow on those for another one.
    """
    if kind in offered.get(name, ()):
        return CheckedItem(parameter, Verdict.FITS, f"{name}, {kind}")
    if name in offered:
        types = ", ".join(shortened(one) for one in offered[name])
        words = f"{name} is {types}, wanted {kind}{where}"
    else:
        same = [shortened(one) for one, types in offered.items() if kind in types]
        others = ", ".join(same[:MOST_NAMED]) or "none"
        words = (
            f"nobody serves {name}; actions of its type here: {others}; name one of them, "
            "or start the robot's controllers"
        )
    return CheckedItem(parameter, Verdict.LACKS, words)
