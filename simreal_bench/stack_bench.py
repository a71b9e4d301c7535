"""Many towers, in processes side by side; each result is a file, so that a bench can go on."""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from simreal_bench.stack_run import Picture, StackResult, run_stack, write_film
from simreal_common.errors import ConfigurationError
from simreal_control.run_record import RunRecord
from simreal_perception.estimator import BlockEstimator
from simreal_sim.simulated_arm import PANDA


@dataclass(frozen=True)
class StackBench:
    """What is to be built.

    Args:
        seeds, blocks: a run for each seed.
        model: name of a model, or path of its card.
        velocity_scaling: share of the arm's velocity limits that is used.
        robot: which arm.
        folder: results and films.
    """

    seeds: tuple[int, ...]
    blocks: int
    model: str
    velocity_scaling: float
    folder: Path
    robot: str = PANDA.name

    def file(self, seed: int) -> Path:
        """Where the result of a seed lies."""
        return self.folder / f"seed_{seed}.json"

    def record(self, seed: int) -> Path:
        """The folder of a run's record, for `simreal explain`."""
        return self.folder / f"seed_{seed}"

    def film(self, seed: int) -> Path:
        """Where the film of a failure lies."""
        return self.record(seed) / "demo.mp4"

    def done(self) -> list[StackResult]:
        """The results that are there."""
        results = []
        for seed in self.seeds:
            if self.file(seed).is_file():
                content = json.loads(self.file(seed).read_text(encoding="utf-8"))
                results.append(_result(content))
        return results


def run_bench(bench: StackBench, jobs: int, tell: Callable[[StackResult], None]) -> None:
    """Run what is not done yet.

    Raises:
        ConfigurationError: the folder holds another bench.
    """
    bench.folder.mkdir(parents=True, exist_ok=True)
    _check_same(bench)
    done = {result.seed for result in bench.done()}
    todo = [seed for seed in bench.seeds if seed not in done]
    if not todo:
        return
    work = [(bench, seed) for seed in todo]
    if jobs == 1:
        for item in work:
            tell(_run(item))
        return
    # Threads of a parent do not survive a fork.
    with multiprocessing.get_context("spawn").Pool(jobs) as pool:
        for result in pool.imap_unordered(_run, work):
            tell(result)


_estimators: dict[str, BlockEstimator] = {}


def _run(item: tuple[StackBench, int]) -> StackResult:
    bench, seed = item
    if bench.model not in _estimators:
        _estimators[bench.model] = BlockEstimator.load(bench.model, threads=1)
    pictures: list[tuple[float, Picture]] = []
    shutil.rmtree(bench.record(seed), ignore_errors=True)  # of a run that was interrupted
    record = RunRecord(bench.record(seed))
    try:
        result = run_stack(
            seed,
            bench.blocks,
            _estimators[bench.model],
            bench.velocity_scaling,
            pictures,
            bench.robot,
            record,
        )
    finally:
        record.close()
    if not result.success:
        write_film(bench.film(seed), pictures)
    draft = bench.file(seed).with_suffix(".part")
    draft.write_text(json.dumps(asdict(result), indent=1) + "\n", encoding="utf-8")
    os.replace(draft, bench.file(seed))
    return result


def _result(content: dict[str, Any]) -> StackResult:
    for name in ("placement_mm", "log"):
        content[name] = tuple(content[name])
    content["collisions"] = tuple((w, a, b) for w, a, b in content["collisions"])
    return StackResult(**content)


def _check_same(bench: StackBench) -> None:
    """A folder holds runs of one kind."""
    file = bench.folder / "bench.json"
    wanted = {
        "blocks": bench.blocks, "model": bench.model, "velocity_scaling": bench.velocity_scaling,
        "robot": bench.robot,
    }  # fmt: skip
    if file.is_file():
        got = json.loads(file.read_text(encoding="utf-8"))
        if got != wanted:
            raise ConfigurationError(
                f"{bench.folder} holds runs of another kind ({got}, wanted {wanted}): give another "
                "folder with --out"
            )
    file.write_text(json.dumps(wanted) + "\n", encoding="utf-8")


def summary(results: Sequence[StackResult]) -> dict[str, Any]:
    """The figures of a bench."""
    towers = len(results)
    stood = [result for result in results if result.success]
    errors = [error for result in results for error in result.placement_mm]
    hours = sum(result.simulated_s for result in results) / 3600
    return {
        "towers": towers,
        "stood": len(stood),
        "success": len(stood) / max(towers, 1),
        "placement_mean_mm": float(np.mean(errors)) if errors else None,
        "placement_p95_mm": float(np.percentile(errors, 95)) if errors else None,
        "plan_median_ms": float(np.median([result.plan_ms for result in results])),
        "blocks_an_hour": sum(max(result.placed - 1, 0) for result in results) / max(hours, 1e-9),
        "simulated_median_s": float(np.median([result.simulated_s for result in results])),
        "wall_median_s": float(np.median([result.wall_s for result in results])),
        "collisions": sum(len(result.collisions) for result in results),
        "limit_violations": sum(result.limit_violations for result in results),
        "causes": dict(Counter(result.cause for result in results if not result.success)),
        "failed_seeds": [result.seed for result in results if not result.success],
    }
