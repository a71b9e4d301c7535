"""What is said of samples that are no messages: a warning now and then, with their number."""

from __future__ import annotations

import time
from typing import Any

from embedded_ros2_core.codec import CdrError
from embedded_ros2_core.dds.endpoints import RawReader

_AGAIN_S = 5.0  # between two warnings of one reader


def warn_of_malformed(node: Any, reader: RawReader, what: str) -> None:
    """Let `node` warn of each malformed sample of `reader`, at most once in five seconds."""
    last = -_AGAIN_S

    def warn(error: CdrError) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= _AGAIN_S:
            last = now
            node.get_logger().warning(
                f"dropped a malformed {what}: {error} ({reader.malformed} so far)"
            )

    reader.on_malformed = warn
