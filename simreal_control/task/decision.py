"""What can follow from a look."""

from __future__ import annotations

from dataclasses import dataclass

from simreal_control.grasping.pick_place import PickPlace


@dataclass(frozen=True, eq=False)
class LookAgain:
    """The look settles nothing; `poor` ones are borne a bounded number of times."""

    reason: str
    poor: bool = True


@dataclass(frozen=True)
class SetBack:
    """Something that was built does not stand, or nothing can be done: an attempt has failed."""

    reason: str


@dataclass(frozen=True, eq=False)
class Do:
    """The next block, into the hand and to its place; `slot` is None for a place on the table.

    With `feel` the hand only closes on the block, to tell whether it is there, and opens again.
    """

    work: PickPlace
    slot: int | None
    words: str
    feel: bool = False


@dataclass(frozen=True)
class Done:
    """The task has ended."""

    success: bool
    reason: str


Decision = LookAgain | SetBack | Do | Done


@dataclass(frozen=True)
class Held:
    """A block in the hand at the time of a look; its colour and the hand's tilt where known."""

    color: str = ""
    tilt: float = 0.0
