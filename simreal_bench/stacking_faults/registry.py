"""All kinds of faults by name, and the one that a seed makes of a kind."""

from __future__ import annotations

import numpy as np

from simreal_bench.stacking_faults.action_faults import ActionFails, EarlySuccess
from simreal_bench.stacking_faults.block_faults import Appeared, Dropped, Fell, Meddled, Slipped
from simreal_bench.stacking_faults.camera_faults import CameraLost, DetectionsStop, TransformStale
from simreal_bench.stacking_faults.fault import Fault
from simreal_bench.stacking_faults.joint_state_faults import EmptyState, FingersLost, JointsStop
from simreal_bench.stacking_faults.person_faults import Reached
from simreal_bench.stacking_faults.process_faults import ClockBack, Restarted
from simreal_common.errors import ConfigurationError

# New ones go to the end: what a seed makes of a kind depends on the place.
FAULTS: dict[str, type[Fault]] = {
    kind.kind: kind
    for kind in (
        Dropped, Slipped, Fell, Meddled, Appeared,
        DetectionsStop, TransformStale, ActionFails, JointsStop, Restarted,
        EarlySuccess, EmptyState, FingersLost, CameraLost, ClockBack, Reached,
    )
}  # fmt: skip


def make_fault(kind: str, seed: int) -> Fault:
    """The fault of a kind in the run of a seed.

    Raises:
        ConfigurationError: there is no such kind.
    """
    if kind not in FAULTS:
        raise ConfigurationError(f"fault '{kind}': wanted one of {', '.join(FAULTS)}")
    rng = np.random.default_rng([seed, list(FAULTS).index(kind)])
    return FAULTS[kind](rng, seed)
