"""The layouts that pictures are written in, by name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from simreal_perception.dataset_export.bop_format import BopFormat
from simreal_perception.dataset_export.coco_format import CocoFormat
from simreal_perception.dataset_export.folder_format import FolderFormat
from simreal_perception.dataset_export.picture_format import PictureFormat
from simreal_perception.dataset_export.picture_settings import PictureSettings
from simreal_perception.dataset_export.webdataset_format import SHARD, WebDatasetFormat

FORMATS: dict[str, Callable[[Path, PictureSettings], PictureFormat]] = {
    "folder": lambda folder, settings: FolderFormat(folder, settings.split),
    "coco": lambda folder, settings: CocoFormat(folder, settings.split),
    "bop": lambda folder, settings: BopFormat(folder, settings.split),
    "webdataset": lambda folder, settings: WebDatasetFormat(
        folder, settings.split, settings.shard or SHARD
    ),
}
