"""Command dispatcher: one command at a time, with number and deadline; asks before one is sent."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from simreal_control.planning.trajectory import JointTrajectory
from simreal_control.robot_interface.task_io import (
    ActionOutcome,
    ActionResult,
    Cancel,
    Command,
    HandCommand,
    MoveArm,
)

# An action may take this much longer than its trajectory, and so much more.
ARM_TIME_FACTOR, ARM_TIME_EXTRA_S = 2.0, 5.0
GRIPPER_TIMEOUT_S = 6.0


class CommandDispatcher:
    """Sends commands and tells how each ended; a new one only after the end of the last.

    Args:
        ask: whether a command waits for `confirm`.
        ask_at_most_s: a command that waited longer ends as rejected; what it was planned from is
            too old then.
    """

    def __init__(self, ask: bool = False, ask_at_most_s: float = 30.0) -> None:
        self._ask = ask
        self._ask_at_most_s = ask_at_most_s
        self._asked: tuple[Command, float] | None = None
        self._number = 0
        self._deadline = 0.0
        self._outbox: list[Command] = []
        self._what = ""
        self.busy = False
        self.moving_arm = False

    @property
    def asking(self) -> bool:
        """Whether a command waits for `confirm`."""
        return self._asked is not None

    def move_arm(self, now: float, trajectory: JointTrajectory, what: str = "moving") -> None:
        timeout = ARM_TIME_FACTOR * trajectory.duration + ARM_TIME_EXTRA_S
        self._send(now, MoveArm(self._number + 1, trajectory), timeout, what)

    def move_hand(
        self, now: float, make: Callable[[int], HandCommand], what: str = "moving the hand"
    ) -> HandCommand:
        """Send what is made with the number that it gets; that command."""
        command = make(self._number + 1)
        self._send(now, command, GRIPPER_TIMEOUT_S, what)
        return command

    def confirm(self, now: float) -> str:
        """Send what was asked for; what it is, empty where nothing waits."""
        if self._asked is None:
            return ""
        command, timeout = self._asked
        self._asked = None
        self._deadline = now + timeout
        self._outbox.append(command)
        self.moving_arm = isinstance(command, MoveArm)
        return self._what

    def cancel(self) -> None:
        """Give up the command under way; its result will not be heard."""
        if self.busy and self._asked is None:
            self._outbox.append(Cancel(self._number))
        self._asked = None
        self.busy = self.moving_arm = False

    def end_of_command(self, now: float, results: Iterable[ActionResult]) -> ActionResult | None:
        """The end of the command under way, once; past its deadline it is cancelled."""
        if not self.busy:
            return None
        for result in results:
            if result.command == self._number:
                self.busy = self.moving_arm = False
                return result
        if self._asked is not None and now > self._deadline:
            self.cancel()
            return ActionResult(self._number, ActionOutcome.REJECTED, "not confirmed in time")
        if now > self._deadline:
            number = self._number
            self.cancel()
            return ActionResult(number, ActionOutcome.TIMED_OUT, "no answer in time")
        return None

    def take_outbox(self) -> tuple[Command, ...]:
        """What is to be sent now."""
        commands, self._outbox = tuple(self._outbox), []
        return commands

    def _send(self, now: float, command: Command, timeout: float, what: str) -> None:
        assert not self.busy
        self._number += 1
        self.busy = True
        self._what = what
        self._asked = (command, timeout)
        if self._ask:
            self._deadline = now + self._ask_at_most_s
        else:
            self.confirm(now)
