"""Labelled photographs in groups: `GROUP/NAME.json` beside each image says what is in it.

A label is a JSON object. Positions are metres in the optical frame, places in the image pixels:

- image, kind, size: the image's file, its group, [width, height].
- K, dist: intrinsics (3x3), and the lens distortion k1 k2 p1 p2 k3; the image is not rectified.
- blocks: each with edge, visible (share of it that the image shows) and pose_in_camera (4x4).
- region: polygon outside which nothing is labelled; null, or left out, for the whole image.
- ignore: boxes [x0, y0, x1, y1] in which a detection counts neither way.
- score_2d_only: true where the poses are right in the image alone.
- table_plane_cam: normal and point_m of the table, where it is known.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simreal_common.camera import Camera
from simreal_common.errors import (
    CalibrationError,
    ConfigurationError,
    ImageError,
    MessageError,
)
from simreal_common.geometry import Pose
from simreal_common.imaging.camera_calibration import CameraCalibration
from simreal_common.untrusted_text import reason_of
from simreal_perception.evaluation.bop_scenes import BopScenes, is_bop
from simreal_perception.evaluation.evaluation_data import (
    Example,
    ExampleSource,
    Labels,
    PhotographSource,
    is_rotation,
    read_json,
    shaped_numbers,
)
from simreal_perception.evaluation.image_matching import is_wanted
from simreal_perception.pose_estimation.support_plane import SupportPlane
from simreal_perception.video.image_io import check_size, read_image

# Where `simreal pictures` keeps what COCO's and BOP's files are put together from, and COCO's file.
PARTS, COCO_FILE = "parts", "annotations.json"
INDEX = "index.json"  # of the other layout: one file that names images, cameras and blocks

EDGE_WITHOUT_BLOCKS_M = 0.0381  # 1.5 inches: the estimator is told some edge of an empty image

NEEDED = ("image", "kind", "size", "K", "blocks")
NEEDED_OF_A_BLOCK = ("edge", "visible", "pose_in_camera")


@dataclass(frozen=True)
class LabelledPhotographs:
    """Photographs in groups, each beside its label.

    Args:
        folder: holds the groups' folders.
        only: groups to take; all where there are none.

    Raises:
        ConfigurationError: no labels, a label that lacks something, no such group.
        ImageError: an image that is missing or cannot be read.
        CalibrationError: no calibrated camera, or not for the image's size.
    """

    folder: Path
    only: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        groups = f", {' '.join(self.only)}" if self.only else ""
        return f"labelled photographs {self.folder.name}{groups}"

    @property
    def count(self) -> int:
        return len(self._labels)

    def examples(self, numbers: Sequence[int]) -> Iterator[Example]:
        """Read the photographs of these numbers."""
        for number in numbers:
            yield self._labels[number].read()

    @cached_property
    def _labels(self) -> list[_Label]:
        labels = [_Label.load(path) for path in label_files(self.folder)]
        if not labels:
            raise ConfigurationError(
                f"{self.folder} holds no labelled photographs: wanted {INDEX}, or GROUP/NAME.json "
                "beside each image, or BOP's SPLIT/SCENE/scene_gt.json"
            )
        groups = sorted({label.group for label in labels})
        unknown = sorted(set(self.only) - set(groups))
        if unknown:
            raise ConfigurationError(
                f"--only {unknown[0]}: {self.folder} has no such group, but {', '.join(groups)}"
            )
        return [label for label in labels if not self.only or label.group in self.only]


def label_files(folder: Path) -> list[Path]:
    """What can be a label, by its place: JSON files of a folder and of the folders in it, sorted.

    Not what the other layouts have there, nor the parts that `simreal pictures` puts them together
    from.
    """
    if is_coco(folder):
        return []
    paths = sorted([*folder.glob("*.json"), *folder.glob("*/*.json")])
    return [path for path in paths if path.name != INDEX and path.parent.name != PARTS]


def is_coco(folder: Path) -> bool:
    """Whether a folder is a data set in COCO's layout, of which labels are not read."""
    return (folder / COCO_FILE).is_file() or any((folder / "annotations").glob("*.json"))


def photograph_source(folder: Path, only: Sequence[str] = ()) -> ExampleSource:
    """The photographs of a folder, in whichever of the three layouts it has.

    Raises:
        ConfigurationError: groups are asked for where there are none.
    """
    if is_bop(folder):
        return BopScenes(folder, tuple(only))
    if not (folder / INDEX).is_file():
        return LabelledPhotographs(folder, tuple(only))
    if only:
        raise ConfigurationError(
            f"--only {only[0]}: {folder} has an {INDEX}, so no groups; leave --only out"
        )
    return PhotographSource(folder)


@dataclass(frozen=True, eq=False)
class _Block:
    pose: Pose
    edge: float
    visible: float


