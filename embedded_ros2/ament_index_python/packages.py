"""Find a package: overlay of AMENT_PREFIX_PATH, then editable sources, then ``sys.prefix``.

Editable sources come before ``sys.prefix`` because an editable install also leaves a copy of the
data files below ``sys.prefix``, and that copy goes stale with the first edit.
"""

from __future__ import annotations

import os
import pathlib
import sys

from ament_index_python.editable import editable_package_source, editable_packages
from ament_index_python.resources import get_resources, has_resource
from ament_index_python.search_paths import get_search_paths


class PackageNotFoundError(KeyError):
    """No package of that name is installed."""

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else ""


def _prefix_in_index(package_name: str) -> str | None:
    try:
        prefix = has_resource("packages", package_name)
    except ValueError as error:
        raise ValueError(f"'{package_name}' is not a package name: {error}") from error
    return prefix if isinstance(prefix, str) else None


def _is_interpreter(prefix: str) -> bool:
    return os.path.realpath(prefix) == os.path.realpath(sys.prefix)


def get_package_prefix(package_name: str) -> str:
    """Return the install prefix of the package; of an editable one the interpreter's."""
    prefix = _prefix_in_index(package_name)
    if prefix is not None:
        return prefix
    if editable_package_source(package_name) is not None:
        return sys.prefix
    raise PackageNotFoundError(
        f"package '{package_name}' not found, searching: {get_search_paths()}"
    )


def get_package_share_directory(package_name: str, print_warning: bool = True) -> str:
    """Return the folder with launch/, config/ ...; of an editable package its source folder."""
    prefix = _prefix_in_index(package_name)
    if prefix is None or _is_interpreter(prefix):
        source = editable_package_source(package_name)
        if source is not None:
            return source
    path = os.path.join(get_package_prefix(package_name), "share", package_name)
    if print_warning and not os.path.exists(path):
        print(f"warning: package share directory '{path}' does not exist", file=sys.stderr)
    return path


def get_package_share_path(package_name: str, print_warning: bool = True) -> pathlib.Path:
    """As `get_package_share_directory`, as a path."""
    return pathlib.Path(get_package_share_directory(package_name, print_warning))


def get_packages_with_prefixes() -> dict[str, str]:
    """Return package name -> prefix of everything that can be found."""
    found = get_resources("packages")
    for name in editable_packages():
        found.setdefault(name, sys.prefix)
    return found
