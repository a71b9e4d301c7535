"""A search for good settings with Optuna: short runs, the hopeless ones given up early.

Trials are kept in SQLite; a sweep that was stopped or killed goes on, and so does the run that it was
in the middle of.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from numpy.typing import NDArray
from optuna.trial import TrialState

from simreal_bench.experiments.sweeps.search_space import Varied
from simreal_bench.stacking.resumable import claim_folder
from simreal_common.errors import ConfigurationError
from simreal_common.output_files import Claim
from simreal_perception.training.run_display import RunDisplay
from simreal_perception.training.stopping import Stopped
from simreal_perception.training.training import prepare, train
from simreal_perception.training.training_config import MACHINE, TrainingConfig
from simreal_sim.randomization.ranges_file import ranges_sha256, ranges_values

STUDY = "sweep"
LOOKS = 5  # at a run's held-out loss, by which it is given up; the last is its result
STARTUP = 4  # trials before any is given up
RUN = "run"  # a trial's folder, among its attributes
DIVERGED = "diverged"
OVER = (TrialState.COMPLETE, TrialState.PRUNED)


class PruningDisplay(RunDisplay):
    """Tells a trial the held-out loss; ends the run where earlier ones did better by then."""

    def __init__(self, config: TrainingConfig, row: int | None, trial: optuna.Trial) -> None:
        super().__init__(config, row)
        self._trial = trial

    def evaluated(
        self, step: int, held_out: Mapping[str, float], image: NDArray[np.uint8] | None
    ) -> None:
        """Take in held-out figures.

        Raises:
            optuna.TrialPruned: the run is given up.
        """
        super().evaluated(step, held_out, image)
        self._trial.report(held_out["loss"], step)
        if step < self.config.steps and self._trial.should_prune():
            raise optuna.TrialPruned


@dataclass(frozen=True)
class Sweep:
    """Trials of one network's settings; the lower the loss on held-out images the better.

    Args:
        config: of what is not varied; its steps are the budget of each trial.
        varied: settings.
        folder: of runs and storage.

    Raises:
        ConfigurationError: a setting that cannot be what it is varied to.
    """

    config: TrainingConfig
    varied: tuple[Varied, ...]
    folder: Path

    def __post_init__(self) -> None:
        for one in self.varied:
            for value in one.choices or (one.low, one.high):
                try:
                    dataclasses.replace(self.config, **{one.name: value})
                except ConfigurationError as error:
                    raise ConfigurationError(f"--vary {one.name}: {error}") from error

    @property
    def kind(self) -> dict[str, Any]:
        """What all trials of a folder have in common, for JSON."""
        names = {one.name for one in self.varied}
        free = (MACHINE - {"steps"}) | names | {"ranges"}
        fixed = {k: v for k, v in dataclasses.asdict(self.config).items() if k not in free}
        return {
            **fixed,
            "disabled": list(self.config.disabled),
            "ranges_sha256": ranges_sha256(ranges_values(self.config.randomization)),
            "varied": [
                {**dataclasses.asdict(one), "choices": list(one.choices)} for one in self.varied
            ],
        }

    def study(self) -> optuna.Study:
        """The trials so far; the storage is made if it is not there."""
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        # The sampler's own state is not stored: another seed for every start, or it repeats itself.
        storage = optuna.storages.RDBStorage(f"sqlite:///{self.folder / 'sweep.db'}")
        study = optuna.create_study(
            storage=storage,
            study_name=STUDY,
            direction="minimize",
            load_if_exists=True,
            pruner=optuna.pruners.MedianPruner(n_startup_trials=STARTUP),
        )
        seed = self.config.seed + len(study.trials)
        study.sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=STARTUP)
        return study

    def run(
        self, trials: int, tell: Callable[[optuna.Study], None], row: int | None = None
    ) -> None:
        """Run trials until so many are over, earlier ones counted.

        Args:
            tell: hears of the study after every trial.
            row: of the progress bar; None for none.

        Raises:
            ConfigurationError: the folder holds another sweep, another process runs this one, or
                no trial could begin.
            Stopped: somebody asked to stop; the same call goes on.
        """
        prepare(self.config)  # what no trial could begin with is told before the folder is taken
        claim_folder(self.folder, self.kind)
        claim = Claim(self.folder / "sweep.db")
        try:
            study = self.study()
            self._take_up_again(study)
            while sum(_is_over(one) for one in study.trials) < trials:
                self._trial(study, row)
                tell(study)
        finally:
            claim.close()

    def _trial(self, study: optuna.Study, row: int | None) -> None:
        trial = study.ask()
        run = trial.user_attrs.get(RUN, f"trial-{trial.number}")
        trial.set_user_attr(RUN, run)
        settings = {one.name: one.suggest(trial) for one in self.varied}
        config = dataclasses.replace(
            self.config,
            **settings,
            evaluate_s=1e9,  # by steps alone: only what was seen equally long is compared
            evaluate_steps=max(self.config.steps // LOOKS, 1),
        )
        try:
            done = train(config, self.folder / "runs" / run, PruningDisplay(config, row, trial))
        except optuna.TrialPruned:
            study.tell(trial, state=TrialState.PRUNED)
            return
        except ConfigurationError as error:
            if "loss became" not in str(error):
                raise
            trial.set_user_attr(DIVERGED, True)
            study.tell(trial, state=TrialState.FAIL)
            return
        if not done.finished:
            raise Stopped
        study.tell(trial, done.held_out["loss"])

    def _take_up_again(self, study: optuna.Study) -> None:
        """A trial that was cut short is asked for again, with its settings and its folder."""
        for one in study.get_trials(states=(TrialState.RUNNING,)):
            # A kill before the first suggestion leaves a trial without settings: nothing is lost.
            if one.params:
                study.enqueue_trial(one.params, user_attrs={RUN: one.user_attrs[RUN]})
            study.tell(one.number, state=TrialState.FAIL)


def _is_over(trial: optuna.trial.FrozenTrial) -> bool:
    return trial.state in OVER or bool(trial.user_attrs.get(DIVERGED))
