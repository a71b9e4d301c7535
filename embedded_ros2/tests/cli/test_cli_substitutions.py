"""Texts with $(...): the grammar and every function."""

from __future__ import annotations

from pathlib import Path

import pytest

from ros2cli_embedded.launch.context import LaunchContext, join_namespace
from ros2cli_embedded.launch.errors import LaunchError, Location
from ros2cli_embedded.launch.substitutions import fill, parse
from ros2cli_embedded.launch.typed_values import ValueTypeError, as_condition, coerce, load_yaml

from .workbench import Package

HERE = Location("/some/file.launch.xml", 7, "let")


def filled(text: str, **variables: str) -> str:
    context = LaunchContext(variables, {"HOME": "/home/me"}, "/log")
    context.files.append("/some/file.launch.xml")
    return fill(parse(text, HERE), context, HERE)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("plain $5 text", "plain $5 text"),
        ("", ""),
        (r"\$(var a)", "$(var a)"),
        ("a$(var a)b", "a1b"),
        ("$(var $(var b))", "1"),
        ("$(var none 'a default')", "a default"),
        ("$(var none $(var a))", "1"),
        ("$(env HOME)/x", "/home/me/x"),
        ("$(env NOPE none)", "none"),
        ("$(env NOPE '')", ""),
        ("$(eval '$(var a) + 1')", "2"),
        ("$(eval \"'$(var b)' == 'a'\")", "True"),
        ("$(eval 'round(cos(0) + math.pi, 2)')", "4.14"),
        ("$(eval $(var a)==1)", "True"),
        ("$(eval 'len(os.sep)' 'os')", "1"),
        ("$(eval 'max(int(x) for x in str($(var a)23))')", "3"),
        ("$(not true)", "false"),
        ("$(and true 1)", "true"),
        ("$(or false $(not true))", "false"),
        ("$(any false false 1)", "true"),
        ("$(all true false)", "false"),
        ("$(equals 1 1.0)", "true"),
        ("$(equals True 1)", "true"),
        ("$(not-equals a b)", "true"),
        ("$(if true yes no)", "yes"),
        ("$(if false yes)", ""),
        ("$(command 'echo hi there')", "hi there\n"),
        ("$(dirname)/y", "/some/y"),
        ("$(filename)", "/some/file.launch.xml"),
        ("$(find-exec sh)", None),
    ],
)
def test_fill(text: str, wanted: str | None) -> None:
    result = filled(text, a="1", b="a")
    assert result == wanted if wanted is not None else result.endswith("/sh")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("$(var )", "expected an argument"),
        ("$(var a", r"expected '\)'"),
        ("$(var a  b)", "one space"),
        ("$()", "name of a substitution"),
        ("$(vra a)", r"unknown substitution \$\(vra\); did you mean 'var'"),
        ("$(optenv HOME)", r"unknown substitution \$\(optenv\)"),
        ("$(var a b c)", "got 3 arguments, wanted 1 to 2"),
        ("$(eval 'a)", "quote ' is not closed"),
        ("$(var sed)", "variable 'sed' is not defined; did you mean 'seed'"),
        ("$(env NOPE)", "environment variable 'NOPE' is not set"),
        ("$(eval '1 +')", "cannot evaluate '1 \\+'"),
        ("$(command false)", "exit code 1"),
        ("$(command \"sh -c 'echo oh >&2'\")", "wrote to stderr: oh"),
        ("$(not maybe)", "'maybe' is no bool"),
        ("$(find-pkg-share no_such_package_x)", "package 'no_such_package_x' not found"),
    ],
)
def test_errors_name_file_line_and_tag(text: str, message: str) -> None:
    with pytest.raises(LaunchError, match=message) as caught:
        filled(text, seed="1")
    assert str(caught.value).startswith("/some/file.launch.xml:7 <let>: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "expression",
    [
        "__import__('pathlib').Path('{marker}').touch()",
        "open('{marker}', 'w')",
        "exec('1')",
        "eval('1')",
        "getattr(math, 'pi')",
        "().__class__.__base__.__subclasses__()",
        "math.__loader__",
        "__builtins__",
        "[f.__self__ for f in [abs]]",
        "globals()",
    ],
)
def test_expressions_have_no_builtins_but_those_on_values(expression: str, tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    text = expression.replace("{marker}", str(marker))
    with pytest.raises(LaunchError, match="cannot evaluate .*NameError"):
        filled('$(eval "$(var expression)")', expression=text)
    assert not marker.exists()


def test_packages(package: Package) -> None:
    path = package.executable("node", "pass")
    assert filled("$(find-pkg-share demo)/launch") == f"{package.share}/launch"
    assert filled("$(find-pkg-prefix demo)") == str(package.prefix)
    assert filled("$(exec-in-pkg node demo)") == str(path)


def test_file_content(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("x y")
    assert filled(f"$(file-content {tmp_path}/a)") == "x y"


def test_anonymous_names_are_stable_within_a_launch() -> None:
    context = LaunchContext({}, {}, "")
    first, second, other = (
        fill(parse(f"$(anon {name})", HERE), context, HERE) for name in ("n", "n", "m")
    )
    assert first == second != other
    assert first.startswith("n_")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("5", 5),
        ("5.", 5.0),
        ("1e3", "1e3"),
        ("1.0e3", "1.0e3"),
        ("1.0e+3", 1000.0),
        ("on", True),
        ("'5'", "5"),
        ("", ""),
        ("[1, 2]", [1, 2]),
        ("/dev/video0", "/dev/video0"),
    ],
)
def test_yaml_rules(text: str, value: object) -> None:
    got = load_yaml(text)
    assert got == value
    assert type(got) is type(value)


@pytest.mark.parametrize("text", ["{a: 1}", "[1, a]", "null", "2024-01-01", "[1, [2]]"])
def test_yaml_values_that_no_parameter_can_have(text: str) -> None:
    with pytest.raises(ValueTypeError):
        load_yaml(text)


def test_types() -> None:
    assert coerce("5", "str") == "5"
    assert coerce("5", "float") == 5.0
    assert coerce("1", "bool") is True
    assert coerce("[1, 2]", "list_of_float") == [1.0, 2.0]
    for text, kind in (("x", "int"), ("1.5", "int"), ("2", "bool"), ("[a]", "list_of_int")):
        with pytest.raises(ValueTypeError, match=kind):
            coerce(text, kind)


def test_conditions_are_strict() -> None:
    assert as_condition(" True ")
    assert as_condition("1")
    assert not as_condition("false")
    with pytest.raises(ValueTypeError, match="true, false, 1 or 0"):
        as_condition("yes")


def test_namespaces() -> None:
    assert join_namespace(None, None) is None
    assert join_namespace("/a", "b") == "/a/b"
    assert join_namespace("/a", "/b/") == "/b"
    assert join_namespace("/", "b") == "/b"
    assert join_namespace(None, "b") == "/b"
