"""What a node has to complain of: said now and then, and kept for its diagnostics."""

from __future__ import annotations

import time

from rclpy.node import Node

from simreal_common.untrusted_text import shortened

REPEAT_S = 5.0  # the same complaint is not made more often
HOLDS_S = 3.0  # what was not complained of for so long is taken for mended
LONGEST = 400  # characters


class Complaints:
    """Warnings by what they are about: throttled each on its own.

    Args:
        node: whose log they go to.
    """

    def __init__(self, node: Node) -> None:
        self._logger = node.get_logger()
        self._told_at: dict[str, float] = {}
        self._said_once: dict[str, str] = {}
        self._current: dict[str, tuple[float, str]] = {}

    def take(self, about: str, words: str, *, once: bool = False) -> None:
        """Something is wrong now; it may be said again and again.

        Args:
            about: what, a few words that stay the same.
            words: what was got, what is wanted and how to mend it.
            once: it may well be meant: the same words are not logged a second time.
        """
        now, words = time.monotonic(), shortened(words, LONGEST)
        if once and self._said_once.get(about) == words:
            self._current[about] = (now, words)
            return
        if once:
            self._said_once[about] = words
        self._current[about] = (now, words)
        # Not the logger's throttle: that one counts by line, and all complaints share this line.
        if now - self._told_at.get(about, -REPEAT_S) >= REPEAT_S:
            self._told_at[about] = now
            self._logger.warning(words)

    def current(self) -> dict[str, str]:
        """What was wrong in the last `HOLDS_S` seconds."""
        since = time.monotonic() - HOLDS_S
        return {about: words for about, (at, words) in self._current.items() if at >= since}
