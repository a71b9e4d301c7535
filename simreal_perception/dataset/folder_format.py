"""A folder that `simreal evaluate --photos` reads: GROUP/NUMBER.png beside its label and its mask."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from simreal_perception.dataset.picture_formats import Draw, write_json, write_mask
from simreal_perception.dataset.picture_labels import label_values, without_blocks_at_the_lens
from simreal_perception.video.image_io import write_image

DIGITS = 6


@dataclass(frozen=True)
class FolderFormat:
    """One label, one image and one mask a picture.

    Args:
        folder: of the data set.
        group: name of the folder inside it.
    """

    folder: Path
    group: str

    @property
    def unit(self) -> int:
        return 1

    def is_done(self, numbers: Sequence[int]) -> bool:
        """Whether the labels are there: of a picture's files they are written last."""
        return all(self._path(number, ".json").is_file() for number in numbers)

    def write(self, numbers: Sequence[int], draw: Draw) -> None:
        """Draw and write pictures.

        Raises:
            ImageError: a file cannot be written.
            OSError: a label cannot be written.
        """
        for number in numbers:
            picture, ignore = without_blocks_at_the_lens(draw(number))
            image, mask = self._path(number, ".png"), self._path(number, ".mask.png")
            write_image(image, picture.image)
            write_mask(mask, picture.instances)
            values = label_values(picture, self.group, image.name, mask.name, ignore)
            write_json(self._path(number, ".json"), values)

    def finish(self, count: int) -> None:
        """Nothing is about all pictures."""

    def _path(self, number: int, ending: str) -> Path:
        return self.folder / self.group / f"{number:0{DIGITS}d}{ending}"
