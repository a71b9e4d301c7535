"""Looks at every picture of a data set once: checks, measures, and keeps what a page shows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from simreal_common.camera import Camera
from simreal_common.errors import CalibrationError, ConfigurationError, SimrealError
from simreal_perception.dataset_export.picture_labels import pixels_sha256
from simreal_perception.inspection.coverage import Measured, Outside, coverage
from simreal_perception.inspection.duplicates import find_duplicates
from simreal_perception.inspection.image_evidence import Evidence, check_images, evidence
from simreal_perception.inspection.label_checks import check_labels
from simreal_perception.inspection.label_records import LabelRecord
from simreal_perception.inspection.label_sources import (
    LabelledPicture,
    LabelledPictureSource,
    labelled_source,
)
from simreal_perception.inspection.picture_fault import PictureFault
from simreal_perception.inspection.picture_features import (
    block_features,
    color_features,
    difference_hash,
    image_features,
    shrunk,
)
from simreal_perception.inspection.sample_sheet import draw_label
from simreal_perception.video.image_folder import image_files
from simreal_perception.video.image_io import read_image

RgbImage = NDArray[np.uint8]
Describe = Callable[[RgbImage], NDArray[np.float64]]

SAMPLES = 24
SHOWN_FAULTS = 12  # pictures with findings that are drawn
TILE_PX = 360
LEAST_COLOR_PX = 12


@dataclass(eq=False)
class Inspection:
    """What was seen.

    Attributes:
        name: of the source.
        pictures: how many were looked at.
        findings: all, in the order of the pictures.
        measured: of each picture that could be read.
        samples: pictures with their labels drawn, RGB, by name.
        faulty: likewise those with errors.
        photographs: what was measured of real ones.
        outside: photographs beside training.
        thumbnails: of the photographs, RGB, by name.
    """

    name: str
    pictures: int = 0
    findings: list[PictureFault] = field(default_factory=list)
    measured: list[Measured] = field(default_factory=list)
    samples: dict[str, RgbImage] = field(default_factory=dict)
    faulty: dict[str, RgbImage] = field(default_factory=dict)
    photographs: list[Measured] = field(default_factory=list)
    outside: list[Outside] = field(default_factory=list)
    thumbnails: dict[str, RgbImage] = field(default_factory=dict)

    @property
    def errors(self) -> list[PictureFault]:
        """Labels that are wrong."""
        return [one for one in self.findings if one.error]

    @property
    def blocks(self) -> int:
        """How many are labelled."""
        return sum(len(one.blocks) for one in self.measured)


def inspect_pictures(
    source: LabelledPictureSource,
    photographs: Path | None = None,
    describe: Describe | None = None,
    progress: Callable[[int], object] = lambda pictures: None,
) -> Inspection:
    """Look at all pictures of a source, and hold a folder of photographs against them.

    Args:
        photographs: a folder with images, labelled or not; None for none.
        describe: a network's features of an image; None: plain features alone.
        progress: called with the number of pictures that were newly looked at.

    Raises:
        ConfigurationError: no photographs in the folder.
    """
    seen = Inspection(source.name)
    every = max(source.count // SAMPLES, 1)
    kept: list[Evidence] = []
    pixels: list[str] = []
    hashes: list[NDArray[np.uint8]] = []
    labels: list[str] = []
    for index, picture in enumerate(source.pictures()):
        faults = check_labels(picture)
        seen.findings += faults
        seen.pictures += 1
        progress(1)
        if picture.image is None:
            continue
        seen.measured.append(measure(picture, describe))
        pixels.append(pixels_sha256(picture.image))
        hashes.append(difference_hash(picture.image))
        labels.append("" if picture.record is None else _label_text(picture.record))
        found = evidence(picture)
        if found is not None:
            kept.append(found)
        if index % every == 0 and len(seen.samples) < SAMPLES:
            seen.samples[picture.name] = shrunk(draw_label(picture), TILE_PX)
        if faults and len(seen.faulty) < SHOWN_FAULTS:
            seen.faulty[picture.name] = shrunk(draw_label(picture), TILE_PX)
    told = {one.picture for one in seen.findings if one.kind == "other image"}
    seen.findings += [one for one in check_images(kept) if one.picture not in told]
    names = [one.name for one in seen.measured]
    seen.findings += find_duplicates(names, pixels, np.array(hashes, np.uint8), labels)
    if photographs is not None:
        for picture in photograph_pictures(photographs):
            assert picture.image is not None
            seen.photographs.append(measure(picture, describe))
            seen.thumbnails[picture.name] = shrunk(picture.image, TILE_PX // 2)
        seen.outside = coverage(seen.measured, seen.photographs)
    return seen


def measure(picture: LabelledPicture, describe: Describe | None = None) -> Measured:
    """The quantities of a picture that has an image; blocks that cannot be are left out."""
    assert picture.image is not None
    record, blocks = picture.record, []
    if record is not None:
        try:
            camera = Camera(record.width, record.height, record.matrix, record.distortion)
            blocks = list(_measured_blocks(picture, record, camera))
        except CalibrationError:
            pass  # told as a finding
    network = None if describe is None else describe(picture.image)
    return Measured(picture.name, image_features(picture.image), blocks, network)


def _measured_blocks(
    picture: LabelledPicture, record: LabelRecord, camera: Camera
) -> Iterator[dict[str, float]]:
    assert picture.image is not None
    normal = None if record.plane is None else record.plane[0]
    mask = picture.mask
    fits = mask is not None and mask.shape == picture.image.shape[:2]
    for block in record.blocks:
        if block.pose[2, 3] <= 0 or block.edge <= 0:
            continue
        values = block_features(camera, block.pose, block.edge, block.visible, normal)
        if fits and block.number is not None:
            shown = picture.image[mask == block.number]
            if len(shown) >= LEAST_COLOR_PX:
                values |= color_features(np.ascontiguousarray(shown))
        yield values


def _label_text(record: LabelRecord) -> str:
    return str([(block.edge, block.pose.round(6).tolist()) for block in record.blocks])


def photograph_pictures(folder: Path) -> Iterator[LabelledPicture]:
    """Photographs of a folder and of the folders in it, with their labels where there are any.

    Raises:
        ConfigurationError: no such folder, or none in it.
    """
    if not folder.is_dir():
        raise ConfigurationError(f"{folder}: no such folder; wanted one with photographs")
    labelled = labelled_source(folder)
    if labelled is not None:
        for picture in labelled.pictures():
            if picture.image is not None:
                yield picture
        return
    paths = image_files(folder, nested=True)
    if not paths:
        raise ConfigurationError(f"{folder} holds no photographs: wanted .png or .jpg files")
    for path in paths:
        name = str(path.relative_to(folder))
        try:
            yield LabelledPicture(name, read_image(path), None, None)
        except SimrealError:
            continue  # a broken file among photographs is no reason to stop
