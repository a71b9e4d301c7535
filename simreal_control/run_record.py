"""The record of a run: one JSON object a line, written as it happens, so that a kill loses nothing."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from simreal_common.errors import ConfigurationError
from simreal_control.task_io import Event

RECORD_FILE = "decisions.jsonl"


class RunRecord:
    """Appends events to `decisions.jsonl` in a folder.

    Args:
        folder: is made where it does not exist. What is in the file already stays: a node that was
            killed and started again goes on in it.

    Raises:
        ConfigurationError: the file cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._file = (folder / RECORD_FILE).open("a", encoding="utf-8")
        except OSError as error:
            raise ConfigurationError(
                f"record {folder}: cannot be written ({error.strerror})"
            ) from error

    def add(self, events: Iterable[Event]) -> None:
        """Write events, at once."""
        wrote = False
        for event in events:
            line = {"time": round(event.time, 3), "kind": event.kind, **event.data}
            self._file.write(json.dumps(line) + "\n")
            wrote = True
        if wrote:
            self._file.flush()

    def close(self) -> None:
        self._file.close()


def read_record(folder: Path) -> list[dict[str, Any]]:
    """The events of a run, oldest first.

    Raises:
        ConfigurationError: there is no record, or a line of it is not JSON; the last line may be
            cut off.
    """
    file = folder / RECORD_FILE if folder.is_dir() else folder
    if not file.is_file():
        raise ConfigurationError(
            f"{folder}: no {RECORD_FILE} there; wanted the folder of a run (control_node's "
            "parameter 'record')"
        )
    lines = file.read_text(encoding="utf-8").splitlines()
    events = []
    for number, line in enumerate(lines, start=1):
        try:
            events.append(json.loads(line))
        except json.JSONDecodeError as error:
            if number == len(lines):
                break  # the node was killed while it wrote
            raise ConfigurationError(f"{file}, line {number}: not JSON ({error})") from error
    return events
