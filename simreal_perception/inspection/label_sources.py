"""Where pictures with labels come from: a folder, shards, BOP scenes, or drawn from ranges at once."""

from __future__ import annotations

import dataclasses
import io
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from simreal_common.errors import ConfigurationError, ImageError, MessageError, SimrealError
from simreal_common.imaging.image_codec import decode
from simreal_common.untrusted_text import parse_json, read_bytes, reason_of
from simreal_perception.dataset_export.picture_labels import (
    label_values,
    without_blocks_at_the_lens,
)
from simreal_perception.dataset_export.picture_settings import PictureSettings
from simreal_perception.evaluation.bop_scenes import is_bop
from simreal_perception.evaluation.evaluation_data import LIMITS, Example, ExampleSource, read_json
from simreal_perception.evaluation.labelled_photographs import (
    INDEX,
    is_coco,
    label_files,
    photograph_source,
)
from simreal_perception.inspection.label_records import BlockRecord, LabelRecord, parse_record
from simreal_perception.video.image_io import read_image

LARGEST_MEMBER = 100_000_000  # bytes of a picture or label in a shard


@dataclass(frozen=True, eq=False)
class LabelledPicture:
    """A picture, or what was wrong with its files.

    Args:
        name: for people; its file, where there is one.
        image: RGB uint8 (H, W, 3), or None.
        mask: uint8 (H, W), numbers of blocks; None where there is none.
        record: its label, or None.
        troubles: what could not be read, in words.
    """

    name: str
    image: NDArray[np.uint8] | None
    mask: NDArray[np.uint8] | None
    record: LabelRecord | None
    troubles: tuple[str, ...] = ()


class LabelledPictureSource(Protocol):
    """Pictures in their order.

    Attributes:
        name: kind and origin, for people.
        count: how many there are.
    """

    @property
    def name(self) -> str: ...

    @property
    def count(self) -> int: ...

    def pictures(self) -> Iterator[LabelledPicture]:
        """All of them; what cannot be read comes with words why."""


@dataclass(frozen=True)
class FolderSource:
    """Labels `*.json` in a folder and in the folders in it, each naming its image and mask."""

    folder: Path
    labels: tuple[Path, ...] = field(default=())

    def __post_init__(self) -> None:
        object.__setattr__(self, "labels", tuple(label_files(self.folder)))

    @property
    def name(self) -> str:
        return f"the folder {self.folder.name}"

    @property
    def count(self) -> int:
        return len(self.labels)

    def pictures(self) -> Iterator[LabelledPicture]:
        """Read each label with its image and its mask."""
        for path in self.labels:
            name = str(path.relative_to(self.folder).with_suffix(""))
            yield _read(name, path)


def _read(name: str, path: Path) -> LabelledPicture:
    image = mask = record = None
    troubles: list[str] = []
    try:
        values = read_json(path)
        record = parse_record(values, name)
        image = read_image(path.parent / str(values.get("image", f"{path.stem}.png")))
        if values.get("mask"):
            mask = _read_mask(path.parent / str(values["mask"]))
    except SimrealError as error:
        troubles.append(str(error))
    return LabelledPicture(name, image, mask, record, tuple(troubles))


def _read_mask(path: Path) -> NDArray[np.uint8]:
    try:
        content = read_bytes(path, LARGEST_MEMBER)
    except MessageError as error:
        raise ImageError(f"cannot read the mask {path.name}: {reason_of(error, path)}") from error
    return _decode_mask(content, path.name)


def _decode_mask(content: bytes, name: str) -> NDArray[np.uint8]:
    mask = decode(content, f"mask {name}", cv2.IMREAD_UNCHANGED)
    if mask is None or mask.ndim != 2 or mask.dtype != np.uint8:
        raise ImageError(f"{name} is no mask: wanted a PNG file of one channel with 8 bits")
    return mask


@dataclass(frozen=True)
class ShardSource:
    """WebDataset's tar files with .json, .png and .mask.png of each picture, as written here."""

    folder: Path

    @property
    def name(self) -> str:
        return f"the shards in {self.folder.name}"

    @property
    def count(self) -> int:
        total = 0
        for shard in self._shards:
            with _opened(shard) as tar:
                total += sum(name.endswith(".json") for name in tar.getnames())
        return total

    def pictures(self) -> Iterator[LabelledPicture]:
        """Read the shards one after the other."""
        for shard in self._shards:
            files: dict[str, dict[str, bytes]] = {}
            with _opened(shard) as tar:
                for entry in tar:
                    key, _, ending = entry.name.partition(".")
                    # A sparse file may claim any size; what is left out lacks, and that is told.
                    content = tar.extractfile(entry) if entry.size <= LARGEST_MEMBER else None
                    files.setdefault(key, {})[ending] = (content or io.BytesIO()).read()
            for key, parts in files.items():
                yield _unpack(f"{shard.stem}/{key}", parts)

    @property
    def _shards(self) -> list[Path]:
        return sorted(self.folder.glob("*.tar"))


