"""Entry point of the `ros2` command: picks the command and turns mistakes into one line."""

from __future__ import annotations

import importlib
import io
import sys
from collections.abc import Sequence

from ros2cli_embedded.errors import EXIT_USAGE, CliError, close_names, listed

COMMANDS = {
    "launch": "run a launch file",
    "run": "run an executable of a package",
    "pkg": "look at installed packages",
    "topic": "look at topics, print and publish messages",
    "node": "look at running nodes",
    "param": "read and set parameters of running nodes",
    "lifecycle": "see and change the states of managed nodes",
    "bag": "record and play topics",
    "service": "look at services and call them",
    "action": "look at actions and send goals",
}


def _help() -> str:
    lines = [f"  {name:10}{about}" for name, about in COMMANDS.items()]
    return "\n".join(["usage: ros2 COMMAND ...", "", *lines, "", "More: ros2 COMMAND --help"])


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `ros2`; return the exit code (2: not understood, else the command's own)."""
    if isinstance(sys.stdout, io.TextIOWrapper):  # an ASCII locale must not lose a line
        sys.stdout.reconfigure(errors="backslashreplace")
    words = list(sys.argv[1:] if arguments is None else arguments)
    if not words or words[0] in ("-h", "--help"):
        print(_help())
        return 0 if words else EXIT_USAGE
    command = words[0]
    try:
        if command not in COMMANDS:
            raise CliError(
                f"unknown command '{command}'{close_names(command, COMMANDS)}; "
                f"known are: {listed(COMMANDS)}"
            )
        # Imported on demand: launch, run and pkg must not need rclpy.
        module = importlib.import_module(f"ros2cli_embedded.{command}_verb")
        return int(module.main(words[1:]))
    except CliError as error:
        print(f"ros2 {command}: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        sys.stderr.close()
        return 1


if __name__ == "__main__":
    sys.exit(main())
