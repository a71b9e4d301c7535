"""The package of interfaces: what colcon builds, what pip installs and what lies there is the same."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

tomllib = pytest.importorskip("tomllib", reason="Python 3.10 has none")

FOLDER = Path(__file__).parents[1] / "simreal_interfaces"


def definitions() -> set[str]:
    return {
        str(path.relative_to(FOLDER))
        for kind in ("msg", "srv", "action")
        for path in FOLDER.glob(f"{kind}/*")
    }


def project() -> dict[str, dict[str, object]]:
    return tomllib.loads((FOLDER / "pyproject.toml").read_text(encoding="utf-8"))


def test_every_definition_is_built_and_installed() -> None:
    text = (FOLDER / "CMakeLists.txt").read_text(encoding="utf-8")
    assert definitions()
    assert set(re.findall(r'"(\w+/\w+\.\w+)"', text)) == definitions()
    files = project()["tool"]["setuptools"]["data-files"]
    share = f"share/{FOLDER.name}"
    installed = {
        f"{folder.removeprefix(share).strip('/')}/{path.name}".strip("/")
        for folder, patterns in files.items()
        if folder.startswith(share)
        for pattern in patterns
        for path in FOLDER.glob(pattern)
    }
    assert installed == {*definitions(), "package.xml"}
    (marker,) = files["share/ament_index/resource_index/packages"]
    assert (FOLDER / marker).is_file()


def test_its_version_stands_alike_in_both_descriptions() -> None:
    text = (FOLDER / "package.xml").read_text(encoding="utf-8")
    assert f"<version>{project()['project']['version']}</version>" in text
    assert f"<name>{project()['project']['name'].replace('-', '_')}</name>" in text
