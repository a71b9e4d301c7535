"""BOP: scene folders of up to 1000 images, and a model with its symmetries for each edge length.

Lengths are millimetres, matrices lists row by row, as the BOP format says (bop_toolkit,
docs/bop_datasets_format.md). BOP knows no lens distortion: pictures are drawn through ideal lenses
(`picture_settings.without_lens`). There are no depth images.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from simreal_common.errors import ConfigurationError
from simreal_common.geometry import cube_corners, cube_symmetries
from simreal_common.output_files import write_whole
from simreal_perception.dataset_export.block_outline import centers_within, outline
from simreal_perception.dataset_export.picture_format import PictureParts, write_json, write_mask
from simreal_perception.dataset_export.picture_labels import (
    DECIMALS_POSE,
    DECIMALS_SHARE,
)
from simreal_perception.video.image_io import write_image
from simreal_sim.randomization.labelled_images import BlockLabel, LabelledImage

SCENE = 1000  # images in a scene folder
MM = 1e3
NO_BOX = [-1, -1, -1, -1]  # of an object that nobody sees
# Corner indices of `cube_corners`, two triangles a face, seen from outside counter-clockwise.
TRIANGLES = (
    (0, 4, 6), (0, 6, 2), (1, 3, 7), (1, 7, 5), (0, 1, 5), (0, 5, 4),
    (2, 6, 7), (2, 7, 3), (0, 2, 3), (0, 3, 1), (4, 5, 7), (4, 7, 6),
)  # fmt: skip


class BopFormat(PictureParts):
    """Images and masks one a picture; the JSON files of a scene are written at the end.

    The group is the folder of scenes (BOP's split).
    """

    def write_picture(self, number: int, picture: LabelledImage, ignore: list[list[float]]) -> None:
        """Write the image and its masks, and then its part of the ground truth.

        Raises:
            ConfigurationError: a lens with distortion.
        """
        if picture.camera.distortion.any():
            raise ConfigurationError(
                "BOP knows no lens distortion, and these pictures have one; wanted the group "
                "lens switched off (--off lens)"
            )
        scene, image = self._scene(number), f"{number % SCENE:06d}"
        write_image(scene / "rgb" / f"{image}.png", picture.image)
        objects = []
        for index, block in enumerate(picture.blocks):
            shown = picture.instances == block.number
            whole = _whole(block, picture) | shown
            for name, mask in (("mask", whole), ("mask_visib", shown)):
                path = scene / name / f"{image}_{index:06d}.png"
                write_mask(path, mask.astype(np.uint8) * np.uint8(255))
            objects.append(_object(block, shown, whole))
        write_json(self.last_file(number), {"camera": _camera(picture), "objects": objects})

    def finish(self, count: int) -> None:
        """Write the scenes' JSON files, and the models.

        Raises:
            OSError: a file cannot be written.
        """
        parts = self.parts(count)
        edges = sorted({o["edge_m"] for part in parts for o in part["objects"]})
        ids = {edge: number for number, edge in enumerate(edges, start=1)}
        for first in range(0, count, SCENE):
            cameras, truths, infos = {}, {}, {}
            for number in range(first, min(first + SCENE, count)):
                image, part = str(number % SCENE), parts[number]
                cameras[image] = part["camera"]
                truths[image] = [
                    {**o["truth"], "obj_id": ids[o["edge_m"]]} for o in part["objects"]
                ]
                infos[image] = [o["info"] for o in part["objects"]]
            scene = self._scene(first)
            write_json(scene / "scene_camera.json", cameras)
            write_json(scene / "scene_gt.json", truths)
            write_json(scene / "scene_gt_info.json", infos)
        models = self.folder / "models"
        models.mkdir(parents=True, exist_ok=True)
        for edge, number in ids.items():
            write_whole(models / f"obj_{number:06d}.ply", _ply(edge))
        write_json(models / "models_info.json", {str(ids[edge]): _model(edge) for edge in edges})

    def _scene(self, number: int) -> Path:
        return self.folder / self.group / f"{number // SCENE:06d}"


def _camera(picture: LabelledImage) -> dict[str, Any]:
    world = picture.pose_world_in_camera
    return {
        "cam_K": picture.camera.matrix.round(DECIMALS_POSE).ravel().tolist(),
        "cam_R_w2c": world.rotation.round(DECIMALS_POSE).ravel().tolist(),
        "cam_t_w2c": (MM * world.position).round(DECIMALS_POSE).tolist(),
        "seed": picture.seed,
    }


def _object(
    block: BlockLabel, shown: NDArray[np.bool_], whole: NDArray[np.bool_]
) -> dict[str, Any]:
    share = float(shown.sum() / max(int(whole.sum()), 1))
    return {
        "edge_m": round(block.edge, DECIMALS_POSE),
        "truth": {
            "cam_R_m2c": block.pose.rotation.round(DECIMALS_POSE).ravel().tolist(),
            "cam_t_m2c": (MM * block.pose.position).round(DECIMALS_POSE).tolist(),
        },
        "info": {
            "bbox_obj": _box(whole),
            "bbox_visib": _box(shown),
            "px_count_all": int(whole.sum()),
            "px_count_valid": int(whole.sum()),
            "px_count_visib": int(shown.sum()),
            "visib_fract": round(share, DECIMALS_SHARE),
        },
    }


def _whole(block: BlockLabel, picture: LabelledImage) -> NDArray[np.bool_]:
    """The pixels that a block would have if nothing stood before it, inside the image."""
    camera = picture.camera
    polygon = outline(camera, block.pose.matrix, block.edge)
    assert polygon is not None, "blocks at the lens were taken out"
    return centers_within(polygon, camera.width, camera.height)


def _box(mask: NDArray[np.bool_]) -> list[int]:
    """x, y, width, height."""
    if not mask.any():
        return NO_BOX
    return [int(side) for side in cv2.boundingRect(mask.astype(np.uint8))]


def _model(edge: float) -> dict[str, Any]:
    """The entry of models_info.json."""
    half, size = -MM * edge / 2, MM * edge
    symmetries = []
    for rotation in cube_symmetries()[1:]:
        matrix = np.eye(4)
        matrix[:3, :3] = rotation
        symmetries.append(matrix.ravel().tolist())
    return {
        "diameter": size * float(np.sqrt(3.0)),
        **{f"min_{axis}": half for axis in "xyz"},
        **{f"size_{axis}": size for axis in "xyz"},
        "symmetries_discrete": symmetries,
    }


def _ply(edge: float) -> str:
    """A cube as a PLY file, millimetres."""
    corners = MM * cube_corners(edge)
    lines = [
        "ply", "format ascii 1.0", f"element vertex {len(corners)}",
        *(f"property float {axis}" for axis in "xyz"),
        f"element face {len(TRIANGLES)}", "property list uchar int vertex_indices", "end_header",
        *(" ".join(f"{x:.6f}" for x in corner) for corner in corners),
        *(f"3 {a} {b} {c}" for a, b, c in TRIANGLES),
    ]  # fmt: skip
    return "\n".join(lines) + "\n"
