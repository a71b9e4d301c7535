"""Images with truth to evaluate on: what an example is, photographs, the simulated cell."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from simreal_common.block_estimate import BLOCK_EDGE_M
from simreal_common.camera import Camera
from simreal_common.errors import ConfigurationError, MessageError
from simreal_common.geometry import Pose
from simreal_common.imaging.camera_files import load_camera
from simreal_common.shapes.shape import CUBE, Shape
from simreal_common.untrusted_text import Limits, parse_json, read_text, reason_of, shortened
from simreal_perception.pose_estimation.support_plane import DEFAULT_PLANE_SIGMA_M, SupportPlane

LIMITS = Limits(size=64_000_000, nodes=4_000_000)  # of files of truths, for thousands of images
ROTATION_TOLERANCE = 1e-2  # of R^T R from 1; labels are rounded, and some were typed


@dataclass(frozen=True, eq=False)
class Labels:
    """How a labelled photograph is scored: estimates are matched to its blocks in the image.

    Args:
        group: of photographs that it belongs to.
        region: polygon, pixels, shape (N, 2), outside which nothing is labelled; None where the
            whole image is.
        ignore: boxes x0, y0, x1, y1, pixels, shape (M, 4), in which something is not labelled.
        only_2d: whether poses are right in the image alone: errors in metres and radians say
            nothing.
    """

    group: str
    region: NDArray[np.float32] | None = None
    ignore: NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 4)))
    only_2d: bool = False


@dataclass(frozen=True, eq=False)
class Example:
    """One image and what is in it.

    Args:
        name: for people.
        image: RGB uint8 (H, W, 3).
        camera: its calibration.
        edge: of its blocks, metres, as the estimator is told it; the largest where they differ.
        blocks: poses in the optical frame of the blocks that must be found.
        hidden: poses of those that may be found: hardly visible, or out of range.
        visible: share of each of `blocks`, then of each of `hidden`, that the image shows; empty
            where nobody knows.
        edges: of each of `blocks`, then of each of `hidden`, metres; empty where all are `edge`.
        labels: how a labelled photograph is scored; None for other images.
        plane: that its blocks stand on, optical frame; None where nobody knows.
        shape: of its blocks.
    """

    name: str
    image: NDArray[np.uint8]
    camera: Camera
    edge: float
    blocks: list[Pose]
    hidden: list[Pose]
    visible: list[float] = field(default_factory=list)
    edges: list[float] = field(default_factory=list)
    labels: Labels | None = None
    plane: SupportPlane | None = None
    shape: Shape = CUBE

    @property
    def sized_blocks(self) -> list[tuple[Pose, float]]:
        """Poses of `blocks`, then of `hidden`, each with the block's edge in metres."""
        poses = [*self.blocks, *self.hidden]
        return list(zip(poses, self.edges or [self.edge] * len(poses)))


class ExampleSource(Protocol):
    """Numbered examples. A number gives the same example in every process and for every count.

    Attributes:
        name: kind and origin, for people.
        count: how many there are.
    """

    @property
    def name(self) -> str: ...

    @property
    def count(self) -> int: ...

    def examples(self, numbers: Sequence[int]) -> Iterator[Example]:
        """The examples of some numbers, given in ascending order, 0 to count - 1."""


@dataclass(frozen=True)
class WorldSource:
    """The simulated cell as its own camera sees it: PyBullet's renderer, which training never used.

    One to six blocks of 50 mm on the table, 0.7 to 1.1 m from the camera, distractors beside them.
    """

    count: int
    seed: int

    @property
    def name(self) -> str:
        return f"the simulated cell, seed {self.seed}"

    def examples(self, numbers: Sequence[int]) -> Iterator[Example]:
        """Draw the examples of these numbers.

        Raises:
            ModuleNotFoundError: no PyBullet here.
        """
        from simreal_sim.physics.world import World
        from simreal_sim.physics.world_camera import WorldCamera
        from simreal_sim.physics.world_randomization import SceneOptions, draw_scene
        from simreal_sim.physics.world_sensor import sense

        for number in numbers:
            rng = np.random.default_rng([self.seed, number])
            blocks = int(rng.integers(1, 7))
            scene = draw_scene(rng, SceneOptions(blocks=blocks))
            with World(scene) as world:
                image = sense(WorldCamera(world).render(), scene.noise, rng)
                to_camera = scene.pose_camera_in_world.inverse()
                poses = [to_camera @ pose for pose in world.block_poses().values()]
            yield Example(
                f"world {self.seed}/{number}", image, scene.camera, BLOCK_EDGE_M, poses, [],
                plane=table_plane(to_camera),
            )  # fmt: skip


