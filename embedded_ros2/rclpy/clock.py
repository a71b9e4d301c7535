"""Clocks: system, steady, and ROS time, which follows /clock when sim time is on."""

from __future__ import annotations

import threading
import time as _time
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from .clock_type import ClockType
from .duration import Duration
from .time import Time

__all__ = [
    "Clock",
    "ClockChange",
    "ClockType",
    "JumpHandle",
    "JumpThreshold",
    "ROSClock",
    "TimeJump",
]


class ClockChange(IntEnum):
    ROS_TIME_NO_CHANGE = 1
    ROS_TIME_ACTIVATED = 2
    ROS_TIME_DEACTIVATED = 3
    SYSTEM_TIME_NO_CHANGE = 4


@dataclass
class JumpThreshold:
    """When a jump callback is wanted; backward is negative, both may be None."""

    min_forward: Duration | None = None
    min_backward: Duration | None = None
    on_clock_change: bool = True


@dataclass
class TimeJump:
    clock_change: ClockChange
    delta: Duration


class JumpHandle:
    def __init__(
        self,
        clock: Clock,
        threshold: JumpThreshold,
        pre: Callable[[], Any] | None,
        post: Callable[[TimeJump], Any] | None,
    ) -> None:
        self.threshold, self.pre, self.post = threshold, pre, post
        self._clock = clock

    def unregister(self) -> None:
        if self in self._clock._jump_handles:
            self._clock._jump_handles.remove(self)

    def __enter__(self) -> JumpHandle:
        return self

    def __exit__(self, *exc: object) -> None:
        self.unregister()


class Clock:
    """Clock(clock_type=...); ROS_TIME gives a ROSClock."""

    def __new__(cls, *, clock_type: ClockType = ClockType.SYSTEM_TIME) -> Clock:
        if not isinstance(clock_type, ClockType):
            raise TypeError("Clock type must be a ClockType enum")
        return object.__new__(ROSClock if clock_type is ClockType.ROS_TIME else cls)

    def __init__(self, *, clock_type: ClockType = ClockType.SYSTEM_TIME) -> None:
        self._clock_type = clock_type
        self._jump_handles: list[JumpHandle] = []
        # Woken at every change of a simulated time: timers and sleepers wait on it.
        self._changed = threading.Condition()
        self._wakers: list[Callable[[], None]] = []

    @property
    def clock_type(self) -> ClockType:
        return self._clock_type

    def _now_ns(self) -> int:
        return (
            _time.monotonic_ns() if self._clock_type is ClockType.STEADY_TIME else _time.time_ns()
        )

    def now(self) -> Time:
        return Time(nanoseconds=self._now_ns(), clock_type=self._clock_type)

    def create_jump_callback(
        self,
        threshold: JumpThreshold,
        *,
        pre_callback: Callable[[], Any] | None = None,
        post_callback: Callable[[TimeJump], Any] | None = None,
    ) -> JumpHandle:
        if pre_callback is None and post_callback is None:
            raise ValueError("One of pre_callback or post_callback must be callable")
        handle = JumpHandle(self, threshold, pre_callback, post_callback)
        self._jump_handles.append(handle)
        return handle

    def sleep_until(self, until: Time, context: Any = None) -> bool:
        """Sleep in this clock's time; True when `until` was reached, False when the context was
        shut down."""
        if until.clock_type != self._clock_type:
            raise ValueError("until's clock type does not match this clock's type")
        from .utilities import get_default_context

        context = context or get_default_context()
        if not context.ok():
            from .exceptions import NotInitializedException

            raise NotInitializedException()

        def wake() -> None:
            with self._changed:
                self._changed.notify_all()

        context.on_shutdown(wake)
        while context.ok():
            left_ns = until.nanoseconds - self._now_ns()
            if left_ns <= 0:
                return True
            with self._changed:
                # Simulated time notifies; the cap only guards against a notification just missed.
                self._changed.wait(timeout=1.0 if self._is_simulated() else left_ns / 1e9)
        return False

    def sleep_for(self, rel_time: Duration, context: Any = None) -> bool:
        return self.sleep_until(self.now() + rel_time, context)

    def _is_simulated(self) -> bool:
        return False

    def __repr__(self) -> str:
        return f"Clock(clock_type={self._clock_type.name})"


class ROSClock(Clock):
    """System time, or the last time of /clock when `ros_time_is_active`."""

    def __new__(cls) -> ROSClock:
        return object.__new__(cls)

    def __init__(self, *, clock_type: ClockType = ClockType.ROS_TIME) -> None:
        super().__init__(clock_type=ClockType.ROS_TIME)
        self._active = False
        self._override_ns = 0

    @property
    def ros_time_is_active(self) -> bool:
        return self._active

    def _is_simulated(self) -> bool:
        return self._active

    def _now_ns(self) -> int:
        return self._override_ns if self._active else _time.time_ns()

    def _set_ros_time_is_active(self, enabled: bool) -> None:
        if enabled == self._active:
            return
        before = self._now_ns()
        handles = [h for h in self._jump_handles if h.threshold.on_clock_change]
        for handle in handles:
            if handle.pre:
                handle.pre()
        self._active = enabled
        change = ClockChange.ROS_TIME_ACTIVATED if enabled else ClockChange.ROS_TIME_DEACTIVATED
        jump = TimeJump(change, Duration(nanoseconds=self._now_ns() - before))
        for handle in handles:
            if handle.post:
                handle.post(jump)
        self._notify()

    def set_ros_time_override(self, time: Time) -> None:
        if not isinstance(time, Time):
            raise TypeError("Time must be specified as rclpy.time.Time")
        self._set_override_ns(time.nanoseconds)

    def _set_override_ns(self, nanoseconds: int) -> None:
        delta = nanoseconds - self._override_ns
        called = []
        if self._active and self._jump_handles:
            for handle in list(self._jump_handles):
                forward, backward = handle.threshold.min_forward, handle.threshold.min_backward
                if (forward and delta >= forward.nanoseconds) or (
                    backward and delta <= backward.nanoseconds
                ):
                    called.append(handle)
                    if handle.pre:
                        handle.pre()
        self._override_ns = nanoseconds
        for handle in called:
            if handle.post:
                handle.post(TimeJump(ClockChange.ROS_TIME_NO_CHANGE, Duration(nanoseconds=delta)))
        self._notify()

    def _notify(self) -> None:
        with self._changed:
            self._changed.notify_all()
        for wake in self._wakers:
            wake()