@contextmanager
def _opened(shard: Path) -> Iterator[tarfile.TarFile]:
    """A shard; not packed: what unpacks itself has no limit.

    Raises:
        ConfigurationError: it is none, or breaks off.
    """
    try:
        with tarfile.open(shard, "r:") as tar:
            yield tar
    except (OSError, EOFError, tarfile.TarError) as error:
        raise ConfigurationError(
            f"shard {shard} cannot be read ({reason_of(error, shard)}): wanted a tar file that is "
            "not packed"
        ) from error


def _unpack(name: str, parts: dict[str, bytes]) -> LabelledPicture:
    image = mask = record = None
    troubles: list[str] = []
    try:
        record = parse_record(parse_json(parts.get("json", b"null").decode("utf-8"), LIMITS), name)
        bgr = decode(parts.get("png", b""), f"image {name}")
        if bgr is None:
            raise ImageError("the shard holds no image of it")
        image = np.ascontiguousarray(bgr[..., ::-1])
        if "mask.png" in parts:
            mask = _decode_mask(parts["mask.png"], name)
    except (SimrealError, ValueError) as error:
        troubles.append(str(error))
    return LabelledPicture(name, image, mask, record, tuple(troubles))


@dataclass(frozen=True)
class ExamplePictures:
    """Pictures of a layout that evaluation reads: BOP's scenes, or one file that names all.

    Args:
        source: of the pictures; of its masks nothing is read.
    """

    source: ExampleSource

    @property
    def name(self) -> str:
        return self.source.name

    @property
    def count(self) -> int:
        return self.source.count

    def pictures(self) -> Iterator[LabelledPicture]:
        """Read each picture with what is said of its blocks."""
        for number in range(self.source.count):
            try:
                (example,) = self.source.examples([number])
            except SimrealError as error:
                yield LabelledPicture(f"picture {number}", None, None, None, (str(error),))
                continue
            yield LabelledPicture(example.name, example.image, None, _record_of(example))


def _record_of(example: Example) -> LabelRecord:
    blocks = []
    for index, (pose, edge) in enumerate(example.sized_blocks):
        matrix = np.eye(4)
        matrix[:3, :3], matrix[:3, 3] = pose.rotation, pose.position
        share = example.visible[index] if example.visible else None
        name = f"block {index + 1}"
        blocks.append(BlockRecord(name, None, edge, matrix, share, None, None, None))
    camera = example.camera
    return LabelRecord(
        example.name,
        camera.width,
        camera.height,
        camera.matrix,
        camera.distortion,
        tuple(blocks),
        plane=None,
        corners_order=None,
        pixels_sha256=None,
    )


@dataclass(frozen=True)
class DrawnSource:
    """Pictures drawn from ranges, as `simreal pictures` would write them.

    Args:
        settings: of the pictures.
        count: of them.
    """

    settings: PictureSettings
    count: int

    @property
    def name(self) -> str:
        ranges = self.settings.ranges.name if self.settings.ranges else "the package's ranges"
        return f"{self.count} pictures drawn from {ranges}, seed {self.settings.seed}"

    def pictures(self) -> Iterator[LabelledPicture]:
        """Draw one after the other."""
        from simreal_sim.randomization.labelled_images import LabelledImages

        source = LabelledImages(*self.settings.image_size, self.settings.randomization)
        for number in range(self.count):
            seed = self.settings.seed + number
            picture, ignore = without_blocks_at_the_lens(source.draw(seed))
            values: dict[str, Any] = label_values(picture, self.settings.split, "", "", ignore)
            name = f"seed {seed}"
            yield LabelledPicture(
                name, picture.image, picture.instances, parse_record(values, name)
            )


def open_source(data: Path, drawn: PictureSettings, count: int) -> LabelledPictureSource:
    """Pictures of a folder, or drawn from a file of ranges.

    Args:
        data: a folder with labels or shards, or a YAML file of ranges.
        drawn: how pictures are drawn from ranges; `data` takes the place of its ranges.
        count: pictures to draw.

    Raises:
        ConfigurationError: neither; labels in a layout that is not read, ranges that cannot be.
    """
    if data.is_file():
        return DrawnSource(dataclasses.replace(drawn, ranges=data), count)
    if not data.is_dir():
        raise ConfigurationError(
            f"{data}: no such file or folder; wanted a folder of labelled pictures, or a YAML file "
            "of ranges"
        )
    source = labelled_source(data)
    if source is None:
        layout = " that are read, but COCO's layout" if is_coco(data) else ""
        raise ConfigurationError(
            f"{data} holds no labelled pictures{layout}: wanted GROUP/NAME.json beside each image, as "
            "simreal pictures --format folder writes them, shards of --format webdataset, or BOP's "
            "SPLIT/SCENE/scene_gt.json"
        )
    return source


def labelled_source(folder: Path) -> LabelledPictureSource | None:
    """The labelled pictures of a folder, in whichever layout it has; None where there are none.

    Raises:
        ConfigurationError: a layout without something that it needs.
    """
    if is_bop(folder) or (folder / INDEX).is_file():
        return ExamplePictures(photograph_source(folder))
    sources: tuple[LabelledPictureSource, ...] = (FolderSource(folder), ShardSource(folder))
    return next((source for source in sources if source.count), None)
