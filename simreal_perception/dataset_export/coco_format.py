"""COCO: images/ and annotations.json with boxes, masks as RLE, and the corners as keypoints.

What COCO has no key for stands beside it: of an image `camera` (K, dist) and `seed`, of an annotation
`pose_in_camera` (4x4, metres, optical frame), `edge_m` and `visible`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from simreal_common.errors import MissingDependencyError
from simreal_perception.dataset_export.picture_format import DIGITS, PictureParts, write_json
from simreal_perception.dataset_export.picture_labels import (
    DECIMALS_PX,
    DECIMALS_SHARE,
    label_values,
)
from simreal_perception.evaluation.labelled_photographs import COCO_FILE
from simreal_perception.video.image_io import write_image
from simreal_sim.randomization.labelled_images import LabelledImage

# COCO's own words for a keypoint: not labelled, labelled but hidden, visible.
ABSENT, HIDDEN, VISIBLE = 0, 1, 2
CORNER_REACH_PX = 2.0  # a corner is seen where a pixel of its block is so near
EDGES = [[i + 1, (i | 1 << a) + 1] for a in range(3) for i in range(8) if not i >> a & 1]
NAMES = [
    "".join("-+"[i >> axis & 1] + "xyz"[axis] for axis in range(3)) for i in range(8)
]  # the order of `cube_corners`


@dataclass(frozen=True)
class CocoFormat(PictureParts):
    """One image a picture and one file for all annotations.

    Raises:
        MissingDependencyError: no pycocotools here.
    """

    def __post_init__(self) -> None:
        try:
            import pycocotools.mask  # noqa: F401
        except ModuleNotFoundError as error:
            raise MissingDependencyError(
                "COCO's masks need pycocotools, which is not installed; wanted the extra "
                "'datasets': pip install 'simreal[datasets]', or another --format"
            ) from error

    def write_picture(self, number: int, picture: LabelledImage, ignore: list[list[float]]) -> None:
        """Write the image, and then its part of the annotations."""
        name = f"{number:0{DIGITS}d}.png"
        write_image(self.folder / "images" / name, picture.image)
        values = label_values(picture, self.group, name, "", ignore)
        image = {
            "id": number,
            "file_name": name,
            "width": picture.camera.width,
            "height": picture.camera.height,
            "seed": picture.seed,
            "camera": {"K": values["K"], "dist": values["dist"]},
        }
        annotations = [
            _annotation(block, picture.instances == block["number"], number)
            for block in values["blocks"]
            if block["box_px"] is not None
        ]
        write_json(self.last_file(number), {"image": image, "annotations": annotations})

    def finish(self, count: int) -> None:
        """Write annotations.json from the parts.

        Raises:
            OSError: it cannot be written.
        """
        images: list[dict[str, Any]] = []
        annotations: list[dict[str, Any]] = []
        for part in self.parts(count):
            images.append(part["image"])
            for annotation in part["annotations"]:
                annotations.append({"id": len(annotations) + 1, **annotation})
        category = {
            "id": 1, "name": "block", "supercategory": "block", "keypoints": NAMES, "skeleton": EDGES,
        }  # fmt: skip
        write_json(
            self.folder / COCO_FILE,
            {
                "info": {"description": f"randomized synthetic pictures, {self.group}"},
                "images": images,
                "categories": [category],
                "annotations": annotations,
            },
        )


def _annotation(block: dict[str, Any], mask: NDArray[np.bool_], image: int) -> dict[str, Any]:
    from pycocotools.mask import encode

    code = encode(np.asfortranarray(mask.astype(np.uint8)))
    left, top, right, bottom = block["box_px"]
    keypoints, labelled = _keypoints(block["corners_px"], mask)
    return {
        "image_id": image,
        "category_id": 1,
        "iscrowd": 0,
        "bbox": [left, top, right - left, bottom - top],
        "area": int(mask.sum()),
        "segmentation": {"size": list(code["size"]), "counts": code["counts"].decode("ascii")},
        "keypoints": keypoints,
        "num_keypoints": labelled,
        "pose_in_camera": block["pose_in_camera"],
        "edge_m": block["edge"],
        "visible": round(block["visible"], DECIMALS_SHARE),
    }


def _keypoints(
    corners: list[list[float] | None], mask: NDArray[np.bool_]
) -> tuple[list[float], int]:
    """The corners as x, y, visibility each, and how many lie in the image."""
    height, width = mask.shape
    away = cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    values: list[float] = []
    labelled = 0
    for corner in corners:
        x, y = corner or (-1.0, -1.0)
        column, row = round(x), round(y)
        if not (0 <= column < width and 0 <= row < height):
            values += [0.0, 0.0, ABSENT]
            continue
        labelled += 1
        seen = away[row, column] <= CORNER_REACH_PX
        values += [round(x, DECIMALS_PX), round(y, DECIMALS_PX), VISIBLE if seen else HIDDEN]
    return values, labelled
