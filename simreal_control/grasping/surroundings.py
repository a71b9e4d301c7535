"""What stands around for good, as the choice of grasps and placements sees it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from simreal_common.errors import KinematicsError
from simreal_common.geometry import Pose
from simreal_common.settings.obstacles import Obstacle
from simreal_control.planning.collision_world import CollisionWorld

Array = NDArray[np.float64]


class Surroundings:
    """Says whether the arm can be somewhere, with or without a block in the hand.

    Args:
        world: with nothing but the arm and what stands around; of this object alone.

    Attributes:
        seen: what stands there now beside that, as a depth camera shows it.
    """

    def __init__(self, world: CollisionWorld) -> None:
        self._world = world
        self.seen: tuple[Obstacle, ...] = ()

    def check(self, way: Array, held: Obstacle | None = None) -> None:
        """Raise a KinematicsError where the arm touches something on a way, radians, (m, n).

        Args:
            held: what the hand holds, in the tool frame.
        """
        self._world.set_scene([], held, self.seen)
        for joints in way:
            if self._world.collides(joints):
                raise KinematicsError(f"on the way straight up {self._world.contact(joints)}")


def block_in_hand(size_m: float, above_m: float, tilt: float) -> Obstacle:
    """A block as the hand holds it, in the tool frame.

    Args:
        size_m: what counts of its edges.
        above_m: tool point above its centre.
        tilt: of the hand, radians.
    """
    back = Rotation.from_euler("y", -tilt)
    pose = Pose(back.apply([0.0, 0.0, above_m]), back.as_quat())
    return Obstacle("the block", pose, np.full(3, size_m))
