"""The transforms that a node hears on TF."""

from __future__ import annotations

import time
from typing import Any

from rclpy.node import Node
from tf2_ros import Buffer, TransformListener

from simreal_common.frames.frame_parents import FrameParents
from simreal_common.frames.ros_clock import on_clock_set_back

# So long after the clock went back, transforms of the time before may still be on their way. One of
# them in the buffer, and those of the new time would be dropped as too old.
SETTLE_S, AHEAD_S = 0.5, 1.0


class Transforms(Buffer):
    """A buffer that listens, starts anew when the node's clock goes back, and knows who quarrels.

    tf2 keeps the transforms of a bag's last loop and drops those of the new one as too old; in Python
    most of its releases do nothing against that. Where two publishers give one frame two parents, it
    takes either in turn and says nothing.

    Args:
        node: listens to /tf and /tf_static.
    """

    def __init__(self, node: Node) -> None:
        super().__init__()
        self._parents = FrameParents()
        self._clock = node.get_clock()
        self._settled_at = 0.0  # by the monotonic clock
        self._listener = TransformListener(self, node)
        self._set_back = on_clock_set_back(node, self.start_anew)

    def start_anew(self) -> None:
        """Forget all transforms but the static ones."""
        self._settled_at = time.monotonic() + SETTLE_S
        self.clear()
        self._parents.forget()

    def set_transform(self, transform: Any, authority: str) -> None:
        """Take a transform, as the listener hands it over."""
        if time.monotonic() < self._settled_at and self._is_ahead(transform.header.stamp):
            return
        super().set_transform(transform, authority)
        self._hear(transform, static=False)

    def set_transform_static(self, transform: Any, authority: str) -> None:
        """Take a static transform, as the listener hands it over."""
        super().set_transform_static(transform, authority)
        self._hear(transform, static=True)

    def conflicts(self) -> dict[str, tuple[str, str]]:
        """Frames that two parents were given lately, and the two; see `FrameParents`."""
        return self._parents.conflicts(time.monotonic())

    def _is_ahead(self, stamp: Any) -> bool:
        return bool(stamp.sec - self._clock.now().nanoseconds * 1e-9 > AHEAD_S)

    def _hear(self, transform: Any, *, static: bool) -> None:
        child, parent = transform.child_frame_id, transform.header.frame_id
        self._parents.hear(child, parent, static=static, now=time.monotonic())
