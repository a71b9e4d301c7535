"""Images in the BOP layout: SPLIT/SCENE folders with scene_camera.json and scene_gt.json.

Lengths are millimetres there, matrices lists row by row (bop_toolkit, docs/bop_datasets_format.md). Of
the objects cubes count as blocks, by their sizes in models_info.json; others are left out. Lenses have
no distortion.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from simreal_common.camera import Camera
from simreal_common.errors import ConfigurationError, ImageError, MessageError
from simreal_common.geometry import Pose
from simreal_common.untrusted_text import reason_of
from simreal_perception.evaluation.evaluation_data import (
    Example,
    is_rotation,
    read_json,
    shaped_numbers,
)
from simreal_perception.evaluation.image_matching import is_wanted
from simreal_perception.video.image_io import read_image

GROUND_TRUTH, CAMERAS, INFO = "scene_gt.json", "scene_camera.json", "scene_gt_info.json"
MODELS = "models_info.json"
IMAGE_FOLDERS = ("rgb", "gray")
IMAGE_ENDINGS = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp")
MM = 1e-3
CUBE_TOLERANCE = 0.02  # by which the sides of a cube may differ: scanned models are not exact
FARTHEST_M = 1000.0  # of an object from the camera: beyond it squares lose all meaning, or overflow
MODELS_ABOVE = 3  # folders above what is given in which the models are looked for


def is_bop(folder: Path) -> bool:
    """Whether a folder is a scene, a split or a data set in the BOP layout."""
    return next(_scene_folders(folder), None) is not None


@dataclass(frozen=True)
class BopScenes:
    """Images of BOP scenes.

    Args:
        folder: of a data set, of a split, or of a scene.
        only: names of splits or scenes to take; all where there are none.

    Raises:
        ConfigurationError: no cube among the models, a file that lacks something, no such scene.
        ImageError: an image that is missing or cannot be read.
        CalibrationError: no calibrated camera.
    """

    folder: Path
    only: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        chosen = f", {' '.join(self.only)}" if self.only else ""
        return f"BOP scenes {self.folder.name}{chosen}"

    @property
    def count(self) -> int:
        return len(self._images)

    def examples(self, numbers: Sequence[int]) -> Iterator[Example]:
        """Read the images of these numbers."""
        for number in numbers:
            scene, image = self._images[number]
            yield self._scenes[scene].example(image, self._cubes)

    @cached_property
    def _scenes(self) -> dict[str, _Scene]:
        folders = sorted(_scene_folders(self.folder))
        names = sorted({name for one in folders for name in (one.name, one.parent.name)})
        unknown = sorted(set(self.only) - set(names))
        if unknown:
            raise ConfigurationError(
                f"--only {unknown[0]}: {self.folder} has no such split or scene, but "
                f"{', '.join(names)}"
            )
        chosen = [
            one for one in folders if not self.only or {one.name, one.parent.name} & {*self.only}
        ]
        return {f"{one.parent.name}/{one.name}": _Scene.load(one) for one in chosen}

    @cached_property
    def _images(self) -> list[tuple[str, str]]:
        """Scene and image, in the order of their numbers."""
        images = [
            (name, image)
            for name, scene in self._scenes.items()
            for image in sorted(scene.truths, key=int)
        ]
        if not images:
            raise ConfigurationError(
                f"{self.folder}: its {GROUND_TRUTH} names no image: wanted one at least"
            )
        return images

    @cached_property
    def _cubes(self) -> dict[int, _Cube]:
        path = _models_file(self.folder)
        models = _mapping(path, "models by the number of the object")
        cubes = {}
        for key, model in models.items():
            cube = _cube(model, f"{path}: object {key}")
            if cube is not None:
                cubes[_number(key, path)] = cube
        if not cubes:
            raise ConfigurationError(
                f"{path} has no cube: wanted an object with size_x, size_y and size_z alike; nothing "
                "else is found here"
            )
        return cubes


@dataclass(frozen=True, eq=False)
class _Cube:
    """An object that is a cube: its edge, and its middle in the model's frame, metres."""

    edge: float
    pose_middle_in_model: Pose


