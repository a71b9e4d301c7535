"""WebDataset: tar files (shards) that training streams, of each picture .png, .mask.png and .json."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from simreal_common.output_files import write_whole
from simreal_perception.dataset_export.picture_format import Draw, png
from simreal_perception.dataset_export.picture_labels import (
    label_values,
    without_blocks_at_the_lens,
)

SHARD = 100  # pictures in a tar file, without another wish: some 50 MB
LARGEST_SHARD = 10_000  # a shard is put together in memory


@dataclass(frozen=True)
class WebDatasetFormat:
    """Shards `pictures-NNNNNN.tar`, each written as a whole.

    Args:
        folder: of the data set.
        group: kind of its scenes, for the labels.
        shard: pictures in a tar file.
    """

    folder: Path
    group: str
    shard: int = SHARD

    @property
    def unit(self) -> int:
        return self.shard

    def is_done(self, numbers: Sequence[int]) -> bool:
        """Whether the shard holds all these pictures; the last of a smaller set holds fewer."""
        path = self._path(numbers)
        if not path.is_file():
            return False
        with tarfile.open(path) as tar:
            names = set(tar.getnames())
        return all(f"{_key(number)}.json" in names for number in numbers)

    def write(self, numbers: Sequence[int], draw: Draw) -> None:
        """Draw pictures and write their shard.

        Raises:
            OSError: it cannot be written.
        """
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as tar:
            for number in numbers:
                picture, ignore = without_blocks_at_the_lens(draw(number))
                key = _key(number)
                label = label_values(picture, self.group, f"{key}.png", f"{key}.mask.png", ignore)
                for ending, content in (
                    ("png", png(np.ascontiguousarray(picture.image[..., ::-1]))),
                    ("mask.png", png(picture.instances)),
                    ("json", json.dumps(label).encode()),
                ):
                    entry = tarfile.TarInfo(f"{key}.{ending}")
                    entry.size = len(content)
                    tar.addfile(entry, io.BytesIO(content))
        self.folder.mkdir(parents=True, exist_ok=True)
        write_whole(self._path(numbers), buffer.getvalue())

    def finish(self, count: int) -> None:
        """Remove drafts of shards that processes left when they were killed: nothing else is left."""
        for draft in self.folder.glob(".pictures-*.tar.*.part"):
            draft.unlink(missing_ok=True)

    def _path(self, numbers: Sequence[int]) -> Path:
        return self.folder / f"pictures-{numbers[0] // self.shard:06d}.tar"


def _key(number: int) -> str:
    return f"{number:08d}"
