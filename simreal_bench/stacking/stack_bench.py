"""Many towers, in processes side by side; each result is a file, so that a bench can go on."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from simreal_bench.simulated_robot.stack_result import StackResult
from simreal_bench.stacking.resumable import claim_folder, estimator, run_all, write_result
from simreal_bench.stacking.stack_run import Picture, run_stack, write_film
from simreal_control.report.run_record import RunRecord
from simreal_sim.physics.simulated_arm import PANDA


@dataclass(frozen=True)
class StackBench:
    """What is to be built.

    Args:
        seeds, blocks: a run for each seed.
        model: name of a model, or path of its card.
        velocity_scaling: share of the arm's velocity limits that is used.
        robot: which arm.
        folder: results and films.
        goal: what is built of the blocks, YAML or a file of it; empty for a tower of all.
        obstacles: how many stand on the table, drawn by the seed.
    """

    seeds: tuple[int, ...]
    blocks: int
    model: str
    velocity_scaling: float
    folder: Path
    robot: str = PANDA.name
    goal: str = ""
    obstacles: int = 0

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
                results.append(read_stack(content))
        return results


def run_bench(bench: StackBench, jobs: int, tell: Callable[[StackResult], None]) -> None:
    """Run what is not done yet.

    Raises:
        ConfigurationError: the folder holds another bench.
    """
    claim_folder(
        bench.folder,
        {
            "blocks": bench.blocks, "model": bench.model,
            "velocity_scaling": bench.velocity_scaling, "robot": bench.robot,
        }
        | ({"goal": bench.goal} if bench.goal else {})
        | ({"obstacles": bench.obstacles} if bench.obstacles else {}),
    )  # fmt: skip
    todo = [(bench, seed) for seed in bench.seeds if not bench.file(seed).is_file()]
    run_all(_run, todo, jobs, tell)


def _run(item: tuple[StackBench, int]) -> StackResult:
    bench, seed = item
    pictures: list[tuple[float, Picture]] = []
    shutil.rmtree(bench.record(seed), ignore_errors=True)  # of a run that was interrupted
    record = RunRecord(bench.record(seed))
    try:
        result = run_stack(
            seed,
            bench.blocks,
            estimator(bench.model),
            bench.velocity_scaling,
            pictures,
            bench.robot,
            record,
            goal=bench.goal,
            obstacles=bench.obstacles,
            obstacles_file=bench.record(seed) / "obstacles.yaml",
        )
    finally:
        record.close()
    if not result.success:
        write_film(bench.film(seed), pictures)
    write_result(bench.file(seed), asdict(result))
    return result


def read_stack(content: dict[str, Any]) -> StackResult:
    """A run from its JSON."""
    for name in ("placement_mm", "log"):
        content[name] = tuple(content[name])
    content["collisions"] = tuple((w, a, b) for w, a, b in content["collisions"])
    content["old_data"] = tuple((when, words) for when, words in content.get("old_data", ()))
    return StackResult(**content)


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
