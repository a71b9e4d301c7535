"""A folder that `simreal evaluate --photos` reads: GROUP/NUMBER.png beside its label and its mask."""

from __future__ import annotations

from pathlib import Path

from simreal_perception.dataset_export.picture_format import (
    DIGITS,
    PictureByPicture,
    write_json,
    write_mask,
)
from simreal_perception.dataset_export.picture_labels import label_values
from simreal_perception.video.image_io import write_image
from simreal_sim.randomization.labelled_images import LabelledImage


class FolderFormat(PictureByPicture):
    """One label, one image and one mask a picture; the group's folder holds them."""

    def last_file(self, number: int) -> Path:
        return self._path(number, ".json")

    def write_picture(self, number: int, picture: LabelledImage, ignore: list[list[float]]) -> None:
        """Write image, mask, and then the label."""
        image, mask = self._path(number, ".png"), self._path(number, ".mask.png")
        write_image(image, picture.image)
        write_mask(mask, picture.instances)
        values = label_values(picture, self.group, image.name, mask.name, ignore)
        write_json(self.last_file(number), values)

    def finish(self, count: int) -> None:
        """Nothing is about all pictures."""

    def _path(self, number: int, ending: str) -> Path:
        return self.folder / self.group / f"{number:0{DIGITS}d}{ending}"
