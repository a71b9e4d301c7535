"""Remembers how a stage of the curriculum ended and what it learned from, so that a mend counts."""

from __future__ import annotations

import copy
import dataclasses
import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np

from simreal_common.output_files import write_whole
from simreal_perception.training.sanity_checks.free_answers import evaluate_loss
from simreal_perception.training.tasks.task import Task

DIGITS = 3  # of a loss: with other threads the last ones differ


def learns_from(task: Task, batches: list[Any]) -> str:
    """SHA-256 of what a stage learns from: batches, and the loss that fixed weights have on them."""
    digest = hashlib.sha256()
    for batch in batches:
        for entry in dataclasses.fields(batch):
            values = getattr(batch, entry.name)
            if isinstance(values, np.ndarray):
                digest.update(np.ascontiguousarray(values).tobytes())
        loss = evaluate_loss(task, copy.deepcopy(task.network).eval(), batch)
        digest.update(f"{loss:.{DIGITS}g}".encode())
    return digest.hexdigest()


class StageRecord:
    """The file <task>.stage.json beside a stage's run.

    Args:
        folder: of the stage's run.
        task: whose.
        learns: what it learns from, see `learns_from`.
    """

    def __init__(self, folder: Path, task: str, learns: str) -> None:
        self._folder, self._task, self._learns = folder, task, learns
        self._path = folder / f"{task}.stage.json"

    def begin(self, anew: bool) -> bool:
        """Remove a run that failed, that learned from other things, or if `anew`; is it a new one?"""
        known = json.loads(self._path.read_text(encoding="utf-8")) if self._path.exists() else {}
        other = known.get("learns_from", self._learns) != self._learns
        if anew or other or known.get("passed") is False:
            for path in self._folder.glob(f"{self._task}.*"):
                path.unlink()
            shutil.rmtree(self._folder / "tensorboard" / self._task, ignore_errors=True)
        new = not (self._folder / f"{self._task}.pt").exists()
        self._folder.mkdir(parents=True, exist_ok=True)
        if new or not known:
            self._write(None)
        return new

    def end(self, passed: bool) -> None:
        """Write whether the stage passed."""
        self._write(passed)

    def _write(self, passed: bool | None) -> None:
        content = {"learns_from": self._learns, "passed": passed}
        write_whole(self._path, json.dumps(content))
