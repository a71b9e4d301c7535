"""The hash of an interface's definition (REP 2016), as rclpy hands it out."""

from __future__ import annotations

from dataclasses import dataclass

_SIZE = 32  # bytes
_PREFIX = "RIHS"


@dataclass(eq=True)
class TypeHash:
    """`str()` of it is what `ros2 topic info -v` shows."""

    version: int = -1
    value: bytes = bytes(_SIZE)

    @classmethod
    def _rcl_read(cls, text: str) -> TypeHash:
        """Of 'RIHS01_...'; what is none becomes an invalid one."""
        version, _, value = text.removeprefix(_PREFIX).partition("_")
        try:
            return cls(int(version), bytes.fromhex(value))
        except ValueError:
            return cls()

    def __str__(self) -> str:
        if self.version <= 0 or len(self.value) != _SIZE:
            return "INVALID"
        return f"{_PREFIX}{self.version:02}_{self.value.hex()}"
