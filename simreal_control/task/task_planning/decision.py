"""What can follow from an observation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simreal_control.grasping.pick_place import PickPlace, Place

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ObserveAgain:
    """The observation settles nothing; `poor` ones are borne a bounded number of times."""

    reason: str
    poor: bool = True


@dataclass(frozen=True)
class LookElsewhere:
    """Another look pose may show what is wanted; nothing is settled before."""

    reason: str


@dataclass(frozen=True)
class SetBack:
    """Something that was built does not stand, or nothing can be done: an attempt has failed."""

    reason: str


@dataclass(frozen=True, eq=False)
class Removal:
    """That a block goes onto free table, since it keeps the hand or the camera from another.

    Args:
        position: where it goes, from above, metres, shape (2,).
        from_slot: the place of the structure that it leaves; None for a loose block.
        search: it is taken down to reveal what it occludes.
    """

    position: Array
    from_slot: int | None = None
    search: bool = False


@dataclass(frozen=True, eq=False)
class Do:
    """The next block goes into the hand and to its place; `slot` is None for a place on the table.

    With `verify` the hand only closes on the block, to tell whether it is there, and opens again.
    `removal` says of a block that is in the way what else comes of that.
    """

    work: PickPlace | Place
    slot: int | None
    words: str
    verify: bool = False
    removal: Removal | None = None


@dataclass(frozen=True)
class Done:
    """The task has ended."""

    success: bool
    reason: str


Decision = ObserveAgain | LookElsewhere | SetBack | Do | Done


@dataclass(frozen=True, eq=False)
class Decided:
    """What follows from an observation, and what it showed besides.

    Args:
        decision: what follows.
        notes: what has to be told before it, in words.
        progress: whether more is seen to stand than ever before.
    """

    decision: Decision
    notes: tuple[str, ...] = ()
    progress: bool = False
