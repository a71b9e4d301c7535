"""Names, remaps, arguments and parameter files."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedded_ros2_core.arguments import ArgumentError, parse, without_ros_arguments
from embedded_ros2_core.names import (
    InvalidName,
    check_full_name,
    check_node_name,
    expand,
    parse_remap,
    resolve,
)
from embedded_ros2_core.parameter_files import (
    ParameterFileError,
    parse_value,
    pattern_matches,
    read_file,
)

TOKEN = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,8}", fullmatch=True)
SPACE = st.lists(TOKEN, max_size=3).map(lambda tokens: "/" + "/".join(tokens))


@pytest.mark.parametrize(
    ("name", "full"),
    [
        ("chatter", "/ns/chatter"),
        ("a/b", "/ns/a/b"),
        ("/chatter", "/chatter"),
        ("~", "/ns/node"),
        ("~/x", "/ns/node/x"),
        ("{node}/x", "/ns/node/x"),
        ("{ns}/x", "/ns/x"),
        ("_hidden", "/ns/_hidden"),
    ],
)
def test_expand(name: str, full: str) -> None:
    assert expand(name, "node", "/ns") == full


@pytest.mark.parametrize(
    "name", ["", "a//b", "a/", "/", "1a", "a/1b", "a-b", "a b", "~x", "{what}/x", "ä"]
)
def test_bad_topic_names(name: str) -> None:
    with pytest.raises(InvalidName, match="Invalid topic name"):
        expand(name, "node", "/ns")


@given(TOKEN, SPACE, st.lists(TOKEN, min_size=1, max_size=3))
def test_expansion_is_absolute_valid_and_idempotent(
    node: str, space: str, tokens: list[str]
) -> None:
    full = expand("/".join(tokens), node, space)
    check_full_name(full)
    assert expand(full, node, space) == full
    assert full.startswith(space)


@given(TOKEN, SPACE, TOKEN, TOKEN)
def test_a_remap_moves_exactly_its_name(node: str, space: str, source: str, target: str) -> None:
    rules = [parse_remap(f"{source}:=/{target}")]
    assert resolve(source, node, space, rules) == f"/{target}"
    other = source + "_"
    assert resolve(other, node, space, rules) == expand(other, node, space)


def test_remap_kinds_and_node_prefix() -> None:
    rules = [parse_remap("rosservice://a:=b"), parse_remap("other:c:=d"), parse_remap("c:=e")]
    assert resolve("a", "n", "/", rules, "topic") == "/a"
    assert resolve("a", "n", "/", rules, "service") == "/b"
    assert resolve("c", "n", "/", rules) == "/e"
    assert resolve("c", "other", "/", rules) == "/d"


@pytest.mark.parametrize("name", ["", "a/b", "1a", "a b", "a" * 256, "ä"])
def test_bad_node_names(name: str) -> None:
    with pytest.raises(InvalidName):
        check_node_name(name)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1),
        ("-3", -3),
        ("0x10", 16),
        ("1.5", 1.5),
        ("1e-3", 1e-3),
        ("true", True),
        ("off", False),
        ("abc", "abc"),
        ("'1'", "1"),
        ("[1, 2]", [1, 2]),
        ("[1, 2.5]", [1.0, 2.5]),
        ("[a, b]", ["a", "b"]),
        ("2024-01-01", "2024-01-01"),
        ("1:30", "1:30"),
        ("", ""),
        (".inf", float("inf")),
    ],
)
def test_parameter_typing(text: str, value: object) -> None:
    got = parse_value(text, "p")
    assert got == value and type(got) is type(value)


@pytest.mark.parametrize(
    "text", ["[1, a]", "{a: 1}", "[[1]]", "[", "~", "null", "\udcff", '"\\uDCFF"', "[a, \udcff]"]
)
def test_bad_parameter_values(text: str) -> None:
    with pytest.raises(ParameterFileError):
        parse_value(text, "p")


@pytest.mark.parametrize(
    ("pattern", "node", "yes"),
    [
        ("/**", "/a", True),
        ("/**", "/a/b", True),
        ("/a", "/a", True),
        ("/a", "/b/a", False),
        ("/*/a", "/b/a", True),
        ("/**/a", "/a", True),
        ("/**/a", "/b/c/a", True),
        ("/*", "/a/b", False),
    ],
)
def test_node_patterns(pattern: str, node: str, yes: bool) -> None:
    assert pattern_matches(pattern, node) is yes


def test_parameter_file(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_text(
        "/**:\n  ros__parameters:\n    rate: 30.0\n    camera: {width: 640}\n"
        "node:\n  ros__parameters: {rate: 10.0}\nns:\n  other:\n    ros__parameters: {names: [a, b]}\n"
    )
    assert [pattern for pattern, _ in read_file(str(path))] == ["/**", "/node", "/ns/other"]
    found = parse(["--ros-args", "--params-file", str(path), "-p", "extra:=1"])
    assert found.parameters_for("/", "node") == {"rate": 10.0, "camera.width": 640, "extra": 1}
    assert found.parameters_for("/ns", "other") == {
        "rate": 30.0,
        "camera.width": 640,
        "names": ["a", "b"],
        "extra": 1,
    }


@pytest.mark.parametrize("content", ["node: 3\n", "- a\n", "a: {ros__parameters: 3}\n", "a: [\n"])
def test_bad_parameter_files_name_the_file(tmp_path: Path, content: str) -> None:
    path = tmp_path / "p.yaml"
    path.write_text(content)
    with pytest.raises(ParameterFileError, match="p.yaml"):
        read_file(str(path))


def test_arguments() -> None:
    found = parse(
        [
            "x",
            "--ros-args",
            "-r",
            "__node:=n",
            "-r",
            "__ns:=/s",
            "--log-level",
            "debug",
            "--log-level",
            "a.b:=warn",
            "--",
            "y",
        ]
    )
    assert found.others == ["x", "y"] and found.log_levels == {"": 10, "a.b": 30}
    assert without_ros_arguments(["p", "--ros-args", "-p", "a:=1", "--", "z"]) == ["p", "z"]
    assert parse(["--ros-args", "-p", "n:a:=1"]).parameters_for("/s", "n") == {"a": 1}
    assert parse(["--ros-args", "-p", "n:a:=1"]).parameters_for("/s", "m") == {}


@pytest.mark.parametrize(
    "words",
    [
        ["-x"],
        ["-r"],
        ["-r", "a=b"],
        ["-r", "__ns:=rel"],
        ["-p", "a=1"],
        ["-p", "a:=[1,b]"],
        ["--log-level", "loud"],
        ["--params-file", "/does/not/exist.yaml"],
    ],
)
def test_bad_arguments_are_one_line(words: list[str]) -> None:
    with pytest.raises(ArgumentError) as error:
        parse(["--ros-args", *words])
    assert "\n" not in str(error.value)
