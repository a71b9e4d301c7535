"""The parameters of control_node, and the configurations that they make."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simreal_common.errors import ConfigurationError
from simreal_common.resources import share_directory
from simreal_common.settings.obstacles import read_obstacles
from simreal_common.settings.parameter_files import read_parameters
from simreal_common.settings.parameters import check_parameters, parameter_specs
from simreal_control.depth_parameters import DepthFields
from simreal_control.grasping.hands.hand import Hand
from simreal_control.grasping.hands.registry import HANDS, DrivenHand
from simreal_control.grasping.pick_place import PickPlaceConfig
from simreal_control.hand_drivers.hand_connection import HandConnection
from simreal_control.occupancy.depth_config import DepthConfig
from simreal_control.parameters import NO_LOOK_POSES, ParameterFields
from simreal_control.planning.dynamics import Load
from simreal_control.planning.kinematics import ArmKinematics
from simreal_control.planning.link_meshes import FoundMeshes, MissingMeshes, find_meshes
from simreal_control.planning.motion import MotionConfig
from simreal_control.planning.robot_description import read_description
from simreal_control.planning.trajectory import MotionLimits, Workspace
from simreal_control.task.stacking_config import StackingConfig
from simreal_control.task.task_planning.goal import Goal, read_goal
from simreal_control.world_model.block_map import BlockMapConfig

Array = NDArray[np.float64]

HAND_GROUP = "gripper."  # of the names of parameters


@dataclass(frozen=True)
class ControlParameters(DepthFields, ParameterFields):
    """The parameters of control_node, checked, and the configurations that they make."""

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
                f"parameter 'block_mass': got {self.block_mass:g} kg, wanted at most limits.payload, "
                f"{self.payload:g} kg"
            )
        self._check_cameras()
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
            load=Load(self.block_mass, self.edge, self.tool_above_centre()),
            effort_share=self.effort_scaling,
        )

    @property
    def hand_type(self) -> DrivenHand:
        """The kind of the hand, and what drives it."""
        return HANDS[self.gripper_type]

    @property
    def finger_joints(self) -> tuple[str, ...]:
        """Driven joints of the fingers; none of a hand without."""
        return self.gripper_joints if self.hand_type.hand.driven else ()

    @property
    def finger_table(self) -> tuple[float, ...]:
        """Pairs of a position of the first of them and the opening there; none: by the URDF."""
        return (
            self.gripper_table if self.hand_type.hand.driven and len(self.gripper_table) > 1 else ()
        )

    def tool_above_centre(self) -> float:
        """Height of the tool point above the centre of a held block, metres."""
        return self.hand().tool_above_centre_m(self.edge, self.grasp_above_centre)

    def hand(self) -> Hand:
        """The hand's measures, and what follows from its kind."""
        told = {
            spec.name.removeprefix(HAND_GROUP): getattr(self, spec.field)
            for spec in parameter_specs(type(self))
            if spec.name.startswith(HAND_GROUP)
        }
        return self.hand_type.hand.from_parameters(told)

    def hand_connection(self) -> HandConnection:
        """Where what drives the hand is found."""
        return HandConnection(
            self.gripper_action, self.finger_joints, self.vacuum_feedback, self.vacuum_time
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
            early_look_rad=self.early_look,
            max_detection_age_s=self.max_detection_age,
            max_scene_age_s=self.max_scene_age,
            max_tf_age_s=self.max_tf_age,
            goal_tolerance_rad=self.goal_tolerance,
            give_up_after_s=self.give_up_after,
            max_failures=self.max_failures,
            plan_only=self.plan_only,
            confirm=self.confirm,
            look_poses=self.further_looks(),
            cameras=self.cameras,
            depth=self.depth(),
            obstacles=read_obstacles(self.obstacles_file, self.table_height),
            map=BlockMapConfig(
                edge_m=self.edge,
                table_height_m=self.table_height,
                min_score=self.min_score,
                low_confidence_score=self.faint_score,
                ray_sigma_m=self.ray_sigma,
                lateral_sigma_m=self.lateral_sigma,
            ),
            gripper=self.hand(),
            pick_place=PickPlaceConfig(
                grasp_above_centre_m=self.tool_above_centre(),
                place_gap_m=self.place_gap,
                min_clearance_m=self.min_clearance,
                safe_margin_m=self.safe_margin,
            ),
        )

    def depth(self) -> DepthConfig:
        """What is watched by depth images."""
        workspace = self.workspace()
        return DepthConfig(
            topic=self.depth_topic.strip(),
            lower=workspace.lower,
            upper=workspace.upper,
            table_m=self.table_height,
            voxel_m=self.depth_voxel,
            table_margin_m=self.depth_table_margin,
            robot_padding_m=self.depth_robot_padding,
            stop_distance_m=self.depth_stop_distance,
            max_age_s=self.depth_max_age,
            still_s=self.depth_still_time,
        )

    @property
    def cameras(self) -> tuple[str, ...]:
        """Topics of detections; one that is empty where there is one alone."""
        return self.detection_topics if len(self.detection_topics) > 1 else ("",)

    def further_looks(self) -> tuple[Array, ...]:
        """Arm configurations from which is looked beside home, radians, shape (n,) each."""
        if len(self.look_poses) < 2:
            return ()
        return tuple(np.array(self.look_poses).reshape(-1, len(self.arm_joints)))

    def _check_cameras(self) -> None:
        if not all(self.detection_topics) or not self.detection_topics:
            raise ConfigurationError(
                "parameter 'perception.detection_topics': got an empty one, wanted the topics on "
                "which the cameras' detections come, such as [detections, wrist/detections]"
            )
        if len(set(self.detection_topics)) < len(self.detection_topics):
            raise ConfigurationError(
                f"parameter 'perception.detection_topics': got {', '.join(self.detection_topics)}, "
                "wanted each once"
            )
        got, joints = len(self.look_poses), len(self.arm_joints)
        if got % joints and self.look_poses != NO_LOOK_POSES:
            raise ConfigurationError(
                f"parameter 'look_poses': got {got} numbers, wanted {joints} for each pose (one for "
                "each of arm_joints), or [0.0] for home alone"
            )

    def _want_length(self, field: str, wanted: int) -> None:
        got = len(getattr(self, field))
        if got != wanted:
            (name,) = (s.name for s in parameter_specs(type(self)) if s.field == field)
            raise ConfigurationError(
                f"parameter '{name}': got {got} numbers, wanted {wanted}"
                + (" (one for each of arm_joints)" if wanted == len(self.arm_joints) else "")
            )


def robot_parameters(robot: str, wrist_camera: bool = False) -> ControlParameters:
    """The parameters of control_node that come with a robot, from `config/<robot>.yaml`.

    Args:
        robot: its name.
        wrist_camera: whether a camera is on its hand: then `config/<robot>_wrist.yaml` counts, too.

    Raises:
        ConfigurationError: there is no such file, or what it holds cannot be used.
    """
    folder = share_directory() / "config"
    more = [folder / f"{robot}_wrist.yaml"] if wrist_camera else []
    return read_parameters(
        folder / f"{robot}.yaml", "/control_node", ControlParameters, False, more
    )
