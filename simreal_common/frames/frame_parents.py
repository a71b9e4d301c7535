"""Which parents the frames of TF are given: a frame with two has no place that could be trusted."""

from __future__ import annotations

from dataclasses import dataclass, field

# A frame that goes from one parent to another and back within this time has two publishers. One that
# goes once, and stays, was attached elsewhere, as a grasped thing is.
BACK_AND_FORTH_S = 5.0
REMEMBERED_S = 10.0  # after that a quarrel of two publishers that has ended is forgotten
MOST_FRAMES = 1000  # that are watched: a broken publisher may invent more


@dataclass(eq=False)
class _Parents:
    latest: str
    static: bool
    heard: dict[str, float] = field(default_factory=dict)  # parent: when last, seconds
    claimed: float = -float("inf")  # when two were told of last
    claimants: tuple[str, str] = ("", "")


class FrameParents:
    """Hears every transform and says which frames have two parents. Times are of any one clock."""

    def __init__(self) -> None:
        self._frames: dict[str, _Parents] = {}

    def hear(self, child: str, parent: str, *, static: bool, now: float) -> None:
        """Take a transform of `child` in `parent`."""
        frame = self._frames.get(child)
        if frame is None:
            if len(self._frames) < MOST_FRAMES:
                self._frames[child] = _Parents(parent, static, {parent: now})
            return
        if parent != frame.latest:
            returned = now - frame.heard.get(parent, -float("inf")) < BACK_AND_FORTH_S
            # A static transform holds for all time: a second parent cannot come after it.
            if returned or static or frame.static:
                frame.claimed = now
                frame.claimants = (frame.latest, parent)
            frame.heard = {frame.latest: frame.heard[frame.latest]}
        frame.latest, frame.static = parent, static
        frame.heard[parent] = now

    def conflicts(self, now: float) -> dict[str, tuple[str, str]]:
        """Frames that two parents were told of lately, and the two."""
        return {
            child: frame.claimants
            for child, frame in self._frames.items()
            if now - frame.claimed < REMEMBERED_S or (frame.static and frame.claimants[0])
        }

    def forget(self) -> None:
        """Begin anew, but for what is static."""
        self._frames = {child: frame for child, frame in self._frames.items() if frame.static}
