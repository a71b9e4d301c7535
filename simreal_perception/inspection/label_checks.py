"""Checks that a label can be true, and that pose, corners, mask, box and shares say the same."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from simreal_common.camera import Camera
from simreal_common.errors import CalibrationError
from simreal_common.geometry import cube_corners
from simreal_perception.dataset_export.block_outline import (
    area,
    common_shift,
    fill_outline,
    outline,
    project_corners,
)
from simreal_perception.dataset_export.picture_labels import pixels_sha256
from simreal_perception.evaluation.evaluation_data import ROTATION_TOLERANCE
from simreal_perception.inspection.label_records import BlockRecord, LabelRecord
from simreal_perception.inspection.label_sources import LabelledPicture
from simreal_perception.inspection.picture_fault import PictureFault

Array = NDArray[np.float64]

# Labels are rounded to thousandths of a pixel here, to hundredths elsewhere.
CORNER_TOLERANCE_PX = 0.5
# What no block on a table before a camera has; a factor of 10 or 1000 is a mistaken unit.
EDGE_LIMITS_M = (0.002, 1.0)
FARTHEST_EDGES = 2000.0  # a block so many edges away is a pixel
# A mask may leave its outline by a pixel: they are whole, and outlines are drawn in sixteenths.
ROOM_PX = np.ones((3, 3), np.uint8)
STRAY_SHARE, STRAY_PX = 0.03, 12
VISIBLE_TOLERANCE, VISIBLE_ROOM_PX = 0.03, 20.0
BOX_TOLERANCE_PX = 1.0
SAME_PLACE = 0.4  # of an edge: centres of two blocks cannot be nearer
BELOW_TABLE = 0.1  # of an edge


def check_labels(picture: LabelledPicture) -> list[PictureFault]:
    """All that is wrong with a picture's label, as far as label, mask and image's size tell."""
    name, record = picture.name, picture.record
    found = [PictureFault(name, "unreadable", words) for words in picture.troubles]
    if record is None:
        return found
    found += _check_files(picture, record)
    try:
        camera = Camera(record.width, record.height, record.matrix, record.distortion)
    except CalibrationError as error:
        return [*found, PictureFault(name, "camera", str(error))]
    sound: list[BlockRecord] = []
    for block in record.blocks:
        faults = list(_check_pose(block, name))
        found += faults
        if not faults:
            sound.append(block)
    for block in sound:
        found += _check_corners(block, record, camera)
    found += _check_places(sound, record)
    fits = picture.mask is not None and picture.mask.shape == (record.height, record.width)
    if picture.mask is not None and fits:
        found += _MaskCheck(record, camera, tuple(sound), picture.mask).findings()
    return found


def _check_files(picture: LabelledPicture, record: LabelRecord) -> Iterator[PictureFault]:
    wanted = f"{record.width}x{record.height}"
    for what, array in (("image", picture.image), ("mask", picture.mask)):
        if array is not None and array.shape[:2] != (record.height, record.width):
            got = f"{array.shape[1]}x{array.shape[0]}"
            yield PictureFault(
                picture.name, f"{what} size", f"the {what} is {got}, the label is of {wanted}"
            )
    wanted_pixels = record.pixels_sha256
    if picture.image is None or wanted_pixels in (None, pixels_sha256(picture.image)):
        return
    yield PictureFault(
        picture.name,
        "other image",
        "the image's pixels are not those that were labelled: shuffled, replaced or edited",
    )


def _check_pose(block: BlockRecord, picture: str) -> Iterator[PictureFault]:
    rotation, position = block.pose[:3, :3], block.pose[:3, 3]
    distance = float(np.linalg.norm(position))
    if not EDGE_LIMITS_M[0] <= block.edge <= EDGE_LIMITS_M[1]:
        yield PictureFault(
            picture, "edge",
            f"an edge of {block.edge:g} m: wanted {EDGE_LIMITS_M[0]:g} to {EDGE_LIMITS_M[1]:g}; "
            "millimetres taken for metres?", block.name,
        )  # fmt: skip
    elif distance > FARTHEST_EDGES * block.edge:
        yield PictureFault(
            picture, "distance",
            f"an edge of {block.edge:g} m at {distance:g} m: wanted at most {FARTHEST_EDGES:g} edges; "
            "the position in millimetres?", block.name,
        )  # fmt: skip
    if np.abs(rotation.T @ rotation - np.eye(3)).max() > ROTATION_TOLERANCE:
        yield PictureFault(
            picture, "rotation", "the pose's matrix is no rotation: R^T R is not 1", block.name
        )
    elif np.linalg.det(rotation) < 0:
        yield PictureFault(
            picture, "mirrored",
            "the pose's matrix mirrors (determinant -1): an axis negated, or two swapped?",
            block.name,
        )  # fmt: skip
    if np.abs(block.pose[3] - [0, 0, 0, 1]).max() > 1e-6:
        yield PictureFault(
            picture, "matrix", "the pose's last row is not 0 0 0 1: transposed?", block.name
        )
    if position[2] <= 0:
        yield PictureFault(
            picture, "behind",
            f"z is {position[2]:g} m, behind the camera: wanted the optical frame, z forward; a pose "
            "in OpenGL's axes, or of the camera in the block?", block.name,
        )  # fmt: skip


def _check_corners(
    block: BlockRecord, record: LabelRecord, camera: Camera
) -> Iterator[PictureFault]:
    """Corners and centre against the pose."""
    if block.center is not None:
        off = float(np.linalg.norm(camera.project(block.pose[:3, 3]) - block.center))
        if off > CORNER_TOLERANCE_PX:
            yield PictureFault(
                record.name, "centre",
                f"center_px lies {off:.1f} px from where the pose projects it", block.name,
            )  # fmt: skip
    if block.corners is None:
        return
    projected = project_corners(camera, block.pose, block.edge)
    if record.corners_order is not None:
        signs = np.sign(cube_corners(1.0))
        order = [int(np.argmin(np.abs(signs - own).sum(axis=1))) for own in record.corners_order]
        projected = projected[order]
    both = np.isfinite(projected).all(axis=1) & np.isfinite(block.corners).all(axis=1)
    expected, got = projected[both], block.corners[both]
    if not len(expected):
        return
    nearest = _nearest_order(expected, got)
    if record.corners_order is None:
        expected = nearest
    off = float(np.linalg.norm(expected - got, axis=1).max())
    if off > CORNER_TOLERANCE_PX:
        words = f"corners_px are up to {off:.1f} px from where the pose projects them: "
        yield PictureFault(
            record.name, "corners", words + _cause(expected, got, nearest), block.name
        )


def _nearest_order(expected: Array, got: Array) -> Array:
    """`expected` in the order in which it lies nearest to `got`."""
    distances = np.linalg.norm(expected[:, None] - got[None], axis=2)
    rows, columns = linear_sum_assignment(distances)
    ordered = np.empty_like(expected)
    ordered[columns] = expected[rows]
    return ordered


def _cause(expected: Array, got: Array, nearest: Array) -> str:
    """Why corners are off, as far as how they are off tells."""
    if np.linalg.norm(nearest - got, axis=1).max() <= CORNER_TOLERANCE_PX:
        return "the same places in another order"
    shift = common_shift(got - expected, CORNER_TOLERANCE_PX)
    if shift is not None:
        return f"all shifted by {shift[0]:+.1f}, {shift[1]:+.1f} px"
    here, there = expected - expected.mean(axis=0), got - got.mean(axis=0)
    scale = float((here * there).sum() / max((here * here).sum(), 1e-9))
    rest = float(np.linalg.norm(there - scale * here, axis=1).max())
    if rest <= max(CORNER_TOLERANCE_PX, 0.1 * np.linalg.norm(here, axis=1).max()):
        return f"{scale:.2f} times as large about their middle: another edge or camera"
    return "another pose or camera"


def _check_places(blocks: list[BlockRecord], record: LabelRecord) -> Iterator[PictureFault]:
    """Blocks against one another, and against the table."""
    for index, block in enumerate(blocks):
        for other in blocks[:index]:
            apart = float(np.linalg.norm(block.pose[:3, 3] - other.pose[:3, 3]))
            if apart < SAME_PLACE * min(block.edge, other.edge):
                yield PictureFault(
                    record.name, "same place",
                    f"{1e3 * apart:.0f} mm from {other.name}: the same block twice?", block.name,
                )  # fmt: skip
        if record.plane is not None:
            normal, point = record.plane
            corners = cube_corners(block.edge) @ block.pose[:3, :3].T + block.pose[:3, 3]
            lowest = float(((corners - point) @ normal).min())
            if lowest < -BELOW_TABLE * block.edge:
                yield PictureFault(
                    record.name, "below the table",
                    f"it reaches {-1e3 * lowest:.0f} mm below the table's plane", block.name,
                )  # fmt: skip


@dataclass(frozen=True, eq=False)
class _MaskCheck:
    """The mask of a picture against its poses, boxes and shares."""

    record: LabelRecord
    camera: Camera
    blocks: tuple[BlockRecord, ...]
    mask: NDArray[np.uint8]

    def findings(self) -> Iterator[PictureFault]:
        known = {block.number for block in self.record.blocks if block.number is not None}
        for value in sorted(set(np.unique(self.mask).tolist()) - {0} - known):
            count = int((self.mask == value).sum())
            yield PictureFault(
                self.record.name,
                "mask",
                f"{count} pixels have the number {value}, which no block has",
            )
        polygons = {b.name: outline(self.camera, b.pose, b.edge) for b in self.blocks}
        filled = {
            name: fill_outline(polygon, self.record.width, self.record.height)
            for name, polygon in polygons.items()
            if polygon is not None
        }
        for block in self.blocks:
            polygon = polygons[block.name]
            if block.number is None or polygon is None:
                continue
            shown = self.mask == block.number
            yield from self._check_outline(block, shown, filled)
            yield from self._check_share(block, int(shown.sum()), area(polygon))
            yield from self._check_box(block, shown)

    def _check_outline(
        self, block: BlockRecord, shown: NDArray[np.bool_], filled: dict[str, NDArray[np.bool_]]
    ) -> Iterator[PictureFault]:
        count = int(shown.sum())
        around = cv2.dilate(filled[block.name].astype(np.uint8), ROOM_PX)
        stray = int((shown & (around == 0)).sum())
        if stray <= max(STRAY_SHARE * count, STRAY_PX):
            return
        within = {name: int((shown & pixels).sum()) for name, pixels in filled.items()}
        best = max(within, key=lambda name: within[name])
        cause = "another pose, edge or camera than the mask's"
        if best != block.name and within[best] > (1 - STRAY_SHARE) * count:
            cause = f"it is the mask of {best}"
        elif self._mirrored(shown, block):
            cause = "it fits mirrored left to right"
        yield PictureFault(
            self.record.name, "mask",
            f"{stray} of the mask's {count} pixels lie outside of the pose's outline: {cause}",
            block.name,
        )  # fmt: skip

    def _mirrored(self, shown: NDArray[np.bool_], block: BlockRecord) -> bool:
        pose = block.pose.copy()
        pose[0, 3] = -pose[0, 3]
        polygon = outline(self.camera, pose, block.edge)
        if polygon is None:
            return False
        inside = fill_outline(polygon, self.record.width, self.record.height)
        return int((shown & inside).sum()) > 0.9 * int(shown.sum())

    def _check_share(self, block: BlockRecord, count: int, whole: float) -> Iterator[PictureFault]:
        if block.visible is None:
            return
        if not 0 <= block.visible <= 1:
            yield PictureFault(
                self.record.name, "visible", f"a visible share of {block.visible:g}: wanted 0 to 1",
                block.name,
            )  # fmt: skip
            return
        share = min(count / max(whole, 1.0), 1.0)
        if abs(share - block.visible) > VISIBLE_TOLERANCE + VISIBLE_ROOM_PX / max(whole, 1.0):
            yield PictureFault(
                self.record.name, "visible",
                f"visible is {block.visible:.2f}, and the mask covers {share:.2f} of the pose's "
                "outline: another edge, pose or mask?", block.name,
            )  # fmt: skip

    def _check_box(self, block: BlockRecord, shown: NDArray[np.bool_]) -> Iterator[PictureFault]:
        if block.box is None or not shown.any():
            return
        x, y, width, height = cv2.boundingRect(shown.astype(np.uint8))
        off = float(np.abs(block.box - [x, y, x + width, y + height]).max())
        if off > BOX_TOLERANCE_PX:
            yield PictureFault(
                self.record.name, "box",
                f"box_px is up to {off:.0f} px from the mask's: wanted left, top, right, bottom",
                block.name,
            )  # fmt: skip
