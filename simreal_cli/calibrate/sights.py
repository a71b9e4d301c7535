"""Pictures of a folder or a bag turned into sights, with word of those that are left out."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from simreal_common.errors import ConfigurationError, ImageError, SimrealError
from simreal_common.untrusted_text import shortened
from simreal_perception.camera_calibration.board_detection import Sight
from simreal_perception.camera_calibration.pictures import Picture, folder_files, folder_pictures
from simreal_perception.video.image_io import RgbImage

BAG_ENDINGS = (".db3", ".mcap", ".bag", ".zstd")
NAME_WIDTH = 32


def pictures_of(source: Path, topic: str, most: int) -> tuple[Iterator[Picture], int | None]:
    """The pictures of a folder or of a bag, and how many they are if that is known.

    Raises:
        SimrealError: there are none.
    """
    if not source.exists():
        raise ConfigurationError(f"{source} is not there: wanted a folder of pictures, or a bag")
    if source.is_file() or any(
        (source / "metadata.yaml").is_file() or file.suffix in BAG_ENDINGS
        for file in source.iterdir()
    ):
        from simreal_perception.camera_calibration.ros_bag_pictures import bag_pictures

        return bag_pictures(source, topic, most), None
    if topic:
        raise ConfigurationError(f"--topic {topic}: {source} is a folder of pictures, not a bag")
    return folder_pictures(source), len(folder_files(source))


def collect_sights(
    pictures: Iterable[Picture], count: int | None, find: Callable[[str, RgbImage], Sight]
) -> tuple[list[Sight], list[tuple[str, str]]]:
    """What the pictures show; the names of those left out, and why."""
    from tqdm import tqdm

    sights: list[Sight] = []
    left_out: list[tuple[str, str]] = []
    for picture in tqdm(pictures, total=count, unit="picture", disable=not sys.stderr.isatty()):
        if picture.rgb is None:
            left_out.append((picture.name, picture.problem))
            continue
        try:
            sights.append(find(picture.name, picture.rgb))
        except (ImageError, SimrealError) as error:
            left_out.append((picture.name, str(error)))
    return sights, left_out


def print_left_out(left_out: Sequence[tuple[str, str]]) -> None:
    """One line for each picture that was left out."""
    for name, why in left_out:
        print(f"left out {shortened(name, NAME_WIDTH)}: {' '.join(why.split())}")


def print_errors(names: Sequence[str], points: Sequence[int], errors_px: Sequence[float]) -> None:
    """A table: each picture, how many points were seen, how far they are off."""
    print(f"{'picture':{NAME_WIDTH}} points  error (px)")
    for name, count, error in zip(names, points, errors_px):
        print(f"{shortened(name, NAME_WIDTH - 3):{NAME_WIDTH}} {count:6} {error:11.3f}")
