"""Many launches, each with a signal at a random moment; each result is a file."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from simreal_bench.endurance.kill_run import SIGNALS, VICTIMS, Kill, KillResult, run_kill
from simreal_bench.stacking.resumable import claim_folder, write_result


@dataclass(frozen=True)
class KillBench:
    """What is to be disturbed.

    Args:
        runs: how many launches.
        seed: of the moments and the order; the scene is that of seed 1.
        folder: results, and the files of runs that went wrong.
        blocks: of the tower.
        span_s: latest moment, real seconds after the start. Early ones are more frequent, since
            more happens then.
        domain: ROS_DOMAIN_ID of the launches.
    """

    runs: int
    seed: int
    folder: Path
    blocks: int = 3
    span_s: float = 60.0
    domain: int = 90

    def file(self, number: int) -> Path:
        """Where the result of a run lies."""
        return self.folder / f"run_{number}.json"

    def kills(self) -> list[Kill]:
        """All pairs of signal and process, each as often as the others, in a random order."""
        generator = np.random.default_rng(self.seed)
        pairs: list[tuple[str, str]] = list(itertools.product(SIGNALS, VICTIMS))
        kills: list[Kill] = []
        while len(kills) < self.runs:
            order = generator.permutation(len(pairs))
            moments = self.span_s * generator.random(len(pairs)) ** 2
            for pair, moment in zip(order.tolist(), moments.tolist(), strict=True):
                name, victim = pairs[pair]
                kills.append(Kill(len(kills), name, victim, round(moment, 2)))
        return kills[: self.runs]

    def done(self) -> list[KillResult]:
        """The results that are there."""
        results = []
        for number in range(self.runs):
            if self.file(number).is_file():
                content = json.loads(self.file(number).read_text(encoding="utf-8"))
                content["kill"] = Kill(**content["kill"])
                results.append(KillResult(**content))
        return results


def run_kills(bench: KillBench, tell: Callable[[KillResult], None]) -> None:
    """Run what is not done yet, one after the other.

    Raises:
        ConfigurationError: the folder holds another bench.
        MissingDependencyError: there is no `ros2`.
    """
    kind = {
        "kills": True, "seed": bench.seed, "blocks": bench.blocks, "span_s": bench.span_s,
    }  # fmt: skip
    claim_folder(bench.folder, kind)
    for kill in bench.kills():
        if not bench.file(kill.number).is_file():
            folder = (bench.folder / f"run_{kill.number}").absolute()
            result = run_kill(kill, folder, bench.domain, bench.blocks, 1)
            write_result(bench.file(kill.number), asdict(result))
            tell(result)


def kill_summary(results: Sequence[KillResult]) -> dict[str, Any]:
    """The figures: runs and faults by signal and process, and what was wrong."""
    return {
        "runs": len(results),
        "over_before": sum(result.sent_s is None for result in results),
        "faulty": sum(bool(result.faults) for result in results),
        "verdicts": sum(result.verdict is not None for result in results),
        "drafts": sum(bool(result.drafts) for result in results),
        "slowest_end_s": max((result.ended_s for result in results), default=0.0),
        "by": {
            victim: {
                name: _counts([r for r in results if (r.kill.signal, r.kill.victim) == (name, victim)])
                for name in SIGNALS
            }
            for victim in VICTIMS
        },
        "faults": [
            {**asdict(result.kill), "code": result.code, "faults": result.faults}
            for result in results
            if result.faults
        ],
    }  # fmt: skip


def _counts(results: Sequence[KillResult]) -> list[int]:
    """Good ones and all."""
    return [sum(not result.faults for result in results), len(results)]


def kill_rows(figures: dict[str, Any]) -> list[tuple[str, ...]]:
    """Rows of the table: process, and of each signal good ones of all."""
    return [
        (victim, *(f"{good} of {every}" for good, every in counts.values()))
        for victim, counts in figures["by"].items()
    ]
