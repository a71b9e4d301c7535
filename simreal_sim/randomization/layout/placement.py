"""Places proposed objects on a table one by one, each where it meets nothing that is there already.

All that is random was drawn before, many proposals an object; the compiled functions here only take
the first proposal that fits, so that B scenes are arranged in a few milliseconds. What boxes enclose
must not overlap (separating axes, exact for boxes); curved objects count as their boxes.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from simreal_sim.randomization.layout.proposals import (
    AGAINST_BLOCK,
    BESIDE,
    HELD,
    ON_PLATE,
    ON_TABLE,
    ON_TOP,
)
from simreal_sim.rendering.scene import BOX, CYLINDER, EMPTY

# Objects that touch overlap by rounding; by this share of an edge they may.
TOUCH = 1e-6
UPRIGHT = 0.999999  # cosine between a block's z and the vertical: flat on its face
# Edges whose angle, radians, is less count as parallel: their cross product is mostly rounding.
PARALLEL = 1e-3
SMALLEST_BASE = 0.7  # edge of a block that another stands on, share of the upper one's


@njit(cache=True)
def overlap(pa, ra, ha, pb, rb, hb, tolerance):  # type: ignore[no-untyped-def]
    """Whether two boxes (centre (3,), rotation (3, 3), half extents (3,)) share more than a touch.

    The separating axis theorem: 15 axes, Gottschalk et al. 1996.
    """
    d0, d1, d2 = pb[0] - pa[0], pb[1] - pa[1], pb[2] - pa[2]
    reach = np.sqrt(ha[0] ** 2 + ha[1] ** 2 + ha[2] ** 2)
    reach += np.sqrt(hb[0] ** 2 + hb[1] ** 2 + hb[2] ** 2)
    if d0 * d0 + d1 * d1 + d2 * d2 > reach * reach:
        return False
    r = np.empty((3, 3))
    q = np.empty((3, 3))
    t = np.empty(3)
    for i in range(3):
        t[i] = ra[0, i] * d0 + ra[1, i] * d1 + ra[2, i] * d2
        for j in range(3):
            r[i, j] = ra[0, i] * rb[0, j] + ra[1, i] * rb[1, j] + ra[2, i] * rb[2, j]
            q[i, j] = abs(r[i, j])
    for i in range(3):
        if abs(t[i]) > ha[i] + hb[0] * q[i, 0] + hb[1] * q[i, 1] + hb[2] * q[i, 2] - tolerance:
            return False
    for j in range(3):
        along = abs(t[0] * r[0, j] + t[1] * r[1, j] + t[2] * r[2, j])
        if along > hb[j] + ha[0] * q[0, j] + ha[1] * q[1, j] + ha[2] * q[2, j] - tolerance:
            return False
    for i in range(3):
        i1, i2 = (i + 1) % 3, (i + 2) % 3
        for j in range(3):
            length = np.sqrt(max(1.0 - r[i, j] * r[i, j], 0.0))
            if length < PARALLEL:
                continue  # the normal of such edges was as good as looked at above
            j1, j2 = (j + 1) % 3, (j + 2) % 3
            along = abs(t[i2] * r[i1, j] - t[i1] * r[i2, j])
            room = ha[i1] * q[i2, j] + ha[i2] * q[i1, j] + hb[j1] * q[i, j2] + hb[j2] * q[i, j1]
            if along > room - tolerance * length:
                return False
    return True


@njit(cache=True)
def _free(p, r, h, first, last, shape, position, rotation, half, tolerance):  # type: ignore[no-untyped-def]
    """Whether a box meets none of the slots first to last - 1 of a scene."""
    for other in range(first, last):
        if shape[other] != EMPTY and overlap(
            p, r, h, position[other], rotation[other], half[other], tolerance
        ):
            return False
    return True


@njit(cache=True)
def _yaw(angle, out):  # type: ignore[no-untyped-def]
    out[:, :] = 0.0
    out[0, 0] = out[1, 1] = np.cos(angle)
    out[1, 0] = np.sin(angle)
    out[0, 1] = -out[1, 0]
    out[2, 2] = 1.0


@njit(cache=True)
def _present(share, first, last, shape):  # type: ignore[no-untyped-def]
    """The slot at `share` (0 to 1) of those first to last - 1 that are used; -1 if there is none."""
    number = 0
    for slot in range(first, last):
        number += shape[slot] != EMPTY
    left = int(share * number)
    for slot in range(first, last):
        if shape[slot] != EMPTY:
            if left == 0:
                return slot
            left -= 1
    return -1


@njit(cache=True)
def _over(x, y, frame, reach):  # type: ignore[no-untyped-def]
    """Whether a place (x, y) from an upright block's middle, world frame, lies over its face."""
    first, second = frame[0, 0] * x + frame[1, 0] * y, frame[0, 1] * x + frame[1, 1] * y
    return abs(first) <= reach and abs(second) <= reach


