"""What differs in how two runs were made: settings, ranges, weights they started from, code."""

from __future__ import annotations

import dataclasses
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from simreal_bench.experiments.training_record import TrainingRecord
from simreal_perception.training.training_config import MACHINE
from simreal_sim.randomization.ranges_file import changed_keys

# Said by what they mean rather than by their name: ranges by key, weights by hash.
TOLD_APART = {"task", "seed", "ranges", "start_from", "proposals_from", "disabled"}
# Where code lies that decides what a run learns.
LEARNING_CODE = ("simreal_common", "simreal_sim", "simreal_perception")
COMPUTED_WITH = ("precision", "torch", "numpy", "numba", "opencv-python-headless")
HASH_SHOWN = 12  # digits


@dataclass(frozen=True)
class Change:
    """One thing that differs.

    Args:
        kind: `configuration`, `data`, `code` or `machine`.
        name: of the setting, of a group of ranges, or what it is.
        before, after: its values; of a group of ranges the keys that differ.
    """

    kind: str
    name: str
    before: str
    after: str

    @property
    def counts(self) -> bool:
        """Whether it is one of the things of which an experiment changes one alone.

        Machines only round differently.
        """
        return self.kind != "machine"

    def __str__(self) -> str:
        return f"{self.name}: {self.before} -> {self.after}"


def changes(before: TrainingRecord, after: TrainingRecord) -> list[Change]:
    """All that differs from one run to another, seeds aside; a group of ranges is one thing."""
    return [
        *_settings(before, after),
        *_data(before, after),
        *_code(before, after),
        *_machine(before, after),
    ]


def same_held_out(found: Sequence[Change]) -> bool:
    """Whether runs that differ so are measured on held-out images of the same kind."""
    return not any(
        one.kind in ("code", "data") and one.name not in ("start weights", "images seen")
        for one in found
    )


def _settings(before: TrainingRecord, after: TrainingRecord) -> list[Change]:
    free = (MACHINE - {"steps"}) | TOLD_APART
    old, new = dataclasses.asdict(before.config), dataclasses.asdict(after.config)
    found = [
        Change("configuration", name, f"{old[name]}", f"{new[name]}")
        for name in old
        if name not in free and old[name] != new[name]
    ]
    off, now_off = set(before.config.disabled), set(after.config.disabled)
    for group in sorted(off ^ now_off):
        words = ("on", "off") if group in now_off else ("off", "on")
        found.append(Change("data", f"group {group}", *words))
    return found


def _data(before: TrainingRecord, after: TrainingRecord) -> list[Change]:
    found = []
    if before.ranges_sha256 != after.ranges_sha256:
        if before.ranges and after.ranges:
            groups: dict[str, list[str]] = {}
            for change in changed_keys(before.ranges, after.ranges):
                groups.setdefault(change.split(".")[0].split(" ")[0], []).append(change)
            for group, changed in groups.items():
                old, new = zip(*(_halves(one, group) for one in changed), strict=True)
                found.append(Change("data", f"ranges {group}", ", ".join(old), ", ".join(new)))
        else:
            hashes = (one.ranges_sha256[:HASH_SHOWN] or "unknown" for one in (before, after))
            found.append(Change("data", "ranges", *hashes))
    for name, was, now in (
        ("start weights", before.start_weights, after.start_weights),
        ("proposals from", before.proposals, after.proposals),
    ):
        if was != now:
            found.append(Change("data", name, was, now))
    same_length = before.config.steps == after.config.steps
    same_batch = before.config.batch == after.config.batch
    if same_length and same_batch and before.step != after.step:  # else a setting says so already
        seen = (f"{one.step * one.config.batch:,}" for one in (before, after))
        found.append(Change("data", "images seen", *seen))
    return found


def _halves(change: str, group: str) -> tuple[str, str]:
    """`group.key old -> new` as `key old` and `key new`."""
    key, _, values = change.removeprefix(f"{group}.").partition(" ")
    old, _, new = values.partition(" -> ")
    return f"{key} {old}", f"{key} {new}"


def _code(before: TrainingRecord, after: TrainingRecord) -> list[Change]:
    old, new = before.commits, after.commits
    if old == new or (len(old) == len(new) == 1 and _same_code(old[0], new[0])):
        return []
    words = (" ".join(one[:HASH_SHOWN] for one in side) or "unknown" for side in (old, new))
    return [Change("code", "commit", *words)]


def _same_code(old: str, new: str) -> bool:
    """Whether what learns is the same in two commits; False where nobody can tell."""
    try:
        done = subprocess.run(
            ["git", "diff", "--quiet", old, new, "--", *LEARNING_CODE],
            cwd=Path(__file__).resolve().parents[2], capture_output=True, check=False,
        )  # fmt: skip
    except OSError:
        return False
    return done.returncode == 0


def _machine(before: TrainingRecord, after: TrainingRecord) -> list[Change]:
    if not before.starts or not after.starts:
        return []
    old, new = before.starts[0], after.starts[0]
    return [
        Change("machine", name, str(old.get(name)), str(new.get(name)))
        for name in (*COMPUTED_WITH, "cpu", "device")
        if old.get(name) != new.get(name)
    ]
