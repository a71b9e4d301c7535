"""Find a package and the executables it offers; the errors list what there is."""

from __future__ import annotations

import importlib.metadata
import os
import sys
from dataclasses import dataclass

from ament_index_python.editable import find_distribution
from ament_index_python.packages import (
    PackageNotFoundError,
    get_package_prefix,
    get_package_share_directory,
    get_packages_with_prefixes,
)
from ros2cli_embedded.errors import CliError, close_names, listed

_RUN_ENTRY_POINT = (
    "import sys, importlib.metadata as m; value, name = sys.argv[1:3]; sys.argv[:3] = [name]; "
    "sys.exit(m.EntryPoint(name, value, 'console_scripts').load()())"
)
"""Does what the script of an entry point does, for entry points whose script is not installed."""


BUNDLED = {
    "tf2_ros": {"static_transform_publisher": "tf2_ros.static_transform_publisher"},
}
"""Executables of ROS 2's own packages that come with this runtime: module by package and name."""


@dataclass(frozen=True)
class Executable:
    """An executable of a package: the label it is shown with and the command that starts it.

    `entry` is what the command calls, as module:function, where it is a Python entry point.
    """

    name: str
    command: tuple[str, ...]
    entry: str | None = None


def package_prefix(package: str) -> str:
    """Return the prefix of `package`, or raise CliError with the nearest names."""
    try:
        return get_package_prefix(package)
    except (PackageNotFoundError, ValueError):
        known = get_packages_with_prefixes()
        hint = close_names(package, known) or f"; known packages: {listed(known)}"
        raise CliError(f"package '{package}' not found{hint}") from None


def package_share(package: str) -> str:
    """Return the share directory of `package`, or raise CliError with the nearest names."""
    package_prefix(package)
    return get_package_share_directory(package, print_warning=False)


def _lib_executables(prefix: str, package: str) -> dict[str, str]:
    folder = os.path.join(prefix, "lib", package)
    if not os.path.isdir(folder):
        return {}
    paths = {name: os.path.join(folder, name) for name in os.listdir(folder)}
    return {
        name: path
        for name, path in paths.items()
        if os.path.isfile(path) and os.access(path, os.X_OK)
    }


def _console_scripts(package: str) -> dict[str, Executable]:
    """Return the console scripts of the distribution `package` by name.

    The command starts with the interpreter that runs `ros2`, so that a node sees the same
    environment whatever PATH says and even if the virtual environment was moved.
    """
    distribution = find_distribution(package)
    if distribution is None:
        return {}
    scripts = _script_files(distribution)
    return {
        entry.name: Executable(
            entry.name,
            (sys.executable, scripts[entry.name])
            if entry.name in scripts
            else (sys.executable, "-c", _RUN_ENTRY_POINT, entry.value, entry.name),
            f"{entry.module}:{entry.attr}",
        )
        for entry in distribution.entry_points
        if entry.group == "console_scripts"
    }


def _script_files(distribution: importlib.metadata.Distribution) -> dict[str, str]:
    scripts: dict[str, str] = {}
    for file in distribution.files or []:
        if file.parent.name != "bin":
            continue
        path = os.path.normpath(str(distribution.locate_file(file)))
        if os.path.isfile(path):
            scripts[file.name] = path
    return scripts


def executables_of(package: str) -> dict[str, Executable]:
    """Return all executables of `package` by name; ``lib/<package>`` wins over console scripts."""
    found = {
        name: Executable(name, (sys.executable, "-m", module), f"{module}:main")
        for name, module in BUNDLED.get(package, {}).items()
    }
    try:
        prefix = package_prefix(package)
    except CliError:
        if found:
            return found
        raise
    found.update(_console_scripts(package))
    for name, path in _lib_executables(prefix, package).items():
        found[name] = Executable(name, (path,))
    return found


def find_executable(package: str, name: str) -> Executable:
    """Return the executable, or raise CliError that lists those of the package."""
    found = executables_of(package)
    if name not in found:
        raise CliError(
            f"executable '{name}' not found in package '{package}'"
            f"{close_names(name, found)}; it offers: {listed(found)}"
        )
    return found[name]
