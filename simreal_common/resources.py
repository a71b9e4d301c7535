"""Where files lie: those that come with simreal, and those that parameters name."""

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


def named_path(parameter: str, text: str) -> Path:
    """The path that a parameter names; `~` is the home folder.

    Raises:
        ConfigurationError: it begins with the home folder of a user whom nobody knows.
    """
    try:
        return Path(text).expanduser()
    except RuntimeError:
        user = text.split("/", 1)[0]
        raise ConfigurationError(
            f"parameter '{parameter}': got '{text}', and {user} is nobody's home folder; wanted a "
            "path, a file whose name begins so is ./~..."
        ) from None
