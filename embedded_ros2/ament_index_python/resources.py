"""The ament resource index: files ``share/ament_index/resource_index/<type>/<name>``."""

from __future__ import annotations

import os

from ament_index_python.search_paths import get_search_paths

RESOURCE_INDEX_SUBFOLDER = os.path.join("share", "ament_index", "resource_index")


class InvalidResourceTypeNameError(ValueError):
    """A resource type that is empty or holds a path separator."""


class InvalidResourceNameError(ValueError):
    """A resource name that is empty or holds a path separator."""


def _check_type(resource_type: str) -> None:
    if not resource_type or "/" in resource_type or "\\" in resource_type:
        raise InvalidResourceTypeNameError(
            f"resource type '{resource_type}' must be a name without '/' and '\\'"
        )


def _check_name(resource_name: str) -> None:
    if not resource_name or "/" in resource_name or "\\" in resource_name:
        raise InvalidResourceNameError(
            f"resource name '{resource_name}' must be a name without '/' and '\\'"
        )


def _index_file(prefix: str, resource_type: str, resource_name: str) -> str:
    return os.path.join(prefix, RESOURCE_INDEX_SUBFOLDER, resource_type, resource_name)


def has_resource(resource_type: str, resource_name: str) -> str | bool:
    """Return the prefix that holds the resource, or False."""
    _check_type(resource_type)
    _check_name(resource_name)
    for prefix in get_search_paths():
        if os.path.isfile(_index_file(prefix, resource_type, resource_name)):
            return prefix
    return False


def get_resource(resource_type: str, resource_name: str) -> tuple[str, str]:
    """Return the text of the resource file and its prefix; LookupError if there is none."""
    prefix = has_resource(resource_type, resource_name)
    if not isinstance(prefix, str):
        raise LookupError(
            f"no resource '{resource_name}' of type '{resource_type}' in {get_search_paths()}"
        )
    with open(_index_file(prefix, resource_type, resource_name), encoding="utf-8") as file:
        return file.read(), prefix


def get_resources(resource_type: str) -> dict[str, str]:
    """Return resource name -> prefix for all resources of one type."""
    _check_type(resource_type)
    found: dict[str, str] = {}
    for prefix in get_search_paths():
        folder = os.path.join(prefix, RESOURCE_INDEX_SUBFOLDER, resource_type)
        if not os.path.isdir(folder):
            continue
        for name in os.listdir(folder):
            if not name.startswith(".") and os.path.isfile(os.path.join(folder, name)):
                found.setdefault(name, prefix)
    return found


def get_resource_types() -> dict[str, set[str]]:
    """Return resource type -> the prefixes that hold resources of that type."""
    types: dict[str, set[str]] = {}
    for prefix in get_search_paths():
        index = os.path.join(prefix, RESOURCE_INDEX_SUBFOLDER)
        if not os.path.isdir(index):
            continue
        for name in os.listdir(index):
            if not name.startswith(".") and os.path.isdir(os.path.join(index, name)):
                types.setdefault(name, set()).add(prefix)
    return types