@njit(cache=True)
def _tilt(frame, angle, out):  # type: ignore[no-untyped-def]
    """Orientation of a block turned by `angle` about a frame's -y: its x axis rises."""
    cos, sin = np.cos(angle), np.sin(angle)
    for i in range(3):
        out[i, 0] = cos * frame[i, 0] + sin * frame[i, 2]
        out[i, 1] = frame[i, 1]
        out[i, 2] = cos * frame[i, 2] - sin * frame[i, 0]


@njit(cache=True)
def place_blocks(  # type: ignore[no-untyped-def]
    edges, number, proposals, first, plate_slot, shape, position, rotation, half
):
    """Fill the slots from `first` with up to `number` (B,) blocks; plates go to `plate_slot`.

    `plate_slot` is negative where no plates are wanted. Returns the slot of each scene's held
    block, -1 for none, (B,).
    """
    held = np.full(edges.shape[0], -1, dtype=np.int64)
    p, r, h = np.empty(3), np.empty((3, 3)), np.empty(3)
    frame = np.eye(3)
    plate_p, plate_h = np.empty(3), np.empty(3)
    for b in range(edges.shape[0]):
        tolerance = TOUCH * edges[b]
        for k in range(number[b]):
            slot = first + k
            edge = proposals.edge[b, k]
            h[:] = edge / 2
            for c in range(proposals.kind.shape[2]):
                kind = proposals.kind[b, k, c]
                base = _present(proposals.base[b, k, c], first, slot, shape[b])
                below = edge
                if k == 0 and kind != HELD and kind != ON_PLATE:
                    kind = ON_TABLE
                if kind in (BESIDE, ON_TOP, AGAINST_BLOCK):
                    if base < 0 or base == held[b] or abs(rotation[b, base, 2, 2]) < UPRIGHT:
                        continue
                    below = 2 * half[b, base, 2]
                    if kind != ON_TOP and position[b, base, 2] > below * 0.51:
                        continue
                    if kind == ON_TOP and below < edge * SMALLEST_BASE:
                        continue
                    if kind == AGAINST_BLOCK and abs(below - edge) > 0.01 * edge:
                        continue
                slide, across = proposals.slide[b, k, c, 0], proposals.slide[b, k, c, 1]
                p[0], p[1] = proposals.place[b, k, c, 0], proposals.place[b, k, c, 1]
                p[2] = edge / 2
                _yaw(proposals.yaw[b, k, c], r)
                if kind == HELD:
                    if held[b] >= 0:
                        continue
                    p[2] = proposals.height[b, k, c]
                    r[:, :] = proposals.free_turn[b, k, c]
                elif kind == ON_TOP:
                    p[0] = position[b, base, 0] + slide
                    p[1] = position[b, base, 1] + across
                    p[2] = position[b, base, 2] + (below + edge) / 2
                    # Beside a small base's face its weight would tip it over.
                    if not _over(slide, across, rotation[b, base], below / 2):
                        continue
                    _yaw(proposals.turn[b, k, c], frame)
                    r[:, :] = frame @ rotation[b, base]
                elif kind in (BESIDE, AGAINST_BLOCK):
                    _yaw(proposals.side[b, k, c] * (np.pi / 2), frame)
                    frame[:, :] = rotation[b, base] @ frame
                    angle = proposals.angle[b, k, c]
                    out = (below + edge) / 2 + proposals.gap[b, k, c]
                    if kind == AGAINST_BLOCK:
                        # In a section across the edges: the lowest edge P stands on the table,
                        # e/2 + e sin(angle) from the base's axis, the edge e away from it on the
                        # base's side touches its face; the centre of mass lies between the two.
                        cos, sin = np.cos(angle), np.sin(angle)
                        out = edge / 2 + edge * sin + edge / 2 * (cos - sin)
                        p[2] = edge / 2 * (cos + sin)
                        _tilt(frame, angle, r)
                    else:
                        r[:, :] = rotation[b, base]
                    for i in range(2):
                        p[i] = position[b, base, i] + frame[i, 0] * out + frame[i, 1] * across
                elif kind == ON_PLATE:
                    if plate_slot < 0 or shape[b, plate_slot] != EMPTY:
                        continue
                    # The block's lowest edge lies at its place; its bottom rises over the plate's
                    # near upper edge, farther out than the centre of mass.
                    angle = proposals.plate_angle[b, k, c]
                    cos, sin = np.cos(angle), np.sin(angle)
                    frame[:, :] = r
                    _tilt(frame, angle, r)
                    reach = proposals.plate[b, k, c, 0] * edge
                    plate_h[0] = proposals.plate[b, k, c, 1]
                    plate_h[1] = proposals.plate[b, k, c, 2]
                    plate_h[2] = reach * sin / 2
                    plate_p[2] = plate_h[2]
                    for i in range(2):
                        plate_p[i] = p[i] + frame[i, 0] * (reach * cos + plate_h[0])
                        p[i] += frame[i, 0] * edge / 2 * (cos - sin)
                    p[2] = edge / 2 * (cos + sin)
                    if not _free(
                        plate_p, frame, plate_h, first, slot,
                        shape[b], position[b], rotation[b], half[b], tolerance,
                    ):  # fmt: skip
                        continue
                lowest = p[2] - edge / 2 * (abs(r[2, 0]) + abs(r[2, 1]) + abs(r[2, 2]))
                if lowest < -tolerance:
                    p[2] -= lowest
                last = slot
                if plate_slot >= 0:
                    last = max(slot, plate_slot + 1)
                if not _free(
                    p, r, h, first, last, shape[b], position[b], rotation[b], half[b], tolerance
                ):
                    continue
                shape[b, slot] = BOX
                position[b, slot] = p
                rotation[b, slot] = r
                half[b, slot] = h
                if kind == HELD:
                    held[b] = slot
                elif kind == ON_PLATE:
                    shape[b, plate_slot] = BOX
                    position[b, plate_slot] = plate_p
                    rotation[b, plate_slot] = frame
                    half[b, plate_slot] = plate_h
                break
    return held


