"""Many towers, each with a fault."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from simreal_bench.stacking.fault_run import FaultResult, run_fault
from simreal_bench.stacking.resumable import Bench
from simreal_bench.stacking.stack_bench import read_stack
from simreal_bench.stacking.stack_run import Picture, write_film
from simreal_bench.stacking_faults.registry import FAULTS


@dataclass(frozen=True)
class FaultBench(Bench[tuple[str, int], FaultResult]):
    """What goes wrong, and in which towers: a run for each kind and seed.

    Args:
        kinds: of faults.
    """

    kinds: tuple[str, ...] = tuple(FAULTS)

    @property
    def runs(self) -> list[tuple[str, int]]:
        """All kinds of a seed before the next seed: a bench that is stopped has some of each."""
        return [(kind, seed) for seed in self.seeds for kind in self.kinds]

    @property
    def kind(self) -> dict[str, Any]:
        return {"faults": True, **super().kind}

    def file(self, run: tuple[str, int]) -> Path:
        return self.folder / f"{run[0]}_{run[1]}.json"

    def film(self, run: tuple[str, int]) -> Path:
        """Where the film of a failure lies."""
        return self.file(run).with_suffix(".mp4")

    def execute(self, run: tuple[str, int]) -> FaultResult:
        pictures: list[tuple[float, Picture]] = []
        kind, seed = run
        result = run_fault(
            kind, seed, self.blocks, self.estimator(), self.velocity_scaling, pictures, self.robot
        )
        if not result.recovered:
            write_film(self.film(run), pictures)
        return result

    def read(self, content: dict[str, Any]) -> FaultResult:
        content["stack"] = read_stack(content["stack"])
        if "planted_at" in content:  # so called by benches that began before
            content["injected_at"] = content.pop("planted_at")
        return FaultResult(**content)
