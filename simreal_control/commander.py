"""One command at a time: numbers, deadlines, retries."""

from __future__ import annotations

from collections.abc import Iterable

from simreal_control.task_io import (
    ActionResult,
    Cancel,
    Command,
    MoveArm,
    MoveGripper,
    Outcome,
)
from simreal_control.trajectory import JointTrajectory

# An action may take this much longer than its trajectory, and so much more.
ARM_TIME_FACTOR, ARM_TIME_EXTRA_S = 2.0, 5.0
GRIPPER_TIMEOUT_S = 6.0


class Commander:
    """Sends commands and tells how each ended; a new one only after the end of the last."""

    def __init__(self) -> None:
        self._number = 0
        self._deadline = 0.0
        self._outbox: list[Command] = []
        self.busy = False
        self.moving_arm = False

    def move_arm(self, now: float, trajectory: JointTrajectory) -> None:
        timeout = ARM_TIME_FACTOR * trajectory.duration + ARM_TIME_EXTRA_S
        self._send(MoveArm(self._number + 1, trajectory), now + timeout)
        self.moving_arm = True

    def move_gripper(self, now: float, opening_m: float, effort_n: float) -> None:
        self._send(MoveGripper(self._number + 1, opening_m, effort_n), now + GRIPPER_TIMEOUT_S)

    def cancel(self) -> None:
        """Give up the command under way; its result will not be heard."""
        if self.busy:
            self._outbox.append(Cancel(self._number))
            self.busy = self.moving_arm = False

    def end_of_command(self, now: float, results: Iterable[ActionResult]) -> ActionResult | None:
        """The end of the command under way, once; past its deadline it is cancelled."""
        if not self.busy:
            return None
        for result in results:
            if result.command == self._number:
                self.busy = self.moving_arm = False
                return result
        if now > self._deadline:
            number = self._number
            self.cancel()
            return ActionResult(number, Outcome.TIMED_OUT, "no answer in time")
        return None

    def take_outbox(self) -> tuple[Command, ...]:
        """What is to be sent now."""
        commands, self._outbox = tuple(self._outbox), []
        return commands

    def _send(self, command: Command, deadline: float) -> None:
        assert not self.busy
        self._number += 1
        self._deadline = deadline
        self._outbox.append(command)
        self.busy = True