@njit(cache=True)
def place_distractors(  # type: ignore[no-untyped-def]
    edges, number, distractors, blocks, first, last, shape, position, rotation, half
):
    """Fill up to `number` (B,) of the slots first to last - 1; what stands from `blocks` on stays."""
    turn = np.empty((3, 3))
    p, r = np.empty((2, 3)), np.empty((2, 3, 3))
    for b in range(edges.shape[0]):
        tolerance = TOUCH * edges[b]
        end = shape.shape[1]
        used = 0
        for slot in range(first, last):
            used += shape[b, slot] != EMPTY
        for k in range(distractors.parts.shape[1]):
            parts = distractors.parts[b, k]
            if used + parts > number[b]:
                continue
            for c in range(distractors.yaw.shape[2]):
                _yaw(distractors.yaw[b, k, c], turn)
                x, y, z = distractors.place[b, k, c, 0], distractors.place[b, k, c, 1], 0.0
                if distractors.base[b, k] >= 0:
                    base = _present(distractors.base[b, k], blocks, first, shape[b])
                    if abs(rotation[b, base, 2, 2]) < UPRIGHT:
                        continue
                    # A quarter of an edge off the middle: its weight stays over the block.
                    aside = 0.5 * half[b, base, 2]
                    x = position[b, base, 0] + aside * np.cos(distractors.yaw[b, k, c])
                    y = position[b, base, 1] + aside * np.sin(distractors.yaw[b, k, c])
                    z = position[b, base, 2] + half[b, base, 2]
                free = True
                for i in range(parts):
                    p[i] = turn @ distractors.offset[b, k, i]
                    p[i, 0] += x
                    p[i, 1] += y
                    p[i, 2] += z
                    r[i] = turn @ distractors.rotation[b, k, i]
                    free = free and _free(
                        p[i], r[i], distractors.half[b, k, i], blocks, end,
                        shape[b], position[b], rotation[b], half[b], tolerance,
                    )  # fmt: skip
                if not free:
                    continue
                slot = first
                for i in range(parts):
                    while shape[b, slot] != EMPTY:
                        slot += 1
                    shape[b, slot] = distractors.shape[b, k, i]
                    position[b, slot] = p[i]
                    rotation[b, slot] = r[i]
                    half[b, slot] = distractors.half[b, k, i]
                used += parts
                break


