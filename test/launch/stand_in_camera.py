"""The stand-in robot's camera: draws in a process of its own, as no camera takes the time of its arm.

PyBullet holds the interpreter while it draws, 0.1 s or more on a machine with other work. Drawn where
the physics is stepped, every image would be a gap in the joint states, which no real robot has.
"""

from __future__ import annotations

import multiprocessing
import signal
from dataclasses import dataclass
from multiprocessing.connection import Connection

import numpy as np
from numpy.typing import NDArray

from simreal_common.geometry import Pose
from simreal_sim.physics.world import World
from simreal_sim.physics.world_camera import WorldCamera
from simreal_sim.physics.world_randomization import WorldScene


@dataclass(frozen=True)
class SeenWorld:
    """What an image shows: positions of the robot's joints by name, poses of the blocks by name."""

    joints: dict[str, float]
    blocks: dict[str, Pose]


class StandInCamera:
    """Takes one image at a time of a world that goes on meanwhile."""

    def __init__(self, scene: WorldScene) -> None:
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._process = context.Process(target=_draw_all, args=(scene, theirs), daemon=True)
        self._process.start()
        theirs.close()
        self._connection.recv()  # it has built its world
        self.idle = True

    def expose(self, world: World) -> None:
        """Begin an image of the world as it is now; only when `idle`."""
        states = world.joint_states()
        joints = dict(zip(states.names, states.positions.tolist(), strict=True))
        self._connection.send(SeenWorld(joints, world.block_poses()))
        self.idle = False

    def image(self) -> NDArray[np.uint8] | None:
        """The image that was begun, RGB, shape (height, width, 3), once; None until it is there."""
        if self.idle or not self._connection.poll():
            return None
        self.idle = True
        drawn: NDArray[np.uint8] = self._connection.recv()
        return drawn


def _draw_all(scene: WorldScene, connection: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the robot ends it, by ending
    world = World(scene)
    camera = WorldCamera(world, shadows=False)
    bullet, client, robot = world.bullet, world.client, world.robot
    indices = {
        bullet.getJointInfo(robot, index, physicsClientId=client)[1].decode(): index
        for index in range(bullet.getNumJoints(robot, physicsClientId=client))
    }
    try:
        connection.send(None)
        while True:
            seen: SeenWorld = connection.recv()
            for name, position in seen.joints.items():
                bullet.resetJointState(robot, indices[name], position, physicsClientId=client)
            for name, pose in seen.blocks.items():
                world.place_block(name, pose)
            connection.send(camera.render())
    except (EOFError, ConnectionError):
        return  # the robot has ended
