"""Weights & Biases, offline: files in the folder of the run, which `wandb sync` sends if asked to."""

from __future__ import annotations

import os
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simreal_common.output_files import write_whole
from simreal_perception.training.trackers.tracker import TrackedRun

# Offline alone would still send reports of its own errors. Both are read when it is loaded.
os.environ["WANDB_ERROR_REPORTING"] = "false"
os.environ["WANDB_SILENT"] = "true"

import wandb

PROJECT = "simreal"


class WandbTracker:
    """Writes an offline run. A run that goes on keeps its id, by which `wandb sync` joins the parts."""

    def __init__(self, run: TrackedRun) -> None:
        # It takes another place where this one is missing.
        (run.folder / "wandb").mkdir(parents=True, exist_ok=True)
        mark = run.folder / "wandb" / f"{run.task}.id"
        if run.first == 0 or not mark.is_file():
            write_whole(mark, uuid.uuid4().hex[:16])
        settings = wandb.Settings(
            console="off",
            silent=True,
            disable_code=True,
            disable_git=True,
            disable_job_creation=True,
            x_disable_meta=True,
            x_disable_stats=True,  # the machine's figures come from us, alike for all trackers
        )
        self._run: Any = wandb.init(
            project=PROJECT,
            name=run.name,
            id=mark.read_text(encoding="utf-8"),
            dir=str(run.folder),
            mode="offline",
            config=dict(run.hyperparameters),
            reinit="create_new",
            settings=settings,
        )
        self._run.define_metric("*", step_metric="step")
        self._name = run.task

    def scalars(self, group: str, figures: Mapping[str, float], step: int) -> None:
        """Take in figures of a step."""
        named = {f"{group}/{name}": value for name, value in figures.items()}
        self._run.log({**named, "step": step})

    def image(self, name: str, image: NDArray[np.uint8], step: int) -> None:
        """Take in an image."""
        self._run.log({name: wandb.Image(image), "step": step})

    def model(self, files: Sequence[Path], card: Mapping[str, Any]) -> None:
        """Take in the model as an artefact; the card is its metadata."""
        artifact = wandb.Artifact(self._name, type="model", metadata=dict(card))
        for file in files:
            artifact.add_file(str(file), policy="mutable")
        self._run.log_artifact(artifact)

    def close(self) -> None:
        """Write the rest."""
        self._run.finish()