@dataclass(frozen=True, eq=False)
class _Label:
    """One label, and where its image is."""

    image: Path
    camera: Camera
    blocks: tuple[_Block, ...]
    labels: Labels
    plane: SupportPlane | None

    @property
    def group(self) -> str:
        return self.labels.group

    @staticmethod
    def load(path: Path) -> _Label:
        """Read a label and check it; of its image only that there is one."""
        content = _object(path)
        _check_keys(content, NEEDED, str(path))
        image = path.parent / str(content["image"])
        if not image.is_file():
            raise ImageError(
                f"{path} names the image {content['image']}, which is not there: wanted "
                f"{image}; put it back, or take the label away"
            )
        return _Label(
            image,
            _camera(content, path),
            tuple(_block(entry, path) for entry in _list(content["blocks"], f"{path}: blocks")),
            Labels(
                str(content["kind"]),
                _region(content.get("region"), path),
                _boxes(content.get("ignore"), path),
                bool(content.get("score_2d_only")),
            ),
            _plane(content.get("table_plane_cam"), path),
        )

    def read(self) -> Example:
        """The example, with its image."""
        rgb = read_image(self.image)
        check_size(rgb, self.camera, str(self.image), "its label")
        must: list[_Block] = []
        may: list[_Block] = []
        for block in self.blocks:
            counts = is_wanted(self.camera, block.pose, block.edge, block.visible)
            (must if counts else may).append(block)
        return Example(
            f"{self.group}/{self.image.stem}",
            rgb,
            self.camera,
            max((block.edge for block in self.blocks), default=EDGE_WITHOUT_BLOCKS_M),
            [block.pose for block in must],
            [block.pose for block in may],
            [block.visible for block in [*must, *may]],
            [block.edge for block in [*must, *may]],
            self.labels,
            self.plane,
        )


def _object(path: Path) -> Mapping[str, Any]:
    try:
        content = read_json(path)
    except MessageError as error:
        reason = reason_of(error, path)
        raise ConfigurationError(
            f"{path} is no label ({reason}): wanted a JSON object with {', '.join(NEEDED)}"
        ) from error
    if not isinstance(content, dict):
        raise ConfigurationError(
            f"{path} is no label: wanted a JSON object with {', '.join(NEEDED)}"
        )
    return content


def _check_keys(entry: Any, needed: Sequence[str], where: str) -> None:
    missing = [key for key in needed if not isinstance(entry, dict) or key not in entry]
    if missing:
        raise ConfigurationError(f"{where} lacks {', '.join(missing)}: wanted {', '.join(needed)}")


def _list(value: Any, what: str) -> list[Any]:
    if not isinstance(value, list):
        raise ConfigurationError(f"{what} is {str(value)[:60]}: wanted a list")
    return value


def _camera(content: Mapping[str, Any], path: Path) -> Camera:
    width, height = shaped_numbers(content["size"], (2,), f"{path}: size").astype(int).tolist()
    matrix = shaped_numbers(content["K"], (3, 3), f"{path}: K")
    distortion = shaped_numbers(content.get("dist") or [], (-1,), f"{path}: dist")
    try:
        return CameraCalibration(width, height, matrix, distortion).camera()
    except CalibrationError as error:
        raise CalibrationError(f"{path}: {error}") from error


def _block(entry: Any, path: Path) -> _Block:
    _check_keys(entry, NEEDED_OF_A_BLOCK, f"{path}: a block")
    edge = float(shaped_numbers(entry["edge"], (), f"{path}: edge of a block"))
    matrix = shaped_numbers(entry["pose_in_camera"], (4, 4), f"{path}: pose_in_camera of a block")
    if not is_rotation(matrix[:3, :3]) or matrix[2, 3] <= 0 or edge <= 0:
        raise ConfigurationError(
            f"{path}: a block of edge {edge:g} with a pose_in_camera that no block in the image "
            "has: wanted an edge above 0 and a rotation with a place before the camera, metres"
        )
    visible = float(shaped_numbers(entry["visible"], (), f"{path}: visible of a block"))
    return _Block(Pose.from_matrix(matrix), edge, visible)


def _region(polygon: Any, path: Path) -> NDArray[np.float32] | None:
    if not polygon:
        return None
    return shaped_numbers(polygon, (-1, 2), f"{path}: region").astype(np.float32)


def _boxes(boxes: Any, path: Path) -> NDArray[np.float64]:
    return shaped_numbers(boxes, (-1, 4), f"{path}: ignore") if boxes else np.zeros((0, 4))


def _plane(entry: Any, path: Path) -> SupportPlane | None:
    if not entry:
        return None
    _check_keys(entry, ("normal", "point_m"), f"{path}: table_plane_cam")
    normal = shaped_numbers(entry["normal"], (3,), f"{path}: normal of table_plane_cam")
    point = shaped_numbers(entry["point_m"], (3,), f"{path}: point_m of table_plane_cam")
    try:
        return SupportPlane(normal, float(normal @ point))
    except ConfigurationError as error:
        raise ConfigurationError(f"{path}: table_plane_cam: {error}") from None
