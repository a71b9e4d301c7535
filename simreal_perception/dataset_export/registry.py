"""The layouts that pictures are written in, by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from simreal_perception.dataset_export.bop_format import BopFormat
from simreal_perception.dataset_export.coco_format import CocoFormat
from simreal_perception.dataset_export.folder_format import FolderFormat
from simreal_perception.dataset_export.picture_format import PictureFormat
from simreal_perception.dataset_export.webdataset_format import SHARD, WebDatasetFormat


@dataclass(frozen=True)
class FormatKind:
    """A layout of picture files.

    Args:
        make: writes a data set: of its folder, the name of its split, and how many pictures a tar
            file is to hold, None for the layout's own number.
        distorts: whether it has a place for the distortion of a lens; for one that has none, pictures
            are drawn through ideal lenses.
        sharded: whether its pictures stand in tar files.
    """

    make: Callable[[Path, str, int | None], PictureFormat]
    distorts: bool = True
    sharded: bool = False


# Their names stand in `simreal_cli/cli_pictures.py` once more, so that --help need not import this,
# which takes a second or two; a test compares them.
FORMATS: dict[str, FormatKind] = {
    "folder": FormatKind(lambda folder, split, shard: FolderFormat(folder, split)),
    "coco": FormatKind(lambda folder, split, shard: CocoFormat(folder, split)),
    "bop": FormatKind(lambda folder, split, shard: BopFormat(folder, split), distorts=False),
    "webdataset": FormatKind(
        lambda folder, split, shard: WebDatasetFormat(folder, split, shard or SHARD), sharded=True
    ),
}
