"""Draws a data set of pictures and writes it, by several processes; what was begun goes on."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError, ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Protocol

import cv2

from simreal_common.errors import ConfigurationError, ImageError
from simreal_common.output_files import Claim
from simreal_perception.dataset_export.picture_format import PictureFormat
from simreal_perception.dataset_export.picture_settings import (
    SETTINGS_FILE,
    PictureSettings,
    claim_folder,
    without_lens,
)
from simreal_perception.dataset_export.registry import FORMATS
from simreal_sim.randomization.labelled_images import LabelledImage, LabelledImages

Progress = Callable[[int], object]


class Spread(Protocol):
    """Has units of pictures written, by whomever."""

    def __call__(self, run: PictureRun, units: Sequence[range], progress: Progress) -> None:
        """Return when all are written; tell the number of pictures of each that is."""


class PictureSource:
    """Draws picture n of a data set, whatever was drawn before."""

    def __init__(self, settings: PictureSettings) -> None:
        self._seed = settings.seed
        self._images = LabelledImages(*settings.image_size, settings.randomization)

    def draw(self, number: int) -> LabelledImage:
        """Draw a picture."""
        return self._images.draw(self._seed + number)


@dataclass(frozen=True)
class PictureRun:
    """Pictures 0 to count - 1 of a data set in a folder.

    Args:
        folder: of the data set; made where it is not there.
        count: of pictures; may be more than there were before.
        settings: how they look and how they are written.

    Raises:
        ConfigurationError: no such format.
        MissingDependencyError: the format needs a library that is not here.
    """

    folder: Path
    count: int
    settings: PictureSettings

    def __post_init__(self) -> None:
        if self.settings.format not in FORMATS:
            raise ConfigurationError(
                f"no format is called '{self.settings.format}'; wanted one of {', '.join(FORMATS)}"
            )
        if not FORMATS[self.settings.format].distorts:
            object.__setattr__(self, "settings", without_lens(self.settings))
        self.format  # noqa: B018  # lacking libraries are told of here

    @property
    def format(self) -> PictureFormat:
        """Writes their files."""
        kind = FORMATS[self.settings.format]
        return kind.make(self.folder, self.settings.split, self.settings.shard)

    def write(
        self,
        jobs: int = 1,
        progress: Progress = lambda pictures: None,
        spread: Spread | None = None,
    ) -> int:
        """Draw and write what is not there yet.

        Args:
            jobs: processes of this machine.
            progress: called with the number of pictures that are newly there, first with those that
                an earlier run left.
            spread: shares the work among others; None for `jobs`.

        Returns:
            How many were drawn now.

        Raises:
            ConfigurationError: the folder holds something else, another run is writing into it, or
                nothing can be written there.
            ImageError: a file cannot be written.
        """
        claim_folder(self.folder, self.settings)
        claim = Claim(self.folder / SETTINGS_FILE)
        try:
            missing = self._missing()
            drawn = sum(map(len, missing))
            progress(self.count - drawn)
            if spread and missing:
                spread(self, missing, progress)
            elif jobs <= 1 or len(missing) <= 1:
                source, form = PictureSource(self.settings), self.format
                for unit in missing:
                    form.write(unit, source.draw)
                    progress(len(unit))
            else:
                self._write_side_by_side(missing, jobs, progress)
            self.format.finish(self.count)
        except OSError as error:
            raise ImageError(
                f"cannot write {error.filename or self.folder}: {error.strerror}; give a place that "
                "can be written"
            ) from error
        finally:
            claim.close()
        return drawn

    def _missing(self) -> list[range]:
        form = self.format
        numbers = range(self.count)
        units = [numbers[first : first + form.unit] for first in range(0, self.count, form.unit)]
        return [unit for unit in units if not form.is_done(unit)]

    def _write_side_by_side(self, units: Sequence[range], jobs: int, progress: Progress) -> None:
        context = multiprocessing.get_context("spawn")
        stop = context.Event()
        # Workers inherit it: Ctrl-C in a terminal reaches all of them, and is for this process alone.
        kept = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            pool = ProcessPoolExecutor(min(jobs, len(units)), context, _start_worker, (self, stop))
            written = [pool.submit(_work, unit) for unit in units]
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, kept)
        try:
            for done in as_completed(written):
                progress(done.result())
        finally:
            stop.set()  # some units wait where they can no longer be cancelled
            pool.shutdown(cancel_futures=True)


# What a worker process works with, set once when it starts.
_worker: list[tuple[PictureFormat, PictureSource, Event]] = []


def _start_worker(run: PictureRun, stop: Event) -> None:
    _worker.append((*start_worker(run), stop))


def _work(unit: range) -> int:
    form, source, stop = _worker[0]

    def draw(number: int) -> LabelledImage:
        if stop.is_set():
            raise CancelledError
        return source.draw(number)

    form.write(unit, draw)
    return len(unit)


def start_worker(run: PictureRun) -> tuple[PictureFormat, PictureSource]:
    """What a process writes and draws with that has one core for itself."""
    import numba

    cv2.setNumThreads(1)
    numba.set_num_threads(1)
    return run.format, PictureSource(run.settings)
