"""Plants faults into moving scenes, and lets the monitor watch scenes in which nothing is wrong."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from simreal_bench.image_faults.moving_scene import MovingScene, Shot
from simreal_bench.image_faults.planted_faults import FAULTS
from simreal_common.block_estimate import BlockEstimate
from simreal_perception.model_files.model_card import ModelCard
from simreal_perception.monitoring.measures.check_result import StateChange
from simreal_perception.monitoring.monitor import Monitor
from simreal_perception.pose_estimation.estimator import BlockEstimator

BEFORE_S, AFTER_S = 8.0, 3.0  # ordinary images before a fault, and how long it is waited for
FRAMES = 30  # different ones of a scene
SHAPED = ("flat", "narrow")  # faults that are other shapes of the blocks
AWAY = 5000  # seed of the scene that a camera is turned to, added to its own


@dataclass(frozen=True)
class Trial:
    """One fault in one scene.

    Args:
        fault: its name in `FAULTS`.
        seed: of the scene.
        rate: images a second.
        found_by: the check that found it first; empty where none did.
        after_s: from the first image with it to the alarm; None where none came.
        false: checks that gave an alarm before it.
    """

    fault: str
    seed: int
    rate: float
    found_by: str
    after_s: float | None
    false: tuple[str, ...]


@dataclass(frozen=True)
class OrdinaryRun:
    """Images in which nothing is wrong.

    Args:
        seed: of the scene.
        images: how many.
        events: false alarms.
        median_ms, mean_ms, p99_ms: time of the processor for an image, all threads.
        idle: checks that could tell nothing at the end, and why.
    """

    seed: int
    images: int
    events: tuple[StateChange, ...]
    median_ms: float
    mean_ms: float
    p99_ms: float
    idle: dict[str, str]


class WatchedScene:
    """A moving scene with the estimates that the estimator makes in each of its frames.

    Args:
        seed: of the scene.
        estimator: looks at the frames once each, noise included.
        blocks: see `MovingScene`.
    """

    def __init__(self, seed: int, estimator: BlockEstimator, *, blocks: str = "cubes") -> None:
        self.scene = MovingScene(seed, FRAMES, blocks=blocks)
        self._estimates: list[list[BlockEstimate]] = []
        for shot in self.scene.shots(1.0, float(FRAMES), seed):
            found = estimator.estimate(shot.image, self.scene.camera, self.scene.edge)
            self._estimates.append(found)

    def estimates(self, shot: Shot) -> list[BlockEstimate]:
        """All in the frame that a shot shows."""
        return self._estimates[shot.number]


def plant(
    card: ModelCard, estimator: BlockEstimator, seeds: Sequence[int], rates: Sequence[float]
) -> Iterator[Trial]:
    """Every fault in every scene at every rate."""
    for seed in seeds:
        usual = WatchedScene(seed, estimator)
        others = {
            "away": WatchedScene(seed + AWAY, estimator),
            **{name: WatchedScene(seed, estimator, blocks=name) for name in SHAPED},
        }
        for rate in rates:
            before = Monitor.of(card)
            for shot in usual.scene.shots(rate, BEFORE_S, seed):
                before.look(shot.image, shot.time, usual.estimates(shot))
            for name in FAULTS:
                # A copy: the images before are the same for all faults.
                monitor = copy.deepcopy(before)
                yield _trial(monitor, name, seed, rate, others.get(name, usual))


def watch_ordinary(
    card: ModelCard, estimator: BlockEstimator, seed: int, rate: float, seconds: float
) -> OrdinaryRun:
    """Let the monitor watch a scene in which an arm and a block move, and nothing else happens."""
    watched = WatchedScene(seed, estimator)
    monitor = Monitor.of(card)
    took = []
    for shot in watched.scene.shots(rate, seconds, seed):
        began = time.process_time()
        monitor.look(shot.image, shot.time, watched.estimates(shot))
        took.append(1e3 * (time.process_time() - began))
    idle = {one.name: one.words for one in monitor.findings() if one.state.value == "cannot tell"}
    median, p99 = np.percentile(took, [50, 99])
    return OrdinaryRun(
        seed,
        len(took),
        tuple(monitor.events),
        float(median),
        float(np.mean(took)),
        float(p99),
        idle,
    )


def _trial(monitor: Monitor, name: str, seed: int, rate: float, watched: WatchedScene) -> Trial:
    """Go on with a monitor that has seen the images before, until it finds the fault."""
    false = tuple(event.name for event in monitor.events if event.bad)
    known = len(monitor.events)
    found = None
    for shot in watched.scene.shots(rate, AFTER_S, seed + 1, FAULTS[name].spoil):
        monitor.look(shot.image, BEFORE_S + shot.time, watched.estimates(shot))
        found = next((event for event in monitor.events[known:] if event.bad), None)
        if found is not None:
            break
    after_s = None if found is None else found.time - BEFORE_S
    return Trial(name, seed, rate, "" if found is None else found.name, after_s, false)


def summary(
    trials: Sequence[Trial], within_s: float = 2.0
) -> list[tuple[str, int, int, int, list[float]]]:
    """A row a fault: its name, trials, found in time, found by the check that should, times (s)."""
    rows = []
    for name, fault in FAULTS.items():
        some = [trial for trial in trials if trial.fault == name]
        in_time = [t for t in some if t.after_s is not None and t.after_s <= within_s]
        named = sum(trial.found_by == fault.checks[0] for trial in some)
        times = sorted(trial.after_s for trial in some if trial.after_s is not None)
        rows.append((name, len(some), len(in_time), named, times))
    return rows


def progress(trials: Iterator[Trial], each: Callable[[int], object]) -> list[Trial]:
    """All trials, telling each as it is done."""
    done = []
    for trial in trials:
        done.append(trial)
        each(1)
    return done
