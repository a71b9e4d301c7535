"""The robots that can be simulated: what physics, controllers and camera image must know of each.

Control knows nothing of this: it reads the robot description and its own YAML in `config/`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from simreal_common.errors import ConfigurationError
from simreal_common.geometry import Pose
from simreal_sim.physics.robot_model import (
    CUP_RADIUS_M,
    FINGER_STROKE_M,
    KUKA_EFFORTS,
    KUKA_JOINTS,
    KUKA_VELOCITIES,
    kuka_description,
    kuka_suction_description,
    panda_description,
    xarm6_description,
)
from simreal_sim.physics.ur5e_model import (
    CLOSED_RAD,
    CRANK_M,
    KNUCKLES,
    TIPS,
    UR5E_EFFORTS,
    UR5E_JOINTS,
    UR5E_VELOCITIES,
    ur5e_description,
)

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class SimulatedArm:
    """An arm with a parallel gripper whose two fingers move alike, or with a suction cup.

    Fingers slide, or turn on cranks with pads at their ends that stay upright. A cup has no finger
    joints; closed is on.

    Args:
        name: what it is called on the command line; `config/<name>.yaml` is for control.
        describe: makes the URDF from the folder of pybullet_data and a prefix of mesh paths.
        joints: of the arm, base first.
        finger_joints: of the fingers, or of the cranks; they move alike. None: it is a cup.
        base_link, tool_link: root of the URDF; frame between the finger tips, or in the cup's lip.
        hand_link: carries the fingers, or the cup.
        finger_links: may touch the block that is held; those with the pads.
        dark_links: seen in the colour of the hand.
        home: where the arm starts, rad, shape (n,); seen from the camera it hides no block there.
        velocity_limits, effort_limits: of the joints, rad/s and N m, shape (n,).
        braking: with which it stops when a motion is cancelled, rad/s^2, shape (n,).
        finger_open, finger_closed: positions of a finger joint, m or rad.
        finger_velocity: of a finger joint at most, m/s or rad/s.
        gripper_effort: of one pad at most, N.
        pose_base_in_world: where it stands.
        arm_action, gripper_action: what its controllers are called.
        tip_joints: where pads turn on cranks, moving as the finger joints do.
        finger_lever_m: of cranks, metres that a pad moves for a radian; 1 where fingers slide.
        cup_radius_m: of a suction cup's lip.
        vacuum_feedback: topic that says whether the cup holds something; `gripper_action` is the
            service that switches it.
        ahead: the sign of the tool frame's x axis that points away from the base at home: there a
            camera is mounted on the hand.
    """

    name: str
    describe: Callable[[Path, str], str]
    joints: tuple[str, ...]
    finger_joints: tuple[str, ...]
    base_link: str
    tool_link: str
    hand_link: str
    finger_links: tuple[str, ...]
    dark_links: tuple[str, ...]
    home: tuple[float, ...]
    velocity_limits: Array
    effort_limits: Array
    braking: Array
    finger_open: float
    finger_velocity: float
    gripper_effort: float
    pose_base_in_world: Pose
    arm_action: str
    gripper_action: str
    finger_closed: float = 0.0
    tip_joints: tuple[str, ...] = ()
    finger_lever_m: float = 1.0
    cup_radius_m: float = 0.0
    vacuum_feedback: str = ""
    ahead: int = 1

    @property
    def table_height_m(self) -> float:
        """Height of the table top in the base frame."""
        return -float(self.pose_base_in_world.position[2])


@dataclass(frozen=True, eq=False)
class JointStates:
    """The arm's n joints, then those of the fingers, two or none: rad or m, per second, N m or N."""

    names: tuple[str, ...]
    positions: Array
    velocities: Array
    efforts: Array


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
    finger_open=0.04,
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
    finger_open=FINGER_STROKE_M,
    finger_velocity=0.1,
    gripper_effort=70.0,
    # Its elbow bends by 120 degrees at most: what is nearer than 0.41 m to the shoulder it does not
    # reach from above.
    pose_base_in_world=Pose(np.array([-0.08, 0.0, 0.0]), np.array([0.0, 0.0, 0.0, 1.0])),
    ahead=-1,
    arm_action="kuka_arm_controller/follow_joint_trajectory",
    gripper_action="kuka_hand_controller/gripper_cmd",
)  # fmt: skip