def table_plane(pose_world_in_camera: Pose) -> SupportPlane | None:
    """The table of a simulated world, z = 0 there; None for a camera at its height."""
    if abs(pose_world_in_camera.inverse().position[2]) < BLOCK_EDGE_M:
        return None
    return SupportPlane.in_frame([0.0, 0.0, 1.0], 0.0, DEFAULT_PLANE_SIGMA_M, pose_world_in_camera)


@dataclass(frozen=True)
class PhotographSource:
    """Photographs with poses: a folder with index.json that names images, cameras and blocks.

    Raises:
        ConfigurationError: no such index.
        ImageError: an image that cannot be read.
        CalibrationError: a camera that cannot be read.
    """

    folder: Path

    @property
    def name(self) -> str:
        return f"photographs {self.folder.name}"

    @property
    def count(self) -> int:
        return len(self._images)

    def examples(self, numbers: Sequence[int]) -> Iterator[Example]:
        """Read the photographs of these numbers."""
        from simreal_perception.video.image_io import check_size, read_image

        for number in numbers:
            image, entries = self._images[number]
            rgb = read_image(self.folder / image)
            camera = load_camera(self.folder / entries[0]["camera"])
            check_size(rgb, camera, image, entries[0]["camera"])
            yield Example(
                image,
                rgb,
                camera,
                float(entries[0]["edge_m"]),
                [read_pose(entry, self.folder / "index.json") for entry in entries],
                [],
            )

    @cached_property
    def _images(self) -> list[tuple[str, list[Any]]]:
        """Image files, each with its entries in the index: one a block."""
        images: dict[str, list[Any]] = {}
        path = self.folder / "index.json"
        try:
            for entry in read_json(path)["blocks"]:
                missing = {"image", "camera", "edge_m", "position_m"} - set(entry)
                if missing:
                    raise ValueError(f"an entry lacks {', '.join(sorted(missing))}")
                images.setdefault(entry["image"], []).append(entry)
        except (MessageError, ValueError, KeyError, TypeError) as error:
            reason = reason_of(error, path)
            raise ConfigurationError(
                f"{self.folder} has no readable index.json ({reason}): wanted a JSON file with "
                "'blocks', each with image, camera, edge_m, position_m and orientation_xyzw"
            ) from error
        return list(images.items())


def read_json(path: Path) -> Any:
    """What a JSON file of truths holds.

    Raises:
        MessageError: no such file, not JSON, or more than makes sense.
    """
    return parse_json(read_text(path, LIMITS), LIMITS)


def read_pose(entry: Any, path: Path) -> Pose:
    """The pose in an entry: position_m, and orientation_xyzw or rotation (a matrix)."""
    try:
        if "rotation" in entry:
            return Pose.from_rotation(np.array(entry["rotation"]), np.array(entry["position_m"]))
        return Pose(np.array(entry["position_m"]), np.array(entry["orientation_xyzw"]))
    except (KeyError, ValueError, TypeError) as error:
        raise ConfigurationError(
            f"{path}: an entry holds no pose ({error}): wanted position_m of 3 numbers and "
            "orientation_xyzw of 4, or rotation, a 3x3 matrix"
        ) from error


def shaped_numbers(
    value: Any, shape: tuple[int, ...], what: str, *, finite: bool = True
) -> NDArray[np.float64]:
    """Numbers of a shape, in which -1 stands for any length.

    Args:
        finite: whether others are refused.

    Raises:
        ConfigurationError: others; `what` says where they stand.
    """
    lengths = "x".join("N" if length < 0 else str(length) for length in shape)
    wanted = f"{lengths} finite numbers" if shape else "a single finite number"
    try:
        array = np.array(value, dtype=np.float64)
    except (TypeError, ValueError):
        array = np.array([[[np.nan]]])
    fits = array.ndim == len(shape) and all(n in (-1, m) for n, m in zip(shape, array.shape))
    if not fits or (finite and not np.isfinite(array).all()):
        got = shortened(str(value), 60)
        raise ConfigurationError(f"{what} is {got}: wanted {wanted}")
    return array


def is_rotation(matrix: NDArray[np.float64]) -> bool:
    """Whether a matrix, (3, 3), turns without scaling or mirroring, as well as labels are typed."""
    orthogonal = np.abs(matrix.T @ matrix - np.eye(3)).max() < ROTATION_TOLERANCE
    return bool(orthogonal and np.linalg.det(matrix) > 0)
