"""Where installed packages are looked for: AMENT_PREFIX_PATH first, then this interpreter."""

from __future__ import annotations

import os
import sys

AMENT_PREFIX_PATH_ENV_VAR = "AMENT_PREFIX_PATH"


def get_search_paths() -> list[str]:
    """Return the existing prefixes, in order of precedence.

    The prefixes of AMENT_PREFIX_PATH come before ``sys.prefix``, because whoever sources an
    overlay wants it to win. Without the variable the interpreter's prefix alone is searched,
    so a plain virtual environment needs no set-up file.
    """
    named = os.environ.get(AMENT_PREFIX_PATH_ENV_VAR, "").split(os.pathsep)
    paths: list[str] = []
    for path in [*named, sys.prefix]:
        if path and path not in paths and os.path.isdir(path):
            paths.append(path)
    return paths
