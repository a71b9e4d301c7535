"""Two kinds of runs beside each other: what differs between them, and whether seeds explain it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from simreal_bench.experiments.run_changes import Change, changes, same_held_out
from simreal_bench.experiments.seed_spread import Difference, Spread, difference, spread
from simreal_bench.experiments.training_record import TrainingRecord
from simreal_common.errors import ConfigurationError

# Of these figures more is better; of all others less.
MORE_IS_BETTER = frozenset({"chart", "block", "recall", "precision"})
OWN = "own held-out images"


@dataclass(frozen=True)
class Figure:
    """One figure on both sides.

    Args:
        name: as in the log.
        before, after: means over the seeds of each side.
        difference: of the second from the first.
    """

    name: str
    before: Spread
    after: Spread
    difference: Difference

    @property
    def verdict(self) -> str:
        """`better`, `worse`, `within the spread`, or `spread unknown`."""
        if not self.difference.spread_known:
            return "spread unknown"
        if not self.difference.exceeds_spread:
            return "within the spread"
        more = self.difference.mean > 0
        return "better" if more == (self.name in MORE_IS_BETTER) else "worse"


@dataclass(frozen=True)
class Comparison:
    """What differs from one kind of run to another.

    Args:
        before, after: the runs, one a seed.
        changes: what was changed on purpose or not, from the first run to the first.
        figures: by the images that they were measured on.
        warnings: what stands against a conclusion.
    """

    before: tuple[TrainingRecord, ...]
    after: tuple[TrainingRecord, ...]
    changes: tuple[Change, ...]
    figures: Mapping[str, Sequence[Figure]]
    warnings: tuple[str, ...] = field(default=())

    def of_kind(self, kind: str) -> list[Change]:
        """The changes of one kind."""
        return [one for one in self.changes if one.kind == kind]


def compare(
    before: Sequence[TrainingRecord],
    after: Sequence[TrainingRecord],
    measured: Mapping[str, tuple[Sequence[Mapping[str, float]], Sequence[Mapping[str, float]]]]
    | None = None,
) -> Comparison:
    """Compare two kinds of runs.

    Args:
        before, after: one run at least; several of a kind differ in their seeds alone.
        measured: figures on images that are the same for all, by the images' name: of each run of
            either side.

    Raises:
        ConfigurationError: runs of different networks.
    """
    tasks = {one.config.task for one in (*before, *after)}
    if len(tasks) > 1:
        raise ConfigurationError(
            f"got runs of {' and '.join(sorted(tasks))}: wanted runs of the same network; give --task"
        )
    found = tuple(changes(before[0], after[0]))
    own = ([one.best for one in before], [one.best for one in after])
    figures = {
        name: rows
        for name, sides in {OWN: own, **(measured or {})}.items()
        if (rows := _figures(*sides))
    }
    warnings = _warnings(before, after, found, bool(measured))
    return Comparison(tuple(before), tuple(after), found, figures, tuple(warnings))


def _figures(
    before: Sequence[Mapping[str, float]], after: Sequence[Mapping[str, float]]
) -> list[Figure]:
    """The figures that every run has."""
    runs = [*before, *after]
    shared = [name for name in runs[0] if all(name in one for one in runs)]
    rows = []
    for name in shared:
        old, new = ([one[name] for one in side] for side in (before, after))
        rows.append(Figure(name, spread(old), spread(new), difference(new, old)))
    return rows


def _warnings(
    before: Sequence[TrainingRecord],
    after: Sequence[TrainingRecord],
    found: Sequence[Change],
    measured: bool,
) -> list[str]:
    said = []
    things = [one.name for one in found if one.counts]
    seeds = tuple({one.config.seed for one in side} for side in (before, after))
    if len(before) == len(after) == 1 and seeds[0] != seeds[1]:
        things.append("seed")
    if len(things) > 1:
        said.append(
            f"{len(things)} things changed ({', '.join(things)}): a difference has no one cause"
        )
    if not things:
        said.append(
            "nothing was changed but seeds: a difference is chance, or the machine's rounding"
        )
    for side, words in ((before, "first"), (after, "second")):
        apart = {one.name for run in side[1:] for one in changes(side[0], run) if one.counts}
        if apart:
            said.append(
                f"runs of the {words} side differ among themselves in {', '.join(sorted(apart))}: "
                "their spread is not that of seeds"
            )
        if len({run.config.seed for run in side}) < len(side):
            said.append(f"runs of the {words} side share a seed: their spread is too small")
        said += [
            f"{run.name} is at step {run.step} of {run.config.steps}"
            for run in side
            if not run.finished
        ]
    if not all(run.code_known for run in (*before, *after)):
        said.append(
            "some ran with code that no commit has: nobody can tell whether it was the same code"
        )
    if max(len(before), len(after)) < 2:
        said.append(
            "one run a side: how much seeds alone differ is not known; train each with --seed 2, "
            "--seed 3 and give them, too"
        )
    if not same_held_out(found):
        said.append(
            "held-out images are drawn from a run's own ranges, by its own code, so they are not the "
            "same on both sides: "
            + ("go by the others" if measured else "--common, --photos measure both alike")
        )
    return said
