"""Names that nodes import from rclpy's C++ module; here plain Python."""

from __future__ import annotations


class RCLError(RuntimeError):
    """What rcl would have refused."""


class InvalidHandle(RuntimeError):
    """Use of an entity after it was destroyed."""


class UnknownROSArgsError(RuntimeError):
    """A --ros-args argument that is not known."""


class RCLInvalidROSArgsError(RuntimeError):
    """A --ros-args argument with a value that cannot be used."""


class UnsupportedEventTypeError(RuntimeError):
    """An event that the middleware does not report."""


class NodeNameNonExistentError(RuntimeError):
    """No node of this name in the graph."""
