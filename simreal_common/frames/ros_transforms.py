"""The transforms that a node hears on TF."""

from __future__ import annotations

import time
from typing import Any

from builtin_interfaces.msg import Time as Stamp
from geometry_msgs.msg import Transform
from rclpy.node import Node
from rclpy.time import Time
from tf2_ros import Buffer, ExtrapolationException, TransformListener

from simreal_common.frames.frame_parents import FrameParents
from simreal_common.frames.ros_clock import on_clock_set_back
from simreal_common.ros_messages import stamp_seconds

# So long after the clock went back, transforms of the time before may still be on their way. One of
# them in the buffer, and those of the new time would be dropped as too old.
SETTLE_S, AHEAD_S = 0.5, 1.0
# Transforms of a moving camera come a little after its images; a camera does not move far in this.
LATEST_S = 0.1


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

    def lookup_nearly(self, target: str, source: str, stamp: Stamp) -> Transform:
        """The pose of `source` in `target` at a time, or the latest if that is hardly older.

        Raises:
            TransformException: there is none.
            MessageError: the stamp is none.
        """
        try:
            return self.lookup_transform(target, source, Time.from_msg(stamp)).transform
        except ExtrapolationException:
            latest = self.lookup_transform(target, source, Time())
            if abs(stamp_seconds(latest.header.stamp) - stamp_seconds(stamp)) > LATEST_S:
                raise
            return latest.transform

    def conflicts(self) -> dict[str, tuple[str, str]]:
        """Frames that two parents were given lately, and the two; see `FrameParents`."""
        return self._parents.conflicts(time.monotonic())

    def _is_ahead(self, stamp: Any) -> bool:
        return bool(stamp.sec - self._clock.now().nanoseconds * 1e-9 > AHEAD_S)

    def _hear(self, transform: Any, *, static: bool) -> None:
        child, parent = transform.child_frame_id, transform.header.frame_id
        self._parents.hear(child, parent, static=static, now=time.monotonic())
