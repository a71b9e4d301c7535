"""What `stacking/status` says, as those read it who only listen."""

from __future__ import annotations

from dataclasses import dataclass

from simreal_common.errors import MessageError
from simreal_common.untrusted_text import parse_json, shortened

LONGEST_MESSAGE = 500


@dataclass(frozen=True)
class StackingStatus:
    """How far the controller says it is.

    Args:
        state: name of its state.
        message: its latest decision in words, one line.
        placed, goal: blocks in their places, and how many there shall be.
        finished: the task has ended.
    """

    state: str
    message: str
    placed: int
    goal: int
    finished: bool


def read_status(text: str) -> StackingStatus:
    """The status in a text of `stacking/status`.

    Raises:
        MessageError: no JSON, or a field that is missing or of another kind.
    """
    values = parse_json(text)
    if not isinstance(values, dict):
        values = {}
    kinds: tuple[tuple[str, type], ...] = (
        ("state", str), ("message", str), ("placed", int), ("goal", int), ("finished", bool)
    )  # fmt: skip
    values.setdefault("finished", False)
    for name, kind in kinds:
        if type(values.get(name)) is not kind:
            raise MessageError(
                f"got '{shortened(text)}', wanted JSON with state and message (strings), placed and "
                "goal (whole numbers), finished (true or false)"
            )
    return StackingStatus(
        shortened(values["state"]),
        shortened(values["message"], LONGEST_MESSAGE),
        values["placed"],
        values["goal"],
        values["finished"],
    )
