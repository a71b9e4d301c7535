"""What the states of a task share: its parts, what the joint states say, how motions are sent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from simreal_common.geometry import Pose
from simreal_common.settings.obstacles import Obstacle
from simreal_control.grasping.arm_mover import ArmMover
from simreal_control.grasping.pick_place import Held, PickPlacePlanner
from simreal_control.grasping.surroundings import Surroundings, block_in_hand
from simreal_control.occupancy.workspace_watch import WorkspaceWatch
from simreal_control.planning.motion import StationPlanner
from simreal_control.planning.trajectory import JointTrajectory
from simreal_control.robot_interface.command_dispatcher import CommandDispatcher
from simreal_control.robot_interface.standstill import Standstill
from simreal_control.robot_interface.task_io import ArmState, HandCommand, Inputs
from simreal_control.task.stacking_config import AT_HOME_RAD, StackingConfig
from simreal_control.task.task_events import TaskLog
from simreal_control.task.task_planning.task_planner import TaskPlanner
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
        watch: what depth shows of the workspace; None where there is no depth.
        motion: of the arm, the one that was sent last.
        held_box: what may be in the hand, in the tool frame.
        blocked_since: since when no motion begins for what depth shows; infinity: it may.
        let_go: when the hand let go of something, and where that is since then.
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
    watch: WorkspaceWatch | None = None
    motion: JointTrajectory | None = None
    held_box: Obstacle | None = None
    blocked_since: float = np.inf
    let_go: tuple[float, Obstacle] | None = None

    @staticmethod
    def assemble(
        motions: StationPlanner,
        config: StackingConfig,
        surroundings: Surroundings | None = None,
        watch: WorkspaceWatch | None = None,
    ) -> TaskContext:
        """The parts of a task that knows nothing yet."""
        above_m = config.pick_place.grasp_above_centre_m
        planner = PickPlacePlanner(
            motions.arm, config.home, config.gripper, config.map, config.pick_place, surroundings
        )
        context = TaskContext(
            config,
            planner,
            ArmMover(motions, config.map, config.zone.centre, above_m, config.start_tolerance_rad),
            TaskPlanner(config.goal, config.zone, config.map, planner),
            CommandDispatcher(config.confirm, config.max_scene_age_s),
            TaskLog(config.warn_after_s),
            watch=watch,
        )
        context.task_planner.see = context.seen
        return context

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

    # --- what depth shows ------------------------------------------------------------------------

    def look(self, inputs: Inputs, in_hand: Held | None, may_hold: bool, lets_go: bool) -> None:
        """Take what is new of the workspace.

        Args:
            in_hand: what the hand holds.
            may_hold: there may be a block in the hand, or the hand about one.
            lets_go: it opens.
        """
        if self.watch is None:
            return
        if inputs.arm is not None:
            self.watch.hear(inputs.arm)
        above_m, edge_m = self.config.pick_place.grasp_above_centre_m, self.config.map.edge_m
        tilt = in_hand.tilt if in_hand is not None else 0.0
        box = block_in_hand(edge_m, above_m, tilt)
        self.held_box = box if may_hold else None
        if lets_go and inputs.arm is not None:
            tool = self.mover.motions.arm.forward(inputs.arm.positions)
            self.let_go = (inputs.now, Obstacle(box.name, tool @ box.pose, box.size))
        if inputs.depth_frames:
            self.watch.know(self._known_blocks())
        self.watch.look(inputs.depth_frames, self.held_box, inputs.depth_lack)

    def seen(self) -> tuple[Obstacle, ...]:
        """What stands there beside blocks and what stands for good."""
        if self.watch is None:
            return ()
        self.watch.know(self._known_blocks())
        return self.watch.obstacles(self.held_box)

    def unwatched(self, now: float) -> str:
        """Why nothing is known of what comes into the workspace, in words; empty where it is."""
        return self.watch.lack(now) if self.watch is not None else ""

    def newcomer(self, now: float) -> str:
        """What came into the workspace lately, in words; empty where nothing did."""
        if self.watch is None:
            return ""
        points = self.watch.arrived(now)
        return f"something new stands at {_place(np.median(points, axis=0))}" if len(points) else ""

    def in_the_way(self, now: float, arm: ArmState) -> str:
        """What the motion under way would come near to, in words; empty where that is nothing."""
        if self.watch is None or self.motion is None:
            return ""
        place = self.watch.in_the_way(now, self.motion, arm.positions, self.held_box)
        return f"something stands in the way at {_place(place)}" if place is not None else ""

    def _known_blocks(self) -> list[Obstacle]:
        """Blocks as they were seen, those in their places, and what the hand let go of since then."""
        planner, blocks = self.task_planner, self.config.map
        poses = [block.pose for block in planner.scene]
        structure = planner.structure
        for number in structure.filled if structure is not None else ():
            target = structure.target(number)  # type: ignore[union-attr]
            turn = Rotation.from_euler("z", target.yaw).as_quat()
            poses.append(Pose(np.array([*target.position, blocks.height(target.level)]), turn))
        known = [Obstacle("a block", pose, np.full(3, blocks.edge_m)) for pose in poses]
        if self.let_go is not None and self.let_go[0] > planner.scene_stamp:
            known.append(self.let_go[1])
        return known

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
        trajectory = self.mover.plan(arm, self.standing(taken), held, way, self.seen())
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
        self.motion = trajectory
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


def _place(point: Array) -> str:
    x, y, z = point
    return f"({x:.2f}, {y:.2f}, {z:.2f}) m"
