"""One look: enough pictures, all taken after the arm had come to rest at its place to look from."""

from __future__ import annotations

from collections.abc import Iterable

from simreal_control.robot_interface.task_io import Sighting


class Lookout:
    """Collects the sightings of one look.

    Args:
        count: how many make a look.
        settle_s: pictures count when taken this long after the arm has come to rest.
        max_age_s: older pictures are forgotten again.
        max_tf_age_s: a picture so much younger, or older, than its camera's transform does not
            count: nobody knows where the camera was then.
    """

    def __init__(
        self, count: int, settle_s: float, max_age_s: float, max_tf_age_s: float = 0.5
    ) -> None:
        self._count = count
        self._settle_s = settle_s
        self._max_age_s = max_age_s
        self._max_tf_age_s = max_tf_age_s
        self._tf_age_s = 0.0
        self._resting_since: float | None = None
        self._sightings: list[Sighting] = []
        self.began = 0.0
        self.waiting_since = 0.0

    def restart(self, now: float) -> None:
        """Begin a new look; what was seen before does not count."""
        self._resting_since = None
        self._sightings = []
        self.began = self.waiting_since = now

    def observe(self, now: float, resting: bool, sightings: Iterable[Sighting]) -> None:
        """Take what is new; `resting` says whether the arm is out of the way and still."""
        if not resting:
            self._resting_since = None
            self._sightings = []
            return
        if self._resting_since is None:
            self._resting_since = now
        earliest = self._resting_since + self._settle_s
        for sighting in sightings:
            placed = sighting.transform_stamp
            self._tf_age_s = 0.0 if placed is None else abs(sighting.stamp - placed)
            if self._tf_age_s > self._max_tf_age_s:
                continue
            if earliest <= sighting.stamp <= now:
                self._sightings.append(sighting)
                self.waiting_since = now
        self._sightings = [
            sighting for sighting in self._sightings if now - sighting.stamp <= self._max_age_s
        ][-self._count :]

    def lack(self, now: float) -> tuple[str, str]:
        """What has been waited for since `waiting_since`, and what is likely the matter; words."""
        waited = now - self.waiting_since
        if self._tf_age_s > self._max_tf_age_s:
            return (
                f"no detections for {waited:.0f} s whose camera's place is known: its transform is "
                f"{self._tf_age_s:.1f} s old",
                "is TF published?",
            )
        return f"no new detections for {waited:.0f} s", "is perception running?"

    @property
    def complete(self) -> bool:
        return len(self._sightings) >= self._count

    @property
    def sightings(self) -> tuple[Sighting, ...]:
        return tuple(self._sightings)
