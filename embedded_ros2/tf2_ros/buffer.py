"""tf2_ros.Buffer: transforms as messages, waiting, and the transform of stamped data."""

from __future__ import annotations

import time as _time
from collections.abc import Callable
from typing import Any

from builtin_interfaces.msg import Time as TimeMsg
from geometry_msgs.msg import Quaternion, Transform, TransformStamped, Vector3
from rclpy.clock import JumpThreshold, TimeJump
from rclpy.clock_type import ClockType
from rclpy.duration import Duration
from rclpy.logging import get_logger
from rclpy.task import Future
from rclpy.time import Time

from .buffer_core import FrameTree
from .exceptions import TimeoutException, TransformException
from .rigid import Rigid, compose

_PUMP_S = 0.005


def _nanoseconds(time: Any) -> int:
    if isinstance(time, TimeMsg):
        return int(time.sec * 10**9 + time.nanosec)
    if isinstance(time, Time):
        return time.nanoseconds
    raise TypeError(
        f"time must be a rclpy.time.Time or builtin_interfaces.msg.Time, got {type(time).__name__}"
    )


def to_rigid(transform: Any) -> Rigid:
    t, r = transform.translation, transform.rotation
    return (t.x, t.y, t.z), (r.x, r.y, r.z, r.w)


def _message(stamp: int, parent: str, child: str, value: Rigid) -> Any:
    message = TransformStamped(child_frame_id=child)
    message.header.stamp = TimeMsg(sec=stamp // 10**9, nanosec=stamp % 10**9)
    message.header.frame_id = parent
    (x, y, z), (qx, qy, qz, qw) = value
    message.transform = Transform(
        translation=Vector3(x=x, y=y, z=z), rotation=Quaternion(x=qx, y=qy, z=qz, w=qw)
    )
    return message


class Buffer:
    """Buffer(cache_time=None, node=None): stores 10 s by default.

    With a node it is cleared where the node's clock goes back by a second or more, or sim time is
    switched on or off.
    """

    def __init__(self, cache_time: Duration | None = None, node: Any = None) -> None:
        if cache_time is not None and not isinstance(cache_time, Duration):
            raise TypeError("cache_time must be a rclpy.duration.Duration")
        self._tree = FrameTree(cache_time.nanoseconds if cache_time else 10 * 10**9)
        self._node = node
        if node is not None:
            self.jump_handle = node.get_clock().create_jump_callback(
                JumpThreshold(min_backward=Duration(seconds=-1)),
                post_callback=self.time_jump_callback,
            )
        # Reads waiting transforms straight from the listener's readers, so that a lookup with a
        # timeout works
        # inside a callback of a single-threaded executor.
        self._pumps: list[Callable[[], bool]] = []
        self._waiting: list[tuple[Callable[[], Any], Future[Any]]] = []

    # -- filling
    # --------------------------------------------------------------------------------------------------
    def set_transform(self, transform: Any, authority: str) -> None:
        self._set(transform, authority, static=False)

    def set_transform_static(self, transform: Any, authority: str) -> None:
        self._set(transform, authority, static=True)

    def _set(self, message: Any, authority: str, static: bool) -> None:
        try:
            self._tree.insert(
                message.child_frame_id,
                message.header.frame_id,
                _nanoseconds(message.header.stamp),
                to_rigid(message.transform),
                static,
                authority,
            )
        except TransformException as error:  # as in tf2: told, and left out
            get_logger("tf2_buffer").error(
                f"ignoring transform from authority '{authority}': {error}",
                throttle_duration_sec=5.0,
            )
            return
        if self._waiting:
            self._check_waiting()

    def _check_waiting(self) -> None:
        for entry in list(self._waiting):
            found = entry[0]()
            if found is not None:
                self._waiting.remove(entry)
                entry[1].set_result(found)

    def clear(self) -> None:
        self._tree.clear()

    def time_jump_callback(self, time_jump: TimeJump) -> None:
        self._node.get_logger().warning("Detected jump back in time. Clearing tf buffer.")
        self.clear()

    # -- asking
    # ---------------------------------------------------------------------------------------------------
    def lookup_transform(
        self,
        target_frame: str,
        source_frame: str,
        time: Any,
        timeout: Duration = Duration(),
    ) -> Any:
        """The pose of `source_frame` in `target_frame` at `time` (0: latest), as
        TransformStamped."""
        stamp = _nanoseconds(time)
        self._wait(lambda: self._try(target_frame, source_frame, stamp), timeout)
        found, value = self._tree.lookup(target_frame, source_frame, stamp)
        return _message(found, target_frame, source_frame, value)

    def lookup_transform_full(
        self,
        target_frame: str,
        target_time: Any,
        source_frame: str,
        source_time: Any,
        fixed_frame: str,
        timeout: Duration = Duration(),
    ) -> Any:
        """As lookup_transform, but source and target at different times, through `fixed_frame`."""
        at_target, at_source = _nanoseconds(target_time), _nanoseconds(source_time)
        self._wait(
            lambda: (
                self._try(target_frame, fixed_frame, at_target)
                or self._try(fixed_frame, source_frame, at_source)
            ),
            timeout,
        )
        stamp, first = self._tree.lookup(target_frame, fixed_frame, at_target)
        _, second = self._tree.lookup(fixed_frame, source_frame, at_source)
        return _message(stamp, target_frame, source_frame, compose(first, second))

    def _found(self, target: str, source: str, time: Any) -> Any:
        """The transform, None when it is not there."""
        if self._try(target, source, _nanoseconds(time)):
            return None
        return self.lookup_transform(target, source, time)

    def _try(self, target: str, source: str, stamp: int) -> str:
        """Why the transform is not there, '' when it is."""
        try:
            self._tree.lookup(target, source, stamp)
        except TransformException as error:
            return str(error) or type(error).__name__
        return ""

    def can_transform(
        self,
        target_frame: str,
        source_frame: str,
        time: Any,
        timeout: Duration = Duration(),
        return_debug_tuple: bool = False,
    ) -> Any:
        stamp = _nanoseconds(time)
        reason = self._wait(lambda: self._try(target_frame, source_frame, stamp), timeout)
        return (not reason, reason) if return_debug_tuple else not reason

    def can_transform_full(
        self,
        target_frame: str,
        target_time: Any,
        source_frame: str,
        source_time: Any,
        fixed_frame: str,
        timeout: Duration = Duration(),
        return_debug_tuple: bool = False,
    ) -> Any:
        at_target, at_source = _nanoseconds(target_time), _nanoseconds(source_time)
        reason = self._wait(
            lambda: (
                self._try(target_frame, fixed_frame, at_target)
                or self._try(fixed_frame, source_frame, at_source)
            ),
            timeout,
        )
        return (not reason, reason) if return_debug_tuple else not reason

    def _wait(self, reason: Callable[[], str], timeout: Duration) -> str:
        """Wait (wall time) until `reason` is empty or the timeout; the last reason."""
        for pump in self._pumps:
            pump()
        now = reason()
        if not now or timeout.nanoseconds <= 0:
            return now
        deadline = _time.monotonic_ns() + timeout.nanoseconds
        while now:
            left = (deadline - _time.monotonic_ns()) / 1e9
            if left <= 0:
                return now
            if not any([pump() for pump in self._pumps]):
                with self._tree.changed:
                    self._tree.changed.wait(min(left, _PUMP_S) if self._pumps else left)
            now = reason()
        return ""

    def wait_for_transform_async(
        self, target_frame: str, source_frame: str, time: Any
    ) -> Future[Any]:
        """A future that is done when the transform is there, with it as its result."""
        future: Future[Any] = Future(
            executor=self._node.executor if self._node is not None else None
        )
        self._waiting.append((lambda: self._found(target_frame, source_frame, time), future))
        self._check_waiting()
        return future

    async def lookup_transform_async(self, target_frame: str, source_frame: str, time: Any) -> Any:
        await self.wait_for_transform_async(target_frame, source_frame, time)
        return self.lookup_transform(target_frame, source_frame, time)

    def get_latest_common_time(self, target_frame: str, source_frame: str) -> Time:
        return Time(
            nanoseconds=self._tree.latest_common_time(target_frame, source_frame),
            clock_type=ClockType.ROS_TIME,
        )

    # -- data
    # -----------------------------------------------------------------------------------------------------
    def transform(
        self,
        object_stamped: Any,
        target_frame: str,
        timeout: Duration = Duration(),
        new_type: Any = None,
    ) -> Any:
        """A stamped point, vector, quaternion or pose of geometry_msgs in another frame."""
        from .geometry import transform_stamped

        if new_type is not None:
            raise NotImplementedError(
                "Buffer.transform(new_type=...) is not supported by embedded_ros2"
            )
        found = self.lookup_transform(
            target_frame, object_stamped.header.frame_id, object_stamped.header.stamp, timeout
        )
        return transform_stamped(object_stamped, found)

    def all_frames_as_yaml(self) -> str:
        lines = []
        for child in self._tree.frames():
            history = self._tree.history(child)
            if history is None:
                continue
            stamps = history.stamps
            lines.append(
                f"{child}: \n  parent: '{history.values[-1][0]}'\n"
                f"  broadcaster: '{self._tree.authorities.get(child, '')}'\n"
                f"  most_recent_transform: {stamps[-1] / 1e9:.6f}\n  oldest_transform: {stamps[0] / 1e9:.6f}\n"
            )
        return "".join(lines) or "{}\n"

    def all_frames_as_string(self) -> str:
        lines = []
        for child in self._tree.frames():
            history = self._tree.history(child)
            if history is not None:
                lines.append(f"Frame {child} exists with parent {history.values[-1][0]}.\n")
        return "".join(lines)


BufferInterface = Buffer
BufferCore = Buffer
__all__ = ["Buffer", "BufferCore", "BufferInterface", "TimeoutException"]
