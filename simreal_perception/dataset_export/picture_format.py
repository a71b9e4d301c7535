"""What a layout of picture files is to `PictureRun`, and what those share that write one by one."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from simreal_common.errors import ImageError
from simreal_common.output_files import write_whole
from simreal_perception.dataset_export.picture_labels import without_blocks_at_the_lens
from simreal_perception.evaluation.labelled_photographs import PARTS
from simreal_sim.randomization.labelled_images import LabelledImage

Draw = Callable[[int], LabelledImage]
DIGITS = 6  # of a picture's number in its files' names


class PictureFormat(Protocol):
    """Writes pictures of a data set into one layout.

    Attributes:
        unit: pictures that are written together, and are there together or not at all.
    """

    @property
    def unit(self) -> int: ...

    def is_done(self, numbers: Sequence[int]) -> bool:
        """Whether the pictures of a unit are there."""

    def write(self, numbers: Sequence[int], draw: Draw) -> None:
        """Draw and write the pictures of a unit."""

    def finish(self, count: int) -> None:
        """Write what is about all of them, pictures 0 to count - 1."""


@dataclass(frozen=True)
class PictureByPicture(ABC):
    """A layout whose pictures are written one by one, each with a file of its own that comes last.

    Args:
        folder: of the data set.
        group: kind of its scenes; where a layout has folders of scenes, the name of theirs.
    """

    folder: Path
    group: str

    @property
    def unit(self) -> int:
        return 1

    def is_done(self, numbers: Sequence[int]) -> bool:
        """Whether the last files of the pictures are there."""
        return all(self.last_file(number).is_file() for number in numbers)

    def write(self, numbers: Sequence[int], draw: Draw) -> None:
        """Draw and write pictures.

        Raises:
            ImageError, OSError: a file cannot be written.
            SimrealError: the layout cannot hold the picture.
        """
        for number in numbers:
            picture, ignore = without_blocks_at_the_lens(draw(number))
            self.write_picture(number, picture, ignore)

    @abstractmethod
    def last_file(self, number: int) -> Path:
        """The file of a picture that is written when all its others are there."""

    @abstractmethod
    def write_picture(self, number: int, picture: LabelledImage, ignore: list[list[float]]) -> None:
        """Write a picture whose blocks lie before the camera as a whole.

        Args:
            ignore: boxes of what was taken out for that: a detection there counts neither way.
        """

    @abstractmethod
    def finish(self, count: int) -> None:
        """Write what is about all of them, pictures 0 to count - 1."""


class PictureParts(PictureByPicture):
    """One whose labels are put together at the end, from a part a picture in `parts/`."""

    def last_file(self, number: int) -> Path:
        return self.folder / PARTS / f"{number:0{DIGITS}d}.json"

    def parts(self, count: int) -> list[dict[str, Any]]:
        """What was written of pictures 0 to count - 1."""
        return [
            json.loads(self.last_file(number).read_text(encoding="utf-8"))
            for number in range(count)
        ]


def write_mask(path: Path, mask: NDArray[np.uint8]) -> None:
    """Write a mask, (H, W), as a PNG file of one channel.

    Raises:
        ImageError: it cannot be written there.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, png(mask))
    except OSError as error:
        raise ImageError(
            f"cannot write {path}: {error.strerror}; give a place that can be written"
        ) from error


def png(mask: NDArray[np.uint8]) -> bytes:
    """A mask, (H, W), as the content of a PNG file."""
    _, content = cv2.imencode(".png", mask)
    return content.tobytes()


def write_json(path: Path, values: Any) -> None:
    """Write plain values as JSON, a file that is whole or not there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, json.dumps(values) + "\n")
