"""What a person gets wrong at the command line ends the launch with one line that mends it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ..conftest import EMBEDDED

END_S = 60.0  # five nodes start and end on a machine that may have other work


@pytest.mark.skipif(
    not EMBEDDED,
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


@pytest.mark.parametrize("out", [" ", "~nobody-here/out"])  # launch itself takes no empty one
def test_an_out_that_names_no_folder(
    launch: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, out: str
) -> None:
    (tmp_path / "result.json").write_text("of somebody else")
    run = launch(f"out:={out}")
    run.wait_for_failure(END_S)
    assert f"parameter 'out': got '{out}'" in run.output
    # Others are interrupted while they start; an interpreter that ROS 2 starts shows a traceback then.
    assert ("Traceback" if EMBEDDED else "RuntimeError") not in run.output, run.output
    assert (tmp_path / "result.json").exists()
    assert not (tmp_path / out).exists()
