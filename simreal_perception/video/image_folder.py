"""The images that lie in a folder: one rule for all who read one."""

from __future__ import annotations

from pathlib import Path

IMAGE_ENDINGS = (".png", ".jpg", ".jpeg")
MASK = ".mask"  # of NUMBER.png is NUMBER.mask.png, as `simreal pictures` writes it


def image_files(folder: Path, nested: bool = False) -> list[Path]:
    """The image files of a folder by their names, without the masks that lie beside images.

    Args:
        folder: is there.
        nested: those of the folders in it, too.

    Raises:
        OSError: it cannot be read.
    """
    files = folder.rglob("*") if nested else folder.iterdir()
    images = sorted(file for file in files if file.suffix.lower() in IMAGE_ENDINGS)
    names = {image.with_suffix("") for image in images}
    return [image for image in images if not _is_mask(image, names)]


def _is_mask(image: Path, names: set[Path]) -> bool:
    """Whether it is the mask of an image; `names`: of the images, without their endings."""
    name = image.with_suffix("")
    return name.suffix == MASK and name.with_suffix("") in names
