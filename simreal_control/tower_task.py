"""Stacking a tower as a state machine: look, decide, pick, place, look again, until it stands.

`tick` takes what is new and returns what is to be done; it never waits, prints or reads a clock.
The hand looks from home alone, where the arm does not stand in the picture. A state sends one
command when it is entered and hears how it ended; what went wrong is planned anew from where the
arm then is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from simreal_common.errors import ConfigurationError, KinematicsError
from simreal_common.geometry import Pose
from simreal_control.block_map import Block, BlockMapConfig, fuse
from simreal_control.collision_world import Obstacle
from simreal_control.commander import Commander
from simreal_control.grasps import Grasp, GripperGeometry
from simreal_control.lookout import Lookout
from simreal_control.motion import StationPlanner
from simreal_control.pick_place import PickPlace, PickPlaceConfig, PickPlacePlanner
from simreal_control.task_io import (
    ActionResult,
    ArmState,
    Command,
    Inputs,
    LogLine,
    Outcome,
    Outputs,
    Severity,
    Status,
)
from simreal_control.tower_belief import TowerBelief, Verdict
from simreal_control.tower_view import TowerView, highest_stack, rank_bases, view_tower
from simreal_control.trajectory import JointTrajectory, check_start

Array = NDArray[np.float64]

AT_HOME_RAD = 0.03  # a position controller's rest error, and nothing the camera could notice
STILL_RAD_S = 0.05
REST_TIMEOUT_S = 5.0
# Fingers closed on a block stand within this of its edge; on nothing they close much further.
HOLDING_TOLERANCE_M = 0.012
OPEN_TOLERANCE_M = 0.006
FINGER_SETTLE_S = 0.1  # the fingers' state is read this long after the end of their action
# Old joint states may also mean that this process was late: they are asked for again so often.
BLIND_TICKS = 3
RETRY_DELAY_S = 0.5
UNKNOWN_SCENE_LEVELS = 6  # height of the first way home, in blocks: nothing was seen yet
MISSES_UNTIL_IGNORED = 2  # a place where the hand closed on nothing this often is left alone
# Blocks and table count as touched from this depth on: blocks stand on them, and on one another, and
# are seen a millimetre or two off. Grasps keep a distance of their own.
CONTACT_DEPTH_M = 0.003
TABLE_SIZE_M, TABLE_THICKNESS_M = 3.0, 0.2
UPRIGHT = np.array([0.0, 0.0, 0.0, 1.0])
UNCLEAR_LOOKS = 2  # so many further looks before a block that is seen nowhere is taken for placed


class State(Enum):
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


HOLDING_STATES = (State.LIFTING, State.CARRYING)


@dataclass(frozen=True, eq=False)
class TowerConfig:
    """The task.

    Args:
        home: arm configuration from which is looked, radians, shape (n,).
        zone_lower, zone_upper: corners (x, y) of where blocks are looked for, metres.
        blocks: height of the tower; 0 for all blocks that are seen.
        grip_effort_n: force of the fingers.
        look_count: pictures that make one look.
        settle_s: pictures count when taken this long after the arm has stopped.
        max_detection_age_s: no motion starts on older pictures.
        max_state_age_s: without newer joint states the arm is stopped.
        warn_after_s, give_up_after_s: of waiting for detections or joint states.
        start_tolerance_rad: of a motion's start to where the arm is.
        max_failures: failed attempts in a row without the tower growing.
        max_retries: of one action.
        max_looks: looks in a row that show too little.
        plan_only: look from where the arm is and plan the first block's way; nothing is moved.
    """

    home: Array
    zone_lower: tuple[float, float]
    zone_upper: tuple[float, float]
    blocks: int = 0
    grip_effort_n: float = 20.0
    look_count: int = 4
    settle_s: float = 0.3
    max_detection_age_s: float = 3.0
    max_state_age_s: float = 0.5
    warn_after_s: float = 5.0
    give_up_after_s: float = 60.0
    start_tolerance_rad: float = 0.05
    max_failures: int = 5
    max_retries: int = 3
    max_looks: int = 5
    plan_only: bool = False
    map: BlockMapConfig = field(default_factory=BlockMapConfig)
    gripper: GripperGeometry = field(default_factory=GripperGeometry)
    pick_place: PickPlaceConfig = field(default_factory=PickPlaceConfig)

    def __post_init__(self) -> None:
        if self.blocks < 0 or self.blocks == 1:
            raise ConfigurationError(
                f"blocks {self.blocks}: wanted a tower of 2 or more, or 0 for all blocks seen"
            )
        if not np.greater(self.zone_upper, self.zone_lower).all():
            raise ConfigurationError(
                f"block zone from {self.zone_lower} to {self.zone_upper}: wanted the upper corner "
                "above the lower one in x and y, metres"
            )
        self.gripper.check_edge(self.map.edge_m)

    @property
    def centre(self) -> Array:
        """Middle of the block zone, metres, shape (2,)."""
        return np.asarray((np.array(self.zone_lower) + np.array(self.zone_upper)) / 2.0)

    def in_zone(self, position: Array) -> bool:
        """Whether a position, shape (2,) or (3,), lies in the block zone, seen from above."""
        xy = position[:2]
        return bool((xy >= self.zone_lower).all() and (xy <= self.zone_upper).all())


class TowerTask:
    """Stacks blocks into one tower.

    Args:
        motions: plans the arm's motions.
        config: see there.
    """

    def __init__(self, motions: StationPlanner, config: TowerConfig) -> None:
        self._motions = motions
        self._config = config
        self._planner = PickPlacePlanner(
            motions.arm, config.home, config.gripper, config.map, config.pick_place
        )
        self._commander = Commander()
        self._lookout = Lookout(config.look_count, config.settle_s, config.max_detection_age_s)
        self._handlers: dict[State, Callable[[Inputs, ArmState, ActionResult | None], None]] = {
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
        self.state = State.HOMING
        self._message = "waiting for the joint states of the robot"
        self._success = False
        self._log: list[LogLine] = []
        self._retries = 0
        self._not_before = -np.inf
        self._restless_since: float | None = None
        self._blind_since: float | None = None
        self._blind_ticks = 0
        self._warned = -np.inf
        self._scene: list[Block] = []
        self._scene_stamp = -np.inf
        self._tower: TowerBelief | None = None
        self._goal = config.blocks
        self._best = 0
        self._failures = 0
        self._poor_looks = 0
        self._unclear_looks = 0
        self._misses: list[Array] = []
        self._work: PickPlace | None = None
        self._target: Grasp | None = None
        self._putting_back = False
        self._gripper_moved = False
        self._paused = False
        self._ways: tuple[Array, ...] = ()

    def tick(self, inputs: Inputs) -> Outputs:
        """One step; call it often (tens of times a second). Planning may take some 100 ms."""
        self._log = []
        result = self._commander.end_of_command(inputs.now, inputs.results)
        if self.state is not State.FINISHED and not self._paused and not self._blind(inputs):
            assert inputs.arm is not None
            self._lookout.observe(inputs.now, self._resting(inputs.arm), inputs.sightings)
            self._step(inputs, inputs.arm, result)
        return Outputs(self._commander.take_outbox(), tuple(self._log), self.status)

    def pause(self) -> str:
        """Stop the arm where it is until `resume`; what is held stays held. Returns what is so."""
        if self.state is State.FINISHED or self._paused:
            return self._message
        self._commander.cancel()
        self._paused = True
        return self._ask(f"paused while {self.state.value}; resume goes on, stop ends it")

    def resume(self, now: float) -> str:
        """Go on, with a new plan from where the arm is; with a new look, but for a block in hand."""
        if not self._paused:
            return self._message
        self._paused = False
        self._blind_since = None
        keeps = (*HOLDING_STATES, State.GRASPING, State.RELEASING)
        self._enter(now, self.state if self.state in keeps else State.HOMING)
        return self._ask("going on")

    def stop(self) -> str:
        """Stop the arm where it is, for good."""
        if self.state is State.FINISHED:
            return self._message
        self._paused = False
        self._finish(False, "stopped by request")
        return self._message

    def take_commands(self) -> tuple[Command, ...]:
        """What is to be sent at once, before the next tick."""
        return self._commander.take_outbox()

    def _ask(self, message: str) -> str:
        """Something was asked for from outside of a tick: say it with the next status."""
        self._message = message
        return message

    @property
    def status(self) -> Status:
        return Status(
            state="paused" if self._paused else self.state.value,
            message=self._message,
            placed=self._tower.levels if self._tower is not None else 0,
            goal=self._goal,
            finished=self.state is State.FINISHED,
            success=self._success,
        )

    @property
    def ways(self) -> tuple[Array, ...]:
        """The ways of the tool that were planned last, metres, shape (m, 3) each."""
        return self._ways

    @property
    def scene(self) -> tuple[Block, ...]:
        """The blocks of the last look."""
        return tuple(self._scene)

    # --- the machine -----------------------------------------------------------------------------

    def _step(self, inputs: Inputs, arm: ArmState, result: ActionResult | None) -> None:
        if self._commander.busy:
            if self.state in HOLDING_STATES and self._holding(arm) is False:
                self._commander.cancel()
                self._failed(inputs.now, "the block was lost on the way")
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

    def _enter(self, now: float, state: State, message: str = "") -> None:
        self.state = state
        self._retries = 0
        self._not_before = -np.inf
        self._restless_since = None
        self._gripper_moved = False
        if state is State.LOOKING:
            self._lookout.restart(now)
        if message:
            self._say(message)

    def _say(self, message: str, severity: Severity = Severity.INFO) -> None:
        self._message = message
        self._log.append(LogLine(severity, message))

    def _warn_throttled(self, now: float, message: str) -> None:
        if now - self._warned >= self._config.warn_after_s:
            self._warned = now
            self._say(message, Severity.WARNING)

    def _finish(self, success: bool, reason: str) -> None:
        self._commander.cancel()
        self.state = State.FINISHED
        self._success = success
        self._say(reason, Severity.INFO if success else Severity.ERROR)

    def _failed(self, now: float, reason: str) -> None:
        """An attempt went wrong: home, look and try again, a bounded number of times."""
        self._failures += 1
        self._work = self._target = None
        self._putting_back = False
        if self._failures > self._config.max_failures:
            self._finish(False, f"given up after {self._failures} failed attempts: {reason}")
            return
        self._say(
            f"{reason}; trying again (attempt {self._failures} of {self._config.max_failures})",
            Severity.WARNING,
        )
        self._enter(now, State.HOMING)

    def _retry(self, now: float, what: str, result: ActionResult) -> bool:
        """Whether the action of this state is to be tried again (planned anew); says so."""
        self._retries += 1
        words = f"{what}: {result.outcome.value}" + (f" ({result.message})" * bool(result.message))
        if self._retries > self._config.max_retries:
            self._say(f"{words}, {self._retries} times", Severity.WARNING)
            return False
        self._say(f"{words}; once more from where the arm is", Severity.WARNING)
        self._not_before = now + RETRY_DELAY_S
        return True

    def _blind(self, inputs: Inputs) -> bool:
        """Whether joint states are missing; then the arm is stopped and nothing is begun."""
        now = inputs.now
        fresh = inputs.arm is not None and now - inputs.arm.stamp <= self._config.max_state_age_s
        if fresh:
            if self._blind_since is not None:
                self._blind_since = None
                self._not_before = now + RETRY_DELAY_S
            return False
        if self._blind_since is None:
            self._blind_since = self._warned = now
            self._blind_ticks = 0
        self._blind_ticks += 1
        if self._commander.moving_arm and self._blind_ticks >= BLIND_TICKS:
            self._commander.cancel()
            self._say("the joint states have stopped; the arm is stopped", Severity.WARNING)
        waited = now - self._blind_since
        if waited > self._config.give_up_after_s:
            self._finish(False, f"no joint states for {waited:.0f} s; is the robot running?")
        elif waited >= self._config.warn_after_s:
            self._warn_throttled(now, f"no joint states for {waited:.0f} s; waiting for the robot")
        return True

    # --- what the joint states say ---------------------------------------------------------------

    def _still(self, arm: ArmState) -> bool:
        return float(np.max(np.abs(arm.velocities))) < STILL_RAD_S

    def _at_home(self, arm: ArmState) -> bool:
        return float(np.max(np.abs(arm.positions - self._config.home))) < AT_HOME_RAD

    def _resting(self, arm: ArmState) -> bool:
        there = self._config.plan_only or self._at_home(arm)
        return self.state is State.LOOKING and self._still(arm) and there

    def _holding(self, arm: ArmState) -> bool | None:
        """Whether the fingers stand apart by a block; None where the robot does not tell."""
        if arm.opening_m is None:
            return None
        return arm.opening_m > self._config.map.edge_m - HOLDING_TOLERANCE_M

    # --- moving ----------------------------------------------------------------------------------

    def _move(
        self, inputs: Inputs, arm: ArmState, plan: Callable[[Array], JointTrajectory]
    ) -> None:
        """Send a motion from where the arm is, once it is at rest.

        Raises:
            KinematicsError: there is no such motion, or it does not pass the checks.
        """
        if not self._still(arm):
            if self._restless_since is None:
                self._restless_since = inputs.now
            if inputs.now - self._restless_since > REST_TIMEOUT_S:
                raise KinematicsError(f"the arm does not come to rest in {REST_TIMEOUT_S:.0f} s")
            return
        limits = self._motions.arm.limits
        start = np.clip(arm.positions, limits.lower, limits.upper)
        self._motions.set_scene(start, self._obstacles(), self._held())
        trajectory = plan(start)
        check_start(trajectory, arm.positions, self._config.start_tolerance_rad)
        self._ways = (self._way(trajectory),)
        self._commander.move_arm(inputs.now, trajectory)

    def _way(self, trajectory: JointTrajectory) -> Array:
        forward = self._motions.arm.forward
        return np.array([forward(joints).position for joints in trajectory.positions])

    def _obstacles(self) -> list[Obstacle]:
        """The table and the blocks of the last look, but for the one that is to be taken."""
        config = self._config.map
        top = config.table_height_m - CONTACT_DEPTH_M - TABLE_THICKNESS_M / 2
        middle = np.append(self._config.centre, top)
        table = np.array([TABLE_SIZE_M, TABLE_SIZE_M, TABLE_THICKNESS_M])
        size = np.full(3, config.edge_m - 2 * CONTACT_DEPTH_M)
        taken = self._work.block if self._work is not None else None
        return [Obstacle("the table", Pose(middle, UPRIGHT), table)] + [
            Obstacle(f"the block at ({b.position[0]:.3f}, {b.position[1]:.3f}) m", b.pose, size)
            for b in self._scene
            if b is not taken
        ]

    def _held(self) -> Obstacle | None:
        """The block in the hand, in the tool frame."""
        if self.state not in HOLDING_STATES:
            return None
        below = self._config.pick_place.grasp_above_centre_m
        size = np.full(3, self._config.map.edge_m - 2 * CONTACT_DEPTH_M)
        return Obstacle("the block", Pose(np.array([0.0, 0.0, below]), UPRIGHT), size)

    def _safe_height(self, carrying: bool) -> float:
        levels = self._tower.levels if self._tower is not None else 0
        if self._scene_stamp == -np.inf:
            levels = UNKNOWN_SCENE_LEVELS
        return self._planner.safe_height(self._scene, levels, carrying)

    # --- the states ------------------------------------------------------------------------------

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
            self._enter(inputs.now, State.OPENING)
            return
        height = self._safe_height(carrying=False)
        try:
            self._move(
                inputs,
                arm,
                lambda start: self._motions.to_configuration(start, self._config.home, height),
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
            self._commander.move_gripper(inputs.now, wide, self._config.grip_effort_n)

    def _look(self, inputs: Inputs, arm: ArmState, result: ActionResult | None) -> None:
        """Wait for pictures taken after the arm has stopped."""
        if self._lookout.complete:
            self._enter(inputs.now, State.DECIDING)
            return
        waited = inputs.now - self._lookout.waiting_since
        if inputs.now - self._lookout.began > self._config.give_up_after_s:
            if waited > self._config.warn_after_s:
                reason = f"no detections for {waited:.0f} s; is perception running?"
            else:
                reason = "detections come too late or too seldom to act on; is perception too slow?"
            self._finish(False, reason)
        elif waited >= self._config.warn_after_s:
            self._warn_throttled(
                inputs.now, f"no new detections for {waited:.0f} s; waiting for perception"
            )
        if not self._at_home(arm) and self._still(arm) and not self._config.plan_only:
            self._enter(inputs.now, State.HOMING)  # something has moved the arm

    def _decide(self, inputs: Inputs, arm: ArmState, result: ActionResult | None) -> None:
        """Where the tower stands, what comes next."""
        sightings = self._lookout.sightings
        if not sightings:
            self._enter(inputs.now, State.LOOKING)
            return
        self._scene_stamp = max(sighting.stamp for sighting in sightings)
        blocks = fuse([sighting.estimates for sighting in sightings], self._config.map)
        self._scene = [block for block in blocks if self._config.in_zone(block.position)]
        if not self._scene and self._tower is None:
            self._poor_look(inputs.now, "no block is seen in the block zone")
            return
        if self._tower is None and not self._found_tower(inputs.now, sightings[-1].camera_position):
            return
        assert self._tower is not None
        view = view_tower(self._scene, self._tower.position, self._config.map.edge_m)
        if self._judge(inputs.now, view):
            self._choose(inputs.now, view)
            if self._config.plan_only and self.state is State.APPROACHING:
                self._plan(arm)

    def _found_tower(self, now: float, camera_position: Array) -> bool:
        """Choose the base of the tower; False where none will do."""
        edge = self._config.map.edge_m
        standing = highest_stack(self._scene, edge)
        levels = self._config.blocks or len(self._scene)
        bases = rank_bases(self._scene, self._config.centre, edge, levels, camera_position)
        refusal = "no block on the table to build on"
        for base in [standing] if standing is not None else bases:
            try:
                for level in range(base.level + 1, levels):
                    self._planner.placement(base.position, base.yaw, level, [])
            except KinematicsError as error:
                refusal = str(error)
                continue
            self._tower = TowerBelief.on(base, known=len(self._scene))
            x, y = base.position[:2]
            self._say(f"the tower is built at ({x:.3f}, {y:.3f}) m, on level {base.level}")
            return True
        self._poor_look(now, f"no base for the tower: {refusal}")
        return False

    def _poor_look(self, now: float, reason: str) -> None:
        self._poor_looks += 1
        if self._poor_looks >= self._config.max_looks:
            self._finish(False, f"{reason}, in {self._poor_looks} looks")
        else:
            self._enter(now, State.LOOKING)
            self._say(f"{reason}; looking again", Severity.WARNING)

    def _judge(self, now: float, view: TowerView) -> bool:
        """Whether the look settles how high the tower is."""
        tower = self._tower
        assert tower is not None
        believed = tower.levels
        verdict = tower.judge(view)
        if verdict is Verdict.UNCLEAR:
            self._unclear_looks += 1
            if self._unclear_looks <= UNCLEAR_LOOKS:
                self._enter(now, State.LOOKING)
                self._say(
                    f"the tower should have {believed} blocks, {view.levels} are seen; "
                    "looking again",
                    Severity.WARNING,
                )
                return False
            if view.levels == 0 and believed == 1:
                self._tower = None
                self._unclear_looks = 0
                self._poor_look(now, "the base of the tower is no longer seen")
                return False
            self._say(
                f"of the tower's {believed} blocks {view.levels} are seen, none lies elsewhere: "
                "taken for standing",
                Severity.WARNING,
            )
        self._unclear_looks = 0
        if verdict is Verdict.FELL:
            tower.accept(view)
            if tower.levels == 0:
                self._tower = None
            self._failed(
                now, f"the tower should have {believed} blocks, {view.levels} stand, others lie"
            )
            return False
        if tower.levels > self._best:
            if self._best:
                self._say(f"seen from home: the tower has {tower.levels} blocks")
            self._best, self._failures, self._poor_looks = tower.levels, 0, 0
        return True

    def _choose(self, now: float, view: TowerView) -> None:
        tower = self._tower
        assert tower is not None
        candidates = [block for block in view.loose if not self._ignored(block)]
        ignored = len(view.loose) - len(candidates)
        self._goal = self._config.blocks or max(2, tower.known - ignored)
        if tower.levels >= self._goal:
            self._finish(True, f"the tower of {tower.levels} stands")
            return
        if not candidates:
            self._poor_look(
                now, f"the tower has {tower.levels} of {self._goal} blocks and no other is seen"
            )
            return
        try:
            work = self._planner.choose(
                candidates, self._scene, tower.position, tower.yaw, tower.levels
            )
        except KinematicsError as error:
            self._failed(now, str(error))
            return
        self._work, self._target, self._putting_back = work, work.placement, False
        x, y = work.block.position[:2]
        self._enter(
            now,
            State.APPROACHING,
            f"taking the block at ({x:.3f}, {y:.3f}) m for level {tower.levels}",
        )

    def _plan(self, arm: ArmState) -> None:
        """Plan the whole way of the block that was chosen, and end."""
        work, target = self._work, self._target
        assert work is not None
        assert target is not None
        limits, motions = self._motions.arm.limits, self._motions
        start = np.clip(arm.positions, limits.lower, limits.upper)
        try:
            motions.set_scene(start, self._obstacles())
            grasp = work.grasp
            approach = motions.to_station(
                start, grasp.pose_tool_in_base, grasp.joints, self._safe_height(carrying=False)
            )
            self.state = State.CARRYING  # what is in the hand moves with it
            motions.set_scene(approach.end, self._obstacles(), self._held())
            height = self._safe_height(carrying=True)
            lift = motions.up(approach.end, height)
            carry = motions.to_station(lift.end, target.pose_tool_in_base, target.joints, height)
        except KinematicsError as error:
            self._finish(False, f"there is no way: {error}")
            return
        parts = (approach, lift, carry)
        self._ways = tuple(self._way(part) for part in parts)
        seconds = sum(part.duration for part in parts)
        self._finish(True, f"planned, {seconds:.1f} s of motion for this block; nothing was moved")

    def _ignored(self, block: Block) -> bool:
        near = [
            miss
            for miss in self._misses
            if block.horizontal_distance(miss) < self._config.map.edge_m
        ]
        return len(near) >= MISSES_UNTIL_IGNORED

    def _approach(self, inputs: Inputs, arm: ArmState, result: ActionResult | None) -> None:
        """Over the block and down, hand open."""
        work = self._work
        assert work is not None
        if result is not None:
            if result.outcome is Outcome.SUCCEEDED:
                self._enter(inputs.now, State.GRASPING)
            elif not self._retry(inputs.now, "the way to the block", result):
                self._failed(inputs.now, "the arm does not get to the block")
            return
        age = inputs.now - self._scene_stamp
        if age > self._config.max_detection_age_s:
            self._enter(inputs.now, State.HOMING)
            self._say(f"what was seen is {age:.1f} s old; looking anew", Severity.WARNING)
            return
        height = self._safe_height(carrying=False)
        grasp = work.grasp
        try:
            self._move(
                inputs,
                arm,
                lambda start: self._motions.to_station(
                    start, grasp.pose_tool_in_base, grasp.joints, height
                ),
            )
        except KinematicsError as error:
            self._misses.append(work.block.position[:2])
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
            self._commander.move_gripper(inputs.now, 0.0, self._config.grip_effort_n)
            return
        self._gripper_moved = False
        work = self._work
        assert work is not None
        wide = self._config.gripper.max_opening_m
        if arm.opening_m is not None and arm.opening_m > wide - OPEN_TOLERANCE_M:
            self._failed(inputs.now, "the hand did not close")
        elif self._holding(arm) is False:
            self._misses.append(work.block.position[:2])
            self._failed(inputs.now, "the hand closed on nothing")
        else:
            self._enter(inputs.now, State.LIFTING)

    def _lift(self, inputs: Inputs, arm: ArmState, result: ActionResult | None) -> None:
        """Straight up to where nothing stands in the way."""
        if result is not None:
            if result.outcome is Outcome.SUCCEEDED:
                if self._holding(arm) is False:
                    self._failed(inputs.now, "the block was lost while it was lifted")
                else:
                    self._enter(inputs.now, State.CARRYING)
            elif not self._retry(inputs.now, "lifting the block", result):
                self._enter(inputs.now, State.RELEASING, "the block is let go where it is")
                self._putting_back = True
            return
        height = self._safe_height(carrying=True)
        try:
            self._move(inputs, arm, lambda start: self._motions.up(start, height))
        except KinematicsError as error:
            self._enter(inputs.now, State.RELEASING, f"the block cannot be lifted: {error}")
            self._putting_back = True

    def _carry(self, inputs: Inputs, arm: ArmState, result: ActionResult | None) -> None:
        """Across and down onto the tower, or back to where the block was."""
        target = self._target
        assert target is not None
        if result is not None:
            if result.outcome is Outcome.SUCCEEDED:
                self._enter(inputs.now, State.RELEASING)
            elif not self._retry(inputs.now, "carrying the block", result):
                self._put_back(inputs.now, "the arm does not get to the tower")
            return
        height = self._safe_height(carrying=True)
        try:
            self._move(
                inputs,
                arm,
                lambda start: self._motions.to_station(
                    start, target.pose_tool_in_base, target.joints, height
                ),
            )
        except KinematicsError as error:
            self._put_back(inputs.now, f"no way to the tower: {error}")

    def _put_back(self, now: float, reason: str) -> None:
        work = self._work
        assert work is not None
        if self._putting_back:
            self._finish(False, f"the block in the hand cannot be put back either: {reason}")
            return
        try:
            self._target = self._planner.put_back(work)
        except KinematicsError as error:
            self._finish(False, f"the block in the hand cannot be put back: {error}")
            return
        self._putting_back = True
        self._enter(now, State.CARRYING)
        self._say(f"{reason}; the block goes back to its place", Severity.WARNING)

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
            self._commander.move_gripper(inputs.now, wide, self._config.grip_effort_n)
            return
        self._gripper_moved = False
        if arm.opening_m is not None and arm.opening_m < wide - OPEN_TOLERANCE_M:
            stuck = ActionResult(0, Outcome.ABORTED, f"open by {1000 * arm.opening_m:.0f} mm")
            if not self._retry(inputs.now, "opening the hand", stuck):
                self._finish(False, "the hand does not open")
            return
        if self._putting_back:
            self._failed(inputs.now, "the block was put back")
            return
        assert self._tower is not None
        self._tower.levels += 1
        self._enter(
            inputs.now, State.HOMING, f"let go on level {self._tower.levels - 1}; going to look"
        )
