"""Wires parameters and a robot description to a stacking task, for all who run one."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from simreal_common.errors import ConfigurationError
from simreal_control.control_configuration import ControlParameters
from simreal_control.grasping.surroundings import Surroundings
from simreal_control.occupancy.workspace_watch import WorkspaceWatch
from simreal_control.planning.collision_world import OBSTACLE_MARGIN_M, CollisionWorld
from simreal_control.planning.finger_kinematics import finger_mapping
from simreal_control.planning.finger_mapping import FingerMapping
from simreal_control.planning.kinematics import ArmKinematics
from simreal_control.planning.link_hulls import LinkHulls
from simreal_control.planning.motion import StationPlanner
from simreal_control.planning.robot_description import continuous_joints
from simreal_control.planning.sampling_planner import SamplingPlanner
from simreal_control.task.stacking_config import StackingConfig
from simreal_control.task.stacking_task import StackingTask
from simreal_control.task.states.homing import Homing
from simreal_control.task.states.verifying_hand import VerifyingHand
from simreal_control.task.task_context import TaskContext
from simreal_control.task.task_planning.goal import Goal


@dataclass(frozen=True, eq=False)
class Assembly:
    """Holds what tasks of one robot are made of.

    Args:
        config: of a task.
        world: what the arm could hit, with nothing in it but the arm until a task is made.
        fingers: openings of the hand and positions of its joints.
        continuous: names of the arm's joints that turn without end.
        remarks: what should be known of the robot's description, in words.
        motions: plans the arm's motions among what it could hit; tasks that follow each other
            share it, with the scene of the latest one.
        surroundings: what stands there for good, or is seen to; None for nothing.
        hulls: of the links, for what depth shows; None without depth.
    """

    config: StackingConfig
    motions: StationPlanner
    world: CollisionWorld
    fingers: FingerMapping
    continuous: frozenset[str] = frozenset()
    remarks: tuple[str, ...] = ()
    surroundings: Surroundings | None = None
    hulls: LinkHulls | None = None

    @property
    def hand(self) -> str:
        """What the hand is and does, for tables and logs."""
        return self.config.gripper.words(self.fingers)

    @property
    def arm(self) -> ArmKinematics:
        """Its kinematics."""
        return self.motions.arm

    def task(self, goal: Goal | None = None) -> StackingTask:
        """A task that knows nothing yet; its goal is that of the parameters unless one is given."""
        config = self.config if goal is None else replace(self.config, goal=goal)
        first = Homing() if config.plan_only else VerifyingHand()
        watch = None
        if self.hulls is not None:
            watch = WorkspaceWatch(config.depth, self.hulls, config.obstacles)
        context = TaskContext.assemble(self.motions, config, self.surroundings, watch)
        return StackingTask(context, first, Homing)


def assemble(
    parameters: ControlParameters, urdf: str, installed_packages: Sequence[str] = ()
) -> Assembly:
    """Make what tasks of a robot need.

    Args:
        parameters: of control_node.
        urdf: text of the robot description.
        installed_packages: folders in which package:// meshes are looked for, after those that the
            parameters name.

    Raises:
        ConfigurationError: a description that cannot be used or does not fit the parameters.
    """
    p = parameters
    meshes = p.find_meshes(urdf, installed_packages)
    urdf = meshes.urdf
    arm = ArmKinematics(urdf, p.arm_joints, p.tool_frame, posture=np.array(p.home))
    if arm.base_frame != p.base_frame:
        raise ConfigurationError(
            f"parameter 'base_frame': got '{p.base_frame}', wanted the root link of the robot "
            f"description, '{arm.base_frame}'"
        )
    fingers = finger_mapping(
        urdf, p.finger_joints, p.tool_frame, p.gripper_max_opening, p.finger_table
    )
    motion = p.motion_config(arm)
    opened = fingers.joints_at(p.gripper_max_opening)
    coarse = {link for link, _ in meshes.missing}
    config = p.stacking_config()

    def make_world() -> CollisionWorld:
        return CollisionWorld(
            urdf,
            p.arm_joints,
            p.tool_frame,
            opened,
            coarse_links=coarse,
            rest=np.array(p.home),
            standing=config.obstacles,
        )

    world = make_world()
    surroundings = hulls = None
    if config.depth.enabled:
        # What is seen between the fingers and beside them is the hand's, however open it is.
        hands = [opened, fingers.joints_at(0.0)]
        hulls = LinkHulls(urdf, p.arm_joints, p.tool_frame, hands)
        surroundings = Surroundings(make_world())
    if config.obstacles:
        contact = world.contact(np.array(p.home))
        if contact is not None:
            raise ConfigurationError(
                f"parameter 'obstacles_file': at home {contact}, or come within "
                f"{1000 * OBSTACLE_MARGIN_M:.0f} mm of it; wanted obstacles away from there"
            )
        surroundings = surroundings or Surroundings(make_world())
    around = SamplingPlanner(arm, motion, world)
    return Assembly(
        config,
        StationPlanner(arm, motion, world, around),
        world,
        fingers,
        continuous_joints(urdf) & set(p.arm_joints),
        (meshes.remark,) if meshes.remark else (),
        surroundings,
        hulls,
    )


def installed_packages() -> list[str]:
    """Folders of the ROS installation that hold packages with meshes."""
    prefixes = os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep)
    return [str(Path(prefix) / "share") for prefix in prefixes if prefix]
