"""Ctrl-C at any moment of a launch's first seconds: quiet, at once, and nothing stays."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ..conftest import EMBEDDED

START_S = 60.0
END_S = 20.0
SPAN_S = 2.0
FEW, MANY = 6, 60
SEED = 1


def moments(count: int) -> list[float]:
    """Seconds after the first node was started; early ones more often, interpreters start then."""
    generator = random.Random(SEED)
    return [round(SPAN_S * ((i + generator.random()) / count) ** 2, 3) for i in range(count)]


@pytest.mark.skipif(not EMBEDDED, reason="interpreters that ROS 2 starts hear it as they do")
@pytest.mark.parametrize("count", [FEW, pytest.param(MANY, marks=pytest.mark.slow)])
def test_a_launch_that_is_interrupted_while_its_nodes_start(
    launch: Callable[..., Any], tmp_path: Path, count: int
) -> None:
    for number, moment_s in enumerate(moments(count)):
        run = launch(f"out:={tmp_path / str(number)}")
        run.wait_for_line("process started with pid", START_S)
        time.sleep(moment_s)
        run.process.send_signal(signal.SIGINT)
        code = run.wait(END_S)
        said = f"after {moment_s} s: {run.output}"
        assert code == 128 + signal.SIGINT, said
        for words in ("Traceback", "Fatal Python", "KeyboardInterrupt", "escalating"):
            assert words not in run.output, said
        assert run.processes() == [], said
        assert not (tmp_path / str(number) / "result.json").exists(), said
