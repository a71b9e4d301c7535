"""`ros2 run PACKAGE EXECUTABLE [arguments ...]`."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Sequence

from ros2cli_embedded.errors import CliError, listed
from ros2cli_embedded.executables import executables_of, find_executable

_USAGE = "usage: ros2 run [--prefix COMMAND] PACKAGE EXECUTABLE [ARGUMENT ...]"


def main(words: Sequence[str]) -> int:
    """Replace this process by the executable, so that signals and exit code are its own."""
    rest = list(words)
    prefix: list[str] = []
    while rest and rest[0].startswith("-"):
        option = rest.pop(0)
        if option in ("-h", "--help"):
            print(_USAGE)
            return 0
        name, sign, value = option.partition("=")
        if name != "--prefix" or not (sign or rest):
            raise CliError(f"ros2 run does not understand '{option}'; {_USAGE}")
        prefix = shlex.split(value if sign else rest.pop(0))
    if not rest:
        raise CliError(f"no package given; {_USAGE}")
    if len(rest) == 1:
        raise CliError(
            f"no executable given; package '{rest[0]}' offers: {listed(executables_of(rest[0]))}"
        )
    executable = find_executable(rest[0], rest[1])
    command = [*prefix, *executable.command, *rest[2:]]
    sys.stdout.flush()
    try:
        os.execvp(command[0], command)
    except OSError as error:
        raise CliError(f"cannot start '{command[0]}': {error.strerror}", exit_code=1) from error
