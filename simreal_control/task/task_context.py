"""What the states of a task share: its parts, what the joint states say, how motions are sent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from simreal_control.grasping.arm_mover import ArmMover
from simreal_control.grasping.pick_place import Held, PickPlacePlanner
from simreal_control.grasping.surroundings import Surroundings
from simreal_control.planning.motion import StationPlanner
from simreal_control.planning.trajectory import JointTrajectory
from simreal_control.robot_interface.command_dispatcher import CommandDispatcher
from simreal_control.robot_interface.standstill import Standstill
from simreal_control.robot_interface.task_io import ArmState, HandCommand
from simreal_control.task.stacking_config import AT_HOME_RAD, StackingConfig
from simreal_control.task.task_events import TaskLog
from simreal_control.task.task_planner import TaskPlanner
from simreal_control.world_model.block_map import Block

Array = NDArray[np.float64]
Way = Callable[[StationPlanner, Array], JointTrajectory]

UNKNOWN_SCENE_LEVELS = 6  # height of the first way home, in blocks: nothing was seen yet


@dataclass(eq=False)
class TaskContext:
    """The parts of a task, and its patience.

    Args:
        config: of the task.
        planner: grasps and placements.
        mover: motions.
        task_planner: what is believed, and what follows from it.
        dispatcher: sends commands.
        log: takes words.
        standstill: whether arm and fingers are at rest.
        failures: attempts that failed in a row, without the structure growing.
        poor_observations: in a row, those that showed too little.
        lost_cameras: those of which the last observation had not enough pictures.
    """

    config: StackingConfig
    planner: PickPlacePlanner
    mover: ArmMover
    task_planner: TaskPlanner
    dispatcher: CommandDispatcher
    log: TaskLog
    standstill: Standstill = field(default_factory=Standstill)
    failures: int = 0
    poor_observations: int = 0
    lost_cameras: set[str] = field(default_factory=set)

    @staticmethod
    def assemble(
        motions: StationPlanner,
        config: StackingConfig,
        surroundings: Surroundings | None = None,
    ) -> TaskContext:
        """The parts of a task that knows nothing yet."""
        above_m = config.pick_place.grasp_above_centre_m
        planner = PickPlacePlanner(
            motions.arm, config.home, config.gripper, config.map, config.pick_place, surroundings
        )
        return TaskContext(
            config,
            planner,
            ArmMover(motions, config.map, config.zone.centre, above_m, config.start_tolerance_rad),
            TaskPlanner(config.goal, config.zone, config.map, planner),
            CommandDispatcher(config.confirm, config.max_scene_age_s),
            TaskLog(config.warn_after_s),
        )

    # --- what the joint states say ---------------------------------------------------------------

    def at_home(self, arm: ArmState, look: int = 0) -> bool:
        """Whether the arm stands where the scene is observed from: at home, or that look pose."""
        return float(np.max(np.abs(arm.positions - self.config.looks[look]))) < AT_HOME_RAD

    def near_home(self, arm: ArmState) -> bool:
        """Whether the arm hides from a fixed camera no more than it does at home."""
        off = np.abs(arm.positions - self.config.home)
        return float(np.max(off)) <= self.config.early_look_rad

    def holding(self, arm: ArmState) -> bool | None:
        """Whether the hand holds a block; None: nobody tells."""
        return self.config.gripper.holding(arm, self.config.map.edge_m)

    def wide_open(self, arm: ArmState) -> bool | None:
        """Whether the hand is as open as it can be; None where the robot does not tell."""
        return self.config.gripper.wide_open(arm)

    # --- what is known of the scene --------------------------------------------------------------

    def scene_age(self, now: float) -> float:
        """Of the pictures from which is known what stands where, seconds."""
        return now - self.task_planner.scene_stamp

    def standing(self, taken: Block | None) -> list[Block]:
        """The blocks of the last observation, but for the one that the hand takes or holds."""
        return [block for block in self.task_planner.scene if block is not taken]

    def safe_height(self, now: float, carrying: bool) -> float:
        """Height of the tool at which it passes over everything, metres."""
        structure = self.task_planner.structure
        levels = structure.levels if structure is not None else 0
        if self.scene_age(now) > self.config.max_scene_age_s:
            levels = max(levels, UNKNOWN_SCENE_LEVELS)
        return self.planner.safe_height(self.task_planner.scene, levels, carrying)

    # --- commands --------------------------------------------------------------------------------

    def move(
        self,
        now: float,
        arm: ArmState,
        what: str,
        way: Way,
        held: Held | None,
        taken: Block | None,
    ) -> JointTrajectory:
        """Send a motion from where the arm is, at rest; that motion.

        Args:
            what: the motion, in words.
            way: makes the motion from a start.
            held: what is in the hand.
            taken: see `standing`.

        Raises:
            KinematicsError: there is no such motion, or it does not pass the checks.
        """
        trajectory = self.mover.plan(arm, self.standing(taken), held, way)
        self.log.note(
            "motion",
            what=what,
            seconds=round(trajectory.duration, 2),
            holding=held is not None,
            way=np.round(self.mover.ways[0][::10], 3).tolist(),
        )
        if trajectory.why_slow:
            self.log.say(f"{what}: {trajectory.why_slow}")
        self.dispatcher.move_arm(now, trajectory, what)
        return trajectory

    def open_hand(self, now: float, what: str) -> None:
        """Send the hand to where it is as open as it can be."""
        self._move_hand(now, self.config.gripper.open_command, what)

    def close_hand(self, now: float, what: str) -> None:
        """Send the hand to close on what is there."""
        self._move_hand(now, self.config.gripper.close_command, what)

    def not_open(self, arm: ArmState) -> str:
        """How a hand that should be open is not, in words."""
        return self.config.gripper.not_open(arm)

    def _move_hand(
        self, now: float, command: Callable[[int, float], HandCommand], what: str
    ) -> None:
        effort_n = self.config.grip_effort_n
        sent = self.dispatcher.move_hand(now, lambda number: command(number, effort_n), what)
        self.log.note("gripper", what=what, **sent.told)
