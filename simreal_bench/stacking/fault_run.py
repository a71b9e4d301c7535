"""One tower with one fault: what was injected, and whether the arm got over it."""

from __future__ import annotations

from dataclasses import dataclass

from simreal_bench.simulated_robot.stack_result import StackResult
from simreal_bench.stacking.stack_run import Picture, run_stack
from simreal_bench.stacking_faults.registry import make_fault
from simreal_control.control_configuration import ControlParameters
from simreal_perception.pose_estimation.estimator import BlockEstimator
from simreal_sim.physics.arms.panda import PANDA


@dataclass(frozen=True)
class FaultResult:
    """How a run with a fault went.

    Args:
        kind: of the fault.
        injected_at: simulated seconds; None where it was never due, which counts as a failure.
        words: what was done.
        recovered: it was injected, and the run then ended as it should: without a collision of the
            arm, a limit violated, a motion on old data, or the hand moving while the arm moved.
        stack: the run.
    """

    kind: str
    injected_at: float | None
    words: str
    recovered: bool
    stack: StackResult

    @property
    def cause(self) -> str:
        """Why it counts as a failure, as a kind; empty where it does not."""
        if self.recovered:
            return ""
        if self.injected_at is None:
            return "the fault was never injected"
        stack = self.stack
        if stack.collisions:
            _, link, what = stack.collisions[0]
            return f"{link} touched {what}"
        if stack.limit_violations:
            return "a joint limit was violated"
        if stack.old_data:
            return f"moved on old data: {stack.old_data[0][1]}"
        if stack.restless_hand:
            return "the hand moved while the arm did"
        return stack.cause or "it claims what is not so"


def run_fault(
    kind: str,
    seed: int,
    blocks: int,
    estimator: BlockEstimator,
    velocity_scaling: float = ControlParameters.velocity_scaling,
    pictures: list[tuple[float, Picture]] | None = None,
    robot: str = PANDA.name,
) -> FaultResult:
    """Build one tower while something goes wrong; arguments as of `run_stack`."""
    fault = make_fault(kind, seed)
    stack = run_stack(seed, blocks, estimator, velocity_scaling, pictures, robot, None, fault)
    unsafe = stack.collisions, stack.limit_violations, stack.old_data, stack.restless_hand
    return FaultResult(
        kind=kind,
        injected_at=None if fault.injected_at is None else round(fault.injected_at, 2),
        words=fault.words,
        recovered=fault.injected and not any(unsafe) and fault.recovered(stack),
        stack=stack,
    )
