"""The parameters of control_node, and the configurations that they make."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np

from simreal_common.errors import ConfigurationError
from simreal_common.resources import share_directory
from simreal_common.settings.obstacles import read_obstacles
from simreal_common.settings.parameter_files import read_parameters
from simreal_common.settings.parameters import check_parameters, parameter
from simreal_control.grasping.gripper import GripperGeometry
from simreal_control.grasping.pick_place import PickPlaceConfig
from simreal_control.planning.dynamics import Load
from simreal_control.planning.kinematics import ArmKinematics
from simreal_control.planning.link_meshes import FoundMeshes, MissingMeshes, find_meshes
from simreal_control.planning.motion import MotionConfig
from simreal_control.planning.robot_description import read_description
from simreal_control.planning.trajectory import MotionLimits, Workspace
from simreal_control.task.goal import Goal, read_goal
from simreal_control.task.stacking_config import AT_HOME_RAD, StackingConfig
from simreal_control.world_model.block_map import BlockMapConfig

PANDA_JOINTS = tuple(f"panda_joint{number}" for number in range(1, 8))
PANDA_FINGERS = ("panda_finger_joint1", "panda_finger_joint2")
PANDA_HOME = (0.0, -0.785, 0.0, -2.356, 0.0, 1.571, 0.785)


class GripperType(Enum):
    """Actions that gripper controllers offer."""

    GRIPPER_COMMAND = "gripper_command"
    PARALLEL_GRIPPER_COMMAND = "parallel_gripper_command"


@dataclass(frozen=True)
class ControlParameters:
    """What control_node is told; defaults fit a Franka Panda with the Franka Hand."""

    blocks: int = parameter(
        Goal.blocks, "height of the tower in blocks, 0 for all blocks that are seen", range=(0, 16)
    )
    goal: str = parameter(
        "",
        "what to build, YAML or a YAML file, such as {build: row, blocks: 4}, see doc/operating.md; "
        "empty for a tower of `blocks`",
    )
    wait_for_goal: bool = parameter(
        False, "begin with nothing: goals come on the topic stacking/goal"
    )
    edge: float = parameter(BlockMapConfig.edge_m, "edge of the blocks, metres", range=(0.005, 0.5))
    table_height: float = parameter(
        BlockMapConfig.table_height_m,
        "height of the table top in the base frame, metres",
        range=(-2.0, 2.0),
    )
    base_frame: str = parameter(
        "panda_link0", "root link of the URDF; all motions are planned in it"
    )
    tool_frame: str = parameter("panda_grasptarget", "frame between the finger tips, z out of it")
    urdf: str = parameter("", "path of the robot's URDF; empty for topic robot_description")
    arm_joints: tuple[str, ...] = parameter(PANDA_JOINTS, "joints of the arm, base first")
    gripper_joints: tuple[str, ...] = parameter(
        PANDA_FINGERS, "driven joints of the fingers; their mimics follow as the URDF says"
    )
    gripper_table: tuple[float, ...] = parameter(
        (0.0,),
        "pairs of a position of the first finger joint (radians, or metres) and the opening there "
        "(metres), such as [0.0, 0.085, 0.8, 0.0]; one number: what the URDF's kinematics say",
        range=(-10.0, 10.0),
    )
    arm_action: str = parameter(
        "panda_arm_controller/follow_joint_trajectory",
        "FollowJointTrajectory action of the arm's controller",
    )
    gripper_action: str = parameter(
        "panda_hand_controller/gripper_cmd", "action of the gripper's controller"
    )
    gripper_type: str = parameter(
        GripperType.GRIPPER_COMMAND.value,
        "its type: control_msgs/GripperCommand or ParallelGripperCommand",
        choices=tuple(kind.value for kind in GripperType),
    )
    mesh_folders: tuple[str, ...] = parameter(
        ("",),
        "where package:// meshes of the robot description lie, beside the installed packages",
    )
    missing_meshes: str = parameter(
        MissingMeshes.REFUSE.value,
        "what is done about collision meshes that are not installed: simplify takes cylinders "
        "between joints for these links, leave_out knows nothing of what they could hit",
        choices=tuple(kind.value for kind in MissingMeshes),
    )
    simplified_radius: float = parameter(
        0.05, "of the cylinders of simplified links, metres", range=(0.005, 0.5)
    )
    home: tuple[float, ...] = parameter(
        PANDA_HOME, "arm configuration from which the camera sees all blocks, radians"
    )
    velocity_scaling: float = parameter(
        0.5,
        "share of the limits of velocity (URDF), acceleration and jerk that is used",
        range=(0.01, 1.0),
    )
    max_acceleration: tuple[float, ...] = parameter(
        (8.0,), "of each arm joint or of all, rad/s^2", range=(0.01, 100.0)
    )
    max_jerk: tuple[float, ...] = parameter(
        (60.0,), "of each arm joint or of all, rad/s^3", range=(0.1, 10000.0)
    )
    goal_tolerance: float = parameter(
        StackingConfig.goal_tolerance_rad,
        "how near to the end of a motion each arm joint has to come to rest before anything else "
        "moves; the arm's controller is told, too; radians",
        range=(0.001, AT_HOME_RAD),
    )
    block_mass: float = parameter(0.1, "of a block, kilograms", range=(0.0, 100.0))
    payload: float = parameter(
        2.2, "most that the hand may carry, kilograms", range=(0.001, 1000.0)
    )
    effort_scaling: float = parameter(
        0.8, "share of the URDF's joint effort limits that is used", range=(0.01, 1.0)
    )
    line_speed: float = parameter(
        0.5,
        "of the tool on straight approaches and retreats at a velocity_scaling of 1, m/s",
        range=(0.005, 1.0),
    )
    workspace_lower: tuple[float, ...] = parameter(
        (0.20, -0.45, 0.0), "lower corner (x, y, z) of the box that the tool never leaves, metres"
    )
    workspace_upper: tuple[float, ...] = parameter(
        (0.75, 0.45, 0.80), "upper corner (x, y, z) of the box that the tool never leaves, metres"
    )
    block_zone_lower: tuple[float, ...] = parameter(
        (0.28, -0.32), "lower corner (x, y) of where blocks are looked for, metres"
    )
    block_zone_upper: tuple[float, ...] = parameter(
        (0.72, 0.32), "upper corner (x, y) of where blocks are looked for, metres"
    )
    obstacles_file: str = parameter(
        "",
        "YAML file of what stands about the arm and is no block (doc/operating.md); empty: nothing",
    )
    floor_margin: float = parameter(
        0.015, "the tool stays this far above the table, metres", range=(0.0, 0.2)
    )
    safe_margin: float = parameter(
        PickPlaceConfig.safe_margin_m,
        "free height under whatever is moved across, metres",
        range=(0.005, 0.5),
    )
    min_clearance: float = parameter(
        PickPlaceConfig.min_clearance_m,
        "of the gripper to blocks it must not touch, metres",
        range=(0.0, 0.1),
    )
    grasp_above_centre: float = parameter(
        PickPlaceConfig.grasp_above_centre_m,
        "height of the tool point above the centre of a held block, metres",
        range=(-0.1, 0.1),
    )
    place_gap: float = parameter(
        PickPlaceConfig.place_gap_m,
        "free height under a block when it is let go, metres",
        range=(0.0, 0.05),
    )
    grip_effort: float = parameter(
        StackingConfig.grip_effort_n, "force of the fingers, newtons", range=(0.0, 200.0)
    )
    gripper_max_opening: float = parameter(
        GripperGeometry.max_opening_m, "between the finger pads, metres", range=(0.001, 0.5)
    )
    finger_thickness: float = parameter(
        GripperGeometry.finger_thickness_m,
        "of a finger along the closing direction, metres",
        range=(0.001, 0.2),
    )
    finger_width: float = parameter(
        GripperGeometry.finger_width_m,
        "of a finger across the closing direction, metres",
        range=(0.001, 0.2),
    )
    tip_below_tool: float = parameter(
        GripperGeometry.tip_below_tool_m,
        "how far the finger tips reach beyond the tool point, metres",
        range=(0.001, 0.2),
    )
    hand_above_tool: float = parameter(
        GripperGeometry.hand_above_tool_m,
        "from the tool point to the underside of the hand, metres",
        range=(0.001, 0.5),
    )
    hand_length: float = parameter(
        GripperGeometry.hand_length_m,
        "of the hand along the closing direction, metres",
        range=(0.01, 1.0),
    )
    hand_depth: float = parameter(
        GripperGeometry.hand_depth_m,
        "of the hand across the closing direction, metres",
        range=(0.01, 1.0),
    )
    min_score: float = parameter(
        BlockMapConfig.min_score,
        "detections with a lower score, a probability, are taken for no blocks",
        range=(0.0, 1.0),
    )
    faint_score: float = parameter(
        BlockMapConfig.low_confidence_score,
        "detections from here to min_score count where a block lacks",
        range=(0.0, 1.0),
    )
    ray_sigma: float = parameter(
        BlockMapConfig.ray_sigma_m,
        "error of detections along the viewing ray, added to theirs, metres",
        range=(0.0005, 0.2),
    )
    lateral_sigma: float = parameter(
        BlockMapConfig.lateral_sigma_m,
        "error of detections in all directions, added to theirs, metres",
        range=(0.0005, 0.2),
    )
    look_count: int = parameter(
        StackingConfig.frames_per_observation, "pictures that make one observation", range=(1, 100)
    )
    settle_time: float = parameter(
        StackingConfig.settle_s,
        "pictures count when taken this long after the arm has stopped, seconds",
        range=(0.0, 10.0),
    )
    max_detection_age: float = parameter(
        StackingConfig.max_detection_age_s,
        "no motion starts on older pictures, seconds",
        range=(0.1, 60.0),
    )
    max_tf_age: float = parameter(
        StackingConfig.max_tf_age_s,
        "pictures count only with a transform of the camera that is no older than this, seconds",
        range=(0.0, 10.0),
    )
    max_scene_age: float = parameter(
        StackingConfig.max_scene_age_s,
        "no motion with a block in hand starts on older pictures, seconds; so long a question "
        "for confirmation stands",
        range=(1.0, 600.0),
    )
    give_up_after: float = parameter(
        StackingConfig.give_up_after_s,
        "of waiting for detections, joint states or the robot, seconds",
        range=(1.0, 3600.0),
    )
    max_failures: int = parameter(
        StackingConfig.max_failures,
        "failed attempts in a row, without progress, that are borne",
        range=(0, 100),
    )
    plan_only: bool = parameter(
        StackingConfig.plan_only,
        "observe from where the arm is, plan and show the first block's way, move nothing",
    )
    confirm: bool = parameter(
        StackingConfig.confirm, "ask before each motion: it starts when stacking/confirm is called"
    )
    record: str = parameter(
        "", "folder for decisions.jsonl, which `simreal explain` reads; empty for none"
    )
    tick_rate: float = parameter(20.0, "of the state machine, hertz", range=(1.0, 200.0))

    def __post_init__(self) -> None:
        check_parameters(self)
        for corner in ("lower", "upper"):
            self._want_length(f"workspace_{corner}", 3)
            self._want_length(f"block_zone_{corner}", 2)
        self._want_length("home", len(self.arm_joints))
        if not self.arm_joints:
            raise ConfigurationError("parameter 'arm_joints': got none, wanted the arm's joints")
        for name in ("max_acceleration", "max_jerk"):
            if len(getattr(self, name)) != 1:
                self._want_length(name, len(self.arm_joints))
        if self.block_mass > self.payload:
            raise ConfigurationError(
                f"parameter 'block_mass': got {self.block_mass:g} kg, wanted at most the payload, "
                f"{self.payload:g} kg"
            )
        # Everything that can be wrong is to show before the robot is there.
        self.stacking_config()
        self.workspace()

    def robot_description(self) -> str:
        """Text of the URDF that is named by its path; raises ConfigurationError where it is none."""
        return read_description(self.urdf)

    def find_meshes(self, urdf: str, installed_packages: Sequence[str]) -> FoundMeshes:
        """A description with its meshes, looked for in `mesh_folders` first."""
        folders = [*(folder for folder in self.mesh_folders if folder), *installed_packages]
        return find_meshes(
            urdf, folders, MissingMeshes(self.missing_meshes), self.simplified_radius
        )

    def workspace(self) -> Workspace:
        """The box that the tool never leaves."""
        lower, upper = self.workspace_lower, self.workspace_upper
        return Workspace((lower[0], lower[1], lower[2]), (upper[0], upper[1], upper[2]))

    def motion_config(self, arm: ArmKinematics) -> MotionConfig:
        """How that arm moves."""
        count = len(self.arm_joints)
        limits = MotionLimits(
            arm.limits.velocity * self.velocity_scaling,
            self.velocity_scaling * np.broadcast_to(np.array(self.max_acceleration), (count,)),
            self.velocity_scaling * np.broadcast_to(np.array(self.max_jerk), (count,)),
        )
        return MotionConfig(
            limits=limits,
            workspace=self.workspace(),
            floor_m=self.table_height + self.floor_margin,
            line_speed_m_s=self.velocity_scaling * self.line_speed,
            load=Load(self.block_mass, self.edge, self.grasp_above_centre),
            effort_share=self.effort_scaling,
        )

    def what_to_build(self) -> Goal:
        """The goal."""
        if not self.goal.strip():
            return Goal(blocks=self.blocks)
        if self.blocks:
            raise ConfigurationError(
                f"parameters 'goal' and 'blocks': got both ({self.blocks} blocks), wanted one; the "
                "goal can have blocks of its own"
            )
        return read_goal(self.goal)

    def stacking_config(self) -> StackingConfig:
        """The task."""
        zone_lower = (self.block_zone_lower[0], self.block_zone_lower[1])
        zone_upper = (self.block_zone_upper[0], self.block_zone_upper[1])
        return StackingConfig(
            home=np.array(self.home),
            zone_lower=zone_lower,
            zone_upper=zone_upper,
            goal=self.what_to_build(),
            grip_effort_n=self.grip_effort,
            frames_per_observation=self.look_count,
            settle_s=self.settle_time,
            max_detection_age_s=self.max_detection_age,
            max_scene_age_s=self.max_scene_age,
            max_tf_age_s=self.max_tf_age,
            goal_tolerance_rad=self.goal_tolerance,
            give_up_after_s=self.give_up_after,
            max_failures=self.max_failures,
            plan_only=self.plan_only,
            confirm=self.confirm,
            obstacles=read_obstacles(self.obstacles_file, self.table_height),
            map=BlockMapConfig(
                edge_m=self.edge,
                table_height_m=self.table_height,
                min_score=self.min_score,
                low_confidence_score=self.faint_score,
                ray_sigma_m=self.ray_sigma,
                lateral_sigma_m=self.lateral_sigma,
            ),
            gripper=GripperGeometry(
                max_opening_m=self.gripper_max_opening,
                finger_thickness_m=self.finger_thickness,
                finger_width_m=self.finger_width,
                tip_below_tool_m=self.tip_below_tool,
                hand_above_tool_m=self.hand_above_tool,
                hand_length_m=self.hand_length,
                hand_depth_m=self.hand_depth,
            ),
            pick_place=PickPlaceConfig(
                grasp_above_centre_m=self.grasp_above_centre,
                place_gap_m=self.place_gap,
                min_clearance_m=self.min_clearance,
                safe_margin_m=self.safe_margin,
            ),
        )

    def _want_length(self, name: str, wanted: int) -> None:
        got = len(getattr(self, name))
        if got != wanted:
            raise ConfigurationError(
                f"parameter '{name}': got {got} numbers, wanted {wanted}"
                + (" (one for each of arm_joints)" if wanted == len(self.arm_joints) else "")
            )


def robot_parameters(robot: str) -> ControlParameters:
    """The parameters of control_node that come with a robot, from `config/<robot>.yaml`.

    Raises:
        ConfigurationError: there is no such file, or what it holds cannot be used.
    """
    path = share_directory() / "config" / f"{robot}.yaml"
    return read_parameters(path, "/control_node", ControlParameters, section_needed=False)
