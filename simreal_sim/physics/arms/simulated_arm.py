"""What physics, controllers and camera image must know of a robot that is simulated.

Control knows nothing of this: it reads the robot description and its own YAML in `config/`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from simreal_common.geometry import Pose

Array = NDArray[np.float64]


class HandKind(Enum):
    """What grips; its physics are in `hands.py`, what drives it in `ros_hand_controllers.py`."""

    PARALLEL_GRIPPER = "parallel gripper"
    SUCTION_CUP = "suction cup"


@dataclass(frozen=True, eq=False)
class SimulatedArm:
    """An arm with a parallel gripper whose two fingers move alike, or with a suction cup.

    Fingers slide, or turn on cranks with pads at their ends that stay upright. A cup has no finger
    joints; closed is on.

    Args:
        name: what it is called on the command line; `config/<name>.yaml` is for control.
        describe: makes the URDF as text, meshes named by absolute paths, from the folder of
            pybullet_data and what is put before each path ("file://" makes the URLs that RViz wants).
        joints: of the arm, base first.
        finger_joints: of the fingers, or of the cranks; they move alike. A cup has none.
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
        hand: what grips.
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
    hand: HandKind = HandKind.PARALLEL_GRIPPER
    ahead: int = 1

    @property
    def table_height_m(self) -> float:
        """Height of the table top in the base frame."""
        return -float(self.pose_base_in_world.position[2])
