"""What a data set of randomized pictures is made of, kept beside it so that a run can go on."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from simreal_common.errors import ConfigurationError
from simreal_common.output_files import write_whole
from simreal_common.settings.configuration import load_yaml
from simreal_perception.dataset_export.registry import FORMATS
from simreal_perception.dataset_export.webdataset_format import LARGEST_SHARD
from simreal_perception.evaluation.evaluation_splits import find_split
from simreal_sim.randomization.ranges.randomization_config import RandomizationConfig
from simreal_sim.randomization.ranges_file import changed_keys, ranges_values

# No .json: in this layout every .json file is the label of a picture.
SETTINGS_FILE = "pictures.yaml"
SMALLEST_PX, LARGEST_PX = 48, 4096  # sides of a picture
LARGEST_SEED = 2**31 - 1
SHOWN = 4  # changed settings in an error


@dataclass(frozen=True)
class PictureSettings:
    """What decides how each picture looks and how it is written; picture n has seed + n.

    Args:
        format: name of the layout.
        seed: of picture 0.
        split: kind of scenes, out of `SPLITS`.
        size: width and height, pixels; None for the split's.
        ranges: file of ranges; None for config/randomization.yaml.
        disabled: groups of randomization that are switched off.
        shard: pictures in a tar file; None for the layout's.

    Raises:
        ConfigurationError: no such split or group, a size, seed or shard beyond the limits, a shard in
            a layout that has none, ranges that cannot be read.
    """

    format: str = "folder"
    seed: int = 1
    split: str = "trained"
    size: tuple[int, int] | None = None
    ranges: Path | None = None
    disabled: tuple[str, ...] = ()
    shard: int | None = None

    def __post_init__(self) -> None:
        sharded = [name for name, kind in FORMATS.items() if kind.sharded]
        if self.shard is not None and self.format not in sharded:
            raise ConfigurationError(
                f"shards are asked for in the format '{self.format}', which has none; wanted the "
                f"format {' or '.join(map(repr, sharded))}, or no --shard"
            )
        if self.shard is not None and not 1 <= self.shard <= LARGEST_SHARD:
            raise ConfigurationError(
                f"shard {self.shard}: wanted 1 to {LARGEST_SHARD} pictures in a tar file"
            )
        if not 0 <= self.seed <= LARGEST_SEED:
            raise ConfigurationError(f"seed {self.seed}: wanted one from 0 to {LARGEST_SEED}")
        if not all(SMALLEST_PX <= side <= LARGEST_PX for side in self.image_size):
            raise ConfigurationError(
                f"size {self.image_size[0]}x{self.image_size[1]}: wanted sides from {SMALLEST_PX} to "
                f"{LARGEST_PX} pixels"
            )
        self.randomization  # noqa: B018  # what is wrong with it is said here, not in a worker

    @property
    def image_size(self) -> tuple[int, int]:
        """Width and height, pixels."""
        return self.size or find_split(self.split).size

    @cached_property
    def randomization(self) -> RandomizationConfig:
        """The ranges of these pictures, narrowed to the split."""
        ranges = RandomizationConfig.load(self.ranges, self.disabled)
        return find_split(self.split).narrowed(ranges)

    def as_dict(self) -> dict[str, dict[str, Any]]:
        """All that decides about pictures as plain values; ranges by their content."""
        pictures = {
            "format": self.format,
            "seed": self.seed,
            "split": self.split,
            "size": list(self.image_size),
            "off": sorted(self.randomization.disabled),
            **({"shard": self.shard} if self.shard else {}),
        }
        return {"pictures": pictures, **ranges_values(self.randomization)}


def claim_folder(folder: Path, settings: PictureSettings) -> bool:
    """Write the settings of a data set into its folder; where there are some they must agree.

    Returns:
        Whether a run that was there before goes on.

    Raises:
        ConfigurationError: a folder with another data set, or with other files; it cannot be written.
    """
    file = folder / SETTINGS_FILE
    if file.is_file():
        before = load_yaml(file, "{path} cannot be read ({reason}): give another folder")
        if not isinstance(before, dict):
            raise ConfigurationError(f"{file} is no table of settings: give another folder")
        # What was asked for comes before the ranges that follow from it.
        changes = sorted(
            changed_keys(before, settings.as_dict()),
            key=lambda key: not key.startswith("pictures."),
        )
        if changes:
            raise ConfigurationError(
                f"{folder} holds pictures made otherwise ({', '.join(changes[:SHOWN])}): give the "
                "same settings to go on, or another folder"
            )
        return True
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise ConfigurationError(
                f"{folder} holds other files and no {SETTINGS_FILE}: wanted an empty folder, or one "
                "that this command began"
            )
        write_whole(file, yaml.safe_dump(settings.as_dict(), sort_keys=False))
    except OSError as error:
        raise ConfigurationError(
            f"cannot write {folder}: {error.strerror}; give a folder that can be written"
        ) from error
    return False


def without_lens(settings: PictureSettings) -> PictureSettings:
    """The same pictures through ideal lenses, for layouts that know no distortion."""
    return dataclasses.replace(settings, disabled=(*settings.disabled, "lens"))
