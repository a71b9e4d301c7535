"""What became of each image that was played, and the figures of all of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from simreal_common.block_estimate import BlockEstimate
from simreal_common.geometry import Pose
from simreal_perception.evaluation.evaluation import Evaluation

NANOSECONDS = 1e9


@dataclass(eq=False)
class PlayedFrame:
    """One image.

    Args:
        loop: 0 the first time that the recording was played.
        number: of the image in the recording, from 0.
        time_ns: when it was recorded.
        stamp_ns: of its header.
        problem: why it could not be played; empty where it was.
        sent_s: on the machine's clock, when it was played.
        latency_s: from then until detections of it came; None without any.
        estimates: what was found; empty without an answer too.
    """

    loop: int
    number: int
    time_ns: int
    stamp_ns: int
    problem: str = ""
    sent_s: float = 0.0
    latency_s: float | None = None
    estimates: tuple[BlockEstimate, ...] = ()


@dataclass(eq=False)
class ReplayLog:
    """All images in the order in which they were played.

    Attributes:
        waiting: those that were played and have no answer yet.
    """

    frames: list[PlayedFrame] = field(default_factory=list)
    waiting: list[PlayedFrame] = field(default_factory=list)

    def add(self, frame: PlayedFrame) -> None:
        """Append an image; one without a problem waits for its answer."""
        self.frames.append(frame)
        if not frame.problem:
            self.waiting.append(frame)

    def answer(
        self, stamp_ns: int, now_s: float, estimates: Sequence[BlockEstimate]
    ) -> PlayedFrame | None:
        """Take detections; the image they are of, None if none of that stamp waits for any.

        Images before it are waited for no longer: perception answers in order, or not at all.
        """
        for index, frame in enumerate(self.waiting):
            if frame.stamp_ns == stamp_ns:
                frame.latency_s = now_s - frame.sent_s
                frame.estimates = tuple(estimates)
                del self.waiting[: index + 1]
                return frame
        return None

    def give_up(self) -> None:
        """Wait for no answer any longer."""
        self.waiting.clear()

    @property
    def answered(self) -> list[PlayedFrame]:
        return [frame for frame in self.frames if frame.latency_s is not None]

    @property
    def start_ns(self) -> int:
        """When the first of them was recorded; 0 where there is none."""
        return min((frame.time_ns for frame in self.frames), default=0)

    def seconds(self, frame: PlayedFrame) -> float:
        """When it was recorded, from the first on."""
        return (frame.time_ns - self.start_ns) / NANOSECONDS

    def loops(self) -> list[list[PlayedFrame]]:
        """The frames of each time that it was played."""
        count = self.frames[-1].loop + 1 if self.frames else 0
        return [[f for f in self.frames if f.loop == number] for number in range(count)]

    def different_loops(self) -> list[int]:
        """The loops whose detections are others than the first one's; ids may go on counting."""
        first, *others = [list(map(_detected, loop)) for loop in self.loops()] or [[]]
        return [number for number, other in enumerate(others, start=1) if other != first]

    def evaluation(self, truths: dict[int, tuple[Pose, ...]], edge: float) -> Evaluation:
        """The answered images with truth, of the first loop, compared with it."""
        evaluation = Evaluation()
        for frame in self.answered:
            if frame.loop == 0 and frame.number in truths:
                evaluation.add(frame.estimates, truths[frame.number], edge=edge, image=frame.number)
        return evaluation


def figures(log: ReplayLog) -> dict[str, Any]:
    """Counts and latencies, for summary.json; milliseconds where the name says so."""
    answered = log.answered
    latencies = [1000.0 * float(frame.latency_s or 0.0) for frame in answered]
    ids = {estimate.id for frame in answered for estimate in frame.estimates if estimate.id}
    found = sum(len(frame.estimates) for frame in answered)
    unreadable = sum(1 for frame in log.frames if frame.problem)
    result: dict[str, Any] = {
        "images": len(log.frames),
        "answered": len(answered),
        "unanswered": len(log.frames) - len(answered) - unreadable,
        "unreadable": unreadable,
        "loops": len(log.loops()),
        "loops_that_differ_from_the_first": len(log.different_loops()),
        "detections": found,
        "track_ids": len(ids),
    }
    for name, share in (("p50", 50), ("p90", 90), ("p99", 99), ("max", 100)):
        value = float(np.percentile(latencies, share)) if latencies else math.nan
        result[f"latency_{name}_ms"] = round(value, 2) if latencies else None
    return result


def _detected(frame: PlayedFrame) -> tuple[object, ...]:
    poses = tuple(
        (*estimate.pose.position.tolist(), *estimate.pose.orientation.tolist(), estimate.score)
        for estimate in frame.estimates
    )
    return frame.number, frame.latency_s is not None, poses
