"""The files that ROS's tools read (package.xml, CHANGELOG.rst) say what setup.py and the code say."""

from __future__ import annotations

import ast
import re
import runpy
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

ROOT = Path(__file__).parents[1]
# Where a module is in a package of another name.
PACKAGE_OF = {"tf2_ros": "tf2_ros_py"}
# Modules of ROS 2: messages, and what nodes may import.
ROS_SUFFIXES = ("_msgs", "_interfaces", "_srvs")
ROS_MODULES = {"rclpy", "tf2_ros", "ament_index_python", "rosbag2_py"}


@pytest.fixture
def setup_arguments(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What setup.py tells setuptools."""
    monkeypatch.chdir(ROOT)
    with mock.patch("setuptools.setup") as setup:
        runpy.run_path("setup.py")
    return dict(setup.call_args.kwargs)


@pytest.fixture
def manifest() -> ET.Element:
    return ET.parse(ROOT / "package.xml").getroot()


def text_of(manifest: ET.Element, tag: str) -> str:
    return "".join(manifest.findtext(tag) or "").strip()


def dependencies(manifest: ET.Element) -> set[str]:
    return {each.text or "" for each in manifest if each.tag in ("depend", "exec_depend")}


def ros_imports() -> Iterator[str]:
    """Modules of ROS 2 that the package's own modules import."""
    for path in sorted(ROOT.glob("simreal_*/**/*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [each.name for each in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names = [node.module]
            for name in (name.partition(".")[0] for name in names):
                if name.endswith(ROS_SUFFIXES) or name in ROS_MODULES:
                    yield name


def test_package_xml_and_setup_py_are_one(
    manifest: ET.Element, setup_arguments: dict[str, Any]
) -> None:
    maintainer = manifest.find("maintainer")
    assert maintainer is not None
    told = {tag: text_of(manifest, tag) for tag in ("name", "version", "maintainer", "license")}
    told["maintainer_email"] = maintainer.get("email", "")
    assert told == {key: setup_arguments[key] for key in told}


def test_package_xml_names_what_is_imported(manifest: ET.Element) -> None:
    wanted = {PACKAGE_OF.get(name, name) for name in ros_imports()}
    assert {"rclpy", "sensor_msgs"} <= wanted
    # The package of the action lies beside; where it is not built, control goes on by topics.
    assert wanted - {"simreal_interfaces"} <= dependencies(manifest)


def manifests() -> set[str]:
    """Folders with a package.xml, as they lie in `src/` of a workspace."""
    paths = [*ROOT.glob("package.xml"), *ROOT.glob("*/package.xml")]
    return {str(Path("src/simreal", path.parent.relative_to(ROOT))) for path in paths}


@pytest.mark.parametrize("name", ["doc/operating.md", "docker/robot.Dockerfile"])
@pytest.mark.parametrize("tool", ["rosdep install --from-paths", "colcon build --base-paths"])
def test_each_package_is_named_to_tools_that_look_in_no_other_one(name: str, tool: str) -> None:
    """rosdep and colcon find no package inside of another."""
    text = (ROOT / name).read_text(encoding="utf-8")
    calls = [call.split() for call in re.findall(rf"{tool} ([^-&\\\n]*)", text)]
    assert calls and all(set(call) == manifests() for call in calls), calls


def test_colcon_takes_pytest(setup_arguments: dict[str, Any]) -> None:
    """It looks for it in the extra of this name."""
    assert any(each.startswith("pytest>") for each in setup_arguments["extras_require"]["test"])


def test_ros_tools_take_package_xml() -> None:
    package = pytest.importorskip("catkin_pkg.package", reason="ROS's reader of package.xml")
    warnings: list[str] = []
    package.parse_package(str(ROOT), warnings=warnings).validate(warnings=warnings)
    assert not warnings


def test_the_changelog_can_be_released() -> None:
    """Whole, once its heading is a version: ROS's tools pass over what they cannot read."""
    changelog = pytest.importorskip("catkin_pkg.changelog", reason="ROS's reader of CHANGELOG.rst")
    text = (ROOT / "CHANGELOG.rst").read_text(encoding="utf-8")
    heading = "0.1.0 (2001-02-03)"
    released = text.replace("Forthcoming\n-----------\n", f"{heading}\n{'-' * len(heading)}\n")
    read = changelog.populate_changelog_from_rst(changelog.Changelog("simreal"), released)
    contents = [each for _, _, content in read.foreach_version() for each in content]
    lists = [each for each in contents if isinstance(each, changelog.BulletList)]
    lines = [line for line in text.splitlines() if line.startswith("- ")]
    assert lines and sum(len(each.bullets) for each in lists) == len(lines)
