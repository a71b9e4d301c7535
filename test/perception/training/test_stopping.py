"""However `simreal train` ends, no worker of it stays behind, and what they learned is saved."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="training needs torch: pip install '.[train]'")

from simreal_common.errors import ConfigurationError  # noqa: E402
from simreal_perception.training.run_folder import run_folder  # noqa: E402
from simreal_perception.training.training_config import TrainingConfig  # noqa: E402

TASKS = ("detector", "pose")
PATIENCE_S = 300.0  # the workers import torch and compile, on a machine that may be busy


def is_free(run: Path, task: str) -> bool:
    """Whether no process trains this network there."""
    with contextlib.suppress(ConfigurationError), run_folder(run, TrainingConfig(task)):
        return True
    return False


def wait_until(what: str, done: object) -> None:
    end = time.monotonic() + PATIENCE_S
    while not done():  # type: ignore[operator]
        assert time.monotonic() < end, f"not within {PATIENCE_S:.0f} s: {what}"
        time.sleep(0.1)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGKILL, -9), (signal.SIGTERM, 130)])
def test_no_worker_outlives_the_command(tmp_path: Path, number: signal.Signals, code: int) -> None:
    run = tmp_path / "run"
    command = [
        sys.executable, "-m", "simreal_cli.cli", "train", "--no-checks", "--run", str(run),
        "--batch", "4", "--width", "4", "--steps", "1000000",
        "--set", "checkpoint_s=0.5", "held_out=1",
    ]  # fmt: skip
    parent = subprocess.Popen(command, stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        checkpoints = [run / f"{task}.pt" for task in TASKS]
        wait_until("both have begun", lambda: all(path.exists() for path in checkpoints))
        assert not any(is_free(run, task) for task in TASKS)
        parent.send_signal(number)
        assert parent.wait(PATIENCE_S) == code
        wait_until("the locks are free", lambda: all(is_free(run, task) for task in TASKS))
        steps = [torch.load(path, weights_only=True)["step"] for path in checkpoints]
        assert min(steps) >= 1
        time.sleep(1.0)  # longer than the interval of checkpoints
        later = [torch.load(path, weights_only=True)["step"] for path in checkpoints]
        assert later == steps
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(parent.pid, signal.SIGKILL)
        parent.wait()
