"""Definition files of the interface packages that are installed, in the places where ROS 2 has them."""

from __future__ import annotations

from pathlib import Path

from ament_index_python.packages import PackageNotFoundError, get_package_share_path

KINDS = ("msg", "srv", "action")


def definition_files(package: str) -> list[tuple[str, Path]]:
    """Kind and path of each `<share>/<kind>/<Name>.<kind>` of a package; none of one not installed.

    The share folder is that of the package index: below AMENT_PREFIX_PATH or the interpreter's
    prefix, or the source folder of a distribution that was installed with ``pip install -e``.
    """
    try:
        share = get_package_share_path(package, print_warning=False)
    except (PackageNotFoundError, ValueError):
        return []
    return [
        (kind, path) for kind in KINDS for path in sorted((share / kind).glob(f"[A-Z]*.{kind}"))
    ]
