"""Pictures of a folder, a bag or a running camera turned into sights, with word of those left out."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from simreal_common.errors import ConfigurationError, ImageError, SimrealError
from simreal_common.untrusted_text import shortened
from simreal_perception.camera_calibration.board_detection import Sight
from simreal_perception.camera_calibration.picture_sources.pictures import (
    Picture,
    folder_files,
    folder_pictures,
)
from simreal_perception.video.image_io import RgbImage

BAG_ENDINGS = (".db3", ".mcap", ".bag", ".zstd")
NAME_WIDTH = 32
MOST_LIVE = 30  # pictures of a running camera


def need_source(source: Path | None, topic: str) -> None:
    """Refuse a command line that names neither files nor a running camera."""
    if source is None and not topic:
        raise ConfigurationError(
            "nothing to calibrate with: wanted a folder of pictures, a bag, or --topic of a running "
            "camera"
        )


def is_bag(source: Path) -> bool:
    """Whether it is a recording, not a folder of pictures.

    Raises:
        ConfigurationError: it is not there.
    """
    if not source.exists():
        raise ConfigurationError(f"{source} is not there: wanted a folder of pictures, or a bag")
    return source.is_file() or any(
        (source / "metadata.yaml").is_file() or file.suffix in BAG_ENDINGS
        for file in source.iterdir()
    )


def pictures_of(source: Path | None, topic: str, most: int) -> tuple[Iterator[Picture], int | None]:
    """The pictures of a folder, of a bag or, without either, of a running camera; their number.

    The number is None where it is not known.

    Raises:
        SimrealError: there are none.
    """
    need_source(source, topic)
    if source is None:
        from simreal_perception.camera_calibration.picture_sources.ros_live_pictures import (
            live_pictures,
        )

        return live_pictures(topic, MOST_LIVE), None
    if is_bag(source):
        from simreal_perception.camera_calibration.picture_sources.ros_bag_pictures import (
            bag_pictures,
        )

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