KUKA_SUCTION = replace(
    KUKA,
    name="kuka_suction",
    describe=kuka_suction_description,
    finger_joints=(),
    hand_link="suction_hand",
    tool_link="suction_tool",
    finger_links=("suction_cup",),
    dark_links=("lbr_iiwa_link_7", "suction_hand", "suction_cup"),
    finger_open=1.0,
    cup_radius_m=CUP_RADIUS_M,
    gripper_action="vacuum_gripper/switch",
    vacuum_feedback="vacuum_gripper/holding",
)

XARM6 = SimulatedArm(
    name="xarm6",
    describe=xarm6_description,
    joints=tuple(f"joint{number}" for number in range(1, 7)),
    finger_joints=("gripper_left_finger_joint", "gripper_right_finger_joint"),
    base_link="link_base",
    tool_link="gripper_tool",
    hand_link="gripper_hand",
    finger_links=("gripper_left_finger", "gripper_right_finger"),
    dark_links=("link6", "gripper_hand", "gripper_left_finger", "gripper_right_finger"),
    home=(0.0, -0.5977, -1.2978, 0.0, 1.8955, 0.0),
    velocity_limits=np.full(6, 3.14),
    effort_limits=np.array([50.0, 50.0, 32.0, 32.0, 32.0, 20.0]),
    braking=np.full(6, 10.0),
    finger_open=FINGER_STROKE_M,
    finger_velocity=0.1,
    gripper_effort=70.0,
    # It reaches 0.7 m: what lies 0.65 m before the cell's origin it reaches from a little nearer.
    pose_base_in_world=Pose(np.array([0.05, 0.0, 0.0]), np.array([0.0, 0.0, 0.0, 1.0])),
    arm_action="xarm6_traj_controller/follow_joint_trajectory",
    gripper_action="xarm_gripper/gripper_cmd",
)

UR5E = SimulatedArm(
    name="ur5e",
    describe=ur5e_description,
    joints=UR5E_JOINTS,
    finger_joints=KNUCKLES,
    base_link="base_link",
    tool_link="hand_tool",
    hand_link="hand_palm",
    finger_links=("hand_left_pad", "hand_right_pad"),
    dark_links=(
        "wrist_3_link", "hand_palm", "hand_left_crank", "hand_right_crank", "hand_left_pad",
        "hand_right_pad",
    ),
    home=(-0.4445, -1.9586, 1.4413, -1.0535, -1.5708, -2.0153),
    velocity_limits=np.array(UR5E_VELOCITIES),
    effort_limits=np.array(UR5E_EFFORTS),
    braking=np.full(6, 10.0),
    finger_open=0.0,
    finger_closed=CLOSED_RAD,
    finger_velocity=1.5,
    gripper_effort=70.0,
    pose_base_in_world=Pose.identity(),
    arm_action="scaled_joint_trajectory_controller/follow_joint_trajectory",
    gripper_action="gripper_controller/gripper_cmd",
    tip_joints=TIPS,
    finger_lever_m=CRANK_M,
)  # fmt: skip

SIMULATED_ARMS = {arm.name: arm for arm in (PANDA, KUKA, KUKA_SUCTION, XARM6, UR5E)}


def simulated_arm(name: str) -> SimulatedArm:
    """The robot of that name.

    Raises:
        ConfigurationError: there is none.
    """
    if name not in SIMULATED_ARMS:
        raise ConfigurationError(f"robot '{name}': wanted one of {', '.join(SIMULATED_ARMS)}")
    return SIMULATED_ARMS[name]
