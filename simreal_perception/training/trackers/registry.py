"""Opens trackers by their names."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass

from simreal_common.errors import MissingDependencyError
from simreal_perception.training.trackers.tracker import TrackedRun, Tracker

ROOM = "simreal_perception.training.trackers"


@dataclass(frozen=True)
class TrackerModule:
    """One tracker: the library it needs, what installs it, and where it is."""

    library: str
    install: str
    module: str
    name: str


TRACKERS = {
    "tensorboard": TrackerModule(
        "tensorboard", "tensorboard", "tensorboard_tracker", "TensorBoardTracker"
    ),
    "wandb": TrackerModule("wandb", "'simreal[trackers]'", "wandb_tracker", "WandbTracker"),
    "mlflow": TrackerModule("mlflow", "'simreal[trackers]'", "mlflow_tracker", "MlflowTracker"),
}


def require_trackers(names: Sequence[str]) -> None:
    """Refuse trackers whose library is not installed.

    Raises:
        MissingDependencyError: one of them is not.
    """
    for name in names:
        kind = TRACKERS[name]
        if importlib.util.find_spec(kind.library) is None:
            raise MissingDependencyError(
                f"tracker '{name}' needs {kind.library}, which is not installed: pip install "
                f"{kind.install}, or take another --tracker"
            )


def open_tracker(name: str, run: TrackedRun) -> Tracker:
    """Open one tracker.

    Raises:
        ImportError: its library is not installed.
    """
    kind = TRACKERS[name]
    tracker: Tracker = getattr(importlib.import_module(f"{ROOM}.{kind.module}"), kind.name)(run)
    return tracker
