"""One table-top scene for the physics world, drawn from a generator: what lies where, how it looks.

World frame: z up, table top at z = 0, the robot's base at the origin looking along +x. The blocks
lie in the block zone; distractors lie around it, in view but out of the arm's way. Each group of
randomization draws from its own child generator: switching one off leaves the others as they were.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, fields

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from simreal_common.block_estimate import BLOCK_EDGE_M
from simreal_common.camera import Camera
from simreal_common.errors import ConfigurationError
from simreal_common.geometry import Pose, look_at
from simreal_sim.physics.world_distractors import WORLD_DISTRACTORS
from simreal_sim.physics.world_ranges import (
    BlockPoseRanges,
    SensorNoiseRanges,
    WorldCameraRanges,
    WorldColorRanges,
    WorldDistractorRanges,
    WorldLightRanges,
    WorldRanges,
    WorldTextureRanges,
)
from simreal_sim.physics.world_sensor import SensorNoise

Array = NDArray[np.float64]
RgbImage = NDArray[np.uint8]
Rgb = tuple[float, float, float]

WORLD_GROUPS = tuple(group.name for group in fields(WorldRanges))

MAX_BLOCKS = 8
MAX_DISTRACTORS = 4

# Between block centres, as a multiple of the edge: an open gripper finger (about 20 mm) fits
# between two blocks at any yaw. 0.09 m for blocks of 50 mm.
SEPARATION_IN_EDGES = 1.8
PLACEMENT_TRIES = 10_000
# Used when the poses are not randomized; the first three make a demo.
NOMINAL_POSITIONS = (
    (0.45, -0.12), (0.52, 0.02), (0.43, 0.15), (0.60, 0.16),
    (0.60, -0.16), (0.38, 0.02), (0.38, -0.22), (0.62, -0.04),
)  # fmt: skip

SPOTS = ((0.42, -0.365), (0.60, -0.355), (0.42, 0.365), (0.60, 0.355))  # for distractors

CAMERA_POSITION = (1.15, 0.0, 0.62)  # opposite the robot
CAMERA_TARGET = (0.47, 0.0, 0.03)
FOCAL_PER_WIDTH = 610 / 640  # like the colour camera of a RealSense D435
WRIST_FOCAL_PER_WIDTH = 0.65  # wide, 75 degrees: near things are looked at

TEXTURE_SIZE = 256  # pixels a side

# Hue, saturation, value (all 0 to 1) of the blocks when colours are not randomized.
NOMINAL_BLOCK_HSV = [
    (0.0, 0.80, 0.80), (0.33, 0.65, 0.60), (0.61, 0.75, 0.80), (0.13, 0.80, 0.90),
    (0.78, 0.55, 0.70), (0.07, 0.85, 0.90), (0.50, 0.60, 0.70), (0.92, 0.50, 0.85),
]  # fmt: skip


@dataclass(frozen=True, eq=False)
class BlockSetup:
    """A cube: its name, the pose of its centre in the world, edge (m) and colour (0 to 1)."""

    name: str
    pose: Pose
    edge: float
    rgb: Rgb


@dataclass(frozen=True, eq=False)
class DistractorSetup:
    """A distractor: an object that is no block.

    `shape` is a name out of `WORLD_DISTRACTORS`, `size` what its class says, metres.
    """

    shape: str
    size: tuple[float, ...]
    pose: Pose
    rgb: Rgb


@dataclass(frozen=True, eq=False)
class Material:
    """Colour (0 to 1) and optional texture, RGB uint8 (n, n, 3), which the colour multiplies."""

    rgb: Rgb
    texture: RgbImage | None = None


@dataclass(frozen=True)
class Light:
    """Sunlight: direction towards the light in the world, colour, and how strong each part is."""

    direction: tuple[float, float, float] = (0.6, 0.5, 1.5)
    rgb: Rgb = (1.0, 1.0, 1.0)
    ambient: float = 0.55
    diffuse: float = 0.45
    specular: float = 0.05


@dataclass(frozen=True, eq=False)
class WorldScene:
    """Everything that a physics world and its cameras need to know."""

    blocks: tuple[BlockSetup, ...]
    distractors: tuple[DistractorSetup, ...]
    table: Material
    wall: Material
    light: Light
    camera: Camera
    pose_camera_in_world: Pose
    noise: SensorNoise
    wrist_camera: Camera
    wrist_mount_error: Pose  # the wrist camera's, in the frame that it has nominally


@dataclass(frozen=True)
class SceneOptions:
    """What is asked for.

    Args:
        blocks: number of blocks, 1 to 8.
        edge: of the blocks, metres.
        distractors: largest number of distractors, 0 to 4.
        width, height: of the image, pixels.
        randomized_groups: groups that are random, of `WORLD_GROUPS`; the others are nominal.
        ranges: how far those vary.

    Raises:
        ConfigurationError: a value out of range or an unknown group.
    """

    blocks: int = 3
    edge: float = BLOCK_EDGE_M
    distractors: int = MAX_DISTRACTORS
    width: int = 640
    height: int = 480
    randomized_groups: Collection[str] = WORLD_GROUPS
    ranges: WorldRanges = WorldRanges()  # noqa: RUF009  # frozen

    def __post_init__(self) -> None:
        if not 1 <= self.blocks <= MAX_BLOCKS:
            raise ConfigurationError(f"blocks {self.blocks}: wanted 1 to {MAX_BLOCKS}")
        if not 0.02 <= self.edge <= 0.07:
            raise ConfigurationError(
                f"edge {self.edge:g}: wanted 0.02 to 0.07 m, what a gripper of 0.08 m can hold"
            )
        if not 0 <= self.distractors <= MAX_DISTRACTORS:
            raise ConfigurationError(
                f"distractors {self.distractors}: wanted 0 to {MAX_DISTRACTORS}"
            )
        unknown = sorted(set(self.randomized_groups) - set(WORLD_GROUPS))
        if unknown:
            raise ConfigurationError(
                f"randomization '{unknown[0]}' is not known: wanted some of "
                f"{', '.join(WORLD_GROUPS)}"
            )


def draw_scene(rng: np.random.Generator, options: SceneOptions) -> WorldScene:
    """Draw one scene; the same generator state gives the same scene, bit for bit."""
    seeds = rng.integers(2**31, size=len(WORLD_GROUPS))
    source = {
        name: np.random.default_rng(int(seed)) if name in options.randomized_groups else None
        for name, seed in zip(WORLD_GROUPS, seeds, strict=True)
    }
    ranges, colors = options.ranges, source["colors"]
    poses = block_poses(source["poses"], ranges.poses, options.blocks, options.edge)
    blocks = tuple(
        BlockSetup(f"block_{index}", pose, options.edge, _block_rgb(colors, ranges.colors, index))
        for index, pose in enumerate(poses)
    )
    camera, pose_camera = _camera(source["camera"], ranges.camera, options.width, options.height)
    # By the same generator, after the other one, which stays what it was for each seed.
    wrist, mount_error = _wrist_camera(
        source["camera"], ranges.camera, options.width, options.height
    )
    table, wall = _materials(source["textures"], colors, ranges)
    return WorldScene(
        blocks=blocks,
        distractors=_distractors(source["distractors"], options.distractors, ranges),
        table=table,
        wall=wall,
        light=_light(source["lights"], ranges.lights),
        camera=camera,
        pose_camera_in_world=pose_camera,
        noise=_noise(source["noise"], ranges.noise),
        wrist_camera=wrist,
        wrist_mount_error=mount_error,
    )


def block_poses(
    rng: np.random.Generator | None, ranges: BlockPoseRanges, count: int, edge: float
) -> list[Pose]:
    """Poses of `count` blocks that lie flat in the zone, far enough apart to be grasped.

    Raises:
        ConfigurationError: so many blocks of this size do not fit.
    """
    if rng is None:
        return [_lying(x, y, edge / 2, 0.0) for x, y in NOMINAL_POSITIONS[:count]]
    placed: list[Array] = []
    for tries in range(PLACEMENT_TRIES):
        if len(placed) == count:
            break
        if tries % 500 == 499:  # the first ones may have taken all the room: start again
            placed = []
        spot = np.array([ranges.x_m.draw_one(rng), ranges.y_m.draw_one(rng)])
        if all(np.linalg.norm(spot - other) >= SEPARATION_IN_EDGES * edge for other in placed):
            placed.append(spot)
    if len(placed) < count:
        raise ConfigurationError(
            f"{count} blocks of {edge:g} m do not fit into the block zone; ask for fewer or smaller"
        )
    yaws = ranges.yaw.draw(count, rng)
    return [_lying(x, y, edge / 2, yaw) for (x, y), yaw in zip(placed, yaws, strict=True)]


def _lying(x: float, y: float, z: float, yaw: float) -> Pose:
    return Pose(np.array([x, y, z]), Rotation.from_euler("z", yaw).as_quat())


def _hsv(hue: float, saturation: float, value: float) -> Rgb:
    pixel = np.array([[[360 * (hue % 1.0), saturation, value]]], dtype=np.float32)
    red, green, blue = cv2.cvtColor(pixel, cv2.COLOR_HSV2RGB)[0, 0].astype(float)
    return float(red), float(green), float(blue)


def _block_rgb(rng: np.random.Generator | None, ranges: WorldColorRanges, index: int) -> Rgb:
    if rng is None:
        return _hsv(*NOMINAL_BLOCK_HSV[index])
    return _hsv(*(r.draw_one(rng) for r in (ranges.hue, ranges.saturation, ranges.value)))


def _muted(rng: np.random.Generator, ranges: WorldColorRanges) -> Rgb:
    drawn = (ranges.hue, ranges.muted_saturation, ranges.muted_value)
    return _hsv(*(r.draw_one(rng) for r in drawn))


def _materials(
    textures: np.random.Generator | None, colors: np.random.Generator | None, ranges: WorldRanges
) -> tuple[Material, Material]:
    """Table and wall."""
    table = (0.72, 0.60, 0.45) if colors is None else _muted(colors, ranges.colors)
    wall = (0.75, 0.77, 0.80) if colors is None else _muted(colors, ranges.colors)
    if textures is None:
        return Material(table), Material(wall)
    first, second = (_texture(textures, ranges.textures) for _ in range(2))
    return Material(table, first), Material(wall, second)


def _texture(rng: np.random.Generator, ranges: WorldTextureRanges) -> RgbImage:
    """Grey pattern with a slight tint: plain, grain, wood or tiles.

    Not out of `simreal_sim.rendering.textures`: those are smaller, and the worlds of the seeds would
    be others.
    """
    kind = rng.choice(["plain", "grain", "wood", "tiles"])
    contrast = ranges.contrast.draw_one(rng)
    axis = (np.arange(TEXTURE_SIZE) + 0.5) / TEXTURE_SIZE
    x, y = np.meshgrid(axis, axis)
    if kind == "plain":
        pattern = np.zeros_like(x)
    elif kind == "grain":
        pattern = cv2.GaussianBlur(rng.normal(size=x.shape), (0, 0), 1.5) * 4.0
    elif kind == "wood":
        waves = np.sin(2 * np.pi * (2 * y + rng.uniform()))
        rings, bent = ranges.wood_rings.draw_one(rng), ranges.wood_waves.draw_one(rng)
        pattern = np.sin(2 * np.pi * (rings * x + bent * waves))
        pattern += 0.3 * rng.normal(size=(1, TEXTURE_SIZE))
    else:
        count = int(ranges.tiles.draw_integers(1, rng)[0])
        joint = (np.minimum(x * count % 1.0, y * count % 1.0) < 0.06).astype(np.float64)
        shades = rng.normal(size=(count, count))
        pattern = 0.5 * cv2.resize(shades, x.shape, interpolation=cv2.INTER_NEAREST) - 3.0 * joint
    tint = 1.0 - ranges.tint.draw(3, rng)
    image = np.clip(1.0 - contrast * (0.5 - 0.35 * pattern), 0.0, 1.0)[..., None] * tint
    return np.asarray(np.rint(255 * image), dtype=np.uint8)


def _light(rng: np.random.Generator | None, ranges: WorldLightRanges) -> Light:
    if rng is None:
        return Light()
    azimuth, elevation = ranges.azimuth.draw_one(rng), ranges.elevation.draw_one(rng)
    direction = (
        float(np.cos(azimuth) * np.cos(elevation)),
        float(np.sin(azimuth) * np.cos(elevation)),
        float(np.sin(elevation)),
    )
    warmth = ranges.warmth.draw_one(rng)  # bluish to yellowish
    level = ranges.level.draw_one(rng)
    ambient = ranges.ambient.draw_one(rng)
    return Light(
        direction=direction,
        rgb=(level * min(1.0, 1 + warmth), level, level * min(1.0, 1 - warmth)),
        ambient=ambient,
        diffuse=ranges.total.draw_one(rng) - ambient,
        specular=ranges.specular.draw_one(rng),
    )


def _camera(
    rng: np.random.Generator | None, ranges: WorldCameraRanges, width: int, height: int
) -> tuple[Camera, Pose]:
    camera = _lens(rng, ranges, FOCAL_PER_WIDTH * width, width, height)
    eye, target, roll = np.array(CAMERA_POSITION), np.array(CAMERA_TARGET), 0.0
    if rng is not None:
        eye = eye + ranges.position_m.draw(3, rng)
        target = target + ranges.target_m.draw(3, rng)
        roll = ranges.roll.draw_one(rng)
    return camera, look_at(eye, target, roll)


def _wrist_camera(
    rng: np.random.Generator | None, ranges: WorldCameraRanges, width: int, height: int
) -> tuple[Camera, Pose]:
    camera = _lens(rng, ranges, WRIST_FOCAL_PER_WIDTH * width, width, height)
    if rng is None:
        return camera, Pose.identity()
    turn = Rotation.from_rotvec(ranges.wrist_turn.draw(3, rng))
    return camera, Pose(ranges.wrist_position_m.draw(3, rng), turn.as_quat())


def _lens(
    rng: np.random.Generator | None,
    ranges: WorldCameraRanges,
    focal: float,
    width: int,
    height: int,
) -> Camera:
    center, ratio = np.array([(width - 1) / 2, (height - 1) / 2]), 1.0
    if rng is not None:
        focal *= ranges.focal.draw_one(rng)
        ratio = ranges.pixel_ratio.draw_one(rng)
        center = center + ranges.principal_point.draw(2, rng) * width
    matrix = np.array([[focal, 0, center[0]], [0, focal * ratio, center[1]], [0, 0, 1]])
    return Camera(width, height, matrix, np.zeros(0))


def _noise(rng: np.random.Generator | None, ranges: SensorNoiseRanges) -> SensorNoise:
    if rng is None:
        return SensorNoise()
    return SensorNoise(
        blur_px=ranges.blur_px.draw_one(rng),
        gain=ranges.gain.draw_one(rng),
        stddev=ranges.stddev.draw_one(rng),
        seed=int(rng.integers(2**31)),
    )


def _distractors(
    rng: np.random.Generator | None, most: int, ranges: WorldRanges
) -> tuple[DistractorSetup, ...]:
    """None to `most` distractors beside the zone, one a spot; low, so that the hand clears them."""
    if rng is None:
        return ()
    order = rng.permutation(len(SPOTS))[: int(rng.integers(most + 1))]
    return tuple(_distractor(rng, SPOTS[index], ranges) for index in order)


def _distractor(
    rng: np.random.Generator, spot: tuple[float, float], ranges: WorldRanges
) -> DistractorSetup:
    sizes: WorldDistractorRanges = ranges.distractors
    x, y = np.array(spot) + sizes.off_spot_m.draw(2, rng)
    shape = str(rng.choice(list(WORLD_DISTRACTORS)))
    distractor = WORLD_DISTRACTORS[shape]
    size = distractor.draw_size(sizes, rng)
    pose = _lying(float(x), float(y), distractor.height(size) / 2, sizes.yaw.draw_one(rng))
    return DistractorSetup(shape, size, pose, _block_rgb(rng, ranges.colors, 0))
