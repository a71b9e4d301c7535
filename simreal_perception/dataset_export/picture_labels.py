"""The label of a drawn picture as plain values, in the layout that `simreal evaluate --photos` reads.

Beside the keys of `simreal_perception.evaluation.labelled_photographs` a label has

- mask: file of the instance mask, 8 bits, in which block `number` is that grey value;
- corners_order: signs of the corners along x, y and z, in the order of each block's corners_px;
- pixels_sha256: of the image's RGB pixels, so that an image beside another's label is found;
- seed: of the scene;
- of each block: number, corners_px, center_px, box_px (left, top, right, bottom of the visible pixels,
  the last two one beyond them) and visible_inside (share of the part inside the image that is seen).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simreal_common.geometry import cube_corners
from simreal_perception.dataset_export.block_outline import area, outline
from simreal_sim.randomization.labelled_images import BlockLabel, LabelledImage

DECIMALS_POSE, DECIMALS_PX, DECIMALS_SHARE = 9, 3, 4
CORNER_SIGNS: list[list[int]] = np.sign(cube_corners(1.0)).astype(int).tolist()


def pixels_sha256(rgb: NDArray[np.uint8]) -> str:
    """SHA-256 of an image's pixels, hexadecimal, whatever file they came from."""
    return hashlib.sha256(np.ascontiguousarray(rgb).tobytes()).hexdigest()


def without_blocks_at_the_lens(picture: LabelledImage) -> tuple[LabelledImage, list[list[float]]]:
    """A picture whose label holds only blocks that lie before the camera as a whole.

    Returns:
        The picture, and the boxes of what was taken out: a detection there counts neither way.
    """
    kept, boxes = [], []
    instances = picture.instances.copy()
    for block in picture.blocks:
        if outline(picture.camera, block.pose.matrix, block.edge) is not None:
            kept.append(block)
            continue
        instances[instances == block.number] = 0
        if block.box is not None:
            boxes.append([float(side) for side in block.box])
    if len(kept) == len(picture.blocks):
        return picture, []
    return LabelledImage(
        picture.seed, picture.image, picture.camera, picture.edge, kept, instances,
        picture.pose_world_in_camera,
    ), boxes  # fmt: skip


def label_values(
    picture: LabelledImage,
    group: str,
    image_name: str,
    mask_name: str,
    ignore: Sequence[Sequence[float]] = (),
) -> dict[str, Any]:
    """The label of a picture that holds only blocks before the camera.

    Args:
        group: its kind.
        image_name, mask_name: of its files, from the label's folder.
        ignore: boxes in which a detection counts neither way.
    """
    camera, world = picture.camera, picture.pose_world_in_camera
    return {
        "image": image_name,
        "mask": mask_name,
        "kind": group,
        "seed": picture.seed,
        "size": [camera.width, camera.height],
        "K": camera.matrix.round(DECIMALS_POSE).tolist(),
        "dist": camera.distortion.round(DECIMALS_POSE).tolist(),
        "region": None,
        "ignore": [list(box) for box in ignore],
        "table_plane_cam": {
            "normal": world.rotation[:, 2].round(DECIMALS_POSE).tolist(),
            "point_m": world.position.round(DECIMALS_POSE).tolist(),
        },
        "corners_order": CORNER_SIGNS,
        "pixels_sha256": pixels_sha256(picture.image),
        "blocks": [_block_values(block, picture) for block in picture.blocks],
    }


def _block_values(block: BlockLabel, picture: LabelledImage) -> dict[str, Any]:
    corners = [None if np.isnan(c).any() else c.round(DECIMALS_PX).tolist() for c in block.corners]
    center = picture.camera.project(block.pose.position)
    return {
        "name": f"block {block.number}",
        "number": block.number,
        "edge": round(block.edge, DECIMALS_POSE),
        "visible": round(visible_share(block, picture), DECIMALS_SHARE),
        "visible_inside": round(block.visible, DECIMALS_SHARE),
        "pose_in_camera": block.pose.matrix.round(DECIMALS_POSE).tolist(),
        "corners_px": corners,
        "center_px": center.round(DECIMALS_PX).tolist(),
        "box_px": None if block.box is None else list(block.box),
    }


def visible_share(block: BlockLabel, picture: LabelledImage) -> float:
    """Share of a block's outline that is seen; what lies beyond the image's border is not."""
    polygon = outline(picture.camera, block.pose.matrix, block.edge)
    seen = int((picture.instances == block.number).sum())
    whole = max(area(polygon), 1.0) if polygon is not None else np.inf
    return float(min(seen / whole, 1.0))
