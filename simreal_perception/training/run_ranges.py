"""A run learns from the same ranges of randomization from its beginning to its end."""

from __future__ import annotations

from pathlib import Path

from simreal_common.errors import ConfigurationError
from simreal_sim.randomization.ranges.randomization_config import RandomizationConfig
from simreal_sim.randomization.ranges_file import (
    changed_keys,
    ranges_sha256,
    ranges_values,
    read_values,
    write_ranges,
)

HEADING = """\
The ranges of randomization that this run learns from, all of them: a record, which the run does not
read. `simreal train --ranges` takes it."""
SHOWN = 8  # changed keys in an error


def ranges_copy(checkpoint: Path) -> Path:
    """Where a run keeps its ranges."""
    return checkpoint.with_suffix(".ranges.yaml")


def keep_ranges(checkpoint: Path, randomization: RandomizationConfig) -> None:
    """Write the ranges beside the checkpoint, every group and key."""
    write_ranges(randomization, ranges_copy(checkpoint), HEADING)


def require_same_ranges(
    checkpoint: Path, begun_with: str, randomization: RandomizationConfig
) -> None:
    """Refuse to go on with other ranges than the run began with.

    Args:
        begun_with: their `ranges_sha256`, out of the checkpoint.

    Raises:
        ConfigurationError: other ranges; names the keys that differ, as far as the copy tells.
    """
    now = ranges_values(randomization)
    same = ranges_sha256(now) == begun_with
    copy = ranges_copy(checkpoint)
    if same and not copy.exists():
        return
    try:
        kept = read_values(copy)
    except ConfigurationError:
        kept = {}
    true_copy = ranges_sha256(kept) == begun_with
    if same and not true_copy:
        raise ConfigurationError(
            f"{copy} was changed ({_listed(changed_keys(now, kept))}): it is a record, the run does "
            "not read it; delete it to go on with the run's own ranges, or give it with --ranges "
            "to a new run (--run, --start-from)"
        )
    if not same:
        changes = _listed(changed_keys(kept, now)) if true_copy else f"{copy} cannot tell which"
        remedy = f"give --ranges {copy}, or the old file again, to go on" if true_copy else (
            "give the old file again to go on"
        )  # fmt: skip
        raise ConfigurationError(
            f"the ranges of randomization are not those that the run in {checkpoint.parent} began "
            f"with ({changes}): {remedy}; with the new ones begin another run, --run FOLDER "
            f"--start-from {checkpoint}"
        )


def _listed(changes: list[str]) -> str:
    more = len(changes) - SHOWN
    return ", ".join(changes[:SHOWN]) + (f" and {more} more" if more > 0 else "")
