"""Draws the layout of random scenes: blocks flat, stacked, touching, leaning, held; what else.

Everything is drawn for B scenes at once. Slots of a scene, in this order: floor, table, a board on
it, sheets, blocks, distractors, robot parts, a wall and clutter in the background.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simreal_sim.randomization.layout.body_placement import place_bodies, unlike
from simreal_sim.randomization.layout.distractor_placement import draw_distractors
from simreal_sim.randomization.layout.placement import place_blocks, place_distractors, place_hands
from simreal_sim.randomization.layout.proposals import (
    AGAINST_BLOCK,
    BESIDE,
    HELD,
    ON_PLATE,
    ON_TABLE,
    ON_TOP,
    BlockProposals,
    HandProposals,
)
from simreal_sim.randomization.ranges.randomization_config import RandomizationConfig
from simreal_sim.randomization.ranges.scene_limits import MOST_BLOCKS, MOST_DISTRACTORS, MOST_SHEETS
from simreal_sim.rendering.scene import BOX, CYLINDER, EMPTY, Ints

Floats64 = NDArray[np.float64]

MAX_BLOCKS, MAX_DISTRACTORS, ROBOT_PARTS, CLUTTER = MOST_BLOCKS, MOST_DISTRACTORS, 5, 3
FLOOR_SLOT, TABLE_SLOT, BOARD_SLOT, FIRST_SHEET = 0, 1, 2, 3
FIRST_BLOCK = FIRST_SHEET + MOST_SHEETS
FIRST_DISTRACTOR = FIRST_BLOCK + MAX_BLOCKS
FIRST_ROBOT = FIRST_DISTRACTOR + MAX_DISTRACTORS
FIRST_CLUTTER = FIRST_ROBOT + ROBOT_PARTS
SLOTS = FIRST_CLUTTER + CLUTTER
WALL_SLOT = FIRST_CLUTTER

CANDIDATES = 10  # proposals for one block before it is left out of a scene
HANDS = 4  # proposals for a hand
PLAIN_AREA_EDGES = 4.0  # radius of the area of blocks whose position is not randomized
PLAIN_TABLE_M, PLAIN_THICKNESS_M, PLAIN_HEIGHT_M = 0.8, 0.03, 0.7
TABLE_MARGIN_EDGES = 3.0  # the table reaches this far beyond the area where objects stand
# A board's top is where the table's top is without one; blocks beside it hover by its thickness.
BOARD_EDGES = (0.005, 0.04)  # thickness
SHEET_M = 1e-4  # thickness: sheets lie on one another, blocks stand in them


@dataclass(eq=False)
class Layout:
    """Shapes and poses of the primitives of B scenes; the fields of `SceneBatch` of that name.

    `tabletop`, bool (B,), tells which scenes are set up as people do; `one_yaw`, (B,), how objects of
    these are turned where they are turned alike, else nan.
    """

    tabletop: NDArray[np.bool_]
    one_yaw: Floats64
    edge: Floats64
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


def random_rotations(shape: tuple[int, ...], rng: np.random.Generator) -> Floats64:
    """Uniform rotations, (*shape, 3, 3): a normal quaternion has no preferred direction."""
    q = rng.standard_normal((4, *shape))
    x, y, z, w = q / np.sqrt((q * q).sum(axis=0))
    out = np.empty((*shape, 3, 3))
    out[..., 0, 0], out[..., 0, 1] = 1 - 2 * (y * y + z * z), 2 * (x * y - z * w)
    out[..., 1, 0], out[..., 1, 1] = 2 * (x * y + z * w), 1 - 2 * (x * x + z * z)
    out[..., 2, 0], out[..., 2, 1] = 2 * (x * z - y * w), 2 * (y * z + x * w)
    out[..., 0, 2], out[..., 1, 2] = 2 * (x * z + y * w), 2 * (y * z - x * w)
    out[..., 2, 2] = 1 - 2 * (x * x + y * y)
    return out


def tilt_matrices(tilt: Floats64) -> Floats64:
    """Small rotations, (..., 3, 3), about the horizontal vector tilt (..., 2), radians."""
    angle = np.hypot(tilt[..., 0], tilt[..., 1])
    safe = np.maximum(angle, 1e-12)
    x, y = tilt[..., 0] / safe, tilt[..., 1] / safe
    cos, sin = np.cos(angle), np.sin(angle)
    rows = (
        (cos + x * x * (1 - cos), x * y * (1 - cos), y * sin),
        (x * y * (1 - cos), cos + y * y * (1 - cos), -x * sin),
        (-y * sin, x * sin, cos),
    )
    return np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)


def draw_layout(count: int, randomization: RandomizationConfig, rng: np.random.Generator) -> Layout:
    """Draw `count` scenes."""
    on = randomization.on
    body = randomization.shape
    edge = np.full(count, body.edge_m)
    if on("edge"):
        edge = randomization.edge.edge_m.draw(count, rng)
    area = np.full(count, PLAIN_AREA_EDGES) * edge
    if on("position"):
        ranges = randomization.position
        most = ranges.largest_area_m.draw(count, rng)
        area = np.minimum(ranges.area_edges.draw(count, rng) * edge, np.maximum(most, 2 * edge))
    tabletop = randomization.tabletop.share.draw(count, rng) & on("tabletop")
    alike = tabletop & randomization.tabletop.one_yaw.draw(count, rng) & on("orientation")
    one_yaw = np.where(alike, rng.uniform(0, 2 * np.pi, size=count), np.nan)
    if on("position"):
        wide = randomization.tabletop.area_edges.draw(count, rng) * edge
        most = randomization.tabletop.largest_area_m.draw(count, rng)
        area = np.where(tabletop, np.minimum(wide, np.maximum(most, 2 * edge)), area)
    layout = Layout(
        tabletop=tabletop,
        one_yaw=one_yaw,
        edge=edge,
        shape=np.zeros((count, SLOTS), dtype=np.int32),
        rotation=np.tile(np.eye(3), (count, SLOTS, 1, 1)),
        position=np.zeros((count, SLOTS, 3)),
        half_size=np.tile(edge[:, None, None] / 2, (1, SLOTS, 3)),
    )
    arrays = (layout.shape, layout.position, layout.rotation, layout.half_size)
    _table_and_floor(layout, area, randomization, rng)
    _place_sheets(layout, area, randomization, rng)

    number = np.ones(count, dtype=np.int64)
    if on("number"):
        number = randomization.number.blocks.draw_integers(count, rng)
        many = np.rint(randomization.tabletop.blocks.draw(count, rng)).astype(np.int64)
        number = np.where(tabletop, np.maximum(many, 1), number)
    plates = FIRST_DISTRACTOR if on("distractors") else -1
    blocks = _propose_blocks(layout, area, number, randomization, rng)
    if body.is_cube:
        held = place_blocks(edge, number, blocks, FIRST_BLOCK, plates, *arrays)
    else:
        held = place_bodies(body, edge, number, blocks, FIRST_BLOCK, arrays, rng)

    if on("robot"):
        wanted = randomization.robot.present.draw(count, rng) | (held >= 0)
        hands = _propose_hands(edge, randomization, rng)
        place_hands(edge, wanted, held, hands, FIRST_BLOCK, FIRST_ROBOT, FIRST_ROBOT, *arrays)
    if on("distractors"):
        distractors = draw_distractors(edge, area, randomization.distractors, rng)
        if not body.is_cube:
            distractors = unlike(body, distractors)
        number = randomization.distractors.number.draw_integers(count, rng)
        many = np.rint(randomization.tabletop.things.draw(count, rng)).astype(np.int64)
        number = np.where(tabletop, many, number)
        place_distractors(
            edge, number, distractors, FIRST_BLOCK, FIRST_DISTRACTOR, FIRST_ROBOT, *arrays
        )
    if on("clutter"):
        _place_clutter(layout, randomization, rng)
    return layout


def _table_and_floor(
    layout: Layout, area: Floats64, randomization: RandomizationConfig, rng: np.random.Generator
) -> None:
    """A table that all objects find room on, and a floor below it."""
    count = len(layout.shape)
    ranges = randomization.table
    half = ranges.half_size_m.draw((count, 2), rng)
    thickness, height = ranges.thickness_m.draw(count, rng), ranges.height_m.draw(count, rng)
    yaw = rng.uniform(0, 2 * np.pi, size=(count, 2))
    if not randomization.on("table"):
        half[:], thickness[:], height[:] = PLAIN_TABLE_M, PLAIN_THICKNESS_M, PLAIN_HEIGHT_M
        yaw[:] = 0.0
    least = area * 1.4 + TABLE_MARGIN_EDGES * layout.edge
    layout.shape[:, FLOOR_SLOT] = layout.shape[:, TABLE_SLOT] = BOX
    layout.half_size[:, FLOOR_SLOT] = (20.0, 20.0, 0.05)
    layout.position[:, FLOOR_SLOT, 2] = -height - 0.05
    layout.half_size[:, TABLE_SLOT, :2] = np.maximum(half, least[:, None])
    layout.half_size[:, TABLE_SLOT, 2] = thickness / 2
    layout.position[:, TABLE_SLOT, 2] = -thickness / 2
    layout.rotation[:, : TABLE_SLOT + 1] = yaw_matrices(yaw)


def places(area: Floats64, shape: tuple[int, ...], rng: np.random.Generator) -> Floats64:
    """Places even over discs of radius area (B,), metres: (B, *shape, 2)."""
    size = (len(area), *shape)
    radius = area.reshape(-1, *[1] * len(shape)) * np.sqrt(rng.uniform(size=size))
    angle = rng.uniform(0, 2 * np.pi, size=size)
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=-1)


def _place_sheets(
    layout: Layout, area: Floats64, randomization: RandomizationConfig, rng: np.random.Generator
) -> None:
    """A board on the tables of some scenes, and sheets of paper on it."""
    ranges, count = randomization.tabletop, len(layout.shape)
    edge, tabletop = layout.edge, layout.tabletop
    present = tabletop & ranges.board.draw(count, rng)
    half = ranges.board_edges.draw((count, 2), rng) * edge[:, None]
    thickness = rng.uniform(*BOARD_EDGES, size=count) * edge
    layout.shape[present, BOARD_SLOT] = BOX
    layout.half_size[:, BOARD_SLOT] = np.column_stack([half, thickness / 2])
    layout.position[:, BOARD_SLOT, :2] = 0.3 * half * rng.uniform(-1, 1, size=(count, 2))
    layout.position[:, BOARD_SLOT, 2] = -thickness / 2
    layout.position[present, TABLE_SLOT, 2] -= thickness[present]
    least = (np.abs(layout.position[:, BOARD_SLOT, :2]) + half).max(axis=1) * np.sqrt(2)
    table = layout.half_size[:, TABLE_SLOT]
    table[present, :2] = np.maximum(table[present, :2], least[present, None])

    size = (count, MOST_SHEETS)
    number = np.where(tabletop, ranges.sheets.draw_integers(count, rng), 0)
    slots = slice(FIRST_SHEET, FIRST_BLOCK)
    layout.shape[:, slots] = np.where(np.arange(MOST_SHEETS) < number[:, None], BOX, EMPTY)
    sides = ranges.sheet_edges.draw((*size, 2), rng) * edge[:, None, None]
    layout.half_size[:, slots] = np.concatenate(
        [sides / 2, np.full((*size, 1), SHEET_M / 2)], axis=-1
    )
    layout.position[:, slots, :2] = places(area * 1.2, (MOST_SHEETS,), rng)
    layout.position[:, slots, 2] = (np.arange(MOST_SHEETS) + 0.5) * SHEET_M

    yaw = rng.uniform(0, 2 * np.pi, size=(count, 1 + MOST_SHEETS))
    alike = np.where(rng.uniform(size=yaw.shape) < 0.7, layout.one_yaw[:, None], np.nan)
    yaw = np.where(np.isnan(alike), yaw, alike)
    yaw[layout.shape[:, BOARD_SLOT:FIRST_BLOCK] == EMPTY] = 0.0
    layout.rotation[:, BOARD_SLOT:FIRST_BLOCK] = yaw_matrices(yaw)


def _rest_shares(
    layout: Layout, randomization: RandomizationConfig, rng: np.random.Generator
) -> Floats64:
    """How often a block rests in each way, ON_TABLE to ON_PLATE, summed up: (B, 5)."""
    stacking, leaning = randomization.stacking, randomization.leaning
    share = np.zeros((len(layout.shape), 5))
    share[:, [BESIDE, ON_TOP]] = stacking.beside.value, stacking.on_top.value
    share[:, [AGAINST_BLOCK, ON_PLATE]] = leaning.on_block.value, leaning.on_plate.value
    arrangements = randomization.tabletop.arrangements
    drawn = arrangements.draw(len(layout.shape), rng)
    for name, beside, on_top in (("loose", 0.0, 0.0), ("rows", 0.85, 0.02), ("towers", 0.1, 0.65)):
        here = layout.tabletop & (drawn == arrangements.names.index(name))
        share[here] = 0.0
        share[here, BESIDE], share[here, ON_TOP] = beside, on_top
    if not randomization.on("stacking"):
        share[:, [BESIDE, ON_TOP]] = 0.0
    if not randomization.on("leaning"):
        share[:, [AGAINST_BLOCK, ON_PLATE]] = 0.0
    share[:, ON_TABLE] = np.maximum(1.0 - share.sum(axis=1), 0.0)
    steps = np.cumsum(share, axis=1)
    return np.asarray(steps / steps[:, -1:])


def _propose_blocks(
    layout: Layout,
    area: Floats64,
    number: NDArray[np.int64],
    randomization: RandomizationConfig,
    rng: np.random.Generator,
) -> BlockProposals:
    edge = layout.edge
    most = int(number.max())
    size = (len(edge), most, CANDIDATES)
    wide = edge[:, None, None]
    stacking, leaning, held = randomization.stacking, randomization.leaning, randomization.held
    yaw = np.zeros(size)
    if randomization.on("orientation"):
        yaw = np.radians(randomization.orientation.yaw_deg.draw(size, rng))
        alike = layout.one_yaw[:, None, None] + np.radians(
            randomization.tabletop.yaw_deg.draw(size, rng)
        )
        yaw = np.where(np.isnan(alike), yaw, alike)
    own_edge = np.repeat(edge[:, None], most, axis=1)
    if randomization.on("edge"):
        several = randomization.edge.several.draw(len(edge), rng)
        # Two or three sizes a scene, as sold, or each its own.
        smaller = randomization.edge.ratio.draw((len(edge), 2), rng)
        ratio = np.column_stack([np.ones(len(edge)), smaller])
        pick = ratio[np.arange(len(edge))[:, None], rng.integers(0, 3, size=own_edge.shape)]
        any_ratio = randomization.edge.ratio.draw(own_edge.shape, rng)
        pick = np.where(rng.uniform(size=(len(edge), 1)) < 0.7, pick, any_ratio)
        own_edge = np.where(several[:, None], own_edge * pick, own_edge)

    steps = _rest_shares(layout, randomization, rng)
    kind = (rng.uniform(size=size)[..., None] >= steps[:, None, None]).sum(axis=-1)
    kind[:, :, CANDIDATES // 2 :] = ON_TABLE  # whatever finds no place stands by itself
    free_turn = yaw_matrices(yaw)
    height = np.zeros(size)
    if randomization.on("held"):
        in_air = held.held.draw(len(edge), rng)
        kind[in_air, number[in_air] - 1] = HELD
        turned = (kind == HELD) & held.turned.draw(size, rng)
        free_turn[turned] = random_rotations((int(turned.sum()),), rng)
        height = held.height_edges.draw(size, rng) * wide + own_edge[..., None] / 2
    turn = np.radians(stacking.turn_deg.draw(size, rng))
    aligned = stacking.aligned.draw(size, rng)
    plate = np.stack(
        [
            rng.uniform(0.6, 0.97, size=size),
            rng.uniform(0.3, 1.0, size=size) * wide,
            rng.uniform(0.4, 1.0, size=size) * wide,
        ],
        axis=-1,
    )
    return BlockProposals(
        edge=own_edge,
        kind=kind,
        place=places(area, size[1:], rng),
        yaw=yaw,
        height=height,
        free_turn=free_turn,
        base=rng.uniform(size=size),
        side=rng.integers(0, 4, size=size),
        gap=stacking.gap_edges.draw(size, rng) * wide,
        slide=stacking.slide_edges.draw((*size, 2), rng) * wide[..., None],
        turn=np.where(aligned, turn, yaw),
        angle=np.radians(leaning.angle_deg.draw(size, rng)),
        plate_angle=np.radians(leaning.plate_angle_deg.draw(size, rng)),
        plate=plate,
    )


def _propose_hands(
    edge: Floats64, randomization: RandomizationConfig, rng: np.random.Generator
) -> HandProposals:
    ranges = randomization.robot
    size = (len(edge), HANDS)
    wide = edge[:, None]
    palm = np.stack([rng.uniform(0.8, 2.2, size=size), rng.uniform(0.3, 1.0, size=size)], axis=-1)
    wrist = ranges.arm_edges.draw(size, rng)
    arm = np.stack([wrist, wrist * rng.uniform(0.6, 1.0, size=size)], axis=-1)
    grips = np.repeat(ranges.gripping.draw((len(edge), 1), rng), HANDS, axis=1)
    grips[:, HANDS // 2 :] = False  # where it finds no room at the block it hovers
    return HandProposals(
        target=rng.uniform(size=size),
        grips=grips,
        lift=ranges.lift_edges.draw(size, rng) * wide,
        aside=ranges.aside_edges.draw((*size, 2), rng) * wide[..., None],
        yaw=rng.uniform(0, 2 * np.pi, size=size),
        open=rng.uniform(0.5, 1.0, size=size) * wide,
        thickness=ranges.finger_edges.draw(size, rng) * wide,
        width=ranges.width_edges.draw(size, rng) * wide,
        length=ranges.length_edges.draw(size, rng) * wide,
        palm=palm * wide[..., None],
        arm=arm * wide[..., None],
        lean=tilt_matrices(ranges.lean.draw((*size, 2), rng)),
    )


def _place_clutter(
    layout: Layout, randomization: RandomizationConfig, rng: np.random.Generator
) -> None:
    """A wall, and large boxes and cylinders beyond the objects, beside or below the table."""
    count = len(layout.shape)
    ranges = randomization.clutter
    every = slice(WALL_SLOT, SLOTS)
    number = SLOTS - WALL_SLOT
    angle = rng.uniform(0, 2 * np.pi, size=(count, number))
    distance = ranges.distance_m.draw((count, number), rng)
    half = ranges.half_size_m.draw((count, number, 3), rng)
    yaw = rng.uniform(0, 2 * np.pi, size=(count, number))
    height = rng.uniform(-0.5, 0.4, size=(count, number))
    present = ranges.things.draw((count, number), rng)
    shape = np.where(rng.uniform(size=(count, number)) < 0.7, BOX, CYLINDER)

    present[:, 0] = ranges.wall.draw(count, rng)
    distance[:, 0] = ranges.wall_distance_m.draw(count, rng)
    shape[:, 0] = BOX
    yaw[:, 0] = angle[:, 0]
    half[:, 0] = np.column_stack([np.full(count, 0.05), rng.uniform(1.0, 4.0, size=(count, 2))])
    height[:, 0] = half[:, 0, 2] + layout.position[:, FLOOR_SLOT, 2]
    # Clutter stays clear of the space over which objects stand.
    reach = np.hypot(half[:, 1:, 0], half[:, 1:, 1])
    objects = np.linalg.norm(layout.position[:, FIRST_BLOCK:FIRST_ROBOT, :2], axis=-1)
    objects = np.where(layout.shape[:, FIRST_BLOCK:FIRST_ROBOT] != EMPTY, objects, 0.0).max(axis=1)
    distance[:, 1:] = np.maximum(
        distance[:, 1:], reach + (objects + TABLE_MARGIN_EDGES * layout.edge)[:, None]
    )
    # Those over the table stand on it.
    table = layout.half_size[:, TABLE_SLOT, :2].min(axis=1)[:, None]
    bottom = height[:, 1:] - half[:, 1:, 2]
    standing = (distance[:, 1:] - reach < table) & (bottom < 0.25)
    height[:, 1:] = np.where(standing, half[:, 1:, 2], height[:, 1:])

    layout.shape[:, every] = np.where(present, shape, EMPTY)
    layout.half_size[:, every] = half
    layout.position[:, every] = np.stack(
        [distance * np.cos(angle), distance * np.sin(angle), height], axis=-1
    )
    layout.rotation[:, every] = yaw_matrices(yaw)
