"""The pages for people name what is there: files, headings, options of verbs, launch arguments."""

from __future__ import annotations

import re
import shlex
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

import pytest

from simreal_cli.cli import VERBS, main

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "doc").glob("*.md"))]
# Where an inline `a/b` is a path of this repository.
FOLDERS = ("simreal_", "config/", "launch/", "doc/", "test/", "embedded_ros2/", ".github/")

pages = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


def inline_code(text: str) -> list[str]:
    return re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", text, flags=re.M | re.S))


def commands(text: str) -> Iterator[list[str]]:
    """What a page tells to type, as words: in blocks, a line each, and inline."""
    blocks = "\n".join(re.findall(r"^```\n(.*?)^```", text, flags=re.M | re.S))
    lines = [*blocks.replace("\\\n", " ").splitlines(), *inline_code(text)]
    for line in lines:
        if re.match(r"(\.venv/bin/)?(simreal|ros2) ", line):
            yield shlex.split(line, comments=True)


def anchors(page: Path) -> set[str]:
    """Of a page's headings, as forges make them."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), flags=re.M)
    return {re.sub(r"[^\w\- ]", "", one.lower()).replace(" ", "-") for one in headings}


@pages
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        if "://" in target:
            continue
        name, _, anchor = target.partition("#")
        there = (page.parent / name) if name else page
        assert there.exists(), f"{page.name} links to {target}"
        assert not anchor or anchor in anchors(there), f"{page.name} links to {target}"


@pages
def test_paths_exist(page: Path) -> None:
    for code in inline_code(page.read_text(encoding="utf-8")):
        if code.startswith(FOLDERS) and "/" in code and re.fullmatch(r"[\w./-]+", code):
            assert "NAME" in code or (ROOT / code).exists(), f"{page.name} names {code}"


@pages
def test_verbs_have_the_options_that_are_named(
    page: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for words in commands(page.read_text(encoding="utf-8")):
        if Path(words[0]).name != "simreal" or len(words) < 2:
            continue
        verb = words[1]
        assert verb in VERBS, f"{page.name} tells to type {' '.join(words)}"
        known = help_of([verb], capsys)
        if verb in ("bench", "calibrate"):
            known = help_of([verb, words[2]], capsys)
        for option in (word for word in words if word.startswith("--")):
            assert re.search(rf"{option}\b", known), f"{verb} has no {option}, says {page.name}"


@pages
def test_launch_files_have_the_arguments_that_are_named(page: Path) -> None:
    for words in commands(page.read_text(encoding="utf-8")):
        if words[1:3] != ["launch", "simreal"]:
            continue
        launch = ET.parse(ROOT / "launch" / words[3]).getroot()
        known = {argument.get("name") for argument in launch.iter("arg")}
        for word in words[4:]:
            name, given, _ = word.partition(":=")
            assert not given or name in known, f"{words[3]} has no {name}, says {page.name}"


def help_of(words: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit) as ended:
        main([*words, "--help"])
    assert ended.value.code == 0
    return capsys.readouterr().out
