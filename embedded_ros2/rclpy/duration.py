"""Durations with nanosecond resolution."""

from __future__ import annotations

from typing import Any

from builtin_interfaces.msg import Duration as DurationMsg

_S = 10**9


class Duration:
    """seconds (float) + nanoseconds (int), kept as integer nanoseconds."""

    __slots__ = ("_nanoseconds",)

    def __init__(self, *, seconds: float = 0, nanoseconds: int = 0) -> None:
        total = (
            int(seconds * _S) + int(nanoseconds)
            if isinstance(seconds, int)
            else (round(seconds * _S) + int(nanoseconds))
        )
        if not -(2**63) <= total < 2**63:
            raise OverflowError("Total nanoseconds value is too large to store in C duration.")
        self._nanoseconds = total

    @property
    def nanoseconds(self) -> int:
        return self._nanoseconds

    def to_msg(self) -> Any:
        seconds, nanoseconds = divmod(self._nanoseconds, _S)
        return DurationMsg(sec=seconds, nanosec=nanoseconds)

    @classmethod
    def from_msg(cls, msg: Any) -> Duration:
        if not isinstance(msg, DurationMsg):
            raise TypeError("Must pass a builtin_interfaces.msg.Duration object")
        return cls(nanoseconds=msg.sec * _S + msg.nanosec)

    def __repr__(self) -> str:
        return f"Duration(nanoseconds={self._nanoseconds})"

    def __str__(self) -> str:
        return f"{self._nanoseconds} nanoseconds"

    def __hash__(self) -> int:
        return hash(self._nanoseconds)

    def __eq__(self, other: object) -> bool:
        return (
            self._nanoseconds == other._nanoseconds
            if isinstance(other, Duration)
            else NotImplemented
        )

    def __lt__(self, other: Duration) -> bool:
        return (
            self._nanoseconds < other._nanoseconds
            if isinstance(other, Duration)
            else NotImplemented
        )

    def __le__(self, other: Duration) -> bool:
        return (
            self._nanoseconds <= other._nanoseconds
            if isinstance(other, Duration)
            else NotImplemented
        )

    def __gt__(self, other: Duration) -> bool:
        return (
            self._nanoseconds > other._nanoseconds
            if isinstance(other, Duration)
            else NotImplemented
        )

    def __ge__(self, other: Duration) -> bool:
        return (
            self._nanoseconds >= other._nanoseconds
            if isinstance(other, Duration)
            else NotImplemented
        )

    def __add__(self, other: Duration) -> Duration:
        if not isinstance(other, Duration):
            return NotImplemented
        return Duration(nanoseconds=self._nanoseconds + other._nanoseconds)

    def __sub__(self, other: Duration) -> Duration:
        if not isinstance(other, Duration):
            return NotImplemented
        return Duration(nanoseconds=self._nanoseconds - other._nanoseconds)

    def __neg__(self) -> Duration:
        return Duration(nanoseconds=-self._nanoseconds)


class Infinite(Duration):
    """The longest duration; as a timeout it means 'for ever'."""

    def __init__(self) -> None:
        super().__init__(nanoseconds=2**63 - 1)

    def __repr__(self) -> str:
        return "Infinite"