@dataclass(frozen=True, eq=False)
class _Scene:
    """The JSON files of a scene; of its images nothing yet."""

    folder: Path
    cameras: Mapping[str, Any]
    truths: Mapping[str, Any]
    infos: Mapping[str, Any]

    @staticmethod
    def load(folder: Path) -> _Scene:
        truths = _mapping(folder / GROUND_TRUTH, "a list of objects for each image")
        for image in truths:
            _number(image, folder / GROUND_TRUTH)
        info = folder / INFO
        return _Scene(
            folder,
            _mapping(folder / CAMERAS, "cam_K for each image"),
            truths,
            _mapping(info, "a list for each image") if info.is_file() else {},
        )

    def example(self, image: str, cubes: Mapping[int, _Cube]) -> Example:
        """An image with what is in it; the estimator is told the largest edge."""
        rgb = read_image(self._image_file(int(image)))
        camera = self._camera(image, rgb.shape[1], rgb.shape[0])
        must: list[tuple[Pose, float, float | None]] = []
        may: list[tuple[Pose, float, float | None]] = []
        for pose, edge, share in self._blocks(image, cubes):
            wanted = is_wanted(camera, pose, edge, share)
            (must if wanted else may).append((pose, edge, share))
        blocks = [*must, *may]
        shares = [share for _, _, share in blocks if share is not None]
        return Example(
            f"{self.folder.parent.name}/{self.folder.name}/{image}",
            rgb,
            camera,
            max((edge for _, edge, _ in blocks), default=max(c.edge for c in cubes.values())),
            [pose for pose, _, _ in must],
            [pose for pose, _, _ in may],
            shares if len(shares) == len(blocks) else [],
            [edge for _, edge, _ in blocks],
        )

    def _blocks(
        self, image: str, cubes: Mapping[int, _Cube]
    ) -> Iterator[tuple[Pose, float, float | None]]:
        """Pose, edge and visible share of each cube that lies before the camera."""
        where = f"{self.folder / GROUND_TRUTH}, image {image}"
        entries, infos = _list(self.truths[image], where), self.infos.get(image, [])
        for index, entry in enumerate(entries):
            truth = _object(entry, ("obj_id", "cam_R_m2c", "cam_t_m2c"), where)
            cube = cubes.get(_number(truth["obj_id"], self.folder / GROUND_TRUTH))
            if cube is None:
                continue
            turn = _square(truth["cam_R_m2c"], where)
            if not is_rotation(turn):
                raise ConfigurationError(
                    f"{where}: cam_R_m2c {str(turn.tolist())[:60]} is no rotation; wanted 9 numbers of "
                    "a rotation matrix, row by row"
                )
            place = MM * shaped_numbers(truth["cam_t_m2c"], (3,), f"{where}: cam_t_m2c")
            if np.abs(place).max() > FARTHEST_M:
                raise ConfigurationError(
                    f"{where}: cam_t_m2c {str(truth['cam_t_m2c'])[:60]} is farther than "
                    f"{FARTHEST_M:g} m: wanted millimetres in the camera's frame"
                )
            pose = Pose.from_rotation(turn, place) @ cube.pose_middle_in_model
            if pose.position[2] > cube.edge:
                yield pose, cube.edge, _share(infos, index, where)

    def _camera(self, image: str, width: int, height: int) -> Camera:
        where = f"{self.folder / CAMERAS}, image {image}"
        if image not in self.cameras:
            raise ConfigurationError(f"{where}: no such entry; wanted cam_K of each image")
        entry = _object(self.cameras[image], ("cam_K",), where)
        return Camera(width, height, _square(entry["cam_K"], where), np.zeros(0))

    def _image_file(self, image: int) -> Path:
        for folder in IMAGE_FOLDERS:
            for ending in IMAGE_ENDINGS:
                path = self.folder / folder / f"{image:06d}{ending}"
                if path.is_file():
                    return path
        raise ImageError(
            f"{self.folder} has no image {image:06d}: wanted {' or '.join(IMAGE_FOLDERS)}/"
            f"{image:06d}.png or .jpg; put it back, or take its ground truth away"
        )


def _scene_folders(folder: Path) -> Iterator[Path]:
    for pattern in (GROUND_TRUTH, f"*/{GROUND_TRUTH}", f"*/*/{GROUND_TRUTH}"):
        yield from (path.parent for path in folder.resolve().glob(pattern))


def _models_file(folder: Path) -> Path:
    """models_info.json of a data set, from the folder itself or those above it."""
    places = [folder.resolve(), *folder.resolve().parents][: MODELS_ABOVE + 1]
    for place in places:
        found = sorted(place.glob(f"models*/{MODELS}"), key=lambda path: len(str(path)))
        if found:
            return found[0]
    raise ConfigurationError(
        f"{folder} has no models/{MODELS}, nor has a folder above it: wanted the BOP data set's models "
        "beside its splits"
    )


def _cube(model: Any, where: str) -> _Cube | None:
    """What is a cube, by its sizes; None for anything else."""
    keys = [f"{kind}_{axis}" for kind in ("size", "min") for axis in "xyz"]
    values = _object(model, keys, where)
    numbers = shaped_numbers([values[key] for key in keys], (6,), f"{where}: sizes")
    size, low = MM * numbers[:3], MM * numbers[3:]
    if size.min() <= 0 or size.max() > (1 + CUBE_TOLERANCE) * size.min():
        return None
    middle = Pose(low + size / 2, np.array([0.0, 0.0, 0.0, 1.0]))
    return _Cube(float(size.mean()), middle)


def _share(infos: Any, index: int, where: str) -> float | None:
    if not isinstance(infos, list) or index >= len(infos):
        return None
    share = _object(infos[index], (), where).get("visib_fract")
    return None if share is None else float(shaped_numbers(share, (), f"{where}: visib_fract"))


def _square(values: Any, where: str) -> np.ndarray[Any, np.dtype[np.float64]]:
    return shaped_numbers(values, (9,), f"{where}: a matrix").reshape(3, 3)


def _mapping(path: Path, wanted: str) -> Mapping[str, Any]:
    try:
        content = read_json(path)
    except MessageError as error:
        raise ConfigurationError(
            f"cannot read {path} ({reason_of(error, path)}): wanted {wanted}"
        ) from error
    if not isinstance(content, dict):
        raise ConfigurationError(f"{path} holds no JSON object: wanted {wanted}")
    return content


def _object(entry: Any, needed: Sequence[str], where: str) -> Mapping[str, Any]:
    missing = [key for key in needed if not isinstance(entry, dict) or key not in entry]
    if missing or not isinstance(entry, dict):
        raise ConfigurationError(
            f"{where}: an entry lacks {', '.join(missing) or 'its keys'}; wanted a JSON object with "
            f"{', '.join(needed) or 'visib_fract'}"
        )
    return entry


def _list(value: Any, where: str) -> list[Any]:
    if not isinstance(value, list):
        raise ConfigurationError(f"{where}: got {str(value)[:60]}, wanted a list of objects")
    return value


def _number(value: Any, path: Path) -> int:
    try:
        return int(value)
    except (TypeError, ValueError) as error:
        raise ConfigurationError(
            f"{path}: got '{str(value)[:40]}' where a whole number is wanted: of an image or object"
        ) from error
