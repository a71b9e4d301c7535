"""Building with blocks as a state machine: look, decide, pick, place, look again, until it stands.

`tick` takes what is new and returns what is to be done; it never waits, prints or reads a clock.
The hand looks from home alone, where the arm does not stand in the picture. A state sends one
command when it is entered and hears how it ended; what went wrong is planned anew from where the
arm then is. What the hand holds it keeps until there is a place for it.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from simreal_common.errors import KinematicsError
from simreal_control.grasping.grasps import Grasp
from simreal_control.grasping.pick_place import PickPlacePlanner
from simreal_control.planning.motion import StationPlanner
from simreal_control.planning.trajectory import JointTrajectory
from simreal_control.robot_interface.commander import Commander
from simreal_control.robot_interface.task_io import (
    ActionResult,
    ArmState,
    Command,
    Inputs,
    Outcome,
    Outputs,
    Severity,
    Status,
)
from simreal_control.task.arm_mover import ArmMover
from simreal_control.task.decider import Decider
from simreal_control.task.decision import Do, Done, Held, LookAgain, SetBack
from simreal_control.task.stacking_config import StackingConfig
from simreal_control.task.task_events import TaskLog
from simreal_control.world_model.block_map import Block
from simreal_control.world_model.lookout import Lookout

Array = NDArray[np.float64]

AT_HOME_RAD = 0.03  # a position controller's rest error, and nothing the camera could notice
# Fingers closed on a block stand within this of its edge; on nothing they close much further.
HOLDING_TOLERANCE_M = 0.012
OPEN_TOLERANCE_M = 0.006
FINGER_SETTLE_S = 0.1  # the fingers' state is read this long after the end of their action
# Old joint states may also mean that this process was late: they are asked for again so often.
BLIND_TICKS = 3
RETRY_DELAY_S = 0.5
UNKNOWN_SCENE_LEVELS = 6  # height of the first way home, in blocks: nothing was seen yet


class State(Enum):
    FEELING = "feeling"
    HOMING = "homing"
    OPENING = "opening"
    LOOKING = "looking"
    DECIDING = "deciding"
    APPROACHING = "approaching"
    GRASPING = "grasping"
    LIFTING = "lifting"
    CARRYING = "carrying"
    RELEASING = "releasing"
    FINISHED = "finished"


class StackingTask:
    """Builds what the goal says.

    Args:
        motions: plans the arm's motions.
        config: see there.
    """

    def __init__(self, motions: StationPlanner, config: StackingConfig) -> None:
        self._config = config
        self._planner = PickPlacePlanner(
            motions.arm, config.home, config.gripper, config.map, config.pick_place
        )
        self._mover = ArmMover(
            motions,
            config.map,
            config.zone.centre,
            config.pick_place.grasp_above_centre_m,
            config.start_tolerance_rad,
        )
        self._decider = Decider(config.goal, config.zone, config.map, self._planner)
        self._commander = Commander(config.confirm, config.max_scene_age_s)
        self._lookout = Lookout(
            config.look_count, config.settle_s, config.max_detection_age_s, config.max_tf_age_s
        )
        self._log = TaskLog(config.warn_after_s)
        self._handlers: dict[State, Callable[[Inputs, ArmState, ActionResult | None], None]] = {
            State.FEELING: self._feel,
            State.HOMING: self._home,
            State.OPENING: self._open,
            State.LOOKING: self._look,
            State.DECIDING: self._decide,
            State.APPROACHING: self._approach,
            State.GRASPING: self._grasp,
            State.LIFTING: self._lift,
            State.CARRYING: self._carry,
            State.RELEASING: self._release,
        }
        self.state = State.HOMING if config.plan_only else State.FEELING
        self._success = False
        self._retries = 0
        self._not_before = -np.inf
        self._blind_since: float | None = None
        self._blind_ticks = 0
        self._scene_stamp = -np.inf
        self._failures = 0
        self._poor_looks = 0
        self._do: Do | None = None
        self._target: Grasp | None = None
        self._in_hand: Held | None = None
        self._putting_back = False
        self._gripper_moved = False
        self._paused = False
        self._log.say("waiting for the joint states of the robot")

    def tick(self, inputs: Inputs) -> Outputs:
        """One step; call it often (tens of times a second). Planning may take some 100 ms."""
        self._log.begin(inputs.now, self.state.value)
        result = self._commander.end_of_command(inputs.now, inputs.results)
        if result is not None:
            self._log.note("result", outcome=result.outcome.value, message=result.message)
        if self.state is not State.FINISHED and not self._paused and not self._blind(inputs):
            assert inputs.arm is not None
            self._lookout.observe(inputs.now, self._resting(inputs.arm), inputs.sightings)
            self._step(inputs, inputs.arm, result)
        lines, events = self._log.take()
        return Outputs(self._commander.take_outbox(), lines, self.status, events)

    # --- asked for from outside of a tick ----------------------------------------------------------

    def pause(self) -> str:
        """Stop the arm where it is until `resume`; what is held stays held. Returns what is so."""
        if self.state is State.FINISHED or self._paused:
            return self._log.message
        self._commander.cancel()
        self._paused = True
        return self._log.ask(f"paused while {self.state.value}; resume goes on, stop ends it")

    def resume(self, now: float) -> str:
        """Go on, with a new plan from where the arm is; with a new look, but for a block in hand."""
        if not self._paused:
            return self._log.message
        self._paused = False
        self._blind_since = None
        keeps = (State.FEELING, State.LIFTING, State.CARRYING, State.GRASPING, State.RELEASING)
        self._enter(now, self.state if self.state in keeps else State.HOMING)
        return self._log.ask("going on")

    def stop(self) -> str:
        """Stop the arm where it is, for good."""
        if self.state is State.FINISHED:
            return self._log.message
        self._paused = False
        self._finish(False, "stopped by request")
        return self._log.message

    def confirm(self, now: float) -> str:
        """Yes to the motion that was asked for."""
        return self._log.ask(self._commander.confirm(now) or "nothing was asked for")

    def take_commands(self) -> tuple[Command, ...]:
        """What is to be sent at once, before the next tick."""
        return self._commander.take_outbox()

    @property
    def status(self) -> Status:
        asking = self._commander.asking
        return Status(
            state="paused" if self._paused else "asking" if asking else self.state.value,
            message=f"{self._log.message}; confirm or stop" if asking else self._log.message,
            placed=self._decider.placed,
            goal=self._decider.wanted,
            finished=self.state is State.FINISHED,
            success=self._success,
        )

    @property
    def ways(self) -> tuple[Array, ...]:
        """The ways of the tool that were planned last, metres, shape (m, 3) each."""
        return self._mover.ways

    @property
    def scene(self) -> tuple[Block, ...]:
        """The blocks of the last look."""
        return tuple(self._decider.scene)

    @property
    def moving(self) -> bool:
        """Whether a motion of the arm is under way."""
        return self._commander.moving_arm

    # --- the machine -----------------------------------------------------------------------------

    def _step(self, inputs: Inputs, arm: ArmState, result: ActionResult | None) -> None:
        if self._lost(arm):
            self._commander.cancel()
            self._failed(inputs.now, "the block was lost on the way")
            return
        if self._commander.busy:
            return
        if result is None and inputs.now < self._not_before:
            return
        for _ in State:  # a state that is done at once passes on in the same tick
            before = self.state
            self._handlers[before](inputs, arm, result)
            result = None
            if self.state is before or self.state is State.FINISHED or self._commander.busy:
                return
            if inputs.now < self._not_before:
                return

    def _lost(self, arm: ArmState) -> bool:
        """Whether the hand is empty that should hold something."""
        if self._in_hand is None or self.state is State.RELEASING:
            return False
        if self._holding(arm) is not False:
            return False
        self._in_hand = None
        return True

    def _enter(self, now: float, state: State, message: str = "") -> None:
        self.state = state
        self._retries = 0
        self._not_before = -np.inf
        self._mover.restart()
        self._gripper_moved = False
        if state is State.LOOKING:
            self._lookout.restart(now)
        if message:
            self._log.say(message)

    def _finish(self, success: bool, reason: str) -> None:
        self._commander.cancel()
        self.state = State.FINISHED
        self._success = success
        self._log.say(reason, Severity.INFO if success else Severity.ERROR)
        self._log.note("end", success=success, reason=reason)

    def _failed(self, now: float, reason: str) -> None:
        """An attempt went wrong: home, look and try again, a bounded number of times."""
        self._failures += 1
        self._do = self._target = None
        self._putting_back = False
        limit = self._config.max_failures
        if self._failures > limit:
            self._finish(False, f"given up after {self._failures} failed attempts: {reason}")
            return
        self._log.say(
            f"{reason}; trying again (attempt {self._failures} of {limit})", Severity.WARNING
        )
        self._enter(now, State.HOMING)

    def _retry(self, now: float, what: str, result: ActionResult) -> bool:
        """Whether the action of this state is to be tried again (planned anew); says so."""
        self._retries += 1
        words = f"{what}: {result.outcome.value}" + (f" ({result.message})" * bool(result.message))
        if self._retries > self._config.max_retries:
            self._log.say(f"{words}, {self._retries} times", Severity.WARNING)
            return False
        self._log.say(f"{words}; once more from where the arm is", Severity.WARNING)
        self._not_before = now + RETRY_DELAY_S
        return True

    def _blind(self, inputs: Inputs) -> bool:
        """Whether joint states are missing; then the arm is stopped and nothing is begun."""
        now, config = inputs.now, self._config
        fresh = inputs.arm is not None and now - inputs.arm.stamp <= config.max_state_age_s
        if fresh:
            if self._blind_since is not None:
                self._blind_since = None
                self._not_before = now + RETRY_DELAY_S
            return False
        if self._blind_since is None:
            self._blind_since = now
            self._log.hold_warnings(now)
            self._blind_ticks = 0
        self._blind_ticks += 1
        if self._commander.moving_arm and self._blind_ticks >= BLIND_TICKS:
            self._commander.cancel()
            self._log.say("the joint states have stopped; the arm is stopped", Severity.WARNING)
        waited = now - self._blind_since
        if waited > config.give_up_after_s:
            self._finish(False, f"no joint states for {waited:.0f} s; is the robot running?")
        elif waited >= config.warn_after_s:
            self._log.warn_throttled(
                now, f"no joint states for {waited:.0f} s; waiting for the robot"
            )
        return True

    # --- what the joint states say ---------------------------------------------------------------

    def _at_home(self, arm: ArmState) -> bool:
        return float(np.max(np.abs(arm.positions - self._config.home))) < AT_HOME_RAD

    def _resting(self, arm: ArmState) -> bool:
        there = self._config.plan_only or self._at_home(arm)
        return self.state is State.LOOKING and self._mover.still(arm) and there

    def _holding(self, arm: ArmState) -> bool | None:
        """Whether the fingers stand apart by a block; None where the robot does not tell."""
        if arm.opening_m is None:
            return None
        return arm.opening_m > self._config.map.edge_m - HOLDING_TOLERANCE_M

    # --- moving ----------------------------------------------------------------------------------

    def _move(
        self,
        inputs: Inputs,
        arm: ArmState,
        what: str,
        way: Callable[[StationPlanner, Array], JointTrajectory],
    ) -> None:
        """Send a motion from where the arm is, once it is at rest.

        Raises:
            KinematicsError: there is no such motion, or it does not pass the checks.
        """
        holding = self._in_hand is not None
        self._mover.held_tilt = self._in_hand.tilt if self._in_hand is not None else 0.0
        trajectory = self._mover.plan(inputs.now, arm, self._standing(), holding, way)
        if trajectory is None:
            return
        self._log.note(
            "motion", what=what, seconds=round(trajectory.duration, 2), holding=holding,
            way=np.round(self._mover.ways[0][::10], 3).tolist(),
        )  # fmt: skip
        if self._mover.motions.slowed:
            self._log.say(f"{what}: {self._mover.motions.slowed}")
        self._commander.move_arm(inputs.now, trajectory, what)

    def _move_gripper(self, now: float, opening_m: float, what: str) -> None:
        self._log.note("gripper", what=what, opening_m=opening_m)
        self._commander.move_gripper(now, opening_m, self._config.grip_effort_n, what)

    def _standing(self) -> list[Block]:
        """The blocks of the last look, but for the one that is to be taken."""
        taken = self._do.work.block if self._do is not None else None
        return [block for block in self._decider.scene if block is not taken]

    def _scene_age(self, now: float) -> float:
        """Of the pictures from which is known what stands where, seconds."""
        return now - self._scene_stamp

    def _safe_height(self, now: float) -> float:
        structure = self._decider.structure
        levels = structure.levels if structure is not None else 0
        if self._scene_age(now) > self._config.max_scene_age_s:
            levels = max(levels, UNKNOWN_SCENE_LEVELS)
        return self._planner.safe_height(
            self._decider.scene, levels, carrying=self._in_hand is not None
        )

    # --- the states ------------------------------------------------------------------------------

    def _feel(self, inputs: Inputs, arm: ArmState, result: ActionResult | None) -> None:
        """Whether the hand holds a block from before: closing tells, opening would drop it."""
        wide = self._config.gripper.max_opening_m
        if result is not None:
            if result.outcome in (Outcome.REJECTED, Outcome.TIMED_OUT):
                if not self._retry(inputs.now, "closing the hand", result):
                    self._finish(False, "the hand does not close")
                return
            self._gripper_moved = True
            self._not_before = inputs.now + FINGER_SETTLE_S
            return
        open_now = arm.opening_m is None or arm.opening_m > wide - OPEN_TOLERANCE_M
        if not self._gripper_moved and not open_now and self._holding(arm):
            self._move_gripper(inputs.now, 0.0, "feeling whether the hand holds something")
            return
        if self._gripper_moved and self._holding(arm) and not open_now:
            self._in_hand = Held()
            self._log.say("there is a block in the hand; it is kept until its place is found")
        self._enter(inputs.now, State.HOMING)

    def _home(self, inputs: Inputs, arm: ArmState, result: ActionResult | None) -> None:
        """Up and home."""
        if self._config.plan_only:
            self._enter(inputs.now, State.LOOKING, "looking at the table; nothing will be moved")
            return
        if result is not None and not (result.outcome is Outcome.SUCCEEDED and self._at_home(arm)):
            if not self._retry(inputs.now, "the way home", result):
                self._finish(False, "the arm does not get home")
            return
        if self._at_home(arm):
            if self._in_hand is None:
                self._enter(inputs.now, State.OPENING)
            else:
                self._enter(inputs.now, State.LOOKING, "looking at the table, a block in the hand")
            return
        height, home = self._safe_height(inputs.now), self._config.home
        try:
            self._move(
                inputs,
                arm,
                "home",
                lambda motions, start: motions.to_configuration(start, home, height),
            )
        except KinematicsError as error:
            self._finish(False, f"there is no way home: {error}")

    def _open(self, inputs: Inputs, arm: ArmState, result: ActionResult | None) -> None:
        """An open hand before every look: it is what the next approach needs."""
        if result is not None and result.outcome is not Outcome.SUCCEEDED:
            if not self._retry(inputs.now, "opening the hand", result):
                self._finish(False, "the hand does not open")
            return
        wide = self._config.gripper.max_opening_m
        open_now = arm.opening_m is not None and arm.opening_m > wide - OPEN_TOLERANCE_M
        if result is not None or open_now:
            self._enter(inputs.now, State.LOOKING, "looking at the table")
        else:
            self._move_gripper(inputs.now, wide, "opening the hand")

    def _look(self, inputs: Inputs, arm: ArmState, result: ActionResult | None) -> None:
        """Wait for pictures taken after the arm has stopped."""
        if self._lookout.complete:
            self._enter(inputs.now, State.DECIDING)
            return
        waited = inputs.now - self._lookout.waiting_since
        lack, question = self._lookout.lack(inputs.now)
        if inputs.now - self._lookout.began > self._config.give_up_after_s:
            if waited > self._config.warn_after_s:
                reason = f"{lack}; {question}"
            else:
                reason = "detections come too late or too seldom to act on; is perception too slow?"
            self._finish(False, reason)
        elif waited >= self._config.warn_after_s:
            self._log.warn_throttled(inputs.now, f"{lack}; waiting")
        if not self._at_home(arm) and self._mover.still(arm) and not self._config.plan_only:
            self._enter(inputs.now, State.HOMING)  # something has moved the arm

    def _decide(self, inputs: Inputs, arm: ArmState, result: ActionResult | None) -> None:
        """What stands, what comes next."""
        sightings = self._lookout.sightings
        if not sightings:
            self._enter(inputs.now, State.LOOKING)
            return
        self._scene_stamp = max(sighting.stamp for sighting in sightings)
        decision = self._decider.decide(sightings, self._in_hand)
        for words in self._decider.notes:
            self._log.say(words)
        if self._decider.progress:
            self._failures = self._poor_looks = 0
        self._log.note_decision(self._decider, decision)
        if isinstance(decision, Done):
            self._finish(decision.success, decision.reason)
        elif isinstance(decision, SetBack):
            self._failed(inputs.now, decision.reason)
        elif isinstance(decision, LookAgain):
            self._look_again(inputs.now, decision)
        else:
            self._begin(inputs, arm, decision)

    def _look_again(self, now: float, decision: LookAgain) -> None:
        self._poor_looks += decision.poor
        if self._poor_looks >= self._config.max_looks:
            self._finish(False, f"{decision.reason}, in {self._poor_looks} looks")
            return
        self._enter(now, State.LOOKING)
        self._log.say(f"{decision.reason}; looking again", Severity.WARNING)

    def _begin(self, inputs: Inputs, arm: ArmState, decision: Do) -> None:
        self._do, self._target, self._putting_back = decision, decision.work.placement, False
        if self._config.plan_only:
            self._show_plan(inputs.now, arm)
            return
        held = self._in_hand is not None
        state = State.CARRYING if held else State.APPROACHING
        self._enter(inputs.now, state, decision.words)

    def _show_plan(self, now: float, arm: ArmState) -> None:
        """Plan the whole way of the block that was chosen, and end."""
        assert self._do is not None
        work, mover = self._do.work, self._mover
        assert work.grasp is not None
        start = mover.start(arm)
        try:
            mover.set_scene(start, self._standing(), holding=False)
            approach = mover.motions.to_station(
                start, work.grasp.pose_tool_in_base, work.grasp.joints, self._safe_height(now)
            )
            self._in_hand = Held(tilt=work.tilt)  # what is in the hand moves with it
            mover.held_tilt = work.tilt
            mover.set_scene(approach.end, self._standing(), holding=True)
            height = self._safe_height(now)
            lift = mover.motions.up(approach.end, height)
            carry = mover.motions.to_station(
                lift.end, work.placement.pose_tool_in_base, work.placement.joints, height
            )
        except KinematicsError as error:
            self._finish(False, f"there is no way: {error}")
            return
        parts = (approach, lift, carry)
        mover.show(parts)
        seconds = sum(part.duration for part in parts)
        self._finish(
            True,
            f"planned ({self._do.words}): {seconds:.1f} s of motion for this block; nothing was "
            "moved",
        )

    def _approach(self, inputs: Inputs, arm: ArmState, result: ActionResult | None) -> None:
        """Over the block and down, hand open."""
        assert self._do is not None
        work = self._do.work
        assert work.grasp is not None
        if result is not None:
            if result.outcome is Outcome.SUCCEEDED:
                self._enter(inputs.now, State.GRASPING)
            elif not self._retry(inputs.now, "the way to the block", result):
                self._failed(inputs.now, "the arm does not get to the block")
            return
        age = self._scene_age(inputs.now)
        if age > self._config.max_detection_age_s:
            self._enter(inputs.now, State.HOMING)
            self._log.say(f"what was seen is {age:.1f} s old; looking anew", Severity.WARNING)
            return
        height, grasp = self._safe_height(inputs.now), work.grasp
        try:
            self._move(
                inputs,
                arm,
                self._do.words,
                lambda motions, start: motions.to_station(
                    start, grasp.pose_tool_in_base, grasp.joints, height
                ),
            )
        except KinematicsError as error:
            if self._do.feel:
                self._felt(inputs.now, self._do, True, f"it cannot be felt: {error}")
                return
            self._decider.no_way(grasp, work.block)
            self._failed(inputs.now, f"no way to the block: {error}")

    def _grasp(self, inputs: Inputs, arm: ArmState, result: ActionResult | None) -> None:
        """Close the hand and feel whether there is something in it."""
        if result is not None and result.outcome in (Outcome.REJECTED, Outcome.TIMED_OUT):
            if not self._retry(inputs.now, "closing the hand", result):
                self._failed(inputs.now, "the hand does not close")
            return
        if result is not None:
            # Controllers end a grasp on a block as succeeded or, stalled, as aborted: the fingers
            # tell which it was.
            self._gripper_moved = True
            self._not_before = inputs.now + FINGER_SETTLE_S
            return
        if not self._gripper_moved:
            self._move_gripper(inputs.now, 0.0, "closing the hand")
            return
        self._gripper_moved = False
        assert self._do is not None
        block = self._do.work.block
        assert block is not None
        wide = self._config.gripper.max_opening_m
        if arm.opening_m is not None and arm.opening_m > wide - OPEN_TOLERANCE_M:
            self._failed(inputs.now, "the hand did not close")
        elif self._do.feel:
            if self._holding(arm) is False:
                self._felt(inputs.now, self._do, False, "no block stands there")
                return
            self._decider.felt(self._do.slot, True)
            self._in_hand = Held()
            self._enter(inputs.now, State.RELEASING, "a block stands there")
        elif self._holding(arm) is False:
            self._decider.missed(block.position)
            self._failed(inputs.now, "the hand closed on nothing")
        else:
            self._in_hand = Held(block.color, self._do.work.tilt)
            self._enter(inputs.now, State.LIFTING)

    def _felt(self, now: float, do: Do, there: bool, words: str) -> None:
        """The hand has felt for a block: home, and look again."""
        self._decider.felt(do.slot, there)
        self._do = self._target = None
        self._enter(now, State.HOMING)
        self._log.say(words, Severity.INFO if there else Severity.WARNING)

    def _lift(self, inputs: Inputs, arm: ArmState, result: ActionResult | None) -> None:
        """Straight up to where nothing stands in the way."""
        if result is not None:
            if result.outcome is Outcome.SUCCEEDED:
                self._enter(inputs.now, State.CARRYING)
            elif not self._retry(inputs.now, "lifting the block", result):
                self._enter(inputs.now, State.RELEASING, "the block is let go where it is")
                self._putting_back = True
            return
        if self._too_old(inputs.now):
            return
        height = self._safe_height(inputs.now)
        try:
            self._move(
                inputs,
                arm,
                "lifting the block",
                lambda motions, start: motions.up(start, height),
            )
        except KinematicsError as error:
            self._enter(inputs.now, State.RELEASING, f"the block cannot be lifted: {error}")
            self._putting_back = True

    def _carry(self, inputs: Inputs, arm: ArmState, result: ActionResult | None) -> None:
        """Across and down into its place, or back to where the block was."""
        target = self._target
        assert target is not None
        if result is not None:
            if result.outcome is Outcome.SUCCEEDED:
                self._enter(inputs.now, State.RELEASING)
            elif not self._retry(inputs.now, "carrying the block", result):
                self._put_back(inputs.now, "the arm does not get to the place")
            return
        if self._too_old(inputs.now):
            return
        height = self._safe_height(inputs.now)
        try:
            self._move(
                inputs,
                arm,
                "carrying the block" + " back" * self._putting_back,
                lambda motions, start: motions.to_station(
                    start, target.pose_tool_in_base, target.joints, height
                ),
            )
        except KinematicsError as error:
            self._decider.no_way(target)
            self._put_back(inputs.now, f"no way to the place: {error}")

    def _too_old(self, now: float) -> bool:
        """Whether what was seen is too old to move a block by; then it goes home and looks anew."""
        age = self._scene_age(now)
        if age <= self._config.max_scene_age_s:
            return False
        self._do = self._target = None
        self._putting_back = False
        self._enter(now, State.HOMING)
        self._log.say(
            f"what was seen is {age:.0f} s old; looking anew, the block in the hand",
            Severity.WARNING,
        )
        return True

    def _put_back(self, now: float, reason: str) -> None:
        assert self._do is not None
        if self._putting_back:
            self._finish(False, f"the block in the hand cannot be put back either: {reason}")
            return
        try:
            self._target = self._planner.put_back(self._do.work)
        except KinematicsError as error:
            self._finish(False, f"the block in the hand cannot be put back: {error}")
            return
        self._putting_back = True
        self._enter(now, State.CARRYING)
        self._log.say(f"{reason}; the block goes back to its place", Severity.WARNING)

    def _release(self, inputs: Inputs, arm: ArmState, result: ActionResult | None) -> None:
        """Open the hand, and see that it is open before it is taken away."""
        wide = self._config.gripper.max_opening_m
        if result is not None:
            if result.outcome is not Outcome.SUCCEEDED:
                if not self._retry(inputs.now, "opening the hand", result):
                    self._finish(False, "the hand does not open")
                return
            self._gripper_moved = True
            self._not_before = inputs.now + FINGER_SETTLE_S
            return
        if not self._gripper_moved:
            self._move_gripper(inputs.now, wide, "letting go")
            return
        self._gripper_moved = False
        if arm.opening_m is not None and arm.opening_m < wide - OPEN_TOLERANCE_M:
            stuck = ActionResult(0, Outcome.ABORTED, f"open by {1000 * arm.opening_m:.0f} mm")
            if not self._retry(inputs.now, "opening the hand", stuck):
                self._finish(False, "the hand does not open")
            return
        self._in_hand = None
        assert self._do is not None
        if self._putting_back:
            self._failed(inputs.now, "the block was put back")
            return
        slot = self._do.slot
        self._decider.released(slot)
        self._do = self._target = None
        self._enter(inputs.now, State.HOMING, "let go; going to look")
