"""Packages, executables and launch files are found, or the error says what there is."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from ament_index_python import packages, resources
from ros2cli_embedded import main as cli
from ros2cli_embedded.executables import find_executable

from .workbench import Package


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = cli.main(list(words))
    out, err = capsys.readouterr()
    return code, out, err


@pytest.fixture
def editable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A distribution `wheely` as ``pip install -e`` leaves it; returns its source folder."""
    source = tmp_path / "source folder"
    (source / "launch").mkdir(parents=True)
    (source / "package.xml").write_text("<package/>")
    (source / "launch" / "w.launch.xml").write_text('<launch><log message="hello"/></launch>')
    (source / "wheely.py").write_text(
        "import sys\ndef main():\n    print(sys.argv)\n    return 5\n"
    )
    info = tmp_path / "site" / "wheely-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: wheely\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[console_scripts]\nroll = wheely:main\n")
    record = {"url": source.as_uri(), "dir_info": {"editable": True}}
    (info / "direct_url.json").write_text(json.dumps(record))
    # What a build leaves in the source folder must not hide what pip has recorded.
    left = source / "wheely.egg-info"
    left.mkdir()
    (left / "PKG-INFO").write_text("Metadata-Version: 2.1\nName: wheely\nVersion: 1.0\n")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    monkeypatch.syspath_prepend(str(source))
    monkeypatch.setenv("PYTHONPATH", f"{source}:{tmp_path / 'site'}", prepend=":")
    return source


def test_ament_index(package: Package) -> None:
    assert packages.get_package_prefix("demo") == str(package.prefix)
    assert packages.get_package_share_directory("demo") == str(package.share)
    assert packages.get_package_share_path("demo") == package.share
    assert packages.get_packages_with_prefixes()["demo"] == str(package.prefix)
    assert resources.get_resource("packages", "demo") == ("", str(package.prefix))
    assert resources.has_resource("packages", "nothing") is False
    with pytest.raises(packages.PackageNotFoundError, match="package 'nothing' not found"):
        packages.get_package_prefix("nothing")
    with pytest.raises(LookupError):
        packages.get_package_share_directory("nothing")
    with pytest.raises(ValueError, match="is not a package name"):
        packages.get_package_prefix("a/b")


