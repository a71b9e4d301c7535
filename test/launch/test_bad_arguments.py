"""What a person gets wrong at the command line ends the launch with one line that mends it."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

END_S = 60.0  # five nodes start and end on a machine that may have other work


@pytest.mark.skipif(
    importlib.util.find_spec("ros2cli_embedded") is None,
    reason="`ros2 launch` of ROS 2 takes every argument, also one that its file does not have",
)
def test_an_unknown_argument(launch: Callable[..., Any]) -> None:
    run = launch("sed:=1")
    run.wait_for_failure(END_S)
    assert "unknown launch argument 'sed'; did you mean 'seed'" in run.output
    assert "Traceback" not in run.output


@pytest.mark.parametrize(
    ("argument", "says"),
    [
        ("blocks:=99", "parameter 'blocks': got 99 (integer), wanted integer from"),
        ("blocks:=many", "parameter 'blocks': got 'many' (string), wanted integer"),
        ("edge:=0.0", "parameter 'edge': got 0.0, wanted double from"),
        ("model:=nonsense", "no model 'nonsense': wanted its card"),
    ],
)
def test_a_value_that_a_node_refuses(
    launch: Callable[..., Any], tmp_path: Path, argument: str, says: str
) -> None:
    run = launch(argument, f"out:={tmp_path / 'out'}")
    run.wait_for_failure(END_S)
    assert says.replace(" (integer)", "") in run.output.replace(" (integer)", "")
    assert "Traceback" not in run.output, run.output
    assert run.processes() == []
    assert not (tmp_path / "out" / "result.json").exists()


def test_an_out_that_is_a_file(launch: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "out").write_text("in the way")
    run = launch(f"out:={tmp_path / 'out'}")
    run.wait_for_failure(END_S)
    assert "parameter 'out': cannot" in run.output
    assert "Traceback" not in run.output, run.output
