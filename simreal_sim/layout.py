"""Where things stand in a random scene: blocks flat, stacked, touching, held, tilted; distractors.

Everything is drawn for B scenes at once. Slots of a scene, in this order: floor, table, blocks,
distractors, robot parts, clutter in the background.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from simreal_sim.scene import BOX, CYLINDER, ELLIPSOID, EMPTY, Ints

Floats64 = NDArray[np.float64]

BLOCK_EDGE_M = 0.05  # every length scales with it: seen by one camera only their ratio matters
MAX_BLOCKS, MAX_DISTRACTORS, ROBOT_PARTS, CLUTTER = 6, 6, 4, 2
FLOOR_SLOT, TABLE_SLOT, FIRST_BLOCK = 0, 1, 2
FIRST_DISTRACTOR = FIRST_BLOCK + MAX_BLOCKS
FIRST_ROBOT = FIRST_DISTRACTOR + MAX_DISTRACTORS
FIRST_CLUTTER = FIRST_ROBOT + ROBOT_PARTS
SLOTS = FIRST_CLUTTER + CLUTTER

CANDIDATES = 12  # places tried for one object before it is left out of a scene
# A distractor whose longest and shortest edge differ by less than this would pass for a block.
LEAST_CUBOID_RATIO = 1.35


@dataclass(eq=False)
class Layout:
    """Shapes and poses of the primitives of B scenes; the fields of `SceneBatch` of that name."""

    shape: Ints
    rotation: Floats64
    position: Floats64
    half_size: Floats64


def yaw_matrices(yaw: Floats64) -> Floats64:
    """Rotations about z, (..., 3, 3), of angles (...), radians."""
    out = np.zeros((*yaw.shape, 3, 3))
    out[..., 0, 0] = out[..., 1, 1] = np.cos(yaw)
    out[..., 1, 0] = np.sin(yaw)
    out[..., 0, 1] = -out[..., 1, 0]
    out[..., 2, 2] = 1.0
    return out


def random_rotations(count: int, rng: np.random.Generator) -> Floats64:
    """Uniform rotations, (count, 3, 3)."""
    return np.asarray(Rotation.random(count, random_state=rng).as_matrix())


def draw_layout(count: int, rng: np.random.Generator, disabled: frozenset[str]) -> Layout:
    """Draw `count` scenes. Names in `disabled` that matter here: distractors, stacking, tilt, robot."""
    shape = np.zeros((count, SLOTS), dtype=np.int32)
    rotation = np.tile(np.eye(3), (count, SLOTS, 1, 1))
    position = np.zeros((count, SLOTS, 3))
    half = np.full((count, SLOTS, 3), BLOCK_EDGE_M / 2)
    layout = Layout(shape, rotation, position, half)
    _table_and_floor(layout, rng)
    area = rng.uniform(2.5, 8.0, size=count) * BLOCK_EDGE_M
    blocks = rng.integers(1, MAX_BLOCKS + 1, size=count)
    for slot in range(FIRST_BLOCK, FIRST_DISTRACTOR):
        _place_block(layout, slot, slot - FIRST_BLOCK < blocks, area, rng, disabled)
    if "distractors" not in disabled:
        distractors = rng.integers(0, MAX_DISTRACTORS + 1, size=count)
        for slot in range(FIRST_DISTRACTOR, FIRST_ROBOT):
            _place_distractor(layout, slot, slot - FIRST_DISTRACTOR < distractors, area, rng)
    if "robot" not in disabled:
        _place_robot(layout, rng)
    _place_clutter(layout, rng)
    return layout


def _table_and_floor(layout: Layout, rng: np.random.Generator) -> None:
    count = len(layout.shape)
    layout.shape[:, FLOOR_SLOT] = BOX
    layout.half_size[:, FLOOR_SLOT] = (20.0, 20.0, 0.05)
    layout.position[:, FLOOR_SLOT, 2] = -rng.uniform(0.4, 1.0, size=count)
    layout.rotation[:, FLOOR_SLOT] = yaw_matrices(rng.uniform(0, 2 * np.pi, size=count))
    layout.shape[:, TABLE_SLOT] = BOX
    layout.half_size[:, TABLE_SLOT, :2] = rng.uniform(0.3, 1.2, size=(count, 2))
    layout.half_size[:, TABLE_SLOT, 2] = rng.uniform(0.005, 0.04, size=count)
    layout.position[:, TABLE_SLOT, 2] = -layout.half_size[:, TABLE_SLOT, 2]
    layout.rotation[:, TABLE_SLOT] = yaw_matrices(rng.uniform(0, 2 * np.pi, size=count))


def _free_place(
    layout: Layout,
    slot: int,
    reach: Floats64,
    area: Floats64,
    rng: np.random.Generator,
) -> tuple[Floats64, NDArray[np.bool_]]:
    """For each scene the first of some random places that is `reach` (m) away from what stands.

    Returns places (B, 2) and whether one was free (B,).
    """
    count = len(layout.shape)
    radius = area[:, None] * np.sqrt(rng.uniform(size=(count, CANDIDATES)))
    angle = rng.uniform(0, 2 * np.pi, size=(count, CANDIDATES))
    places = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=-1)
    free = np.ones((count, CANDIDATES), dtype=bool)
    for other in range(FIRST_BLOCK, slot):
        distance = np.linalg.norm(places - layout.position[:, None, other, :2], axis=-1)
        extent = np.linalg.norm(layout.half_size[:, other, :2], axis=-1)
        present = layout.shape[:, other] != EMPTY
        free &= (distance > (reach + extent)[:, None]) | ~present[:, None]
    first = free.argmax(axis=1)
    return places[np.arange(count), first], np.asarray(free.any(axis=1))


def _place_block(
    layout: Layout,
    slot: int,
    wanted: NDArray[np.bool_],
    area: Floats64,
    rng: np.random.Generator,
    disabled: frozenset[str],
) -> None:
    """On the table; or beside or on top of an earlier block; or held or tilted in the air."""
    count, edge = len(layout.shape), BLOCK_EDGE_M
    every = np.arange(count)
    kind = rng.choice(4, size=count, p=[0.5, 0.2, 0.2, 0.1])  # table, beside, on top, in the air
    if slot == FIRST_BLOCK:
        kind[kind < 3] = 0
    if "stacking" in disabled:
        kind[(kind == 1) | (kind == 2)] = 0
    if "tilt" in disabled:
        kind[kind == 3] = 0
    place, free = _free_place(layout, slot, np.full(count, edge * 0.72), area, rng)
    position = np.column_stack([place, np.full(count, edge / 2)])
    rotation = yaw_matrices(rng.uniform(0, 2 * np.pi, size=count))

    base = FIRST_BLOCK + rng.integers(0, max(slot - FIRST_BLOCK, 1), size=count)
    base_position, base_rotation = layout.position[every, base], layout.rotation[every, base]
    base_flat = (layout.shape[every, base] == BOX) & (np.abs(base_rotation[:, 2, 2]) > 0.999)

    beside = (kind == 1) & base_flat
    side = rng.integers(0, 4, size=count) * np.pi / 2
    gap = edge * (1 + rng.exponential(0.06, size=count))
    shift = np.stack([gap * np.cos(side), gap * np.sin(side)], axis=-1)
    shift += rng.normal(0, 0.1, size=(count, 2)) * edge * np.stack(
        [np.sin(side) ** 2, np.cos(side) ** 2], axis=-1
    )
    offset = np.einsum("nij,nj->ni", base_rotation[:, :2, :2], shift)
    position[beside] = base_position[beside] + np.column_stack([offset, np.zeros(count)])[beside]
    rotation[beside] = base_rotation[beside]

    on_top = (kind == 2) & base_flat
    slide = rng.normal(0, 0.12, size=(count, 2)).clip(-0.35, 0.35) * edge
    position[on_top] = (base_position + np.column_stack([slide, np.full(count, edge)]))[on_top]
    aligned = on_top & (rng.uniform(size=count) < 0.5)
    turn = yaw_matrices(rng.normal(0, 0.08, size=count))
    rotation[aligned] = (base_rotation @ turn)[aligned]

    air = kind == 3
    position[air, 2] = (edge * rng.uniform(0.9, 5.0, size=count))[air]
    tilted = air & (rng.uniform(size=count) < 0.7)
    rotation[tilted] = random_rotations(count, rng)[tilted]

    # Beside and on top may collide with a third block: keep only what is clear of all of them.
    for other in range(FIRST_BLOCK, slot):
        away = np.linalg.norm(position - layout.position[:, other], axis=-1)
        touching = (beside | on_top) & (other == base)
        free[(layout.shape[:, other] != EMPTY) & ~touching & (away < edge * 1.42)] = False
    free |= kind == 0 & free
    present = wanted & free
    if slot == FIRST_BLOCK:
        present[:] = True
    layout.shape[present, slot] = BOX
    layout.position[:, slot] = position
    layout.rotation[:, slot] = rotation


def _place_distractor(
    layout: Layout,
    slot: int,
    wanted: NDArray[np.bool_],
    area: Floats64,
    rng: np.random.Generator,
) -> None:
    """A ball, a cylinder or a box that is clearly no cube, standing or lying on the table."""
    count = len(layout.shape)
    shape = rng.choice([BOX, BOX, ELLIPSOID, CYLINDER], size=count).astype(np.int32)
    half = BLOCK_EDGE_M * 0.5 * np.exp(rng.uniform(np.log(0.3), np.log(2.6), size=(count, 3)))
    ratio = half.max(axis=1) / half.min(axis=1)
    cube_like = (shape == BOX) & (ratio < LEAST_CUBOID_RATIO)
    half[cube_like, 2] *= 2.0
    half[shape == CYLINDER, 1] = half[shape == CYLINDER, 0]
    ball = (shape == ELLIPSOID) & (rng.uniform(size=count) < 0.5)
    half[ball] = half[ball, :1]
    reach = np.linalg.norm(half[:, :2], axis=-1)
    place, free = _free_place(layout, slot, reach, area * 1.4, rng)
    present = wanted & free
    layout.shape[present, slot] = shape[present]
    layout.half_size[:, slot] = half
    layout.position[:, slot, :2] = place
    layout.position[:, slot, 2] = half[:, 2]
    layout.rotation[:, slot] = yaw_matrices(rng.uniform(0, 2 * np.pi, size=count))


def _place_robot(layout: Layout, rng: np.random.Generator) -> None:
    """Two fingers about a block, a hand above them and a link of the arm: in half of the scenes."""
    count, edge = len(layout.shape), BLOCK_EDGE_M
    every = np.arange(count)
    present = rng.uniform(size=count) < 0.5
    target = FIRST_BLOCK + rng.integers(0, MAX_BLOCKS, size=count)
    target = np.where(layout.shape[every, target] == BOX, target, FIRST_BLOCK)
    # Half of the hands grip the block, half hover somewhere above it.
    lift = np.where(rng.uniform(size=count) < 0.5, 0.0, rng.uniform(0.5, 4.0, size=count)) * edge
    grip = edge * np.where(lift > 0, rng.uniform(0.4, 0.9, size=count), 0.5)
    upright = np.abs(layout.rotation[every, target, 2, 2]) > 0.999
    frame = np.where(
        upright[:, None, None],
        layout.rotation[every, target],
        yaw_matrices(rng.uniform(0, 6.28, size=count)),
    )
    origin = layout.position[every, target] + np.column_stack([np.zeros((count, 2)), lift])
    thickness = edge * rng.uniform(0.08, 0.3, size=count)
    width, depth = edge * rng.uniform(0.15, 0.6, size=(2, count))
    length = edge * rng.uniform(0.5, 1.2, size=count)
    for finger, side in enumerate((-1.0, 1.0)):
        slot = FIRST_ROBOT + finger
        local = np.column_stack(
            [np.zeros(count), side * (grip + thickness), length - depth * 0.6]
        )
        layout.position[:, slot] = origin + np.einsum("nij,nj->ni", frame, local)
        layout.half_size[:, slot] = np.column_stack([width, thickness, length])
        layout.rotation[:, slot] = frame
        layout.shape[present, slot] = BOX
    hand, link = FIRST_ROBOT + 2, FIRST_ROBOT + 3
    height = edge * rng.uniform(0.5, 1.2, size=count)
    top = 2 * length - depth * 0.6
    layout.half_size[:, hand] = np.column_stack([width * 1.5, edge * np.full(count, 2.0), height])
    layout.position[:, hand] = origin + np.column_stack([np.zeros((count, 2)), top + height])
    layout.rotation[:, hand] = frame
    layout.shape[present, hand] = BOX
    radius = edge * rng.uniform(0.7, 1.5, size=count)
    layout.half_size[:, link] = np.column_stack([radius, radius, edge * np.full(count, 4.0)])
    lean = Rotation.from_rotvec(rng.normal(0, 0.4, size=(count, 3))).as_matrix()
    layout.rotation[:, link] = lean
    foot = origin + np.column_stack([np.zeros((count, 2)), top + 2 * height])
    layout.position[:, link] = foot + lean[:, :, 2] * edge * 4.0
    layout.shape[present, link] = CYLINDER


def _place_clutter(layout: Layout, rng: np.random.Generator) -> None:
    """Large boxes and cylinders beyond the objects, on the floor or the table."""
    count = len(layout.shape)
    for slot in range(FIRST_CLUTTER, SLOTS):
        present = rng.uniform(size=count) < 0.5
        layout.shape[present, slot] = rng.choice([BOX, CYLINDER], size=count)[present]
        layout.half_size[:, slot] = rng.uniform(0.05, 0.4, size=(count, 3))
        angle = rng.uniform(0, 2 * np.pi, size=count)
        distance = rng.uniform(0.9, 2.0, size=count)
        layout.position[:, slot, 0] = distance * np.cos(angle)
        layout.position[:, slot, 1] = distance * np.sin(angle)
        layout.position[:, slot, 2] = rng.uniform(-0.6, 0.3, size=count)
        layout.rotation[:, slot] = yaw_matrices(rng.uniform(0, 2 * np.pi, size=count))
