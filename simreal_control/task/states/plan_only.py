"""Instead of moving: the whole way of the block that was chosen."""

from __future__ import annotations

from simreal_common.errors import KinematicsError
from simreal_control.grasping.pick_place import Held, PickPlace
from simreal_control.task.ending import Finished, finish
from simreal_control.task.state import Tick
from simreal_control.task.task_context import TaskContext
from simreal_control.task.task_planning.decision import Do


def show_plan(context: TaskContext, tick: Tick, step: Do) -> Finished:
    """Plan approach, lift and carry of a block that is not in the hand yet, and end."""
    assert isinstance(step.work, PickPlace)
    work, mover = step.work, context.mover
    standing = context.standing(work.block)
    start, seen = mover.start(tick.arm), context.seen()
    try:
        mover.set_scene(start, standing, None, seen)
        approach = mover.motions.to_station(
            start,
            work.grasp.pose_tool_in_base,
            work.grasp.joints,
            context.safe_height(tick.now, carrying=False),
        )
        mover.set_scene(approach.end, standing, Held(tilt=work.tilt), seen)
        height = context.safe_height(tick.now, carrying=True)
        lift = mover.motions.up(approach.end, height)
        carry = mover.motions.to_station(
            lift.end, work.placement.pose_tool_in_base, work.placement.joints, height
        )
    except KinematicsError as error:
        return finish(context, False, f"there is no way: {error}")
    parts = (approach, lift, carry)
    mover.show(parts)
    seconds = sum(part.duration for part in parts)
    return finish(
        context,
        True,
        f"planned ({step.words}): {seconds:.1f} s of motion for this block; nothing was moved",
    )
