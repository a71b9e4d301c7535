"""Ablations: runs of equal length, each without one part of the randomization, measured alike.

Every network is measured on the same images, drawn from the whole randomization, and on photographs
where there are any; its own held-out images would be as easy as what it learned from.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from simreal_bench.experiments.ablations.ablation_variants import VARIANTS, Variant
from simreal_bench.experiments.common_images import CommonImages
from simreal_bench.stacking.resumable import claim_folder, write_result
from simreal_common.errors import ConfigurationError
from simreal_perception.evaluation.evaluation_data import ExampleSource
from simreal_perception.training.run_display import RunDisplay
from simreal_perception.training.run_log import read_log
from simreal_perception.training.stopping import Stopped
from simreal_perception.training.training import prepare, train
from simreal_perception.training.training_config import MACHINE, TrainingConfig
from simreal_sim.randomization.ranges_file import ranges_sha256, ranges_values


@dataclass(frozen=True)
class AblationResult:
    """One run, measured.

    Args:
        variant: what it went without, a name out of `VARIANTS`.
        seed: of its images and first weights.
        pictures: images learned.
        spent_s: seconds of wall time.
        synthetic: figures on images of the whole randomization.
        photographs: figures on photographs; empty where there are none.
    """

    variant: str
    seed: int
    pictures: int
    spent_s: float
    synthetic: dict[str, float]
    photographs: dict[str, float]


@dataclass(frozen=True)
class Ablation:
    """Runs of some variants with some seeds; what is done is not done again.

    Args:
        config: of the run with everything; its seed is not used.
        variants: names out of `VARIANTS`.
        seeds: of the runs.
        folder: of runs and results.
        photographs: to measure on, too; None for none. For the pose network alone.

    Raises:
        ConfigurationError: no seeds, no such variant, or photographs for another network.
    """

    config: TrainingConfig
    variants: tuple[str, ...]
    seeds: tuple[int, ...]
    folder: Path
    photographs: ExampleSource | None = None

    def __post_init__(self) -> None:
        if not self.seeds:
            raise ConfigurationError("got no seeds: wanted one at least, three for an interval")
        for name in self.variants:
            if name not in VARIANTS:
                raise ConfigurationError(
                    f"there is no ablation '{name}'; wanted some of {', '.join(VARIANTS)}"
                )
        _ = self._images  # refuses photographs for another network

    @property
    def runs(self) -> list[tuple[str, int]]:
        """Variant and seed of each: all variants of a seed before the next seed.

        So what is done when time is up is a table already, with fewer seeds.
        """
        return [(variant, seed) for seed in self.seeds for variant in self.variants]

    @property
    def kind(self) -> dict[str, Any]:
        """What all results of a folder have in common, for JSON."""
        free = (MACHINE - {"steps"}) | {"seed", "ranges"}
        config = {k: v for k, v in asdict(self.config).items() if k not in free}
        return {
            **{
                key: list(value) if isinstance(value, tuple) else value
                for key, value in config.items()
            },
            "ranges_sha256": ranges_sha256(ranges_values(self.config.randomization)),
            "photographs": None if self.photographs is None else self.photographs.name,
        }

    def done(self) -> list[AblationResult]:
        """The results that are there."""
        files = (self._file(*run) for run in self.runs)
        return [
            AblationResult(**json.loads(file.read_text(encoding="utf-8")))
            for file in files
            if file.is_file()
        ]

    def run_missing(self, tell: Callable[[AblationResult], None], row: int | None = None) -> None:
        """Train and measure what is not done yet; a run that was stopped goes on where it was.

        Args:
            tell: hears of each result as it comes.
            row: of the progress bar; None for none.

        Raises:
            ConfigurationError: the folder holds another ablation, or no run could begin.
            Stopped: somebody asked to stop; the same call goes on.
        """
        prepare(self.config)  # what no run could begin with is told before the folder is taken
        claim_folder(self.folder, self.kind)
        for name, seed in self.runs:
            if not self._file(name, seed).is_file():
                tell(self._execute(VARIANTS[name], seed, row))

    def _execute(self, variant: Variant, seed: int, row: int | None) -> AblationResult:
        run = self.folder / "runs" / f"{variant.name}-{seed}"
        run.mkdir(parents=True, exist_ok=True)
        # Its own held-out images are as easy as what it learned from: they say nothing here.
        config = dataclasses.replace(
            variant.apply(self.config, run), seed=seed, held_out=1, evaluate_s=1e9
        )
        trained = train(config, run, RunDisplay(config, row))
        if not trained.finished:
            raise Stopped
        last = read_log(trained.checkpoint)[-1]
        result = AblationResult(
            variant.name,
            seed,
            int(last["pictures_seen"]),
            float(last["spent_s"]),
            *self._images.measure(trained.checkpoint),
        )
        self._file(variant.name, seed).parent.mkdir(exist_ok=True)
        write_result(self._file(variant.name, seed), asdict(result))
        return result

    def _file(self, variant: str, seed: int) -> Path:
        return self.folder / "results" / f"{variant}-{seed}.json"

    @cached_property
    def _images(self) -> CommonImages:
        config = self.config
        return CommonImages(
            config.task, config.randomization, config.batch, config.held_out, config.device,
            self.photographs,
        )  # fmt: skip
