"""Options of all verbs: a path is never empty, and what will be written is tried first."""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from simreal_cli.cli import OPTIONAL, available_verbs, main
from simreal_cli.parsing import arguments

PATHS = (
    arguments.nonempty, arguments.nonempty_path, arguments.output_file, arguments.output_folder,
)  # fmt: skip
# Options that take words of other kinds: what is empty there means nothing else than that.
WORDS = {
    "node", "--set", "--vary", "--only", "--off", "--topic", "--name", "--split", "--task", "--tool",
    "--parent", "--child", "--link", "--joint-states", "--plane-noise", "--goal", "--faults",
}  # fmt: skip
OUTPUTS = {
    "--json", "--html", "--sheet", "--reliability", "--plot", "--frame", "--draw", "--update", "--out",
    "--run",
}  # fmt: skip


class Declared(list[tuple[str, dict[str, Any]]]):
    """Takes the options that a verb declares, as a parser does."""

    epilog = description = ""

    def add_argument(self, *names: str, **options: Any) -> None:
        self.append((names[0], options))

    def inner(self, *_: Any, **__: Any) -> Declared:
        return self

    add_subparsers = add_parser = add_mutually_exclusive_group = add_argument_group = inner

    def set_defaults(self, **_: Any) -> None:
        """Nothing is declared."""


def declared(verb: str) -> Declared:
    found = Declared()
    try:
        importlib.import_module(available_verbs()[verb].module).add_arguments(found)
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] not in OPTIONAL:
            raise
        pytest.skip(f"needs {error.name}")
    return found


@pytest.mark.parametrize("verb", sorted(available_verbs()))
def test_every_option_that_takes_a_path_refuses_an_empty_one(verb: str) -> None:
    for name, options in declared(verb):
        kind = options.get("type")
        assert kind is not Path, f"{name}: wanted a type of simreal_cli.parsing.arguments"
        plain = kind is None and "choices" not in options and "action" not in options
        assert not plain or name in WORDS, f"{name} takes any text: is it a path?"
        if name in OUTPUTS:
            assert kind in (arguments.output_file, arguments.output_folder), name
        assert kind not in PATHS or options.get("default") != "", name


@pytest.mark.parametrize("kind", PATHS)
@pytest.mark.parametrize("text", ["", " "])
def test_what_is_empty_is_refused(kind: Callable[[str], object], text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="that is not empty"):
        kind(text)


def refused(capsys: pytest.CaptureFixture[str], *command: str) -> str:
    """What a command says that ends before it begins."""
    with pytest.raises(SystemExit) as ended:
        main(list(command))
    assert ended.value.code == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    return said.err


@pytest.mark.parametrize(
    "command",
    [
        ("evaluate", "--photos"), ("inspect", "mine.yaml", "--photos"), ("watch",),
        ("estimate", "a.png", "--edge", "0.05", "--camera"), ("explain",),
        ("evaluate", "--scenes", "1", "--model"), ("check-robot", "ur5e", "--urdf"),
    ],
)  # fmt: skip
def test_an_empty_path_ends_a_command(
    command: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert "got '', wanted a path or a name" in refused(capsys, *command, "")


@pytest.mark.parametrize(
    "command",
    [
        ("evaluate", "--scenes", "1", "--json"), ("evaluate", "--scenes", "1", "--html"),
        ("inspect", "mine.yaml", "--html"), ("watch", "my_bag", "--html"),
        ("compare-tags", "--plot"), ("bench", "render", "--json"), ("bench", "stack", "--out"),
        ("calibrate", "board", "--out"), ("pictures", "1", "--out"),
    ],
)  # fmt: skip
def test_what_cannot_be_written_is_told_before_anything_is_measured(
    command: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "file"
    file.write_text("no folder")
    said = refused(capsys, *command, str(file / "out.png"))
    assert f"cannot write {file / 'out.png'}: Not a directory" in said
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize("verb", ["estimate", "inspect", "evaluate"])
def test_what_is_read_is_not_written_over(
    verb: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = tmp_path / "mine.png"
    mine.write_bytes(b"mine")
    beside = tmp_path / "sub" / ".." / mine.name  # another name of it
    (tmp_path / "sub").mkdir()
    command = {
        "estimate": ("estimate", mine, "--camera", "c.yaml", "--edge", "0.05", "--draw", beside),
        "inspect": ("inspect", mine, "--html", beside),
        "evaluate": ("evaluate", "--scenes", "1", "--json", beside, "--html", mine),
    }[verb]
    assert main(list(map(str, command))) == 2
    assert "is given twice, as '" in capsys.readouterr().err
    assert mine.read_bytes() == b"mine"


def test_two_new_outputs_have_two_names(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    new = str(tmp_path / "new")
    assert main(["evaluate", "--scenes", "1", "--json", new, "--html", new]) == 2
    assert "new is given twice, as 'html' and as 'json'" in capsys.readouterr().err
