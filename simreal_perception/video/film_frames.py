"""Images out of a film by the time at which they were taken."""

from __future__ import annotations

import bisect
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from simreal_common.errors import ConfigurationError, MessageError, MissingDependencyError
from simreal_common.untrusted_text import Limits, parse_json, read_text, reason_of
from simreal_perception.video.film import times_file
from simreal_perception.video.image_io import RgbImage

TIMES_LIMITS = Limits(size=20_000_000, nodes=2_000_000)


@dataclass(frozen=True, eq=False)
class Frame:
    """An image, uint8 (height, width, 3), and when it was taken, seconds."""

    time_s: float
    rgb: RgbImage


def frames_at(film: Path, times_s: Sequence[float]) -> list[Frame]:
    """For each time the last image taken until then, or the first of all.

    Raises:
        ConfigurationError: there is no film, it cannot be read, or its index is missing.
        MissingDependencyError: PyAV is not installed.
    """
    if not film.is_file():
        raise ConfigurationError(f"there is no {film.name}: nothing was filmed, or not to its end")
    try:
        content = parse_json(read_text(times_file(film), TIMES_LIMITS), TIMES_LIMITS)
        taken = [float(time) for time in content["times"]]
    except (MessageError, ValueError, KeyError, TypeError) as error:
        reason = reason_of(error, times_file(film))
        raise ConfigurationError(
            f"{times_file(film).name}, the index of {film.name}, cannot be read: {reason}"
        ) from error
    if not taken:
        raise ConfigurationError(f"{film.name} has no images")
    wanted = [max(bisect.bisect_right(taken, time) - 1, 0) for time in times_s]
    images = _images(film, set(wanted))
    missing = [number for number in wanted if number not in images]
    if missing:
        raise ConfigurationError(
            f"{film.name} has no image {missing[0]}, its index has {len(taken)}"
        )
    return [Frame(taken[number], images[number]) for number in wanted]


def _images(film: Path, wanted: set[int]) -> dict[int, RgbImage]:
    """The images of these numbers."""
    try:
        import av
    except ImportError as error:
        raise MissingDependencyError(
            "images from a film need PyAV, which is not installed: pip install 'simreal[film]'"
        ) from error
    found: dict[int, RgbImage] = {}
    try:
        with av.open(str(film)) as container:
            for number, frame in enumerate(container.decode(video=0)):
                if number in wanted:
                    found[number] = frame.to_ndarray(format="rgb24")
                if len(found) == len(wanted):
                    break
    except (OSError, av.error.FFmpegError) as error:
        raise ConfigurationError(f"{film.name} cannot be read: {reason_of(error, film)}") from error
    return found
