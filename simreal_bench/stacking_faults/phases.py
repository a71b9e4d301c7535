"""The states of a task in which faults come."""

from __future__ import annotations

import numpy as np

from simreal_bench.stacking_faults.fault_context import Trigger
from simreal_control.task.state import StateName

ARM_STATES = (StateName.APPROACHING, StateName.LIFTING, StateName.CARRYING, StateName.HOMING)
HAND_STATES = (StateName.GRASPING, StateName.RELEASING)
# As long as the shortest of them last: hands, and looks at what was seen on the way home, too.
SHORT_STATES, SHORT_S, LONG_S = (*HAND_STATES, StateName.OBSERVING), 0.3, 0.6
PHASES = (*ARM_STATES, *HAND_STATES, StateName.OBSERVING)


def only_after(state: StateName) -> tuple[StateName, ...]:
    """Where a state is entered from, for a trigger: home with a tower to lose, not at the start."""
    return (StateName.RELEASING,) if state is StateName.HOMING else ()


def random_trigger(rng: np.random.Generator, states: tuple[StateName, ...] = PHASES) -> Trigger:
    """In one of some states, at its first or second entry, after a moment."""
    state = states[int(rng.integers(len(states)))]
    delay_s = rng.uniform(0.0, SHORT_S if state in SHORT_STATES else LONG_S)
    return Trigger((state,), int(rng.integers(1, 3)), delay_s, only_after(state))
