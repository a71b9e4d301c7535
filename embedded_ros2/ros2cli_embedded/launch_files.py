"""Find the launch file that the command line names; the errors list what there is."""

from __future__ import annotations

import os
from collections.abc import Iterator

from ros2cli_embedded.errors import CliError, close_names, listed
from ros2cli_embedded.executables import package_share

_ENDINGS = (".launch.xml", ".launch", ".launch.py", ".launch.yaml", ".launch.yml")
_NOT_SEARCHED = ("build", "install", "log", "node_modules", "__pycache__")


def _files_below(folder: str) -> Iterator[str]:
    """Paths below `folder`, without build products, hidden folders and virtual environments.

    The share directory of an editable package is its whole source tree.
    """
    for root, folders, files in os.walk(folder):
        folders[:] = sorted(
            name
            for name in folders
            if not name.startswith(".")
            and name not in _NOT_SEARCHED
            and not os.path.exists(os.path.join(root, name, "pyvenv.cfg"))
        )
        for name in sorted(files):
            yield os.path.join(root, name)


def launch_files_of(package: str) -> list[str]:
    """Return the names of the launch files of `package`."""
    share = package_share(package)
    found = set()
    for path in _files_below(share):
        in_launch = os.path.basename(os.path.dirname(path)) == "launch"
        if path.endswith(_ENDINGS) or (in_launch and path.endswith(".xml")):
            found.add(os.path.basename(path))
    return sorted(found)


def find_launch_file(package: str, name: str) -> str:
    """Return the path of the launch file `name` of `package`."""
    share = package_share(package)
    usual = os.path.join(share, "launch", name)
    if os.path.isfile(usual):
        return usual
    paths = [path for path in _files_below(share) if os.path.basename(path) == name]
    if len(paths) > 1:
        raise CliError(
            f"launch file '{name}' stands more than once in package '{package}': "
            f"{', '.join(paths)}; give the path"
        )
    if not paths:
        known = launch_files_of(package)
        raise CliError(
            f"launch file '{name}' not found in package '{package}' ({share})"
            f"{close_names(name, known)}; it has: {listed(known)}"
        )
    return paths[0]
