"""A driver of a hand: sends its commands, hears how they end, and is looked for on a robot."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

from rclpy.node import Node

from simreal_control.hand_drivers.hand_connection import HandConnection
from simreal_control.planning.finger_mapping import FingerMapping
from simreal_control.robot_interface.checked_item import CheckedItem
from simreal_control.robot_interface.ros_action_check import OfferedActions
from simreal_control.robot_interface.ros_action_goals import ActionGoals
from simreal_control.robot_interface.task_io import ActionResult, HandCommand


class HandDriver(ABC):
    """Speaks to what drives a kind of hand; entered in `ros_registry.DRIVERS`. Any thread may call it.

    Args:
        node: owns clients, publishers and subscriptions.
        connection: what they are called.
        goals: of the robot's actions: a driver by an action sends its own there, and there they end.
        now: the node's time, seconds.
        group: callback group of clients.
    """

    @abstractmethod
    def __init__(
        self,
        node: Node,
        connection: HandConnection,
        goals: ActionGoals,
        now: Callable[[], float],
        group: Any = None,
    ) -> None: ...

    @abstractmethod
    def execute(self, command: HandCommand) -> None:
        """Send a command, one of the kind that the hand makes."""

    @abstractmethod
    def know(self, fingers: FingerMapping) -> None:
        """Take openings of the hand and positions of its joints; before the first command."""

    @property
    def grip_sensed(self) -> bool | None:
        """Whether a sensor of the hand says that it holds something; None where nobody tells."""
        return None

    def take_results(self) -> tuple[ActionResult, ...]:
        """How commands have ended since the last call, but for those that end as goals do."""
        return ()

    def missing_servers(self) -> list[str]:
        """Names of what nobody serves, actions aside."""
        return []

    @abstractmethod
    def give_up(self) -> None:
        """Wait no longer for what was sent; goals of actions are cancelled beside it."""

    @abstractmethod
    def end(self) -> None:
        """Send nothing more, goals of actions aside."""

    @staticmethod
    def seen(node: Node, connection: HandConnection, offered: OfferedActions) -> bool:
        """Whether all is there that who looks at a robot waits for."""
        return True

    @staticmethod
    @abstractmethod
    def findings(
        node: Node, connection: HandConnection, offered: OfferedActions
    ) -> list[CheckedItem]:
        """What of it is there, and what lacks.

        Args:
            node: looks at the robot.
            connection: names, resolved as those of control_node are.
            offered: actions that have a server.
        """
