"""Chooses the precision a network learns with: bfloat16 where the machine computes with it."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import torch

from simreal_perception.training.tasks.loss import Loss
from simreal_perception.training.tasks.task import Task
from simreal_perception.training.training_config import TrainingConfig

# Flags of /proc/cpuinfo: x86 with bfloat16 products. On an AMD EPYC with avx512_bf16 a step of either
# network takes 0.51 to 0.55 of the time that it takes in float32; without such products, longer.
FAST_FLAGS = ("amx_bf16", "avx512_bf16")
LEAST_CAPABILITY = (8, 0)  # of an NVIDIA GPU: Ampere, the first with bfloat16
# What a timed step has to gain: less may be chance, and would come out otherwise the next time.
LEAST_GAIN = 1.2


class Precision(NamedTuple):
    """What was chosen, and why."""

    name: str
    reason: str


def choose_precision(config: TrainingConfig, task: Task, batch: Any) -> Precision:
    """What the configuration asks for, or what is faster here where it says "auto".

    Goes by what the device is known for; where nothing is known, a step of each is timed. Changes
    neither the network nor random numbers.

    Args:
        batch: what a step is timed on.
    """
    if config.precision != "auto":
        return Precision(config.precision, "as configured")
    if config.device == "cuda":
        if torch.cuda.get_device_capability() >= LEAST_CAPABILITY:
            return Precision("bfloat16", "this GPU computes with it")
        return Precision("float32", "this GPU has no bfloat16")
    return by_flags(cpu_flags()) or by_time(lambda name: time_step(task, batch, name))


def by_flags(flags: frozenset[str]) -> Precision | None:
    """What the flags of a CPU say; None if there are none, or they are not those of an x86."""
    found = [flag for flag in FAST_FLAGS if flag in flags]
    if found:
        return Precision("bfloat16", f"this CPU has {found[0]}")
    if "sse2" in flags:
        return Precision("float32", f"this CPU has neither {' nor '.join(FAST_FLAGS)}")
    return None


def by_time(seconds: Callable[[str], float]) -> Precision:
    """What a step of each says."""
    slow, fast = seconds("float32"), seconds("bfloat16")
    what = f"a step takes {slow:.3g} s in float32, {fast:.3g} s in bfloat16"
    return Precision("bfloat16" if slow > LEAST_GAIN * fast else "float32", what)


def cpu_flags(path: Path = Path("/proc/cpuinfo")) -> frozenset[str]:
    """What this CPU can do, as Linux calls it; empty where it cannot be read."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError:
        return frozenset()
    named = (line.split(":", 1)[1] for line in lines if line.startswith(("flags", "Features")))
    return frozenset(next(named, "").split())


def time_step(task: Task, batch: Any, precision: str) -> float:
    """Seconds of one step, the second one: the first prepares."""
    network, taken = copy.deepcopy(task.network).train(), 0.0
    with torch.random.fork_rng():
        for _ in range(2):
            start = time.perf_counter()
            with autocast("cpu", precision):
                total = Loss(*task.loss(network, batch)).total
            total.backward()
            taken = time.perf_counter() - start
    return taken


def autocast(device: str, precision: str) -> Any:
    """A context in which a network computes with this precision; its weights stay float32."""
    return torch.autocast(device, torch.bfloat16, enabled=precision == "bfloat16")
