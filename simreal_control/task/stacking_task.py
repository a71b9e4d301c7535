"""Building with blocks as a state machine: observe, decide, pick, place, observe again.

`tick` takes what is new and returns what is to be done; it never waits, prints or reads a clock.
The scene is observed from home, where the arm does not stand in the picture, and from look poses where
there are any. A state sends one command when it is entered and hears how it ended; what went wrong is
planned anew from where the arm then is. What the hand holds it keeps until there is a place for it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from simreal_common.settings.obstacles import Obstacle
from simreal_control.grasping.pick_place import Held
from simreal_control.robot_interface.task_io import (
    ArmState,
    Command,
    Inputs,
    Outputs,
    Severity,
    Status,
)
from simreal_control.task.ending import Finished, fail, finish
from simreal_control.task.operator_requests import STOPPED
from simreal_control.task.state import RETRY_DELAY_S, GoHome, StateName, TaskState, Tick
from simreal_control.task.task_context import TaskContext
from simreal_control.world_model.block_map import Block

Array = NDArray[np.float64]

# In these a block is, or may be, in the hand, or between its fingers.
AROUND_A_BLOCK = (
    StateName.VERIFYING_HAND, StateName.GRASPING, StateName.LIFTING, StateName.CARRYING,
    StateName.RELEASING,
)  # fmt: skip
# Old joint states, or depth images, may also mean that this process was late: they are asked for again
# so often.
BLIND_TICKS = 3


class StackingTask:
    """Builds what the goal says.

    Args:
        context: the parts of the task.
        first: the state to begin with.
        homing: makes the state in which the arm goes home from what the hand holds, and from the
            block that it may stand around; see `GoHome`.

    Attributes:
        state: what is done now.
    """

    def __init__(
        self,
        context: TaskContext,
        first: TaskState,
        homing: Callable[[Held | None, Block | None], TaskState],
    ) -> None:
        self._context = context
        self._homing = homing
        self.state = first
        self._paused = False
        self._blind_since = np.inf  # infinity: joint states come
        self._blind_ticks = self._unwatched_ticks = 0
        context.log.say("waiting for the joint states of the robot")

    def tick(self, inputs: Inputs) -> Outputs:
        """One step; call it often (tens of times a second). Planning may take some 100 ms."""
        dispatcher, log = self._context.dispatcher, self._context.log
        log.begin(inputs.now, self.state.name.value)
        if inputs.arm is not None:
            self._context.standstill.hear(inputs.arm)
        result = dispatcher.end_of_command(inputs.now, inputs.results)
        if result is not None:
            log.note("result", outcome=result.outcome.value, message=result.message)
        self._context.look(
            inputs,
            self.state.in_hand,
            may_hold=self.state.in_hand is not None or self.state.name in AROUND_A_BLOCK,
            lets_go=self.state.name is StateName.RELEASING,
        )
        if not self.finished and not self._paused:
            arm = self._fresh(inputs)
            if arm is not None:
                self._step(Tick(inputs.now, arm, inputs.detection_frames, result))
        lines, events = log.take()
        return Outputs(dispatcher.take_outbox(), lines, self.status, events)

    # --- asked for from outside of a tick --------------------------------------------------------

    def pause(self) -> str:
        """Stop the arm where it is until `resume`; what is held stays held. Returns what is so."""
        log = self._context.log
        if self.finished or self._paused:
            return log.message
        self._context.dispatcher.cancel()
        self._paused = True
        return log.ask(f"paused while {self.state.name.value}; resume goes on, stop ends it")

    def resume(self) -> str:
        """Go on, with a new plan from where the arm is; unless a block is in hand, observe anew."""
        if not self._paused:
            return self._context.log.message
        self._paused = False
        self._blind_since = np.inf
        self._follow(self.state.resumed())
        return self._context.log.ask("going on")

    def stop(self) -> str:
        """Stop the arm where it is, for good."""
        if not self.finished:
            self._paused = False
            self._follow(finish(self._context, False, STOPPED))
        return self._context.log.message

    def confirm(self, now: float) -> str:
        """Yes to the motion that was asked for."""
        asked = self._context.dispatcher.confirm(now)
        return self._context.log.ask(asked or "nothing was asked for")

    def take_commands(self) -> tuple[Command, ...]:
        """What is to be sent at once, before the next tick."""
        return self._context.dispatcher.take_outbox()

    @property
    def finished(self) -> bool:
        """Whether the task has ended."""
        return isinstance(self.state, Finished)

    @property
    def status(self) -> Status:
        """What is to be told of the task."""
        context, state = self._context, self.state
        asking = context.dispatcher.asking
        message = context.log.message
        return Status(
            state="paused" if self._paused else "asking" if asking else state.name.value,
            message=f"{message}; confirm or stop" if asking else message,
            placed=context.task_planner.placed,
            goal=context.task_planner.wanted,
            finished=self.finished,
            success=isinstance(state, Finished) and state.success,
        )

    @property
    def ways(self) -> tuple[Array, ...]:
        """The ways of the tool that were planned last, metres, shape (m, 3) each."""
        return self._context.mover.ways

    @property
    def scene(self) -> tuple[Block, ...]:
        """The blocks of the last observation."""
        return tuple(self._context.task_planner.scene)

    @property
    def obstacles(self) -> tuple[Obstacle, ...]:
        """What stands there and is no block: what the parameters name, and what depth has shown."""
        return (*self._context.config.obstacles, *self._context.task_planner.seen)

    @property
    def moving(self) -> bool:
        """Whether a motion of the arm is under way."""
        return self._context.dispatcher.moving_arm

    # --- the machine -----------------------------------------------------------------------------

    def _step(self, tick: Tick) -> None:
        context = self._context
        self.state = self.state.hear(context, tick)
        if self.state.in_hand is not None and context.holding(tick.arm) is False:
            context.dispatcher.cancel()
            if self.state.taken is not None:  # where it stands there still, it does not come along
                context.task_planner.missed(self.state.taken.position)
            self._follow(fail(context, "the block was lost on the way"))
            return
        if context.dispatcher.moving_arm:
            self._stop_before_contact(tick)
        if context.dispatcher.busy:
            return
        if tick.result is None and tick.now < self.state.not_before:
            return
        for _ in StateName:  # a state that is done at once passes on in the same tick
            before = self.state.name
            self._follow(self.state.advance(context, tick))
            if self.state.name is before or self.finished or context.dispatcher.busy:
                return
            tick = replace(tick, result=None)

    def _stop_before_contact(self, tick: Tick) -> None:
        """Stop the arm where something comes into its way, or nothing tells whether it does.

        The state sees to it that there is a new motion when the way is free again.
        """
        context = self._context
        words, lack = context.in_the_way(tick.now, tick.arm), context.unwatched(tick.now)
        self._unwatched_ticks = self._unwatched_ticks + 1 if lack else 0
        if words or self._unwatched_ticks >= BLIND_TICKS:
            words = words or lack
            context.dispatcher.cancel()
            context.log.say(f"{words}: the arm is stopped, and waits", Severity.WARNING)
            self.state = replace(self.state, not_before=tick.now + RETRY_DELAY_S)

    def _follow(self, state: TaskState | GoHome) -> None:
        self.state = self._homing(state.held, state.among) if isinstance(state, GoHome) else state

    def _fresh(self, inputs: Inputs) -> ArmState | None:
        """The joint states; None where they are missing, then the arm stops and nothing is begun."""
        now, config = inputs.now, self._context.config
        if inputs.arm is not None and now - inputs.arm.stamp <= config.max_state_age_s:
            if self._blind_since < np.inf:
                self._blind_since = np.inf
                self.state = replace(self.state, not_before=now + RETRY_DELAY_S)
            return inputs.arm
        self._wait_for_joint_states(now, inputs.lack or "no joint states")
        return None

    def _wait_for_joint_states(self, now: float, lack: str) -> None:
        dispatcher, log, config = self._context.dispatcher, self._context.log, self._context.config
        if self._blind_since == np.inf:
            self._blind_since, self._blind_ticks = now, 0
            log.hold_warnings(now)
        self._blind_ticks += 1
        if dispatcher.moving_arm and self._blind_ticks >= BLIND_TICKS:
            dispatcher.cancel()
            log.say(f"{lack}; the arm is stopped", Severity.WARNING)
        waited = now - self._blind_since
        if waited > config.give_up_after_s:
            words = f"{lack}, for {waited:.0f} s; is the robot running?"
            self._follow(finish(self._context, False, words))
        elif waited >= config.warn_after_s:
            log.warn_throttled(now, f"{lack}, for {waited:.0f} s; waiting for the robot")
