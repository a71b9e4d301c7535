"""Non-maximum suppression (NMS) in space: of estimates that cannot all be blocks the best stay."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simreal_common.block_estimate import BlockEstimate

Array = NDArray[np.float64]

# Two estimates nearer than this share of their smallest extent are one block: solid bodies cannot
# overlap so.
SAME_BLOCK = 0.6
# From so many edges apart along the ray they may be two, one behind the other.
BEHIND_EDGES = 2.0
# A block whose middle a nearer one hides is less than half visible. This share of the nearer one's
# edge hides for sure: its own pose is not exact.
HIDING_SHARE = 0.95
INNER_SHARE = 0.6  # of the box around a block that is none: that much of it is solid
# A likely block with so many likely ones on the image of its faces has marks there: that several
# blocks behind one another's ray lie so is less likely than any score says.
MARKS, LIKELY = 2, 0.5


def distinct(blocks: list[BlockEstimate]) -> list[BlockEstimate]:
    """Keep the best of estimates that would overlap in space or hide one another.

    What looks like a small block within the picture of a larger one is a mark on its face, or the
    larger one is none: the better score decides, or that there are several such marks. Range is
    uncertain, so overlap is judged as if both were at one range: by the angle between their rays.

    Args:
        blocks: of one shape and edge, best first, in the optical frame.
    """
    if not blocks:
        return []
    positions = np.array([block.pose.position for block in blocks])
    far = np.linalg.norm(positions, axis=1)
    cosine = np.clip(positions @ positions.T / np.outer(far, far), -1.0, 1.0)
    aside = np.minimum.outer(far, far) * np.arccos(cosine)
    behind = np.abs(np.subtract.outer(far, far)) > BEHIND_EDGES * blocks[0].edge
    hides = _hides(blocks, positions)
    apart = SAME_BLOCK * blocks[0].edge * blocks[0].shape.thickness
    one = np.where(behind, hides | hides.T, aside <= apart)
    likely = np.array([block.score >= LIKELY for block in blocks])
    marked = likely & ((hides & behind & likely).sum(axis=1) >= MARKS)
    kept: list[int] = []
    for index in np.argsort(~marked, kind="stable"):
        if not one[index, kept].any():
            kept.append(int(index))
    return [blocks[index] for index in sorted(kept)]


def _hides(blocks: list[BlockEstimate], positions: Array) -> NDArray[np.bool_]:
    """Whether block i, were it solid, hides the centre of block j from the camera, (N, N)."""
    rotations = np.array([block.pose.rotation for block in blocks])
    shape = blocks[0].shape
    share = HIDING_SHARE if shape.is_box else INNER_SHARE
    half = share * blocks[0].edge * shape.half_extents
    # Along the ray from the camera, 0, to the centre of j, 1, in the frame of block i (slab test).
    way = positions @ rotations  # (i, j, axis)
    start = -way[np.arange(len(blocks)), np.arange(len(blocks))][:, None]
    way = np.where(np.abs(way) < 1e-12, 1e-12, way)
    ends = np.stack([(-half - start) / way, (half - start) / way])
    enters, leaves = ends.min(axis=0).max(axis=-1), ends.max(axis=0).min(axis=-1)
    hides = (enters < leaves) & (leaves > 0.0) & (leaves < 1.0)
    np.fill_diagonal(hides, False)
    return np.asarray(hides)
