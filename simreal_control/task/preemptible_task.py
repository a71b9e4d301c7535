"""A preemptible task: it can be stopped while it plans.

One thread ticks the task; a tick may plan for some hundred milliseconds. Requests come from another
thread. One that holds the arm does not wait for the tick: what moves is cancelled at once, and what
the tick then decides is not sent. The task itself hears of a request between two ticks.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from simreal_control.robot_interface.task_io import Cancel, Command, Inputs, Outputs
from simreal_control.task.operator_requests import Request
from simreal_control.task.stacking_task import StackingTask


@dataclass(eq=False)
class _Asked:
    request: Request
    now: float
    answer: str = ""


class PreemptibleTask:
    """Ticks a task, and takes requests that preempt it from any thread.

    Args:
        task: is ticked by one thread at a time.
        send: sends a command; returns at once.
        halt: cancels all that moves, and what was sent but not accepted yet; returns at once.
            Called from the thread of a request, beside a tick.
    """

    def __init__(
        self, task: StackingTask, send: Callable[[Command], None], halt: Callable[[], None]
    ) -> None:
        self.task = task
        self._send, self._halt = send, halt
        self._turn = threading.Lock()  # whose turn it is to use the task; held as long as it plans
        self._gate = threading.Lock()  # commands and requests pass one by one; held for moments
        self._waiting: list[_Asked] = []

    @property
    def finished(self) -> bool:
        """Whether the task has ended."""
        return self.task.finished

    def tick(self, inputs: Inputs) -> Outputs:
        """One step of the task; its commands are sent unless the arm is to stand meanwhile."""
        with self._turn:
            self._answer_waiting()
            outputs = self.task.tick(inputs)
            self._pass(outputs.commands)
        self._serve()
        return outputs

    def ask(self, request: Request, now: float) -> str:
        """Take a request; what is so now, in words."""
        asked = _Asked(request, now)
        with self._gate:
            self._waiting.append(asked)
            if request.holds:
                self._halt()
        self._serve()
        if asked.answer:
            return asked.answer
        if request.holds:
            return f"{request.value}: the arm rests while it plans; that plan will not be sent"
        return f"{request.value}: taken as soon as what is being planned is planned"

    def _serve(self) -> None:
        """Tell the task what waits. Where another thread has the turn, that thread does it."""
        while self._waiting and self._turn.acquire(blocking=False):
            try:
                self._answer_waiting()
            finally:
                self._turn.release()

    def _answer_waiting(self) -> None:
        with self._gate:
            waiting, self._waiting = self._waiting, []
        for asked in waiting:
            asked.answer = self._answer(asked)
            self._pass(self.task.take_commands())

    def _answer(self, asked: _Asked) -> str:
        task = self.task
        match asked.request:
            case Request.PAUSE:
                return task.pause()
            case Request.RESUME:
                return task.resume()
            case Request.STOP:
                return task.stop()
            case Request.CONFIRM:
                return task.confirm(asked.now)

    def _pass(self, commands: tuple[Command, ...]) -> None:
        with self._gate:
            held = any(asked.request.holds for asked in self._waiting)
            for command in commands:
                if not held or isinstance(command, Cancel):
                    self._send(command)
