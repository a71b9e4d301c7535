"""What a check says: good, bad with cause and remedy, or why it cannot tell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum


class State(Enum):
    """Of a check."""

    GOOD = "good"
    BAD = "bad"
    IDLE = "cannot tell"


@dataclass(frozen=True)
class CheckResult:
    """A check's word on one image.

    Args:
        bad: whether it shows the fault; None: it cannot be told from this image.
        words: what was measured and what it was compared with; of None, why not.
        values: figures by their names, for diagnostics and the report.
    """

    bad: bool | None
    words: str = ""
    values: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class CheckStatus:
    """What stands in diagnostics.

    Args:
        name: of the check.
        state: of the last images together.
        words: what is wrong and how to mend it in one line; of a good one, that it is.
        values: figures by their names.
    """

    name: str
    state: State
    words: str
    values: Mapping[str, float]


@dataclass(frozen=True)
class StateChange:
    """Something that began to be wrong, or ended to be.

    Args:
        time: stamp of the image that showed it, seconds.
        name: of the check.
        bad: it began.
        words: as of its status.
    """

    time: float
    name: str
    bad: bool
    words: str
