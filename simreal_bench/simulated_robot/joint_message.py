"""One message of joint states, as a driver publishes it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class JointMessage:
    """A joint message tells of some joints.

    Args:
        names: of the joints.
        positions, velocities: theirs, rad or m, per second; as many as names, or none.
    """

    names: Sequence[str]
    positions: Sequence[float]
    velocities: Sequence[float]

    def without(self, names: Collection[str]) -> JointMessage:
        """The same of all other joints; of a message that has all."""
        kept = [i for i, name in enumerate(self.names) if name not in names]
        return JointMessage(
            [self.names[i] for i in kept],
            [self.positions[i] for i in kept],
            [self.velocities[i] for i in kept],
        )
