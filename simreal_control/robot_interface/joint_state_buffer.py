"""Joint states as they come: several publishers, each with some of the joints, become one state.

Drivers differ. Some tell no speeds, some no positions, some do not stamp; fingers often have a
publisher of their own. Each joint is kept with its own age, and what lacks can be said in words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simreal_common.errors import MessageError
from simreal_common.untrusted_text import shortened
from simreal_control.planning.finger_mapping import FingerMapping
from simreal_control.robot_interface.task_io import ArmState

Array = NDArray[np.float64]

FASTEST = 1e4  # rad/s or m/s
LARGEST_POSITION = 1e6  # rad or m
MAX_STATE_AGE_S = 0.5  # without newer ones the arm is stopped
# The arm waits so long for fingers that are named: they may have a publisher that starts later.
FINGERS_WAIT_S = 5.0
MOST_NAMES = 8  # in a complaint


@dataclass(frozen=True)
class _Reading:
    """The latest of one joint; `stamp` 0 where it was not stamped, `heard` when it came, seconds.

    `turned`: by so much, whole turns, the position is not what was told.
    """

    position: float
    velocity: float
    stamp: float
    heard: float
    turned: float = 0.0

    @property
    def taken(self) -> float:
        """When it was measured, as far as is known; never later than it was heard of."""
        return min(self.stamp, self.heard) if self.stamp else self.heard

    @property
    def late(self) -> float:
        """How much it was stamped before it came, seconds; below 0: in the future."""
        return self.heard - self.stamp if self.stamp else 0.0


class JointStateBuffer:
    """Merges readings by the names of joints.

    Args:
        arm_joints: in the order of a state's positions.
        finger_joints: may be empty.
        max_age_s: joints that were heard of longer ago, or stamped so far beside the clock, lack.

    Attributes:
        fingers: makes an opening of the positions of finger joints; slides unless set.
        winding: joints that turn without end, and where each is taken to be first, radians: there
            or up to half a turn from there. Later positions are those nearest to the one before.
    """

    def __init__(
        self, arm_joints: Sequence[str], finger_joints: Sequence[str], max_age_s: float
    ) -> None:
        self._arm, self._fingers = tuple(arm_joints), tuple(finger_joints)
        self._max_age_s = max_age_s
        self.fingers = FingerMapping.sliding(self._fingers)
        self.winding: Mapping[str, float] = {}
        self._readings: dict[str, _Reading] = {}
        self._without_position: set[str] = set()
        self._others: list[str] = []  # joints that are published and not asked for
        self._arm_since = np.inf  # since when all of the arm is known
        self._now = -np.inf

    def take(
        self,
        now: float,
        stamp: float,
        names: Sequence[str],
        positions: Sequence[float],
        velocities: Sequence[float],
    ) -> None:
        """Take what one message says; other joints may be in it, in any order.

        No positions at all are legal and say nothing. Velocities that are none (as many as names
        are wanted, finite) are left out.

        Args:
            now: when it came, seconds.
            stamp: of the message, seconds; 0 for one that is not stamped.

        Raises:
            MessageError: another number of positions than of names, or a position that is no finite
                number; joints that are well are taken all the same.
        """
        self._forget_after(now)
        index = {name: i for i, name in enumerate(names)}
        wanted = [name for name in (*self._arm, *self._fingers) if name in index]
        for name in names[: MOST_NAMES + 1]:
            if name not in wanted and name not in self._others and len(self._others) <= MOST_NAMES:
                self._others.append(name)
        if not len(positions):
            self._without_position.update(wanted)
            return
        if wanted and len(positions) != len(names):
            raise MessageError(
                f"joint_states with {len(names)} names and {len(positions)} positions: "
                "wanted as many"
            )
        bad = []
        for name in wanted:
            position = float(positions[index[name]])
            velocity = velocities[index[name]] if len(velocities) == len(names) else np.nan
            if not abs(position) <= LARGEST_POSITION:
                bad.append(f"{name} at {position:g}")
                continue
            turned = self._turned(name, position)
            speed = float(velocity) if abs(velocity) <= FASTEST else np.nan
            self._readings[name] = _Reading(position + turned, speed, stamp, now, turned)
        if self._arm_since == np.inf and all(name in self._readings for name in self._arm):
            self._arm_since = now
        if bad:
            raise MessageError(f"joint_states: {_listed(bad)}, wanted a finite number")

    def state(self, now: float) -> ArmState | None:
        """The state, as old as its oldest joint; None where a joint lacks, see `lack`.

        Old readings do not lack here: whether they are too old is judged by the stamp. Of fingers
        that tell nothing of each other the known ones stand for all.
        """
        self._forget_after(now)
        if self._unheard(now) or self._in_the_future():
            return None
        arm = [self._readings[name] for name in self._arm]
        known = [name for name in self._fingers if name in self._readings]
        fingers = [self._readings[name] for name in known]
        opening = None
        if fingers:
            opening = self.fingers.opening_at({n: self._readings[n].position for n in known})
        return ArmState(
            min(reading.taken for reading in (*arm, *fingers)),
            np.array([reading.position for reading in arm]),
            np.array([reading.velocity for reading in arm]),
            opening,
        )

    def turns(self) -> Array:
        """What is to be taken from a state's positions for those that the robot tells, shape (n,)."""
        known = self._readings
        return np.array([known[name].turned if name in known else 0.0 for name in self._arm])

    def lack(self, now: float) -> str:
        """What keeps the state from being known, or from being new, in words; else empty."""
        self._forget_after(now)
        unheard = self._unheard(now)
        if not self._readings and not self._without_position and not self._others:
            return "no joint states"
        bare = [name for name in unheard if name in self._without_position]
        unknown = [name for name in unheard if name not in bare]
        lacks = [f"joint_states come without positions of {self._named(bare)}"] if bare else []
        if unknown:
            others = f" (there are {_listed(self._others)})" if self._others else ""
            lacks.append(f"nobody publishes {self._named(unknown)} on joint_states{others}")
        silent = [n for n, r in self._readings.items() if now - r.heard > self._max_age_s]
        if silent:
            age = now - min(self._readings[name].heard for name in silent)
            lacks.append(f"the last position of {self._named(silent)} came {age:.1f} s ago")
        far = {n: r.late for n, r in self._readings.items() if abs(r.late) > self._max_age_s}
        if far:
            late = max(far.values(), key=abs)
            when, slow = ("after", ", or a machine is too slow") if late > 0.0 else ("before", "")
            lacks.append(
                f"joint_states of {self._named(list(far))} come {abs(late):.1f} s {when} their "
                "stamps, by the clock of control_node (clocks are not synchronized, use_sim_time is "
                f"set on one side alone{slow})"
            )
        return "; ".join(lacks)

    def notices(self, now: float) -> list[str]:
        """What is borne and should be known, in words; the same as long as it is so."""
        words = []
        if any(not r.stamp and r.heard > self._max_age_s for r in self._readings.values()):
            words.append("joint_states are not stamped: they are taken for as old as they come")
        missing = [name for name in self._fingers if name not in self._readings]
        if missing and self._fingers_given_up(now):
            known = len(missing) < len(self._fingers)
            so = (
                "the others are taken to move as they do"
                if known
                else "whether the hand holds a block is not known, and a lost one is not noticed"
            )
            words.append(f"nobody publishes {_listed(missing)} on joint_states: {so}")
        return words

    def _turned(self, name: str, position: float) -> float:
        """What brings a position of a joint without end to the one before."""
        if name not in self.winding:
            return 0.0
        last = self._readings.get(name)
        near = self.winding[name] if last is None else last.position
        return 2.0 * np.pi * round((near - position) / (2.0 * np.pi))

    def _unheard(self, now: float) -> list[str]:
        """Joints that never told a position; of fingers only as long as they are waited for."""
        wanted = self._arm if self._fingers_given_up(now) else (*self._arm, *self._fingers)
        return [name for name in wanted if name not in self._readings]

    def _named(self, names: Sequence[str]) -> str:
        every = len(names) == len({*self._arm, *self._fingers})
        return "all joints" if every else _listed(names)

    def _in_the_future(self) -> bool:
        return any(reading.late < -self._max_age_s for reading in self._readings.values())

    def _fingers_given_up(self, now: float) -> bool:
        return now - self._arm_since > FINGERS_WAIT_S

    def _forget_after(self, now: float) -> None:
        """Forget everything where the clock has gone back."""
        if now < self._now:
            self._readings.clear()
            self._without_position.clear()
            self._others.clear()
            self._arm_since = np.inf
        self._now = now


def _listed(names: Sequence[str]) -> str:
    """Some names, and how many more."""
    more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    return ", ".join(shortened(name) for name in names[:MOST_NAMES]) + more
