"""joint_states -> positions and velocities of the joints that matter, checked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sensor_msgs.msg import JointState

from simreal_common.errors import MessageError

FASTEST = 1e4  # rad/s or m/s
LARGEST_ANGLE = 1e6  # rad or m


@dataclass(frozen=True, eq=False)
class JointReading:
    """What a JointState says of some joints, in the order in which they were asked for.

    Args:
        positions: rad or m, shape (n,).
        velocities: rad/s or m/s, shape (n,); None where the message has none.
    """

    positions: NDArray[np.float64]
    velocities: NDArray[np.float64] | None


def read_joints(message: JointState, joints: Sequence[str]) -> JointReading | None:
    """What is said of these joints; None where one of them is not in the message.

    Others may be in it, too, and are not looked at. Velocities that are NaN, as
    joint_state_broadcaster writes those that a robot does not measure, count as none.

    Raises:
        MessageError: fewer positions than names, or a position that is no finite number.
    """
    index = {name: i for i, name in enumerate(message.name)}
    if any(joint not in index for joint in joints):
        return None
    if len(message.position) != len(message.name):
        raise MessageError(
            f"joint_states with {len(message.name)} names and {len(message.position)} positions: "
            "wanted as many"
        )
    order = [index[joint] for joint in joints]
    positions = np.array(message.position, dtype=np.float64)[order]
    for joint, position in zip(joints, positions, strict=True):
        if not abs(position) <= LARGEST_ANGLE:
            raise MessageError(f"joint_states: {joint} at {position:g}, wanted a finite angle")
    velocities = None
    if len(message.velocity) == len(message.name):
        said = np.array(message.velocity, dtype=np.float64)[order]
        velocities = said if bool((np.abs(said) <= FASTEST).all()) else None
    return JointReading(positions, velocities)
