"""The stack at work for hours: how much memory and how many handles each process holds."""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from simreal_bench.endurance.launched_run import LaunchedRun
from simreal_common.errors import ConfigurationError

# Structures of all blocks: each is taken apart for the next.
GOALS = ("{build: tower}", "{build: row}")
SAMPLE_S = 10.0
SPIN_S = 0.05
# Before that, caches fill and libraries are loaded: of the whole time, and at least.
WARM_UP_SHARE, WARM_UP_S = 0.25, 120.0
MIB = 1 << 20
COLUMNS = ("time_s", "process", "memory_mib", "handles", "threads")


@dataclass(frozen=True)
class Sample:
    """A process at one moment.

    Args:
        time_s: real seconds after the start.
        process: its name.
        memory_mib: resident, MiB.
        handles: open file descriptors.
        threads: how many it has.
    """

    time_s: float
    process: str
    memory_mib: float
    handles: int
    threads: int


@dataclass(frozen=True)
class Trend:
    """How what a process holds grows, after the warm-up.

    Args:
        process: its name.
        samples: how many.
        first_mib, last_mib: means of the first and the last tenth of them.
        mib_per_hour: slope, median of the slopes between pairs (Theil 1950, Sen 1968).
        handles, threads: first and last.
        handles_per_hour: slope of the handles, likewise.
    """

    process: str
    samples: int
    first_mib: float
    last_mib: float
    mib_per_hour: float
    handles: tuple[int, int]
    threads: tuple[int, int]
    handles_per_hour: float


@dataclass(frozen=True)
class SoakResult:
    """What came of it: samples, goals that control ended and built, exit code of the launch."""

    samples: list[Sample]
    ended: int
    built: int
    code: int | None


def run_soak(
    folder: Path, hours: float, domain: int, blocks: int, seed: int, tell: Callable[[float], None]
) -> SoakResult:
    """Launch the cell and give it goals for so long; samples go into FOLDER/samples.csv as they come.

    Args:
        folder: for the run's files; its parent must be there.
        hours: real time.
        domain: ROS_DOMAIN_ID.
        blocks, seed: of the scene.
        tell: called with the seconds since the last call.

    Raises:
        ConfigurationError: the folder is there already, or the cell ended before its time.
        MissingDependencyError: there is no `ros2`.
    """
    from simreal_bench.endurance.ros_goals_in_turn import goals_in_turn

    if folder.exists():
        raise ConfigurationError(f"{folder} is there already: give another with --out")
    run = LaunchedRun(folder, domain, f"blocks:={blocks}", f"seed:={seed}", file="soak.launch.xml")
    samples: list[Sample] = []
    try:
        with (
            (folder / "samples.csv").open("w", newline="", encoding="utf-8") as file,
            goals_in_turn(domain, GOALS) as (goals, spin),
        ):
            writer = csv.writer(file)
            writer.writerow(COLUMNS)
            next_s = 0.0
            while run.code is None and run.seconds < 3600.0 * hours:
                spin(SPIN_S)
                goals.step()
                if run.seconds < next_s:
                    continue
                now, next_s = run.seconds, next_s + SAMPLE_S
                for number, name in run.processes().items():
                    if (sample := sample_of(number, name, now)) is not None:
                        samples.append(sample)
                        writer.writerow(vars(sample).values())
                file.flush()
                tell(SAMPLE_S)
            early = run.code
            ended, built = goals.ended, goals.built
    finally:
        run.close()
    if early is not None:
        raise ConfigurationError(
            f"the cell ended after {samples[-1].time_s if samples else 0:.0f} s with exit code "
            f"{early}: see {run.log}"
        )
    return SoakResult(samples, ended, built, run.code)


def sample_of(number: int, name: str, time_s: float) -> Sample | None:
    """A look into /proc; None if the process has ended."""
    folder = Path(f"/proc/{number}")
    try:
        status = dict(
            line.split(":", 1) for line in (folder / "status").read_text("utf-8").splitlines()
        )
        handles = sum(1 for _ in (folder / "fd").iterdir())
        memory_mib = int(status["VmRSS"].split()[0]) * 1024 / MIB
        return Sample(round(time_s, 2), name, round(memory_mib, 3), handles, int(status["Threads"]))
    except (OSError, KeyError):
        return None


def lasting(samples: list[Sample]) -> list[Sample]:
    """Those of the processes that are there at the end: what came and went has no trend."""
    last_s = max((sample.time_s for sample in samples), default=0.0)
    there = {sample.process for sample in samples if sample.time_s > last_s - SAMPLE_S}
    return [sample for sample in samples if sample.process in there]


def trends(samples: list[Sample]) -> list[Trend]:
    """That of each process, by name; of those that were there after the warm-up."""
    samples = lasting(samples)
    last_s = max((sample.time_s for sample in samples), default=0.0)
    warm_s = max(WARM_UP_SHARE * last_s, min(WARM_UP_S, 0.5 * last_s))
    result = []
    for process in sorted({sample.process for sample in samples}):
        own = [s for s in samples if s.process == process and s.time_s >= warm_s]
        if len(own) < 2:
            continue
        hours = np.array([sample.time_s for sample in own]) / 3600.0
        memory = np.array([sample.memory_mib for sample in own])
        handles = np.array([sample.handles for sample in own], float)
        some = max(len(own) // 10, 1)
        result.append(
            Trend(
                process, len(own), float(memory[:some].mean()), float(memory[-some:].mean()),
                _slope(hours, memory), (own[0].handles, own[-1].handles),
                (own[0].threads, own[-1].threads), _slope(hours, handles),
            )
        )  # fmt: skip
    return result


def _slope(x: np.ndarray, y: np.ndarray) -> float:
    """Median of the slopes between pairs; of many values every so many-th."""
    step = -(-len(x) // 1000)
    x, y = x[::step], y[::step]
    first, second = np.triu_indices(len(x), 1)
    return float(np.median((y[second] - y[first]) / (x[second] - x[first])))
