"""What somebody holds into a running world: solid, moved from outside, held by nothing."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from simreal_common.geometry import Pose
from simreal_sim.physics.world import World

SKIN_RGB = (0.80, 0.60, 0.50)


class Intruder:
    """A box that goes where it is put: a hand with its forearm.

    Args:
        world: in which it is from now on.
        name: of it, for messages.
        size: of its edges, metres, shape (3,).
        pose: of its centre in the world.
    """

    def __init__(self, world: World, name: str, size: ArrayLike, pose: Pose) -> None:
        self._world = world
        half = (np.asarray(size, dtype=np.float64) / 2).tolist()
        bullet, client = world.bullet, world.client
        box = bullet.GEOM_BOX
        collision = bullet.createCollisionShape(box, halfExtents=half, physicsClientId=client)
        visual = bullet.createVisualShape(
            box, halfExtents=half, rgbaColor=[*SKIN_RGB, 1], physicsClientId=client
        )
        self.body: int = bullet.createMultiBody(
            0, collision, visual, pose.position.tolist(), pose.orientation.tolist(),
            physicsClientId=client,
        )  # fmt: skip
        world.obstacles[self.body] = name

    def move(self, pose: Pose) -> None:
        """Be there from now on."""
        self._world.bullet.resetBasePositionAndOrientation(
            self.body, pose.position.tolist(), pose.orientation.tolist(),
            physicsClientId=self._world.client,
        )  # fmt: skip

    def distance_m(self, within_m: float) -> float:
        """To what is nearest of the robot; infinite where that is farther."""
        near = self._world.bullet.getClosestPoints(
            self._world.robot, self.body, within_m, physicsClientId=self._world.client
        )
        return min((float(point[8]) for point in near), default=np.inf)

    def remove(self) -> None:
        """Be gone."""
        self._world.obstacles.pop(self.body)
        self._world.bullet.removeBody(self.body, physicsClientId=self._world.client)
