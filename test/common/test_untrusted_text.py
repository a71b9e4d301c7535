"""Text that others send: what is read, what is refused, and that a refusal is one short line."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from simreal_common.errors import MessageError
from simreal_common.untrusted_text import (
    Limits,
    parse_json,
    parse_yaml,
    read_text,
    reason_of,
    shortened,
)

AT_ONCE_S = 1.0  # generous: what this guards against takes minutes
LONGEST_REFUSAL = 300


def refusal(parse: Callable[[str], Any], text: str) -> str:
    """What is said of a text that is refused: one short line, at once."""
    began = time.process_time()
    with pytest.raises(MessageError) as refused:
        parse(text)
    assert time.process_time() - began < AT_ONCE_S
    said = str(refused.value)
    assert said.isprintable()
    assert len(said) < LONGEST_REFUSAL
    return said


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("# nothing", None),
        ("{a: 1, b: [2.5, 1e-3, -.5], c: true, d: ~}",
         {"a": 1, "b": [2.5, 1e-3, -0.5], "c": True, "d": None}),
        ("a: '1'\nb: \"true\"\nc: |\n  text\n", {"a": "1", "b": "true", "c": "text\n"}),
        ("day: 2020-99-99", {"day": "2020-99-99"}),
        ("[0x10, 1_000, yes, 0123]", ["0x10", "1_000", "yes", "0123"]),
        ("{<<: 1}", {"<<": 1}),
    ],
)  # fmt: skip
def test_yaml_gives_plain_values(text: str, value: object) -> None:
    assert parse_yaml(text) == value


def test_json_gives_what_was_written() -> None:
    value = {"a": [1, 2.5, None, True], "b": {"c": "\U0001f600 é"}, "d": -(2**63) + 1}
    assert parse_json(json.dumps(value)) == value


BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{new}: &{new} [{','.join([f'*{old}'] * 9)}]\n"
    for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (BOMB, "anchor or alias 'a'"),
        ("[*a]", "anchor or alias 'a'"),
        ("!!int abc", "tag 'tag:yaml.org,2002:int'"),
        ("!!timestamp x", "tag 'tag:yaml.org,2002:timestamp'"),
        ("!!python/object/apply:os.system [ls]", "tag 'tag:yaml.org,2002:python"),
        ("!mine {}", "tag '!mine'"),
        ("[" * 3000, "nested deeper than 16"),
        ("{a: " * 3000, "nested deeper than 16"),
        ("- " * 3000, "nested deeper than 16"),
        ("[" + "a," * 30_000 + "]", "more than 4000 values"),
        ("x" * 200_000, "200000 bytes, wanted at most 64000"),
        ("é" * 40_000, "80000 bytes"),
        ("a\0.yaml", "character 0x0000"),
        ('"a\\0"', "character 0x0000"),
        ('"\\ud800"', "character 0xd800"),
        ('"\\UFFFFFFFF"', "not YAML"),
        ("\ud800", "character 0xd800"),
        ("9" * 5_000, "wanted one of 64 bits"),
        ("9223372036854775808", "wanted one of 64 bits"),
        ("{gap: .inf}", "wanted a finite one"),
        ("{gap: -.INF}", "wanted a finite one"),
        ("{gap: .nan}", "wanted a finite one"),
        ("1e999", "wanted a finite one"),
        ("{a: 1, a: 2}", "key 'a' twice"),
        ("{[a]: 1}", "as a key"),
        ("a\n---\nb", "several YAML documents"),
        ("{build: ", "not YAML"),
        ("%YAML 99999999999.1\n--- a", "not YAML"),
        ("a: b: c", "not YAML"),
    ],
)
def test_yaml_that_is_refused(text: str, says: str) -> None:
    assert says in refusal(parse_yaml, text)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "not JSON"),
        ("{'a': 1}", "not JSON"),
        ("[" * 3000, "nested deeper than 16"),
        ("[" * 60_000, "nested deeper than 16"),
        ("[" * 17 + "]" * 17, "nested deeper than 16"),
        ("[" + "1," * 5_000 + "1]", "more than 4000 values"),
        ('"' + "x" * 200_000 + '"', "wanted at most 64000"),
        ("Infinity", "wanted a finite one"),
        ("[-Infinity]", "wanted a finite one"),
        ("NaN", "wanted a finite one"),
        ("1e999", "wanted a finite one"),
        ("9" * 5_000, "wanted one of 64 bits"),
        ('"\\ud800"', "character 0xd800"),
        ('{"\\udfff": 1}', "character 0xdfff"),
        ('"\\u0000"', "character 0x0000"),
        ('"\0"', "character 0x0000"),
    ],
)
def test_json_that_is_refused(text: str, says: str) -> None:
    assert says in refusal(parse_json, text)


def test_limits_are_those_that_are_given() -> None:
    narrow = Limits(size=10, depth=1, nodes=3)
    assert parse_yaml("[1, 2]", narrow) == [1, 2]
    for text in ("[1, 2, 3]", "[[1]]", "[1,      2]"):
        with pytest.raises(MessageError):
            parse_yaml(text, narrow)
        with pytest.raises(MessageError):
            parse_json(text, narrow)


def test_a_file_is_read_within_limits(tmp_path: Path) -> None:
    (tmp_path / "good").write_text("é", encoding="utf-8")
    assert read_text(tmp_path / "good") == "é"
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "large").write_bytes(b"x" * 64_001)
    (tmp_path / "latin").write_bytes(b"\xff")
    for path, says in (
        (tmp_path / "none", "cannot be read: No such file"),
        (tmp_path, "cannot be read: Is a directory"),
        (tmp_path / "fifo", "is no regular file"),
        (Path("/dev/zero"), "is no regular file"),
        (tmp_path / "large", "is too large"),
        (tmp_path / "latin", "is not UTF-8"),
        (Path("a\0b"), "is no name of a file"),
        (Path("\ud800"), "is no name of a file"),
        (tmp_path / ("x" * 5_000), "cannot be read: File name too long"),
    ):
        assert says in refusal(lambda _, path=path: read_text(path), "")


def test_what_is_shown_of_a_text_is_one_short_line() -> None:
    assert shortened("a  b\n\tc") == "a b c"
    assert shortened("\x1b[31mred\ud800") == "?[31mred?"
    assert shortened("x" * 81) == "x" * 80 + "..."
    assert shortened("x" * 80) == "x" * 80
    assert shortened(" " * 10_000_000 + "x", 10) == "..."


def test_the_reason_of_a_file_does_not_name_it_again(tmp_path: Path) -> None:
    missing = tmp_path / "nothere.yaml"
    with pytest.raises(MessageError) as told:
        read_text(missing)
    with pytest.raises(FileNotFoundError) as raised:
        missing.read_bytes()
    assert reason_of(told.value, missing) == reason_of(raised.value, missing)
    assert reason_of(raised.value, missing) == "No such file or directory"
    assert reason_of(ValueError("no JSON"), missing) == "no JSON"
    assert reason_of(EOFError(), missing) == "EOFError"
