"""The figures of a bench of faults, and its table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from simreal_bench.stacking.fault_run import FaultResult


def fault_summary(results: Sequence[FaultResult]) -> dict[str, Any]:
    """The figures: of each kind, and of all."""
    kinds = list(dict.fromkeys(result.kind for result in results))
    failed = [result for result in results if not result.recovered]
    return {
        "kinds": {
            kind: _counts([result for result in results if result.kind == kind]) for kind in kinds
        },
        "all": _counts(results),
        "collisions": sum(len(result.stack.collisions) for result in results),
        "limit_violations": sum(result.stack.limit_violations for result in results),
        "motions_on_old_data": sum(len(result.stack.old_data) for result in results),
        "hand_moved_with_arm": sum(len(result.stack.restless_hand) for result in results),
        "causes": dict(Counter(result.cause for result in failed)),
        "failed": [{"kind": r.kind, "seed": r.stack.seed, "cause": r.cause} for r in failed],
    }


def _counts(results: Sequence[FaultResult]) -> dict[str, Any]:
    recovered = sum(result.recovered for result in results)
    return {
        "runs": len(results),
        "injected": sum(result.injected_at is not None for result in results),
        "recovered": recovered,
        "share": recovered / max(len(results), 1),
    }


def fault_rows(figures: dict[str, Any]) -> list[tuple[str, ...]]:
    """Rows of the table: kind, runs, injected, recovered, share."""
    return [
        (
            name, str(counts["runs"]), str(counts["injected"]), str(counts["recovered"]),
            f"{100 * counts['share']:.0f} %",
        )
        for name, counts in [*figures["kinds"].items(), ("all", figures["all"])]
    ]  # fmt: skip
