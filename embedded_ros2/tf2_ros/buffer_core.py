"""The tree of frames over time. Times are integer nanoseconds; 0 means the latest common time."""

from __future__ import annotations

import bisect
import math
import threading

from .exceptions import (
    ConnectivityException,
    ExtrapolationException,
    InvalidArgumentException,
    LookupException,
)
from .rigid import IDENTITY, Rigid, compose, interpolate, inverse

_MAX_DEPTH = 1000
_UNIT_TOLERANCE = 1e-2  # tf2 accepts quaternions this far from unit length


def _text(stamp_ns: int) -> str:
    return f"{stamp_ns // 10**9}.{stamp_ns % 10**9:09d}"


class _History:
    """The transforms of one child frame: sorted stamps, and per stamp (parent, transform)."""

    def __init__(self, static: bool) -> None:
        self.static = static
        self.stamps: list[int] = []
        self.values: list[tuple[str, Rigid]] = []

    def insert(self, stamp: int, parent: str, value: Rigid, keep_ns: int) -> bool:
        if self.static:
            self.stamps, self.values = [0], [(parent, value)]
            return True
        if self.stamps and stamp < self.stamps[-1] - keep_ns:
            return False  # older than the cache
        index = bisect.bisect_left(self.stamps, stamp)
        if index < len(self.stamps) and self.stamps[index] == stamp:
            self.values[index] = (parent, value)
            return True
        self.stamps.insert(index, stamp)
        self.values.insert(index, (parent, value))
        old = bisect.bisect_left(self.stamps, self.stamps[-1] - keep_ns)
        if old:
            del self.stamps[:old], self.values[:old]
        return True

    def parent_at(self, stamp: int) -> str:
        """The parent at a time; beyond the ends the nearest known one."""
        if self.static or not stamp:
            return self.values[-1][0]
        return self.values[min(bisect.bisect_left(self.stamps, stamp), len(self.values) - 1)][0]

    def at(self, stamp: int, child: str) -> tuple[str, Rigid]:
        if self.static:
            return self.values[0]
        if not stamp:
            return self.values[-1]
        index = bisect.bisect_left(self.stamps, stamp)
        if index < len(self.stamps) and self.stamps[index] == stamp:
            return self.values[index]
        if len(self.stamps) == 1:
            raise ExtrapolationException(
                f"Lookup would require extrapolation at time {_text(stamp)}, but only time {_text(self.stamps[0])} "
                f"is in the buffer, for frame [{child}]"
            )
        if index == len(self.stamps):
            raise ExtrapolationException(
                f"Lookup would require extrapolation into the future.  Requested time {_text(stamp)} but the latest "
                f"data is at time {_text(self.stamps[-1])}, for frame [{child}]"
            )
        if index == 0:
            raise ExtrapolationException(
                f"Lookup would require extrapolation into the past.  Requested time {_text(stamp)} but the earliest "
                f"data is at time {_text(self.stamps[0])}, for frame [{child}]"
            )
        before, after = self.values[index - 1], self.values[index]
        if before[0] != after[0]:  # the parent changed in between
            return before
        ratio = (stamp - self.stamps[index - 1]) / (self.stamps[index] - self.stamps[index - 1])
        return before[0], interpolate(before[1], after[1], ratio)


