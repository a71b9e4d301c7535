"""Proposals of where objects may stand, drawn before they are tried one by one."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simreal_sim.rendering.scene import Ints

Floats64 = NDArray[np.float64]

# How a block rests.
ON_TABLE, BESIDE, ON_TOP, AGAINST_BLOCK, ON_PLATE, HELD = range(6)


class BlockProposals(NamedTuple):
    """C proposals for each of K blocks of B scenes; arrays (B, K, C) unless said otherwise.

    Attributes:
        edge: (B, K), of the blocks, metres.
        kind: int64, ON_TABLE and so on.
        place: (B, K, C, 2), on the table, metres.
        yaw: about the vertical, radians.
        height: of a held block's centre, metres.
        free_turn: (B, K, C, 3, 3), orientation of a held block.
        base: 0 to 1, which of the blocks before it a block stands by.
        side: 0 to 3, on which side of it.
        gap: to the block beside, metres.
        slide: (B, K, C, 2), along and across, metres.
        turn: of a block on top against the one below, radians.
        angle, plate_angle: of a leaning block, radians.
        plate: (B, K, C, 3), where along the block's bottom its plate touches it, 0 to 1; the
            plate's half length and half width, metres.
    """

    edge: Floats64
    kind: NDArray[np.int64]
    place: Floats64
    yaw: Floats64
    height: Floats64
    free_turn: Floats64
    base: Floats64
    side: NDArray[np.int64]
    gap: Floats64
    slide: Floats64
    turn: Floats64
    angle: Floats64
    plate_angle: Floats64
    plate: Floats64


class DistractorProposals(NamedTuple):
    """K distractors of one or two parts, C places each, for B scenes.

    Attributes:
        parts: int64 (B, K), 1 or 2.
        shape: int32 (B, K, 2), of the parts.
        half: (B, K, 2, 3), metres.
        offset: (B, K, 2, 3), centres above the place where the distractor stands, metres.
        rotation: (B, K, 2, 3, 3), part -> distractor.
        place: (B, K, C, 2), metres.
        yaw: (B, K, C), radians.
        base: (B, K), 0 to 1, which block a distractor stands on; negative for the table.
    """

    parts: NDArray[np.int64]
    shape: Ints
    half: Floats64
    offset: Floats64
    rotation: Floats64
    place: Floats64
    yaw: Floats64
    base: Floats64


class HandProposals(NamedTuple):
    """C hands for each of B scenes; arrays (B, C) unless said otherwise, lengths in metres.

    Attributes:
        target: 0 to 1, which block a hand is at; a held block comes before.
        grips: bool, whether it has the block between its fingers or hovers.
        lift, aside: how far above the block (B, C), and beside it (B, C, 2), a hand hovers.
        yaw: of a hand that hovers.
        open: half distance of the fingers of a hand that hovers.
        thickness, width, length: half extents of a finger.
        palm: (B, C, 2), half width and half height of the hand.
        arm: (B, C, 2), radii of wrist and arm.
        lean: (B, C, 3, 3), orientation of the arm against the hand.
    """

    target: Floats64
    grips: NDArray[np.bool_]
    lift: Floats64
    aside: Floats64
    yaw: Floats64
    open: Floats64
    thickness: Floats64
    width: Floats64
    length: Floats64
    palm: Floats64
    arm: Floats64
    lean: Floats64
