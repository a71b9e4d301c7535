"""The console scripts of the nodes: a thin start, so that Ctrl-C while libraries load is quiet.

Importing what a node needs takes seconds. A launch that ends in that time (one node refused its
parameters) interrupts the others in the middle of an import; nothing is open then, so they just go,
with the exit code of a program that a signal has ended: whoever told one to end so early, its work was
not done, and no launch is to end with 0 for it.
"""

from __future__ import annotations

import importlib
import os
import signal
from collections.abc import Callable
from types import FrameType

from simreal_sim.scoring.exit_codes import EXIT_NO_VERDICT

Entry = Callable[[], int]


def _entry(module: str, told_to_end: int | None = None) -> Entry:
    """A start; `told_to_end` is its exit code when it is told to end while libraries load, 128 and
    the signal's number where there is none."""

    def leave(number: int, frame: FrameType | None) -> None:
        os._exit(128 + number if told_to_end is None else told_to_end)

    def start() -> int:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, leave)
        main = importlib.import_module(module).main
        try:
            return int(main())  # which has handlers of its own while it runs
        finally:
            # All is closed; a second Ctrl-C has nothing to say to an interpreter that ends.
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, signal.SIG_IGN)

    return start


sim_node = _entry("simreal_sim.sim_node")
scorer_node = _entry("simreal_sim.scorer_node", EXIT_NO_VERDICT)
perception_node = _entry("simreal_perception.perception_node")
aruco_node = _entry("simreal_perception.tags.aruco_node")
recorder_node = _entry("simreal_perception.recorder_node")
webcam_node = _entry("simreal_perception.webcam_node")
view_node = _entry("simreal_perception.view_node")
replay_node = _entry("simreal_perception.replay_node", 3)
randomized_images_node = _entry("simreal_sim.randomized_images_node")
control_node = _entry("simreal_control.control_node")
