"""Pictures to calibrate with, from a folder."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from simreal_common.errors import ConfigurationError, ImageError
from simreal_perception.video.image_folder import IMAGE_ENDINGS, image_files
from simreal_perception.video.image_io import RgbImage, read_image

MOST_PICTURES = 2000
NOT_READ = (".heic", ".heif", ".dng", ".webp", ".tif", ".tiff")  # that phones give, too


@dataclass(frozen=True, eq=False)
class Picture:
    """One picture.

    Args:
        name: of the file, or of the message in a bag.
        rgb: uint8, shape (height, width, 3); None where it cannot be read.
        problem: why, in words; else empty.
    """

    name: str
    rgb: RgbImage | None
    problem: str = ""


def folder_files(folder: Path) -> list[Path]:
    """The pictures of a folder by their names.

    Raises:
        ConfigurationError: there are none, or far too many.
    """
    try:
        found = image_files(folder)
    except OSError as error:
        raise ConfigurationError(
            f"cannot read {folder}: {error.strerror}; wanted a folder of pictures, or a bag"
        ) from error
    if not found:
        suffixes = {file.suffix for file in folder.iterdir()}
        others = sorted(suffix for suffix in suffixes if suffix.lower() in NOT_READ)
        hint = f" (its {', '.join(others)} files must be converted)" if others else ""
        raise ConfigurationError(
            f"no picture in {folder}{hint}: wanted files that end in {', '.join(IMAGE_ENDINGS)}"
        )
    if len(found) > MOST_PICTURES:
        raise ConfigurationError(
            f"{len(found)} pictures in {folder}: wanted at most {MOST_PICTURES}; 15 to 50 are enough"
        )
    return found


def folder_pictures(folder: Path) -> Iterator[Picture]:
    """The pictures of a folder by their names; those that cannot be read say why.

    Raises:
        ConfigurationError: see `folder_files`.
    """
    for file in folder_files(folder):
        try:
            yield Picture(file.name, read_image(file))
        except ImageError as error:
            yield Picture(file.name, None, str(error))
