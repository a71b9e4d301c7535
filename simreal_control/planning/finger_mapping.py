"""How far a hand is open at each position of its joints, and the other way round.

Fingers slide or turn, from 0 for closed or 0 for open, one joint driven and others as its mimics. The
task knows openings in metres; controllers and joint states know positions, metres or radians. It holds
no hand: the numbers of one come from the group `gripper` of its file in config/.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simreal_common.errors import ConfigurationError

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Follower:
    """A joint that moves as the driven one: its position is factor * driven + offset."""

    name: str
    factor: float = 1.0
    offset: float = 0.0


@dataclass(frozen=True, eq=False)
class FingerMapping:
    """Converts openings between the pads, metres, and positions of finger joints.

    Args:
        names: joints that are told and commanded; the first one's position is what is commanded.
        positions: of the driven joint, radians or metres, rising, shape (k,).
        openings: at these, metres, rising or falling, shape (k,). Beyond the ends it goes on
            straight.
        followers: all joints that move with it, those of `names` and their mimics.
    """

    names: tuple[str, ...]
    positions: Array
    openings: Array
    followers: tuple[Follower, ...]

    def __post_init__(self) -> None:
        rise, steps = np.diff(self.positions), np.diff(self.openings)
        if (
            self.positions.shape != self.openings.shape
            or self.positions.size < 2
            or not (rise > 0).all()
            or not ((steps > 0).all() or (steps < 0).all())
        ):
            raise ConfigurationError(
                "the hand's openings do not rise or fall from position to position of its joint: "
                f"got {_pairs(self.positions, self.openings)}"
            )

    @classmethod
    def sliding(cls, names: Sequence[str]) -> FingerMapping:
        """Fingers whose positions, 0 for closed, add up to the opening."""
        count = max(len(names), 1)
        followers = tuple(Follower(name) for name in names)
        return cls(tuple(names), np.array([0.0, 1.0]), np.array([0.0, float(count)]), followers)

    @classmethod
    def from_table(
        cls, names: Sequence[str], table: Sequence[float], followers: Sequence[Follower] = ()
    ) -> FingerMapping:
        """By pairs of position and opening, one after the other.

        Raises:
            ConfigurationError: no pairs, or openings that do not rise or fall with the positions.
        """
        if len(table) < 4 or len(table) % 2:
            raise ConfigurationError(
                f"parameter 'gripper.table': got {len(table)} numbers, wanted pairs of a position "
                "of the gripper's joint and the opening there, two or more: [0.0, 0.085, 0.8, 0.0]"
            )
        pairs = np.array(table, dtype=np.float64).reshape(-1, 2)
        pairs = pairs[np.argsort(pairs[:, 0], kind="stable")]
        given = tuple(followers) or tuple(Follower(name) for name in names)
        return cls(tuple(names), pairs[:, 0], pairs[:, 1], given)

    def position(self, opening_m: float) -> float:
        """What the first joint is to be told for an opening, radians or metres."""
        openings, positions = self.openings, self.positions
        if openings[0] > openings[-1]:
            openings, positions = openings[::-1], positions[::-1]
        driven = _straight_on(opening_m, openings, positions)
        first = next((f for f in self.followers if f.name in self.names[:1]), Follower(""))
        return first.factor * driven + first.offset

    def opening(self, position: float) -> float:
        """The opening, metres, where the first joint is at a position, radians or metres."""
        return self.opening_at({self.names[0]: position} if self.names else {"": position})

    def opening_at(self, told: Mapping[str, float]) -> float:
        """The opening, metres, by the positions of some of `names`; they are taken to move alike."""
        known = {follower.name: follower for follower in self.followers}
        driven = [
            (position - known.get(name, Follower(name)).offset)
            / known.get(name, Follower(name)).factor
            for name, position in told.items()
        ]
        return _straight_on(float(np.mean(driven)), self.positions, self.openings)

    def joints_at(self, opening_m: float) -> dict[str, float]:
        """Positions of all joints that move with it, radians or metres."""
        if not self.followers:
            return {}
        first = next((f for f in self.followers if f.name in self.names[:1]), Follower(""))
        driven = (self.position(opening_m) - first.offset) / first.factor
        return {f.name: f.factor * driven + f.offset for f in self.followers}

    @property
    def words(self) -> str:
        """Where it is open and where closed, for tables and logs."""
        first = self.names[0] if self.names else "the gripper"
        ends = sorted(
            zip(self.openings[[0, -1]].tolist(), self.positions[[0, -1]].tolist(), strict=True)
        )
        return ", ".join(f"{1000 * wide:.0f} mm open with {first} at {at:g}" for wide, at in ends)


def _straight_on(x: float, xs: Array, ys: Array) -> float:
    """Linear between the points, and beyond the ends as between the two nearest; `xs` rises."""
    index = int(np.clip(np.searchsorted(xs, x) - 1, 0, xs.size - 2))
    share = (x - xs[index]) / (xs[index + 1] - xs[index])
    return float(ys[index] + share * (ys[index + 1] - ys[index]))


def _pairs(positions: Array, openings: Array) -> str:
    some = list(zip(positions.tolist(), openings.tolist(), strict=False))
    shown = some if len(some) <= 6 else [*some[:3], *some[-3:]]
    return ", ".join(f"{1000 * wide:.0f} mm at {at:g}" for at, wide in shown)
