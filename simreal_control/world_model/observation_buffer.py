"""Observation buffer: enough detection frames, all taken after the arm had come to rest."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from simreal_control.robot_interface.task_io import DetectionFrame

# So long the other cameras are waited for when one has given enough pictures.
PATIENCE_S = 2.0


@dataclass(frozen=True, eq=False)
class ObservationBuffer:
    """Holds the detection frames of one observation so far, of each camera by itself.

    Args:
        count: how many of a camera make an observation.
        settle_s: pictures count when taken this long after the arm has come to rest.
        max_age_s: older pictures are forgotten again.
        max_tf_age_s: a picture so much younger, or older, than its camera's transform does not
            count: nobody knows where the camera was then. Nor does one with a transform from before
            the arm came to rest: the camera may be on the arm.
        began: when it was begun; what was seen before does not count.
        cameras: those that are waited for.
        resting_since: when the arm came to rest; infinity while it moves.
        full_since: since when there are enough pictures of a camera; infinity: there are not.
        heard: by camera, when its latest picture that counted came.
        tf_age_s: by camera, that of its transform, at its latest picture.
        detection_frames: those that count.
    """

    count: int
    settle_s: float
    max_age_s: float
    max_tf_age_s: float
    began: float
    cameras: tuple[str, ...] = ("",)
    resting_since: float = np.inf
    full_since: float = np.inf
    heard: Mapping[str, float] = field(default_factory=dict)
    tf_age_s: Mapping[str, float] = field(default_factory=dict)
    detection_frames: tuple[DetectionFrame, ...] = ()

    @staticmethod
    def begin(
        now: float,
        count: int,
        settle_s: float,
        max_age_s: float,
        max_tf_age_s: float = 0.5,
        cameras: tuple[str, ...] = ("",),
    ) -> ObservationBuffer:
        """A buffer that holds nothing yet."""
        return ObservationBuffer(count, settle_s, max_age_s, max_tf_age_s, now, cameras)

    def observe(
        self, now: float, resting: bool, detection_frames: Iterable[DetectionFrame]
    ) -> ObservationBuffer:
        """The buffer with what is new; `resting` says whether the arm is out of the way and still."""
        if not resting:
            return replace(self, resting_since=np.inf, full_since=np.inf, detection_frames=())
        resting_since = min(self.resting_since, now)
        kept = list(self.detection_frames)
        heard, tf_age_s = dict(self.heard), dict(self.tf_age_s)
        for frame in detection_frames:
            placed = frame.transform_stamp
            age_s = 0.0 if placed is None else abs(frame.stamp - placed)
            tf_age_s[frame.camera] = age_s
            if age_s > self.max_tf_age_s or (placed is not None and placed < resting_since):
                continue
            if resting_since + self.settle_s <= frame.stamp <= now:
                kept.append(frame)
                heard[frame.camera] = now
        young = [frame for frame in kept if now - frame.stamp <= self.max_age_s]
        latest = replace(
            self,
            resting_since=resting_since,
            heard=heard,
            tf_age_s=tf_age_s,
            detection_frames=tuple(
                frame for camera in self.cameras for frame in _of(camera, young)[-self.count :]
            ),
        )
        full_since = np.inf if latest.missing == self.cameras else min(self.full_since, now)
        return replace(latest, full_since=full_since)

    @property
    def waiting_since(self) -> float:
        """When it was begun, or the latest picture that counted came."""
        return max([self.began, *self.heard.values()])

    @property
    def missing(self) -> tuple[str, ...]:
        """Cameras of which there are not enough pictures."""
        return tuple(
            camera
            for camera in self.cameras
            if len(_of(camera, self.detection_frames)) < self.count
        )

    def complete(self, now: float, lost: Collection[str] = ()) -> bool:
        """Whether there are enough: of all cameras but those that are lost, or no longer waited for.

        One that was lost is waited for like the others as soon as a picture of it counts again.
        """
        silent = set(lost) - {frame.camera for frame in self.detection_frames}
        awaited = set(self.missing) - silent
        return self.full_since < np.inf and (not awaited or now - self.full_since >= PATIENCE_S)

    def lack(self, now: float) -> tuple[str, str]:
        """What has been waited for since `waiting_since`, and what is likely the matter; words."""
        if len(self.cameras) == 1:
            return self._lack_of(self.cameras[0], now)
        words, question = zip(*(self._lack_of(camera, now) for camera in self.cameras), strict=True)
        named = [f"{camera}: {lack}" for camera, lack in zip(self.cameras, words, strict=True)]
        return "; ".join(named), question[0]

    def lack_of(self, camera: str, now: float) -> str:
        """Why there are not enough pictures of a camera, in words."""
        there = len(_of(camera, self.detection_frames))
        if there:
            return f"{there} of {self.count} pictures in time"
        return self._lack_of(camera, now)[0]

    def _lack_of(self, camera: str, now: float) -> tuple[str, str]:
        waited = now - self.heard.get(camera, self.began)
        tf_age_s = self.tf_age_s.get(camera, 0.0)
        if tf_age_s > self.max_tf_age_s:
            return (
                f"no detections for {waited:.0f} s whose camera's place is known: its transform is "
                f"{tf_age_s:.1f} s old",
                "is TF published?",
            )
        return f"no new detections for {waited:.0f} s", "is perception running?"


def _of(camera: str, frames: Iterable[DetectionFrame]) -> list[DetectionFrame]:
    return [frame for frame in frames if frame.camera == camera]
