"""What a stacking task is told: goal, places, patience."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from simreal_common.errors import ConfigurationError
from simreal_common.settings.obstacles import Obstacle
from simreal_control.grasping.hands.hand import Hand
from simreal_control.grasping.hands.parallel_gripper import ParallelGripper
from simreal_control.grasping.pick_place import PickPlaceConfig
from simreal_control.occupancy.depth_config import DepthConfig
from simreal_control.robot_interface.joint_state_buffer import MAX_STATE_AGE_S
from simreal_control.task.task_planning.goal import Goal
from simreal_control.world_model.block_map import BlockMapConfig
from simreal_control.world_model.scene_observation import Zone

Array = NDArray[np.float64]

AT_HOME_RAD = 0.03  # a position controller's rest error, and nothing the camera could notice


@dataclass(frozen=True, eq=False)
class StackingConfig:
    """The task.

    Args:
        home: arm configuration from which the scene is observed, radians, shape (n,).
        zone_lower, zone_upper: corners (x, y) of where blocks count, metres.
        goal: what is built.
        grip_effort_n: force of the fingers.
        frames_per_observation: pictures that make one observation.
        settle_s: pictures count when taken this long after the arm has stopped.
        early_look_rad: an empty hand on its way home: pictures of fixed cameras count from where no
            joint is farther from home, too; 0: none before the arm rests.
        max_detection_age_s: the hand starts for a block on pictures no older than this.
        max_scene_age_s: no motion with a block in hand starts on older pictures: it observes again.
        max_state_age_s: without newer joint states the arm is stopped.
        max_tf_age_s: pictures count only with a transform of the camera no older than this.
        warn_after_s, give_up_after_s: of waiting for detections or joint states.
        start_tolerance_rad: of a motion's start to where the arm is.
        goal_tolerance_rad: of where the arm comes to rest to a motion's end, each joint.
        max_failures: failed attempts in a row without the structure growing.
        max_retries: of one action.
        max_poor_observations: observations in a row that show too little.
        plan_only: observe from where the arm is and plan the first block's way; nothing is moved.
        confirm: ask before each motion.
        obstacles: what stands there and is no block.
        look_poses: arm configurations from which is looked, too, where home does not show all that is
            wanted; for a camera on the hand.
        cameras: topics of detections; one that is empty where there is one alone.
        depth: what is watched by depth images, where there are any.
    """

    home: Array
    zone_lower: tuple[float, float]
    zone_upper: tuple[float, float]
    goal: Goal = field(default_factory=Goal)
    grip_effort_n: float = 20.0
    frames_per_observation: int = 4
    settle_s: float = 0.3
    early_look_rad: float = 0.2
    max_detection_age_s: float = 3.0
    max_scene_age_s: float = 30.0
    max_state_age_s: float = MAX_STATE_AGE_S
    max_tf_age_s: float = 0.5
    warn_after_s: float = 5.0
    give_up_after_s: float = 60.0
    start_tolerance_rad: float = 0.05
    goal_tolerance_rad: float = 0.015
    max_failures: int = 5
    max_retries: int = 3
    max_poor_observations: int = 5
    plan_only: bool = False
    confirm: bool = False
    obstacles: tuple[Obstacle, ...] = ()
    look_poses: tuple[Array, ...] = ()
    cameras: tuple[str, ...] = ("",)
    depth: DepthConfig = field(default_factory=DepthConfig)
    map: BlockMapConfig = field(default_factory=BlockMapConfig)
    gripper: Hand = field(default_factory=ParallelGripper)
    pick_place: PickPlaceConfig = field(default_factory=PickPlaceConfig)

    def __post_init__(self) -> None:
        if not np.greater(self.zone_upper, self.zone_lower).all():
            raise ConfigurationError(
                f"block zone from {self.zone_lower} to {self.zone_upper}: wanted the upper corner "
                "above the lower one in x and y, metres"
            )
        self.gripper.check_edge(self.map.edge_m)

    @property
    def looks(self) -> tuple[Array, ...]:
        """Where is looked from, home first."""
        return (self.home, *self.look_poses)

    @property
    def zone(self) -> Zone:
        return Zone(np.array(self.zone_lower), np.array(self.zone_upper), self.obstacles)
