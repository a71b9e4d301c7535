"""Runs in processes side by side, each of which leaves a file: what is there is not run again."""

from __future__ import annotations

import json
import multiprocessing
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from simreal_common.errors import ConfigurationError
from simreal_common.output_files import write_whole
from simreal_perception.pose_estimation.estimator import BlockEstimator

Item = TypeVar("Item")
Result = TypeVar("Result")

_estimators: dict[str, BlockEstimator] = {}


def estimator(model: str) -> BlockEstimator:
    """A model on one thread, loaded once a process."""
    if model not in _estimators:
        _estimators[model] = BlockEstimator.load(model, threads=1)
    return _estimators[model]


def run_all(
    run: Callable[[Item], Result],
    work: Sequence[Item],
    jobs: int,
    tell: Callable[[Result], None],
) -> None:
    """Do all of it; `tell` hears of each as it ends, in any order."""
    if jobs == 1 or len(work) < 2:
        for item in work:
            tell(run(item))
        return
    # Threads of a parent do not survive a fork.
    with multiprocessing.get_context("spawn").Pool(jobs) as pool:
        for result in pool.imap_unordered(run, work):
            tell(result)


def write_result(file: Path, content: dict[str, Any]) -> None:
    """Write it as JSON; whoever looks sees the whole file or none."""
    write_whole(file, json.dumps(content, indent=1) + "\n")


def claim_folder(folder: Path, kind: dict[str, Any]) -> None:
    """Make a folder for runs of one kind.

    Raises:
        ConfigurationError: it holds runs of another kind.
    """
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "bench.json"
    if file.is_file():
        got = json.loads(file.read_text(encoding="utf-8"))
        if got != kind:
            raise ConfigurationError(
                f"{folder} holds runs of another kind ({got}, wanted {kind}): give another "
                "folder with --out"
            )
    write_whole(file, json.dumps(kind) + "\n")
