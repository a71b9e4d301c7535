"""What a layout of picture files is to `PictureRun`; and one file a picture as most layouts have it."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from simreal_common.errors import ImageError
from simreal_common.output_files import write_whole
from simreal_sim.randomization.labelled_images import LabelledImage

Draw = Callable[[int], LabelledImage]


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
