"""Where the files that come with simreal lie: launch/, config/ and models/."""

from __future__ import annotations

from pathlib import Path

from simreal_common.errors import ConfigurationError


def share_directory() -> Path:
    """Folder that holds launch/, config/ and models/: the source tree, or <prefix>/share/simreal.

    Raises:
        ConfigurationError: neither is there.
    """
    for folder in Path(__file__).resolve().parents:
        if (folder / "package.xml").is_file() and (folder / "simreal_common").is_dir():
            return folder
        installed = folder / "share" / "simreal"
        if (installed / "package.xml").is_file():
            return installed
    raise ConfigurationError(
        f"no share/simreal above {Path(__file__).parent}: wanted models/ and config/ beside the "
        "installed package; install simreal again"
    )
