"""The robot of a task: what it tells at a tick, and what it takes."""

from __future__ import annotations

from typing import Protocol

from simreal_control.robot_interface.task_io import Command, Inputs


class Robot(Protocol):
    """An arm with a hand, and a camera that looks at its table; real, simulated or made up.

    At each tick: `outputs = task.tick(robot.step())`, then `execute` of each command in the outputs.
    """

    def step(self) -> Inputs:
        """Go on to the next tick; what is known then, and what is new since the last one.

        Of a simulated robot time passes meanwhile, of a real one it passes by itself.
        """
        ...

    def execute(self, command: Command) -> None:
        """Begin or give up a command. Returns at once; how it ended comes with a later `step`."""
        ...

    def start_anew(self) -> None:
        """Time has gone back: cancel what moves; forget what was seen, and how commands ended.

        The task that follows knows nothing of them, and counts its commands from the beginning.
        """
        ...