def test_editable_package(
    package: Package, editable: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert packages.get_package_share_directory("wheely") == str(editable)
    assert packages.get_package_prefix("wheely") == sys.prefix
    assert packages.get_packages_with_prefixes()["wheely"] == sys.prefix
    assert run(capsys, "pkg", "executables", "wheely")[1] == "wheely roll\n"
    assert run(capsys, "pkg", "prefix", "--share", "wheely")[1] == f"{editable}\n"
    code, out, _ = run(capsys, "launch", "wheely", "w.launch.xml", "-p")
    assert (code, out) == (0, "log: hello\n")


def test_run_console_script(package: Package, editable: Path) -> None:
    command = [sys.executable, "-m", "ros2cli_embedded", "run", "wheely", "roll", "-a", "--b=1"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.stdout == "['roll', '-a', '--b=1']\n"
    assert result.returncode == 5


def test_run_executable_of_the_prefix(package: Package) -> None:
    package.executable("node", "import sys\nprint(sys.argv[1:])\nsys.exit(3)")
    command = [sys.executable, "-m", "ros2cli_embedded", "run", "demo", "node", "--ros-args"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (result.stdout, result.returncode) == ("['--ros-args']\n", 3)


ARGUMENTS = (
    '<arg name="seed" default="1" description="scene"/>'
    '<arg name="mode" default="a"><choice value="a"/><choice value="b"/></arg>'
)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("lunch", "unknown command 'lunch'; did you mean 'launch'?"),
        ("launch dmeo x", "package 'dmeo' not found; did you mean 'demo'?"),
        ("launch demo tst.launch.xml", "did you mean 'test.launch.xml'?; it has: test.launch.xml"),
        ("launch demo", "no launch file given; package 'demo' has: test.launch.xml"),
        ("launch ./no.launch.xml", "no launch file at './no.launch.xml'"),
        ("launch demo test.launch.xml seed=1", "'seed=1' must be written seed:=1"),
        ("launch demo test.launch.xml seed:=", "'seed:=' has no value"),
        ("launch demo test.launch.xml seed", "'seed' is not understood; wanted is NAME:=VALUE"),
        ("launch demo test.launch.xml mode:=c", "'mode' is 'c'; wanted is one of: a, b"),
        ("run demo", "no executable given; package 'demo' offers: node"),
        ("run demo nde", "executable 'nde' not found in package 'demo'; did you mean 'node'?"),
        ("run no_such_package_x y", "package 'no_such_package_x' not found"),
        ("pkg prefix dmeo", "package 'dmeo' not found; did you mean 'demo'?"),
    ],
)
def test_mistakes_end_in_one_line(
    package: Package, capsys: pytest.CaptureFixture[str], words: str, message: str
) -> None:
    package.executable("node", "pass")
    package.launch_file(ARGUMENTS)
    code, out, err = run(capsys, *words.split())
    assert code == 2
    assert out == ""
    assert message in err
    assert err.count("\n") == 1


def test_unknown_launch_argument_lists_the_declared_ones(
    package: Package, capsys: pytest.CaptureFixture[str]
) -> None:
    package.launch_file(ARGUMENTS + '<arg name="required"/>')
    code, _, err = run(capsys, "launch", "demo", "test.launch.xml", "sede:=2")
    assert code == 2
    assert "unknown launch argument 'sede'; did you mean 'seed'?; declared are:" in err
    assert "\n  seed (default '1'): scene\n" in err
    assert "\n  required (required)\n" in err


def test_arguments_of_included_files_count_unless_the_include_sets_them(
    package: Package, capsys: pytest.CaptureFixture[str]
) -> None:
    package.launch_file('<arg name="a" default="1"/><arg name="b" default="2"/>', "in.launch.xml")
    package.launch_file(
        '<let name="f" value="in"/><group if="false">'
        '<include file="$(dirname)/$(var f).launch.xml"><arg name="b" value="3"/></include></group>'
    )
    assert run(capsys, "launch", "demo", "test.launch.xml", "-p", "a:=5")[0] == 0
    assert run(capsys, "launch", "demo", "test.launch.xml", "-p", "b:=5")[0] == 2


def test_show_arguments(package: Package, capsys: pytest.CaptureFixture[str]) -> None:
    path = package.launch_file(ARGUMENTS)
    code, out, _ = run(capsys, "launch", str(path), "-s")
    assert code == 0
    assert "    'seed':\n        scene\n        (default: '1')\n" in out
    assert "(one of: a, b)" in out


def test_lists(package: Package, capsys: pytest.CaptureFixture[str]) -> None:
    package.executable("node", "pass")
    assert "demo" in run(capsys, "pkg", "list")[1].splitlines()
    assert run(capsys, "pkg", "executables", "demo")[1] == "demo node\n"
    assert run(capsys, "pkg", "prefix", "demo")[1] == f"{package.prefix}\n"


def test_listing_arguments_executes_nothing(
    package: Package, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    marker = tmp_path / "marker"
    command = f"$(command 'touch {marker}')"
    evaluate = f"$(eval 'os.close(os.open(\\'{marker}\\', os.O_CREAT))' os)"
    other = package.launch_file('<arg name="inside"/>', "other.launch.xml")
    path = package.launch_file(
        "".join(
            f"""<arg name="{name}" default="{text}" description="one"/>
                <let name="{name}_set" value="{text}"/>
                <let name="{text}" value="1"/>
                <arg name="{name}_again" default="$(var {name})"/>
                <include file="{text}"/>
                <include file="{other}" if="{text}"><arg name="x" value="{text}"/></include>
                <group if="{text}"><arg name="{name}_grouped"/></group>
                <node pkg="demo" exec="{text}"><param name="a" value="{text}"/></node>
                <set_env name="A" value="{text}"/>"""
            for name, text in (("command", command), ("evaluate", evaluate))
        )
    )
    code, shown, _ = run(capsys, "launch", str(path), "--show-args")
    assert code == 0
    for name in ("command", "evaluate", "command_again", "evaluate_grouped", "inside"):
        assert f"'{name}'" in shown
    assert "path is not known before the launch" in shown
    assert not marker.exists()
    # The texts do what they are feared to do where they are carried out.
    log = package.launch_file(f'<log message="{evaluate}"/>', "log.launch.xml")
    assert run(capsys, "launch", str(log), "--print")[0] == 0
    assert marker.exists()


def test_an_argument_of_an_include_that_only_the_launch_knows_is_passed_on(
    package: Package, capsys: pytest.CaptureFixture[str]
) -> None:
    package.launch_file(
        '<arg name="inside"/><log message="got $(var inside)"/>', "other.launch.xml"
    )
    path = package.launch_file("""<include file="$(dirname)/$(eval '\\'other\\'').launch.xml"/>""")
    code, out, _ = run(capsys, "launch", str(path), "--print", "inside:=5")
    assert (code, out) == (0, "log: got 5\n")


def test_executables_that_come_with_the_runtime(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = run(capsys, "run", "tf2_ros")
    assert (code, "offers: static_transform_publisher" in err) == (2, True)
    command = find_executable("tf2_ros", "static_transform_publisher").command
    done = subprocess.run([*command, "--help"], capture_output=True, text=True, check=True)
    assert "--child-frame-id" in done.stdout


def test_a_file_that_nobody_named_hides_no_typing_mistake(
    package: Package, capsys: pytest.CaptureFixture[str]
) -> None:
    package.launch_file(
        '<arg name="more" default=""/>'
        """<include file="$(var more)" if="$(eval &quot;'$(var more)' != ''&quot;)"/>"""
    )
    code, _, err = run(capsys, "launch", "demo", "test.launch.xml", "moer:=x")
    assert code == 2
    assert "unknown launch argument 'moer'; did you mean 'more'?" in err
