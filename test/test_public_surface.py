"""Tests read nothing that is private: what is worth testing shows in what is public."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = sorted(Path(__file__).parent.rglob("*.py"))
OWN = {"self", "cls"}  # a test double's
NAMED_TUPLES = {"_replace", "_asdict", "_fields"}  # public, only named like that


def private_reads(source: str) -> Iterator[str]:
    """Private attributes of others, private names that are imported, or named in a text to be set."""

    def is_private(name: str) -> bool:
        return name.startswith("_") and not name.startswith("__") and name not in NAMED_TUPLES

    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute) and is_private(node.attr):
            if not (isinstance(node.value, ast.Name) and node.value.id in OWN):
                yield f"line {node.lineno}: .{node.attr}"
        elif isinstance(node, ast.ImportFrom):
            yield from (f"line {node.lineno}: {a.name}" for a in node.names if is_private(a.name))
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("setattr", "getattr")):
            texts = (one.value for one in node.args if isinstance(one, ast.Constant))
            names = (text for text in texts if isinstance(text, str))
            for name in names:
                if is_private(name.rpartition(".")[2]):
                    yield f"line {node.lineno}: '{name}'"


def test_each_kind_of_private_read_is_found() -> None:
    source = (
        "from a import _b\nfrom c import d\n"
        "e._f\nself._g\nh._replace(i=1)\nj.__class__\n"
        "setattr(k, '_l', 1)\nmonkeypatch.setattr('m._n', 2)\nmonkeypatch.setattr(o, 'p', 3)\n"
    )
    assert [found.rpartition(" ")[2] for found in private_reads(source)] == [
        "_b", "._f", "'_l'", "'m._n'",
    ]  # fmt: skip


@pytest.mark.parametrize("file", TESTS, ids=lambda file: file.stem)
def test_a_test_reads_nothing_private(file: Path) -> None:
    assert list(private_reads(file.read_text(encoding="utf-8"))) == []
