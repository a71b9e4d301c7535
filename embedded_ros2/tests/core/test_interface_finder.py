"""Interface packages that are installed as on ROS 2 are imported, published and described as ours are."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from embedded_ros2_core.definitions import Registry

FOLD = """# Fold a sheet.
Corner[] corners   # of the sheet
float64 speed 0.5
string<=8 color "red"
---
bool done
---
uint8 STARTED=1
uint8 step
"""


class Installed:
    """An install prefix as colcon leaves it."""

    def __init__(self, prefix: Path) -> None:
        self.prefix = prefix

    def add(self, package: str, file: str, text: str) -> None:
        index = self.prefix / "share" / "ament_index" / "resource_index" / "packages"
        index.mkdir(parents=True, exist_ok=True)
        (index / package).touch()
        path = self.prefix / "share" / package / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Installed:
    monkeypatch.setenv("AMENT_PREFIX_PATH", str(tmp_path / "prefix"))
    return Installed(tmp_path / "prefix")


def python(source: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", source], cwd=folder, capture_output=True, text=True, check=False
    )


def test_an_action_of_an_installed_package_is_imported(installed: Installed) -> None:
    installed.add("origami_a", "action/Fold.action", FOLD)
    installed.add("origami_a", "msg/Corner.msg", "float64[2] at\nstd_msgs/Header header\n")
    installed.add("origami_a", "srv/Undo.srv", "int8 steps\n---\nbool done\n")
    action = importlib.import_module("origami_a.action")
    corner = importlib.import_module("origami_a.msg").Corner
    undo = importlib.import_module("origami_a.srv").Undo
    goal = action.Fold.Goal(corners=[corner(at=[1.0, 2.0])])
    assert (goal.speed, goal.color, list(goal.corners[0].at)) == (0.5, "red", [1.0, 2.0])
    assert action.Fold.Feedback.STARTED == 1
    assert undo.Request(steps=-3).steps == -3
    assert dir(action) == ["Fold"]
    with pytest.raises(AttributeError, match=r"has no 'Unfold'; it has Fold"):
        action.Unfold  # noqa: B018
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("origami_a.idl")


def test_sources_in_the_working_folder_do_not_hide_it(installed: Installed, tmp_path: Path) -> None:
    """Python takes a folder without `__init__.py` for a namespace."""
    installed.add("origami_b", "msg/Sheet.msg", "float64 width\n")
    (tmp_path / "origami_b" / "msg").mkdir(parents=True)
    done = python("import rclpy; from origami_b.msg import Sheet; print(Sheet())", tmp_path)
    assert done.stdout == "origami_b.msg.Sheet(width=0.0)\n", done.stderr


def test_modules_that_were_generated_go_before_definitions(
    installed: Installed, tmp_path: Path
) -> None:
    installed.add("origami_c", "msg/Sheet.msg", "float64 width\n")
    for folder in ("origami_c", "origami_c/msg"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "__init__.py").write_text("Sheet = 'generated'\n")
    done = python("import rclpy; from origami_c.msg import Sheet; print(Sheet)", tmp_path)
    assert done.stdout == "generated\n", done.stderr


def test_a_package_that_is_not_installed_is_none(installed: Installed) -> None:
    with pytest.raises(ModuleNotFoundError, match="origami_d"):
        importlib.import_module("origami_d.msg")
    installed.add("origami_d", "package.xml", "<package/>")  # without interfaces
    with pytest.raises(ModuleNotFoundError, match="origami_d"):
        importlib.import_module("origami_d.msg")


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("float64 a\n---\nbool b\n", "2 parts, wanted 3"),
        ("float64\n---\n---\n", "not '<type> <name>"),
        ("float64[ a\n---\n---\n", "not a ROS field type"),
        ("float64 a 1 +\n---\n---\n", "invalid syntax"),
    ],
)
def test_a_file_that_is_no_definition_is_named(
    installed: Installed, text: str, wanted: str
) -> None:
    installed.add("origami_e", "action/Fold.action", text)
    registry = Registry()
    for _ in range(2):  # and again when it is asked for again
        with pytest.raises(ValueError, match=r"Fold\.action is no action definition: ") as caught:
            registry.definition("origami_e/action/Fold_Goal")
        assert wanted in str(caught.value)


def test_what_the_runtime_brings_is_not_read_from_elsewhere(installed: Installed) -> None:
    installed.add("std_msgs", "msg/String.msg", "int8 other\n")
    installed.add("std_srvs", "srv/Empty.srv", "int8 other\n---\n")
    assert Registry().definition("std_msgs/msg/String").fields[0].name == "data"
    assert Registry().definition("std_srvs/srv/Empty_Request").fields == ()
