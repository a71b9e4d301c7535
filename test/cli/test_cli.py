"""The command line `simreal`: help that teaches, mistakes in one line, verbs loaded when asked for."""

from __future__ import annotations

import subprocess
import sys

import pytest

from simreal_cli.cli import VERBS, available_verbs, main
from simreal_cli.robot.cli_parameters import with_tables
from simreal_common.resources import share_directory


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "simreal_cli.cli", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_without_a_verb_it_says_what_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    said = capsys.readouterr().out
    assert "simreal estimate photo.png --camera camera.yaml --edge 0.05" in said
    for verb in available_verbs():
        assert verb in said


@pytest.mark.parametrize("verb", sorted(available_verbs()))
def test_every_verb_explains_itself(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([verb, "--help"])
    assert ended.value.code == 0
    assert VERBS[verb].summary in capsys.readouterr().out


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith("simreal ")


@pytest.mark.parametrize(
    "arguments",
    [["dance"], ["estimate"], ["estimate", "a.png", "--camera", "b.yaml", "--edge", "0"]],
)
def test_mistakes_are_one_line_and_exit_code_2(arguments: list[str]) -> None:
    done = run(*arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1, done.stderr


def test_nothing_heavy_is_loaded_before_it_is_needed() -> None:
    program = (
        "import sys, simreal_cli.cli as c; c.main([]); "
        "print([m for m in ('torch', 'onnxruntime', 'cv2', 'rclpy', 'numba') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"


def test_parameter_tables(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["parameters", "perception_node"]) == 0
    said = capsys.readouterr().out
    assert (
        "| `edge` | double from 0.005 to 1 | `0.05` | edge of the blocks, metres; of a model"
        in said
    )


def test_parameters_of_no_node(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["parameters", "no_node"]) == 2
    assert "no node is called 'no_node': wanted one of sim_node" in capsys.readouterr().err


def test_the_tables_of_the_documentation_are_those_of_the_code() -> None:
    pytest.importorskip("rclpy")
    pytest.importorskip("pybullet", reason="the simulation's parameters need PyBullet")
    page = share_directory() / "doc" / "parameters.md"
    text = page.read_text(encoding="utf-8")
    assert with_tables(text, page) == text, "run: simreal parameters --update doc/parameters.md"


@pytest.mark.parametrize("value", ["0", "-3", "many", "1.5"])
def test_a_count_that_is_none(value: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["evaluate", "--scenes", value])
    assert ended.value.code == 2
    assert f"got '{value}', wanted a whole number" in capsys.readouterr().err


@pytest.mark.parametrize(
    "verb", [["train"], ["export", "run", "model"], ["evaluate", "--scenes", "1"]]
)
def test_a_verb_whose_library_is_missing_names_the_extra(
    verb: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [
        name for name in sys.modules if name.startswith(("simreal_perception", "simreal_sim"))
    ]:
        monkeypatch.delitem(sys.modules, name)
    for library in ("torch", "numba"):
        monkeypatch.setitem(sys.modules, library, None)
    assert main(verb) == 2
    said = capsys.readouterr().err
    assert "pip install 'simreal[train]'" in said.splitlines()[-1]


@pytest.mark.parametrize("score", ["nan", "2", "x"])
def test_a_score_that_is_no_probability_is_refused(
    score: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        main(["evaluate", "--scenes", "1", "--min-score", score])
    assert left.value.code == 2
    assert f"--min-score: got '{score}', wanted a number from 0 to 1" in capsys.readouterr().err
