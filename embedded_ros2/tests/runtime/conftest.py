"""Each test in a DDS domain of its own; helpers that start real processes."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import rclpy
import rclpy.context

# From 102 on their ports are such as the kernel gives to anybody. Divided among what runs side by side.
WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
DOMAINS = range(1 + WORKER, 102, int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")))
GIVE_UP_S = 60.0  # waits end as soon as what they wait for is there; a busy machine is slow


@pytest.fixture(autouse=True)
def clean() -> Iterator[None]:
    """Whatever a test left (it failed, or another thread ended its context), the next begins new."""
    yield
    rclpy.try_shutdown()
    # The embedded runtime knows its contexts; `contract` runs on others too.
    for context in getattr(rclpy.context, "_every", list)():
        context.try_shutdown()


@pytest.fixture
def domain(monkeypatch: pytest.MonkeyPatch) -> int:
    number = random.SystemRandom().choice(DOMAINS)
    monkeypatch.setenv("ROS_DOMAIN_ID", str(number))
    return number


@pytest.fixture
def ros(domain: int) -> Iterator[None]:
    rclpy.init(args=[])
    yield
    rclpy.try_shutdown()


@pytest.fixture
def spawn(domain: int) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """spawn(source, *args): run Python source in another process; its output is merged into
    stdout."""
    running: list[subprocess.Popen[str]] = []

    def start(source: str, *args: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-u", "-c", textwrap.dedent(source), *args],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )
        running.append(process)
        return process

    yield start
    for process in running:
        if process.poll() is None:
            process.kill()
        process.wait(timeout=GIVE_UP_S)
        if process.stdout:
            process.stdout.close()


def spin_until(node: Any, condition: Callable[[], bool], timeout_s: float = GIVE_UP_S) -> bool:
    """Spin the node until the condition holds."""
    deadline = time.monotonic() + timeout_s
    while not condition() and time.monotonic() < deadline:
        rclpy.spin_once(node, timeout_sec=0.05)
    return condition()


@pytest.fixture
def until() -> Callable[..., bool]:
    return spin_until
