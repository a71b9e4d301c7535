"""MLflow with a store of this machine: SQLite beside the folders of the runs, for all of them."""

from __future__ import annotations

import fcntl
import logging
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simreal_common.output_files import write_whole
from simreal_perception.training.trackers.tracker import TrackedRun

# It tells its makers how it is used unless it is told not to before it is loaded.
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
os.environ["DO_NOT_TRACK"] = "true"

from mlflow import MlflowClient
from mlflow.entities import Metric, Param

EXPERIMENT = "simreal"
LONGEST_VALUE = 500  # characters of a parameter, MLflow's own limit in its older stores
MODEL = "model"  # folder of artefacts


class MlflowTracker:
    """Writes to `mlflow/mlflow.db` beside the run's folder; `mlflow ui` shows it."""

    def __init__(self, run: TrackedRun) -> None:
        store = run.folder.resolve().parent / "mlflow"
        store.mkdir(parents=True, exist_ok=True)
        logging.getLogger("mlflow").setLevel(logging.WARNING)
        with _alone(store / ".lock"):  # two networks at once must not both make its tables
            self._client = MlflowClient(f"sqlite:///{store / 'mlflow.db'}")
            found = self._client.get_experiment_by_name(EXPERIMENT)
            experiment = (
                found.experiment_id
                if found
                else self._client.create_experiment(
                    EXPERIMENT, artifact_location=(store / "artifacts").as_uri()
                )
            )
        mark = run.folder / f"{run.task}.mlflow"
        if run.first == 0 or not mark.is_file():
            made = self._client.create_run(experiment, run_name=run.name)
            write_whole(mark, made.info.run_id)
            self._id: str = made.info.run_id
            self._client.log_batch(
                self._id,
                params=[
                    Param(name, str(value)[:LONGEST_VALUE])
                    for name, value in run.hyperparameters.items()
                ],
            )
        else:
            self._id = mark.read_text(encoding="utf-8")
            self._client.update_run(self._id, status="RUNNING")

    def scalars(self, group: str, figures: Mapping[str, float], step: int) -> None:
        """Take in figures of a step."""
        now = int(time.time() * 1000)
        named = [Metric(f"{group}/{name}", value, now, step) for name, value in figures.items()]
        self._client.log_batch(self._id, metrics=named)

    def image(self, name: str, image: NDArray[np.uint8], step: int) -> None:
        """Take in an image."""
        self._client.log_image(self._id, image, key=name, step=step)

    def model(self, files: Sequence[Path], card: Mapping[str, Any]) -> None:
        """Take in the model and its card as artefacts."""
        for file in files:
            self._client.log_artifact(self._id, str(file), MODEL)
        self._client.log_dict(self._id, dict(card), f"{MODEL}/card.json")

    def close(self) -> None:
        """Say that the run is over."""
        self._client.set_terminated(self._id)


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
