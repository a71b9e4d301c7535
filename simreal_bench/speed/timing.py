"""Timing of several candidates in turns, so that a machine with other work misleads about none."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Timing:
    """Measured durations of one candidate, seconds."""

    seconds: tuple[float, ...]

    @property
    def p50(self) -> float:
        return float(np.percentile(self.seconds, 50))

    @property
    def p95(self) -> float:
        return float(np.percentile(self.seconds, 95))

    @property
    def best(self) -> float:
        """The least: what the machine can do when nothing disturbs it."""
        return min(self.seconds)


def in_turns(
    candidates: Mapping[str, Callable[[int], object]],
    rounds: int,
    repeats: Mapping[str, int],
    progress: Callable[[], object] = lambda: None,
) -> dict[str, Timing]:
    """Time every candidate in every round, one after the other.

    Args:
        candidates: jobs by name; each is given the number of the call, from 0.
        rounds: how often all of them have a turn.
        repeats: calls a turn, by name.
        progress: called after each turn.
    """
    seconds: dict[str, list[float]] = {name: [] for name in candidates}
    for turn in range(rounds):
        for name, job in candidates.items():
            for call in range(repeats[name]):
                start = time.perf_counter()
                job(turn * repeats[name] + call)
                seconds[name].append(time.perf_counter() - start)
            progress()
    return {name: Timing(tuple(values)) for name, values in seconds.items()}


def cores() -> int:
    """CPU cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def machine() -> dict[str, Any]:
    """What was measured on: processor, cores, load by others, Python and the libraries' versions."""
    import cv2

    from simreal_perception.model_files.onnx_session import VERSION

    return {
        "processor": _processor(),
        "cores": cores(),
        "load_1min": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "opencv": cv2.__version__,
        "onnxruntime": VERSION,
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Text columns: the first flush left, the others flush right."""
    widths = [max(len(row[i]) for row in [header, *rows]) for i in range(len(header))]
    lines = []
    for row in [header, ["-" * width for width in widths], *rows]:
        cells = [row[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)