@njit(cache=True)
def place_hands(  # type: ignore[no-untyped-def]
    edges, wanted, held, hands, blocks, end, first, shape, position, rotation, half
):
    """Put a hand of five parts into the slots from `first` of the scenes where one is `wanted`.

    Blocks stand in the slots blocks to end - 1.
    """
    frame, swap = np.empty((3, 3)), np.empty((3, 3))
    p, h, local = np.empty((5, 3)), np.empty((5, 3)), np.zeros((5, 3))
    turns = np.empty((5, 3, 3))
    for b in range(edges.shape[0]):
        if not wanted[b]:
            continue
        tolerance = TOUCH * edges[b]
        for c in range(hands.yaw.shape[1]):
            grips = hands.grips[b, c] or held[b] >= 0
            target = held[b]
            if target < 0:
                target = _present(hands.target[b, c], blocks, end, shape[b])
            x, y, z = position[b, target]
            apart = half[b, target, 1]
            if grips:
                # Of the block's axes the one that is nearest to the vertical is the hand's.
                frame[:, :] = rotation[b, target]
                up = 2
                for i in range(2):
                    if abs(frame[2, i]) > abs(frame[2, up]):
                        up = i
                sign = 1.0 if frame[2, up] > 0 else -1.0
                swap[:, 0] = frame[:, (up + 1) % 3]
                swap[:, 1] = sign * frame[:, (up + 2) % 3]
                swap[:, 2] = sign * frame[:, up]
                frame[:, :] = swap
                apart = half[b, target, (up + 2) % 3]
            else:
                _yaw(hands.yaw[b, c], frame)
                x += hands.aside[b, c, 0]
                y += hands.aside[b, c, 1]
                z += hands.lift[b, c] + half[b, target, 2]
                apart = hands.open[b, c]
            thick, width, length = hands.thickness[b, c], hands.width[b, c], hands.length[b, c]
            palm, wrist, arm = hands.palm[b, c], hands.arm[b, c, 0], hands.arm[b, c, 1]
            bottom = -min(0.6 * width, 0.9 * half[b, target, 2])
            top = bottom + 2 * length
            if grips and top < 1.1 * half[b, target, 2]:
                continue
            local[0, 1], local[1, 1] = -(apart + thick), apart + thick
            local[0, 2] = local[1, 2] = bottom + length
            local[2, 2] = top + palm[1]
            local[3, 2] = top + 2 * palm[1] + wrist
            h[0, 0] = h[1, 0] = width
            h[0, 1] = h[1, 1] = thick
            h[0, 2] = h[1, 2] = length
            h[2, 0], h[2, 1], h[2, 2] = 1.5 * width, max(palm[0], apart + 2 * thick), palm[1]
            h[3, 0] = h[3, 1] = h[3, 2] = wrist
            h[4, 0] = h[4, 1] = arm
            h[4, 2] = 5.0 * palm[0]
            for i in range(4):
                turns[i] = frame
                p[i] = frame @ local[i]
                p[i, 0] += x
                p[i, 1] += y
                p[i, 2] += z
            turns[4] = frame @ hands.lean[b, c]
            for i in range(3):
                p[4, i] = p[3, i] + turns[4, i, 2] * h[4, 2]
            free = True
            for i in range(5):
                lowest = p[i, 2]
                for j in range(3):
                    lowest -= abs(turns[i, 2, j]) * h[i, j]
                free = free and lowest > 0
                for other in range(blocks, end):
                    if shape[b, other] != EMPTY and overlap(
                        p[i], turns[i], h[i], position[b, other], rotation[b, other],
                        half[b, other], tolerance,
                    ):  # fmt: skip
                        free = False
            if not free:
                continue
            for i in range(5):
                slot = first + i
                shape[b, slot] = BOX if i < 3 else CYLINDER
                position[b, slot] = p[i]
                rotation[b, slot] = turns[i]
                half[b, slot] = h[i]
            break
