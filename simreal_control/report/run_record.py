"""The record of a run: one JSON object a line, written as it happens, so that a kill loses nothing."""

from __future__ import annotations

import contextlib
import json
import os
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from simreal_common.errors import ConfigurationError, MessageError
from simreal_common.output_files import claim_open_file
from simreal_common.untrusted_text import read_bytes, shortened
from simreal_control.report.recorded_event import recorded_event
from simreal_control.robot_interface.task_io import Event

RECORD_FILE = "decisions.jsonl"
LARGEST_BYTES = 200_000_000  # of a record that is read; weeks of work


def begin_event(now: float, goal: str) -> Event:
    """The first event of a run, or of a node that goes on with one; the goal in words."""
    return Event(now, "begin", {"goal": goal})


class RunRecord:
    """Appends events to `decisions.jsonl` in a folder.

    A disk that is full costs the record, not the run.

    Args:
        folder: is made where it does not exist. What is in the file already stays: a node that was
            killed and started again goes on in it.
        tell: is called, once, when the record cannot be written any more.

    Raises:
        ConfigurationError: the file cannot be written, or another run is writing it.
    """

    def __init__(self, folder: Path, tell: Callable[[str], object] = warnings.warn) -> None:
        self._path, self._tell = folder / RECORD_FILE, tell
        self._file: IO[str] | None
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._file = self._path.open("a", encoding="utf-8")
            claim_open_file(self._file, self._path)
            _drop_broken_end(self._path)
        except OSError as error:
            raise ConfigurationError(
                f"record {folder}: cannot be written ({error.strerror})"
            ) from error

    def add(self, events: Iterable[Event]) -> None:
        """Write events, at once."""
        lines = [
            json.dumps({"time": round(event.time, 3), "kind": event.kind, **event.data}) + "\n"
            for event in events
        ]
        if not lines or self._file is None:
            return
        try:
            self._file.write("".join(lines))
            self._file.flush()
        except OSError as error:
            self._tell(
                f"the record {self._path} cannot be written ({error.strerror}): the run goes on "
                "without"
            )
            self.close()

    def close(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            with contextlib.suppress(OSError):  # what a full disk did not take before
                file.close()


def _drop_broken_end(file: Path) -> None:
    """Take away what a node was writing when it was killed, so that the next line is whole."""
    content = file.read_bytes()
    whole = content.rfind(b"\n") + 1
    if whole < len(content):
        os.truncate(file, whole)


@dataclass(frozen=True)
class Record:
    """What was read.

    Args:
        events: oldest first.
        cut_off: whether the last line is incomplete: the node was killed while it wrote.
    """

    events: tuple[Event, ...]
    cut_off: bool


def _folders_of_runs(folder: Path) -> str:
    """What to give instead of a folder without a record, in words."""
    runs = sorted(
        (file.parent for file in folder.glob(f"*/{RECORD_FILE}")),
        key=lambda run: (len(run.name), run.name),  # seed_2 before seed_10
    )
    if not runs:
        return "the folder of a run (out of a launch, or control_node's parameter 'record')"
    if len(runs) == 1:
        return f"the folder of a run in it, {runs[0]}"
    return f"one of the {len(runs)} folders of runs in it, {runs[0]} to {runs[-1].name}"


def read_record(folder: Path) -> Record:
    """The events of a run.

    Raises:
        ConfigurationError: there is no record, or a line of it is none, but for the last.
    """
    file = folder / RECORD_FILE if folder.is_dir() else folder
    if not file.is_file():
        raise ConfigurationError(
            f"{folder}: no {RECORD_FILE} there; wanted {_folders_of_runs(folder)}"
        )
    try:
        lines = read_bytes(file, LARGEST_BYTES).decode("utf-8", "replace").split("\n")
    except MessageError as error:
        raise ConfigurationError(f"no record of a run: {error}") from error
    if not lines[-1]:
        del lines[-1]
    events = []
    for number, line in enumerate(lines, start=1):
        try:
            events.append(recorded_event(line))
        except ValueError as error:
            if number == len(lines):
                return Record(tuple(events), True)
            raise ConfigurationError(
                f"{file}, line {number}: not a line of a record ({shortened(str(error))}); delete "
                "that line"
            ) from error
    return Record(tuple(events), False)
