"""Between a node's subscriptions and its callbacks: what a message can cause ends no node."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from rclpy.node import Node

from simreal_common.errors import SimrealError
from simreal_common.untrusted_text import shortened

REPEAT_S = 5.0  # of one topic no more than one message is complained about in this time
LONGEST_COMPLAINT = 400


class MessageGuard:
    """Wraps callbacks of subscriptions.

    A message that cannot be used raises a SimrealError where it becomes a value. It is left out,
    counted, and told of now and then. Any other exception is a mistake of ours, and ends the node.

    Args:
        node: complains.

    Attributes:
        dropped: how many messages were left out, by topic.
    """

    def __init__(self, node: Node) -> None:
        self._logger = node.get_logger()
        self.dropped: Counter[str] = Counter()
        self._told_at: dict[str, float] = {}

    def __call__(self, topic: str, callback: Callable[[Any], None]) -> Callable[[Any], None]:
        """The callback, guarded; `topic` is its name in complaints."""

        def guarded(message: Any) -> None:
            try:
                callback(message)
            except SimrealError as error:
                self._drop(topic, error)

        return guarded

    def _drop(self, topic: str, error: SimrealError) -> None:
        self.dropped[topic] += 1
        # Not the logger's throttle: that one counts by line, and all topics share this line.
        now = time.monotonic()
        if now - self._told_at.get(topic, -REPEAT_S) < REPEAT_S:
            return
        self._told_at[topic] = now
        count = self.dropped[topic]
        so_far = f" ({count} so far)" if count > 1 else ""
        self._logger.warning(
            f"a message on {topic} is left out{so_far}: {shortened(str(error), LONGEST_COMPLAINT)}"
        )
