"""Packages installed with ``pip install -e``: their share directory is the source folder."""

from __future__ import annotations

import importlib.metadata
import json
import os
import urllib.parse
import urllib.request


def editable_source(distribution: importlib.metadata.Distribution) -> str | None:
    """Return the source folder of an editable distribution that is a ROS package, else None.

    Read from ``direct_url.json`` (PEP 610); a ROS package is a folder with a ``package.xml``.
    """
    text = distribution.read_text("direct_url.json")
    if text is None:
        return None
    try:
        record = json.loads(text)
        editable = bool(record.get("dir_info", {}).get("editable", False))
        parts = urllib.parse.urlsplit(str(record["url"]))
    except (ValueError, KeyError, AttributeError):
        return None
    if not editable or parts.scheme != "file":
        return None
    folder = urllib.request.url2pathname(parts.path)
    return folder if os.path.isfile(os.path.join(folder, "package.xml")) else None


def find_distribution(name: str) -> importlib.metadata.Distribution | None:
    """Return the installed distribution of that name (``-`` and ``_`` are the same), or None.

    Several may be found, for a source folder on ``sys.path`` holds an ``egg-info`` as well; the
    one that pip recorded as editable wins.
    """
    if not name:
        return None
    found = list(importlib.metadata.distributions(name=name))
    editable = [distribution for distribution in found if editable_source(distribution)]
    return next(iter([*editable, *found]), None)


def editable_package_source(name: str) -> str | None:
    """Return the source folder of the editable package `name`, or None."""
    distribution = find_distribution(name)
    return None if distribution is None else editable_source(distribution)


def editable_packages() -> dict[str, str]:
    """Return package name -> source folder of all editable packages."""
    found: dict[str, str] = {}
    for distribution in importlib.metadata.distributions():
        name = distribution.metadata["Name"]
        source = editable_source(distribution) if name else None
        if source is not None:
            found.setdefault(name.replace("-", "_"), source)
    return found
