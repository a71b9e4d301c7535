"""Observation buffer: enough detection frames, all taken after the arm had come to rest."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from simreal_control.robot_interface.task_io import DetectionFrame


@dataclass(frozen=True, eq=False)
class ObservationBuffer:
    """Holds the detection frames of one observation so far.

    Args:
        count: how many make an observation.
        settle_s: pictures count when taken this long after the arm has come to rest.
        max_age_s: older pictures are forgotten again.
        max_tf_age_s: a picture so much younger, or older, than its camera's transform does not
            count: nobody knows where the camera was then.
        began: when it was begun; what was seen before does not count.
        waiting_since: when it was begun, or the latest picture that counted came.
        resting_since: when the arm came to rest; infinity while it moves.
        tf_age_s: of the latest picture, that of its camera's transform.
        detection_frames: those that count.
    """

    count: int
    settle_s: float
    max_age_s: float
    max_tf_age_s: float
    began: float
    waiting_since: float
    resting_since: float = np.inf
    tf_age_s: float = 0.0
    detection_frames: tuple[DetectionFrame, ...] = ()

    @staticmethod
    def begin(
        now: float, count: int, settle_s: float, max_age_s: float, max_tf_age_s: float = 0.5
    ) -> ObservationBuffer:
        """A buffer that holds nothing yet."""
        return ObservationBuffer(count, settle_s, max_age_s, max_tf_age_s, now, now)

    def observe(
        self, now: float, resting: bool, detection_frames: Iterable[DetectionFrame]
    ) -> ObservationBuffer:
        """The buffer with what is new; `resting` says whether the arm is out of the way and still."""
        if not resting:
            return replace(self, resting_since=np.inf, detection_frames=())
        resting_since = min(self.resting_since, now)
        kept = list(self.detection_frames)
        waiting_since, tf_age_s = self.waiting_since, self.tf_age_s
        for frame in detection_frames:
            placed = frame.transform_stamp
            tf_age_s = 0.0 if placed is None else abs(frame.stamp - placed)
            if tf_age_s > self.max_tf_age_s:
                continue
            if resting_since + self.settle_s <= frame.stamp <= now:
                kept.append(frame)
                waiting_since = now
        young = [frame for frame in kept if now - frame.stamp <= self.max_age_s]
        return replace(
            self,
            resting_since=resting_since,
            waiting_since=waiting_since,
            tf_age_s=tf_age_s,
            detection_frames=tuple(young[-self.count :]),
        )

    def lack(self, now: float) -> tuple[str, str]:
        """What has been waited for since `waiting_since`, and what is likely the matter; words."""
        waited = now - self.waiting_since
        if self.tf_age_s > self.max_tf_age_s:
            return (
                f"no detections for {waited:.0f} s whose camera's place is known: its transform is "
                f"{self.tf_age_s:.1f} s old",
                "is TF published?",
            )
        return f"no new detections for {waited:.0f} s", "is perception running?"

    @property
    def complete(self) -> bool:
        """Whether there are enough."""
        return len(self.detection_frames) >= self.count
