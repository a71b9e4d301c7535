"""Many towers, each with a fault; each result is a file, so that a bench can go on."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from simreal_bench.stacking.fault_run import FaultResult, run_fault
from simreal_bench.stacking.resumable import claim_folder, estimator, run_all, write_result
from simreal_bench.stacking.stack_bench import read_stack
from simreal_bench.stacking.stack_run import Picture, write_film
from simreal_sim.physics.simulated_arm import PANDA


@dataclass(frozen=True)
class FaultBench:
    """What goes wrong, and in which towers.

    Args:
        kinds, seeds: a run for each kind and seed.
        blocks: of each tower.
        model: name of a model, or path of its card.
        velocity_scaling: share of the arm's velocity limits that is used.
        folder: results and films.
        robot: which arm.
    """

    kinds: tuple[str, ...]
    seeds: tuple[int, ...]
    blocks: int
    model: str
    velocity_scaling: float
    folder: Path
    robot: str = PANDA.name

    @property
    def runs(self) -> list[tuple[str, int]]:
        """All kinds of a seed before the next seed: a bench that is stopped has some of each."""
        return [(kind, seed) for seed in self.seeds for kind in self.kinds]

    def file(self, kind: str, seed: int) -> Path:
        """Where the result of a run lies."""
        return self.folder / f"{kind}_{seed}.json"

    def film(self, kind: str, seed: int) -> Path:
        """Where the film of a failure lies."""
        return self.folder / f"{kind}_{seed}.mp4"

    def done(self) -> list[FaultResult]:
        """The results that are there."""
        results = []
        for run in self.runs:
            if self.file(*run).is_file():
                content = json.loads(self.file(*run).read_text(encoding="utf-8"))
                content["stack"] = read_stack(content["stack"])
                if "planted_at" in content:  # so called by benches that began before
                    content["injected_at"] = content.pop("planted_at")
                results.append(FaultResult(**content))
        return results


def run_fault_bench(bench: FaultBench, jobs: int, tell: Callable[[FaultResult], None]) -> None:
    """Run what is not done yet.

    Raises:
        ConfigurationError: the folder holds another bench.
    """
    claim_folder(
        bench.folder,
        {
            "faults": True, "blocks": bench.blocks, "model": bench.model,
            "velocity_scaling": bench.velocity_scaling, "robot": bench.robot,
        },
    )  # fmt: skip
    todo = [(bench, *run) for run in bench.runs if not bench.file(*run).is_file()]
    run_all(_run, todo, jobs, tell)


def _run(item: tuple[FaultBench, str, int]) -> FaultResult:
    bench, kind, seed = item
    pictures: list[tuple[float, Picture]] = []
    result = run_fault(
        kind,
        seed,
        bench.blocks,
        estimator(bench.model),
        bench.velocity_scaling,
        pictures,
        bench.robot,
    )
    if not result.recovered:
        write_film(bench.film(kind, seed), pictures)
    write_result(bench.file(kind, seed), asdict(result))
    return result
