"""The robots that can be simulated: what physics, controllers and camera image must know of each.

Control knows nothing of this: it reads the robot description and its own YAML in `config/`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from simreal_common.errors import ConfigurationError
from simreal_common.geometry import Pose
from simreal_sim.physics.robot_model import (
    FINGER_STROKE_M,
    KUKA_EFFORTS,
    KUKA_JOINTS,
    KUKA_VELOCITIES,
    kuka_description,
    panda_description,
)

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class SimulatedArm:
    """An arm with a parallel gripper whose two fingers move alike.

    Args:
        name: what it is called on the command line; `config/<name>.yaml` is for control.
        describe: makes the URDF from the folder of pybullet_data and a prefix of mesh paths.
        joints: of the arm, base first.
        finger_joints: 0 is closed.
        base_link, tool_link: root of the URDF; frame between the finger tips.
        hand_link: carries the fingers.
        finger_links: may touch the block that is held.
        dark_links: seen in the colour of the hand.
        home: where the arm starts, rad, shape (n,); seen from the camera it hides no block there.
        velocity_limits, effort_limits: of the joints, rad/s and N m, shape (n,).
        braking: with which it stops when a motion is cancelled, rad/s^2, shape (n,).
        finger_open_m: of one finger, from closed.
        finger_velocity, gripper_effort: of one finger at most, m/s and N.
        pose_base_in_world: where it stands.
        arm_action, gripper_action: what its controllers are called.
    """

    name: str
    describe: Callable[[Path, str], str]
    joints: tuple[str, ...]
    finger_joints: tuple[str, str]
    base_link: str
    tool_link: str
    hand_link: str
    finger_links: tuple[str, str]
    dark_links: tuple[str, ...]
    home: tuple[float, ...]
    velocity_limits: Array
    effort_limits: Array
    braking: Array
    finger_open_m: float
    finger_velocity: float
    gripper_effort: float
    pose_base_in_world: Pose
    arm_action: str
    gripper_action: str


PANDA = SimulatedArm(
    name="panda",
    describe=panda_description,
    joints=tuple(f"panda_joint{number}" for number in range(1, 8)),
    finger_joints=("panda_finger_joint1", "panda_finger_joint2"),
    base_link="panda_link0",
    tool_link="panda_grasptarget",
    hand_link="panda_hand",
    finger_links=("panda_leftfinger", "panda_rightfinger"),
    dark_links=("panda_link7", "panda_hand", "panda_leftfinger", "panda_rightfinger"),
    # The arm's ready pose: tool at x 0.31, z 0.49, pointing down.
    home=(0.0, -0.785, 0.0, -2.356, 0.0, 1.571, 0.785),
    # Panda's documented limits.
    velocity_limits=np.array([2.175, 2.175, 2.175, 2.175, 2.61, 2.61, 2.61]),
    effort_limits=np.array([87.0, 87.0, 87.0, 87.0, 12.0, 12.0, 12.0]),
    braking=np.array([15.0, 7.5, 10.0, 12.5, 15.0, 20.0, 20.0]),
    finger_open_m=0.04,
    finger_velocity=0.1,
    gripper_effort=70.0,  # continuous force of the Franka hand
    pose_base_in_world=Pose.identity(),
    arm_action="panda_arm_controller/follow_joint_trajectory",
    gripper_action="panda_hand_controller/gripper_cmd",
)

KUKA = SimulatedArm(
    name="kuka",
    describe=kuka_description,
    joints=KUKA_JOINTS,
    finger_joints=("gripper_left_finger_joint", "gripper_right_finger_joint"),
    base_link="lbr_iiwa_link_0",
    tool_link="gripper_tool",
    hand_link="gripper_hand",
    finger_links=("gripper_left_finger", "gripper_right_finger"),
    dark_links=(
        "lbr_iiwa_link_7", "gripper_hand", "gripper_left_finger", "gripper_right_finger",
    ),
    home=(0.0, 0.0, 0.0, -1.5708, 0.0, 1.5708, 0.0),
    velocity_limits=np.array(KUKA_VELOCITIES),
    effort_limits=np.array(KUKA_EFFORTS),
    braking=np.full(7, 10.0),
    finger_open_m=FINGER_STROKE_M,
    finger_velocity=0.1,
    gripper_effort=70.0,
    # Its elbow bends by 120 degrees at most: what is nearer than 0.41 m to the shoulder it does not
    # reach from above.
    pose_base_in_world=Pose(np.array([-0.08, 0.0, 0.0]), np.array([0.0, 0.0, 0.0, 1.0])),
    arm_action="kuka_arm_controller/follow_joint_trajectory",
    gripper_action="kuka_hand_controller/gripper_cmd",
)  # fmt: skip

SIMULATED_ARMS = {arm.name: arm for arm in (PANDA, KUKA)}


def simulated_arm(name: str) -> SimulatedArm:
    """The robot of that name.

    Raises:
        ConfigurationError: there is none.
    """
    if name not in SIMULATED_ARMS:
        raise ConfigurationError(f"robot '{name}': wanted one of {', '.join(SIMULATED_ARMS)}")
    return SIMULATED_ARMS[name]
