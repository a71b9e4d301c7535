"""What stands in a physics world beside the robot: table, wall, blocks, distractors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2

from simreal_common.errors import ConfigurationError
from simreal_common.geometry import Pose
from simreal_common.settings.obstacles import Obstacle
from simreal_sim.physics.bullet_server import BulletServer
from simreal_sim.physics.world_distractors import WORLD_DISTRACTORS
from simreal_sim.physics.world_randomization import (
    BlockSetup,
    DistractorSetup,
    Material,
    WorldScene,
)

BLOCK_DENSITY = 800.0  # kg/m^3, hard wood: 0.1 kg for 50 mm
BLOCK_FRICTION, TABLE_FRICTION = 0.9, 0.8
ROLLING_FRICTION, SOFT_ROLLING_FRICTION = 1e-4, 0.01
SPINNING_FRICTION = 1e-3

# A bench in front of a wall: between them they fill the camera's image. Every further layer of
# background would cost the software renderer some 40 ms an image.
TABLE_SIZE = (1.4, 2.4, 0.04)  # metres
TABLE_CENTER = (0.30, 0.0)
WALL_SIZE = (0.02, 2.8, 1.6)
WALL_CENTER = (-0.42, 0.0, 0.76)
# Cardboard, grey, white, dark blue, brown: as boxes are that stand about.
OBSTACLE_RGB = (
    (0.72, 0.58, 0.42), (0.50, 0.50, 0.52), (0.88, 0.88, 0.86), (0.18, 0.22, 0.38),
    (0.42, 0.28, 0.18),
)  # fmt: skip


def add_block(server: BulletServer, block: BlockSetup) -> int:
    """Put a block in; PyBullet's number of the body."""
    return _add_body(
        server,
        "BOX",
        {"halfExtents": [block.edge / 2] * 3},
        block.pose,
        block.rgb,
        mass=BLOCK_DENSITY * block.edge**3,
    )


def add_distractor(server: BulletServer, distractor: DistractorSetup) -> int:
    """Put a distractor in; PyBullet's number of the body.

    Raises:
        ConfigurationError: there is no such shape.
    """
    if distractor.shape not in WORLD_DISTRACTORS:
        raise ConfigurationError(
            f"distractor '{distractor.shape}': wanted one of {', '.join(WORLD_DISTRACTORS)}"
        )
    kind = WORLD_DISTRACTORS[distractor.shape]
    dimensions = kind.dimensions(distractor.size)
    rolling = SOFT_ROLLING_FRICTION if kind.soft else ROLLING_FRICTION
    return _add_body(
        server, kind.primitive, dimensions, distractor.pose, distractor.rgb, 0.05, rolling
    )


def add_obstacle(server: BulletServer, obstacle: Obstacle, pose: Pose, number: int) -> int:
    """Put in what stands for good; PyBullet's number of the body.

    Args:
        obstacle: its size.
        pose: of its centre in the world.
        number: chooses its colour.
    """
    half = (obstacle.size / 2).tolist()
    collision = server.call("createCollisionShape", server.bullet.GEOM_BOX, halfExtents=half)
    material = Material(OBSTACLE_RGB[number % len(OBSTACLE_RGB)])
    turn = pose.orientation.tolist()
    return _add_static(server, material, half, pose.position.tolist(), collision, turn)


def add_surroundings(server: BulletServer, scene: WorldScene) -> int:
    """Put table (solid) and wall (seen alone) in; PyBullet's number of the table."""
    half = [length / 2 for length in TABLE_SIZE]
    center = [*TABLE_CENTER, -half[2]]
    collision = server.call("createCollisionShape", server.bullet.GEOM_BOX, halfExtents=half)
    table = _add_static(server, scene.table, half, center, collision)
    server.call(
        "changeDynamics",
        table,
        -1,
        lateralFriction=TABLE_FRICTION,
        rollingFriction=ROLLING_FRICTION,
        spinningFriction=SPINNING_FRICTION,
    )
    _add_static(server, scene.wall, [length / 2 for length in WALL_SIZE], list(WALL_CENTER))
    return table


def _add_body(
    server: BulletServer,
    shape: str,
    dimensions: dict[str, Any],
    pose: Pose,
    rgb: Sequence[float],
    mass: float,
    rolling_friction: float = ROLLING_FRICTION,
) -> int:
    kind = getattr(server.bullet, f"GEOM_{shape}")
    collision = server.call("createCollisionShape", kind, **dimensions)
    if "height" in dimensions:
        dimensions = {"radius": dimensions["radius"], "length": dimensions["height"]}
    visual = server.call("createVisualShape", kind, rgbaColor=[*rgb, 1], **dimensions)
    body: int = server.call(
        "createMultiBody",
        mass,
        collision,
        visual,
        pose.position.tolist(),
        pose.orientation.tolist(),
    )
    server.call(
        "changeDynamics",
        body,
        -1,
        lateralFriction=BLOCK_FRICTION,
        rollingFriction=rolling_friction,
        spinningFriction=SPINNING_FRICTION,
        restitution=0.0,
    )
    return body


def _add_static(
    server: BulletServer,
    material: Material,
    half: list[float],
    center: list[float],
    collision: int = -1,
    turn: Sequence[float] = (0.0, 0.0, 0.0, 1.0),
) -> int:
    visual = server.call(
        "createVisualShape",
        server.bullet.GEOM_BOX,
        halfExtents=half,
        rgbaColor=[*material.rgb, 1],
    )
    body: int = server.call("createMultiBody", 0, collision, visual, center, turn)
    if material.texture is not None:
        # PyBullet takes textures from files alone; it has read the file when the call returns.
        _, png = cv2.imencode(".png", cv2.cvtColor(material.texture, cv2.COLOR_RGB2BGR))
        texture = server.call_with_file("loadTexture", png.tobytes())
        server.call("changeVisualShape", body, -1, textureUniqueId=texture)
    return body