class FrameTree:
    """Thread-safe store of transforms; `changed` is notified at each insertion."""

    def __init__(self, keep_ns: int) -> None:
        self.keep_ns = keep_ns
        self.changed = threading.Condition()
        self._histories: dict[str, _History] = {}
        self._frames: set[str] = set()
        self.authorities: dict[str, str] = {}

    def insert(
        self, child: str, parent: str, stamp: int, value: Rigid, static: bool, authority: str = ""
    ) -> bool:
        """Add a transform: the pose of `child` in `parent`. False when it is too old to keep."""
        child, parent = child.lstrip("/"), parent.lstrip("/")
        if not child or not parent:
            raise InvalidArgumentException(
                f"transform from '{parent}' to '{child}': a frame id is empty"
            )
        if child == parent:
            raise InvalidArgumentException(
                f"TF_SELF_TRANSFORM: frame_id and child_frame_id are both '{child}'"
            )
        numbers = (*value[0], *value[1])
        if not all(math.isfinite(number) for number in numbers):
            raise InvalidArgumentException(
                f"TF_NAN_INPUT: transform of '{child}' has a nan or inf value"
            )
        norm = math.sqrt(sum(number * number for number in value[1]))
        if abs(norm - 1) > _UNIT_TOLERANCE:
            raise InvalidArgumentException(
                f"TF_DENORMALIZED_QUATERNION: rotation of '{child}' has length {norm:.4f}, wanted 1"
            )
        with self.changed:
            history = self._histories.get(child)
            if history is None or history.static != static:
                history = self._histories[child] = _History(static)
            self._frames.update((child, parent))
            self.authorities[child] = authority
            done = history.insert(stamp, parent, value, self.keep_ns)
            self.changed.notify_all()
            return done

    def clear(self) -> None:
        """Forget what moves; static transforms stay."""
        with self.changed:
            self._histories = {
                child: history for child, history in self._histories.items() if history.static
            }

    def frames(self) -> list[str]:
        with self.changed:
            return sorted(self._frames)

    def history(self, child: str) -> _History | None:
        return self._histories.get(child)

    def _check(self, frame: str, argument: str) -> None:
        if not frame:
            raise InvalidArgumentException(
                f"Invalid argument passed to lookupTransform argument {argument} in tf2 frame_ids cannot be empty"
            )
        if frame.startswith("/"):
            raise InvalidArgumentException(
                f'Invalid argument "{frame}" passed to lookupTransform argument {argument} in tf2 frame_ids cannot '
                "start with a '/'"
            )
        if frame not in self._frames:
            raise LookupException(
                f'"{frame}" passed to lookupTransform argument {argument} does not exist. '
            )

    def _chain(self, frame: str, stamp: int) -> list[str]:
        """The frame and its ancestors."""
        chain = [frame]
        while chain[-1] in self._histories:
            if len(chain) > _MAX_DEPTH:
                raise LookupException(
                    f"The tf tree is invalid because it contains a loop at frame '{frame}'."
                )
            chain.append(self._histories[chain[-1]].parent_at(stamp))
        return chain

    def _path(self, target: str, source: str, stamp: int) -> tuple[list[str], list[str]]:
        """The frames below the common ancestor on either side, ancestor not included."""
        down, up = self._chain(target, stamp), self._chain(source, stamp)
        places = {frame: index for index, frame in enumerate(up)}
        for index, frame in enumerate(down):
            if frame in places:
                return down[:index], up[: places[frame]]
        raise ConnectivityException(
            f"Could not find a connection between '{target}' and '{source}' because they are not part of the same "
            "tree. Tf has two or more unconnected trees."
        )

    def latest_common_time(self, target: str, source: str) -> int:
        """The newest time at which all links of the path are known; 0 when all are static."""
        with self.changed:
            self._check(target, "target_frame")
            self._check(source, "source_frame")
            down, up = self._path(target, source, 0)
            moving = [
                self._histories[f].stamps[-1] for f in (*down, *up) if not self._histories[f].static
            ]
            return min(moving) if moving else 0

    def lookup(self, target: str, source: str, stamp: int) -> tuple[int, Rigid]:
        """(time, pose of `source` in `target`)."""
        with self.changed:
            if not stamp:
                stamp = self.latest_common_time(target, source)
            self._check(target, "target_frame")
            self._check(source, "source_frame")
            if target == source:
                return stamp, IDENTITY
            down, up = self._path(target, source, stamp)
            try:
                return stamp, compose(inverse(self._product(down, stamp)), self._product(up, stamp))
            except ExtrapolationException as error:
                raise ExtrapolationException(
                    f"{error}, when looking up transform from frame [{source}] to frame [{target}]"
                ) from None

    def _product(self, frames: list[str], stamp: int) -> Rigid:
        total = IDENTITY
        for frame in frames:
            total = compose(self._histories[frame].at(stamp, frame)[1], total)
        return total
