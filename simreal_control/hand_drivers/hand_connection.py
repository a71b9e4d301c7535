"""Where what drives a hand is found."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class HandConnection:
    """The names of a hand's driver, as the parameters say.

    Args:
        name: of the action, service or topic that takes commands.
        joints: of the fingers; their controller takes the position of the first.
        feedback: topic that says whether something is held; empty for none.
        settle_s: after a command, until a hand without joints holds or has let go; less where
            feedback says so.
    """

    name: str
    joints: tuple[str, ...] = ()
    feedback: str = ""
    settle_s: float = 0.5
