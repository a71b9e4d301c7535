"""Timers on any clock, and rates."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ._rclpy_pybind11 import InvalidHandle
from .callback_signature import signature_of
from .clock import Clock, ClockChange, JumpThreshold, TimeJump
from .duration import Duration
from .exceptions import TimerCancelledError
from .time import Time


@dataclass(frozen=True)
class TimerInfo:
    """Argument of a timer callback that takes one."""

    expected_call_time: Time
    actual_call_time: Time


class Timer:
    """Made by Node.create_timer(). Periods in nanoseconds."""

    def __init__(
        self,
        callback: Callable[..., Any] | None,
        callback_group: Any,
        timer_period_ns: int,
        clock: Clock,
        *,
        context: Any = None,
        autostart: bool = True,
    ) -> None:
        if timer_period_ns < 0:
            raise ValueError("timer period must be non-negative")
        self._context = context
        self._clock = clock
        self._period_ns = int(timer_period_ns)
        self.callback, self.callback_group = callback, callback_group
        self._destroyed = False
        self._cancelled = not autostart
        self._lock = threading.Lock()
        self._last_ns = clock._now_ns()
        self._next_ns = self._last_ns + self._period_ns
        self._on_change: Callable[[], None] = lambda: None
        self._jump_handle = clock.create_jump_callback(
            JumpThreshold(
                min_forward=Duration(nanoseconds=1), min_backward=Duration(nanoseconds=-1)
            ),
            post_callback=self._clock_jumped,
        )
        self._with_info = self._wants_info(callback)

    @staticmethod
    def _wants_info(callback: Callable[..., Any] | None) -> bool:
        if callback is None:
            return False
        signature = signature_of(callback)
        try:
            signature.bind()
            return False
        except TypeError:
            return True

    @property
    def clock(self) -> Clock:
        return self._clock

    @property
    def timer_period_ns(self) -> int:
        return self._period_ns

    @timer_period_ns.setter
    def timer_period_ns(self, value: int) -> None:
        with self._lock:
            self._next_ns += int(value) - self._period_ns
            self._period_ns = int(value)
        self._on_change()

    def is_ready(self) -> bool:
        return self._is_due()

    def is_canceled(self) -> bool:
        if self._destroyed:
            raise InvalidHandle("timer was destroyed")
        return self._cancelled

    def cancel(self) -> None:
        self._cancelled = True

    def reset(self) -> None:
        with self._lock:
            self._cancelled = False
            self._last_ns = self._clock._now_ns()
            self._next_ns = self._last_ns + self._period_ns
        self._on_change()

    def time_since_last_call(self) -> int:
        return self._clock._now_ns() - self._last_ns

    def time_until_next_call(self) -> int | None:
        return None if self._cancelled else self._next_ns - self._clock._now_ns()

    def _is_due(self) -> bool:
        return (
            not self._cancelled and not self._destroyed and self._clock._now_ns() >= self._next_ns
        )

    def _wall_time_left_ns(self) -> int | None:
        """Nanoseconds until due, None when that cannot be known (cancelled, simulated clock)."""
        if self._cancelled or self._destroyed:
            return None
        left = self._next_ns - self._clock._now_ns()
        if left <= 0:
            return 0
        return None if self._clock._is_simulated() else left

    def _clock_jumped(self, jump: TimeJump) -> None:
        """Sim time went on or off, or back behind the last call: start the period anew, as rcl does.

        Sim time that is on and has not come yet (0) changes nothing: the period begins with it.
        """
        with self._lock:
            now = self._clock._now_ns()
            switched = jump.clock_change is not ClockChange.ROS_TIME_NO_CHANGE
            if (switched and now > 0) or (not switched and now < self._last_ns):
                self._last_ns = now
                self._next_ns = now + self._period_ns

    def _take_work(self) -> Callable[[], Any] | None:
        with self._lock:
            now = self._clock._now_ns()
            if self._cancelled or now < self._next_ns:
                return None
            expected = self._next_ns
            self._last_ns = now
            self._next_ns += self._period_ns
            if (
                self._next_ns < now
            ):  # late by more than a period: skip what was missed, keep the phase
                behind = now - self._next_ns
                self._next_ns = (
                    now
                    if self._period_ns == 0
                    else (self._next_ns + (behind // self._period_ns + 1) * self._period_ns)
                )
        callback = self.callback
        if callback is None:
            return None
        if not self._with_info:
            return callback
        kind = self._clock.clock_type
        info = TimerInfo(
            Time(nanoseconds=expected, clock_type=kind), Time(nanoseconds=now, clock_type=kind)
        )
        return lambda: callback(info)

    def destroy(self) -> None:
        self._destroyed = True
        self._cancelled = True
        self._jump_handle.unregister()

    def __enter__(self) -> Timer:
        return self

    def __exit__(self, *exc: object) -> None:
        self.destroy()


class Rate:
    """rclpy's Rate needs a second spinning thread; it is not available here."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        raise NotImplementedError("Rate is not available in embedded_ros2; use Node.create_timer()")


__all__ = ["Rate", "Timer", "TimerCancelledError", "TimerInfo"]
