"""Runs in processes side by side, each of which leaves a file: what is there is not run again."""

from __future__ import annotations

import json
import multiprocessing
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from simreal_common.errors import ConfigurationError
from simreal_common.output_files import write_whole
from simreal_perception.pose_estimation.estimator import BlockEstimator
from simreal_sim.physics.arms.panda import PANDA
from simreal_sim.randomization.ranges_file import changed_keys

Run = TypeVar("Run")
Result = TypeVar("Result")

_estimators: dict[str, BlockEstimator] = {}


@dataclass(frozen=True)
class Bench(ABC, Generic[Run, Result]):
    """Many runs of one kind; each result is a file, so that a bench can go on.

    Args:
        seeds: of the runs.
        blocks: of each tower.
        model: name of a model, or path of its card.
        velocity_scaling: share of the arm's velocity limits that is used.
        folder: results and films.
        robot: which arm.
    """

    seeds: tuple[int, ...]
    blocks: int
    model: str
    velocity_scaling: float
    folder: Path
    robot: str = PANDA.name

    @property
    @abstractmethod
    def runs(self) -> Sequence[Run]:
        """What there is to run, in this order."""

    @property
    def kind(self) -> dict[str, Any]:
        """What all results of a folder have in common, for JSON."""
        return {
            "blocks": self.blocks, "model": self.model,
            "velocity_scaling": self.velocity_scaling, "robot": self.robot,
        }  # fmt: skip

    @abstractmethod
    def file(self, run: Run) -> Path:
        """Where the result of a run lies."""

    @abstractmethod
    def execute(self, run: Run) -> Result:
        """Do one run; the film of a failure is written, too."""

    @abstractmethod
    def read(self, content: dict[str, Any]) -> Result:
        """A result from its JSON."""

    def estimator(self) -> BlockEstimator:
        """The model on one thread, loaded once a process."""
        if self.model not in _estimators:
            _estimators[self.model] = BlockEstimator.load(self.model, threads=1)
        return _estimators[self.model]

    def done(self) -> list[Result]:
        """The results that are there."""
        files = [self.file(run) for run in self.runs]
        return [
            self.read(json.loads(file.read_text(encoding="utf-8")))
            for file in files
            if file.is_file()
        ]

    def run_missing(self, jobs: int, tell: Callable[[Result], None]) -> None:
        """Run what is not done yet; `tell` hears of each as it ends, in any order.

        Raises:
            ConfigurationError: the folder holds another bench.
            ModelError: there is no such model.
        """
        self.estimator()  # a model that cannot be used is told of before the folder is taken
        claim_folder(self.folder, self.kind)
        todo = [(self, run) for run in self.runs if not self.file(run).is_file()]
        if jobs == 1 or len(todo) < 2:
            for item in todo:
                tell(_run(item))
            return
        # Threads of a parent do not survive a fork.
        with multiprocessing.get_context("spawn").Pool(jobs) as pool:
            for result in pool.imap_unordered(_run, todo):
                tell(result)


def _run(item: tuple[Bench[Run, Result], Run]) -> Result:
    bench, run = item
    result = bench.execute(run)
    content = asdict(result)  # type: ignore[call-overload]  # every result is a dataclass
    write_result(bench.file(run), content)
    return result


def write_result(file: Path, content: dict[str, Any]) -> None:
    """Write it as JSON; whoever looks sees the whole file or none."""
    write_whole(file, json.dumps(content, indent=1) + "\n")


def claim_folder(folder: Path, kind: dict[str, Any]) -> None:
    """Make a folder for runs of one kind.

    Raises:
        ConfigurationError: it holds runs of another kind, or cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(
            f"cannot make folder {folder}: {error.strerror}; give another one with --out"
        ) from error
    file = folder / "bench.json"
    if file.is_file():
        got = json.loads(file.read_text(encoding="utf-8"))
        if got != json.loads(json.dumps(kind)):
            changes = changed_keys(got, json.loads(json.dumps(kind)))
            raise ConfigurationError(
                f"{folder} holds runs of another kind ({', '.join(changes)}): give another folder "
                "with --out"
            )
    write_whole(file, json.dumps(kind) + "\n")
