"""What an inspection finds wrong with a picture or its label."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PictureFault:
    """One fault of one picture.

    Args:
        picture: its name.
        kind: short name of the fault, the same for all pictures that have it.
        words: what was got, what was wanted, and the likely cause.
        block: its name; empty where it is about the picture.
        error: the label is wrong; otherwise it is worth a look.
    """

    picture: str
    kind: str
    words: str
    block: str = ""
    error: bool = True

    def __str__(self) -> str:
        where = f"{self.picture}, {self.block}" if self.block else self.picture
        return f"{where}: {self.kind}: {self.words}"
