"""Many towers, and their figures."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from simreal_bench.simulated_robot.stack_result import StackResult
from simreal_bench.stacking.resumable import Bench
from simreal_bench.stacking.stack_run import Picture, run_stack, write_film
from simreal_control.report.run_record import RunRecord
from simreal_sim.physics.world_camera import CameraMount

FIXED = CameraMount.FIXED.value


@dataclass(frozen=True)
class StackBench(Bench[int, StackResult]):
    """What is to be built: a run for each seed.

    Args:
        goal: what is built of the blocks, YAML or a file of it; empty for a tower of all.
        obstacles: how many stand on the table, drawn by the seed.
        camera: fixed, on the wrist, or both.
        unknown_obstacles: how many more stand there, that control sees by depth alone.
    """

    goal: str = ""
    obstacles: int = 0
    camera: str = FIXED
    unknown_obstacles: int = 0

    @property
    def runs(self) -> tuple[int, ...]:
        return self.seeds

    @property
    def kind(self) -> dict[str, Any]:
        camera = "" if self.camera == FIXED else self.camera
        given = {
            "goal": self.goal, "obstacles": self.obstacles, "camera": camera,
            "unknown_obstacles": self.unknown_obstacles,
        }  # fmt: skip
        return super().kind | {name: value for name, value in given.items() if value}

    def file(self, run: int) -> Path:
        return self.folder / f"seed_{run}.json"

    def record(self, run: int) -> Path:
        """The folder of a run's record, for `simreal explain`."""
        return self.folder / f"seed_{run}"

    def film(self, run: int) -> Path:
        """Where the film of a failure lies."""
        return self.record(run) / "demo.mp4"

    def execute(self, run: int) -> StackResult:
        pictures: list[tuple[float, Picture]] = []
        shutil.rmtree(self.record(run), ignore_errors=True)  # of a run that was interrupted
        record = RunRecord(self.record(run))
        try:
            result = run_stack(
                run,
                self.blocks,
                self.estimator(),
                self.velocity_scaling,
                pictures,
                self.robot,
                record,
                goal=self.goal,
                obstacles=self.obstacles,
                obstacles_file=self.record(run) / "obstacles.yaml",
                camera=self.camera,
                unknown_obstacles=self.unknown_obstacles,
            )
        finally:
            record.close()
        if not result.success:
            write_film(self.film(run), pictures)
        return result

    def read(self, content: dict[str, Any]) -> StackResult:
        return read_stack(content)


def read_stack(content: dict[str, Any]) -> StackResult:
    """A run from its JSON."""
    for name in ("placement_mm", "log"):
        content[name] = tuple(content[name])
    content["collisions"] = tuple((w, a, b) for w, a, b in content["collisions"])
    for name in ("old_data", "restless_hand"):
        content[name] = tuple((when, words) for when, words in content.get(name, ()))
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
        "hand_moved_with_arm": sum(len(result.restless_hand) for result in results),
        "causes": dict(Counter(result.cause for result in results if not result.success)),
        "failed_seeds": [result.seed for result in results if not result.success],
    }
