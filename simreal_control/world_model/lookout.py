"""One look: enough pictures, all taken after the arm had come to rest at its place to look from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from simreal_control.robot_interface.task_io import Sighting


@dataclass(frozen=True, eq=False)
class Lookout:
    """The sightings of one look so far.

    Args:
        count: how many make a look.
        settle_s: pictures count when taken this long after the arm has come to rest.
        max_age_s: older pictures are forgotten again.
        max_tf_age_s: a picture so much younger, or older, than its camera's transform does not
            count: nobody knows where the camera was then.
        began: when it was begun; what was seen before does not count.
        waiting_since: when it was begun, or the latest picture that counted came.
        resting_since: when the arm came to rest; infinity while it moves.
        tf_age_s: of the latest picture, that of its camera's transform.
        sightings: those that count.
    """

    count: int
    settle_s: float
    max_age_s: float
    max_tf_age_s: float
    began: float
    waiting_since: float
    resting_since: float = np.inf
    tf_age_s: float = 0.0
    sightings: tuple[Sighting, ...] = ()

    @staticmethod
    def begin(
        now: float, count: int, settle_s: float, max_age_s: float, max_tf_age_s: float = 0.5
    ) -> Lookout:
        """A look that has seen nothing yet."""
        return Lookout(count, settle_s, max_age_s, max_tf_age_s, now, now)

    def observe(self, now: float, resting: bool, sightings: Iterable[Sighting]) -> Lookout:
        """The look with what is new; `resting` says whether the arm is out of the way and still."""
        if not resting:
            return replace(self, resting_since=np.inf, sightings=())
        resting_since = min(self.resting_since, now)
        kept, waiting_since, tf_age_s = list(self.sightings), self.waiting_since, self.tf_age_s
        for sighting in sightings:
            placed = sighting.transform_stamp
            tf_age_s = 0.0 if placed is None else abs(sighting.stamp - placed)
            if tf_age_s > self.max_tf_age_s:
                continue
            if resting_since + self.settle_s <= sighting.stamp <= now:
                kept.append(sighting)
                waiting_since = now
        young = [sighting for sighting in kept if now - sighting.stamp <= self.max_age_s]
        return replace(
            self,
            resting_since=resting_since,
            waiting_since=waiting_since,
            tf_age_s=tf_age_s,
            sightings=tuple(young[-self.count :]),
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
        return len(self.sightings) >= self.count
