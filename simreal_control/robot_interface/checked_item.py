"""One line of what is found where somebody looks whether parameters and a robot fit."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Verdict(Enum):
    """What a finding means for control."""

    FITS = "fits"
    NOTE = "note"
    LACKS = "LACKS"


@dataclass(frozen=True)
class CheckedItem:
    """One line of the table.

    Args:
        what: was looked at: a parameter, a part of the description, a topic.
        verdict: see there; control does not work with one that lacks.
        words: what is there, or what is wrong and how to mend it.
    """

    what: str
    verdict: Verdict
    words: str
