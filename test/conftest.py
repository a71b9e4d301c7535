"""Every test that speaks ROS gets a domain of its own, so that tests and robots do not meet; a toy
task for tests of training."""

from __future__ import annotations

import importlib.util
import os
import random
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import settings

# A test is slow when the machine is busy or compiles; that says nothing about the code.
settings.register_profile("simreal", deadline=None)
settings.load_profile("simreal")

# A shell that starts a test run in the background lets it ignore Ctrl-C, and so every process that
# a test starts. A handler is not handed on; they then start with the default.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Domains whose ports are free on every system, divided among what runs side by side (pytest-xdist).
WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
DOMAINS = range(1 + WORKER, 102, int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")))
# For tests that ask for no domain of their own.
os.environ["ROS_DOMAIN_ID"] = str(random.SystemRandom().choice(DOMAINS))


@pytest.fixture(autouse=True)
def ros_ended() -> Iterator[None]:
    """Whatever a test left of ROS, because it failed or by a thread, the next one begins new."""
    yield
    rclpy = sys.modules.get("rclpy")
    if rclpy is not None:
        rclpy.try_shutdown()


@pytest.fixture
def domain(monkeypatch: pytest.MonkeyPatch) -> int:
    """A ROS_DOMAIN_ID for this process and those that it starts."""
    number = random.SystemRandom().choice(DOMAINS)
    monkeypatch.setenv("ROS_DOMAIN_ID", str(number))
    return number


@pytest.fixture
def ros(domain: int) -> Iterator[None]:
    """rclpy, up and running in this process; tests that need it are skipped where there is none."""
    rclpy = pytest.importorskip("rclpy")
    rclpy.init(args=[])
    yield
    rclpy.try_shutdown()


@pytest.fixture
def child_environment(domain: int) -> dict[str, str]:
    """The environment for processes that a test starts."""
    return {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"}


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The toy task, among those that can be trained."""
    from simreal_perception.training.tasks.registry import TASKS

    spec = importlib.util.spec_from_file_location(
        "toy_task", Path(__file__).parent / "perception" / "training" / "toy_task.py"
    )
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "toy_task", module)  # dataclasses look it up
    spec.loader.exec_module(module)
    monkeypatch.setitem(TASKS, "toy", module.ToyTask)
    return module
