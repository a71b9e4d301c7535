"""Points in time with nanosecond resolution, each of one clock type."""

from __future__ import annotations

from typing import Any

from builtin_interfaces.msg import Time as TimeMsg

from .clock_type import ClockType
from .duration import Duration

_S = 10**9


class Time:
    """seconds + nanoseconds since the epoch of `clock_type`."""

    __slots__ = ("_clock_type", "_nanoseconds")

    def __init__(
        self,
        *,
        seconds: float = 0,
        nanoseconds: int = 0,
        clock_type: ClockType = ClockType.SYSTEM_TIME,
    ) -> None:
        if not isinstance(clock_type, ClockType):
            raise TypeError("Clock type must be a ClockType enum")
        if seconds < 0:
            raise ValueError("Seconds value must not be negative")
        if nanoseconds < 0:
            raise ValueError("Nanoseconds value must not be negative")
        total = (seconds * _S if isinstance(seconds, int) else round(seconds * _S)) + int(
            nanoseconds
        )
        if total >= 2**63:
            raise OverflowError("Total nanoseconds value is too large to store in C time point.")
        self._nanoseconds = int(total)
        self._clock_type = clock_type

    @property
    def nanoseconds(self) -> int:
        return self._nanoseconds

    @property
    def clock_type(self) -> ClockType:
        return self._clock_type

    def seconds_nanoseconds(self) -> tuple[int, int]:
        return self._nanoseconds // _S, self._nanoseconds % _S

    def to_msg(self) -> Any:
        seconds, nanoseconds = divmod(self._nanoseconds, _S)
        return TimeMsg(sec=seconds, nanosec=nanoseconds)

    @classmethod
    def from_msg(cls, msg: Any, clock_type: ClockType = ClockType.ROS_TIME) -> Time:
        if not isinstance(msg, TimeMsg):
            raise TypeError("Must pass a builtin_interfaces.msg.Time object")
        return cls(seconds=msg.sec, nanoseconds=msg.nanosec, clock_type=clock_type)

    def __repr__(self) -> str:
        return f"Time(nanoseconds={self._nanoseconds}, clock_type={self._clock_type.name})"

    def __hash__(self) -> int:
        return hash((self._nanoseconds, self._clock_type))

    def __add__(self, other: Duration) -> Time:
        if not isinstance(other, Duration):
            return NotImplemented
        total = self._nanoseconds + other.nanoseconds
        if total < 0:
            raise ValueError("Addition leads to negative time")
        return Time(nanoseconds=total, clock_type=self._clock_type)

    __radd__ = __add__

    def __sub__(self, other: Any) -> Any:
        if isinstance(other, Time):
            self._same_clock(other)
            return Duration(nanoseconds=self._nanoseconds - other._nanoseconds)
        if isinstance(other, Duration):
            total = self._nanoseconds - other.nanoseconds
            if total < 0:
                raise ValueError("Subtraction leads to negative time")
            return Time(nanoseconds=total, clock_type=self._clock_type)
        return NotImplemented

    def _same_clock(self, other: Time) -> None:
        if self._clock_type != other._clock_type:
            raise TypeError("Can't compare times with different clock types")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Time):
            return NotImplemented
        self._same_clock(other)
        return self._nanoseconds == other._nanoseconds

    def __lt__(self, other: Time) -> bool:
        if not isinstance(other, Time):
            return NotImplemented
        self._same_clock(other)
        return self._nanoseconds < other._nanoseconds

    def __le__(self, other: Time) -> bool:
        if not isinstance(other, Time):
            return NotImplemented
        self._same_clock(other)
        return self._nanoseconds <= other._nanoseconds

    def __gt__(self, other: Time) -> bool:
        if not isinstance(other, Time):
            return NotImplemented
        self._same_clock(other)
        return self._nanoseconds > other._nanoseconds

    def __ge__(self, other: Time) -> bool:
        if not isinstance(other, Time):
            return NotImplemented
        self._same_clock(other)
        return self._nanoseconds >= other._nanoseconds
