"""`ros2 launch PACKAGE FILE | PATH [name:=value ...]`."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
from collections.abc import Sequence
from types import FrameType

from ros2cli_embedded.errors import CliError, listed
from ros2cli_embedded.launch.arguments import (
    DeclaredArguments,
    check_known,
    declared_arguments,
    parse_arguments,
)
from ros2cli_embedded.launch.console import Console, make_log_dir
from ros2cli_embedded.launch.context import LaunchContext
from ros2cli_embedded.launch.launch_folder import launch_folder
from ros2cli_embedded.launch.plan import LogPlan, ProcessPlan, Step, TimerPlan
from ros2cli_embedded.launch.planner import Planner
from ros2cli_embedded.launch.supervisor import Supervisor
from ros2cli_embedded.launch_files import find_launch_file, launch_files_of


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ros2 launch", description="Run a launch file.", allow_abbrev=False
    )
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument(
        "-s",
        "--show-args",
        "--show-arguments",
        action="store_true",
        help="show the arguments that the launch file takes",
    )
    kind.add_argument(
        "-p",
        "--print",
        "--print-description",
        dest="print_description",
        action="store_true",
        help="show what would be started, with every text filled in",
    )
    parser.add_argument(
        "-n",
        "--noninteractive",
        action="store_true",
        help="accepted for compatibility; processes always get their signals from the launcher",
    )
    parser.add_argument(
        "-a",
        "--show-all-subprocesses-output",
        action="store_true",
        help="show the output of all processes, whatever their 'output' attribute says",
    )
    parser.add_argument("--launch-prefix", help="command to put before every executable")
    parser.add_argument(
        "--launch-prefix-filter", help="regular expression: only for executables that match"
    )
    parser.add_argument("package_name", help="package, or the path of a launch file")
    parser.add_argument("launch_file_name", nargs="?", help="launch file of the package")
    parser.add_argument("launch_arguments", nargs="*", help="arguments as name:=value")
    return parser


def _find(options: argparse.Namespace) -> tuple[str, list[str]]:
    """Return the path of the launch file and the words that follow it."""
    package, name = options.package_name, options.launch_file_name
    words = list(options.launch_arguments)
    if os.path.isfile(package):
        return os.path.abspath(package), ([name] if name is not None else []) + words
    if os.sep in package or package.endswith((".xml", ".launch")):
        raise CliError(f"no launch file at '{package}'")
    if name is None or ":=" in name:
        raise CliError(
            f"no launch file given; package '{package}' has: {listed(launch_files_of(package))}"
        )
    return find_launch_file(package, name), words


def _show_arguments(declared: DeclaredArguments) -> None:
    print("Arguments (pass arguments as '<name>:=<value>'):")
    for name, argument in declared.found.items():
        action = argument.action
        print(f"\n    '{name}':{'*' if argument.conditional else ''}")
        print(f"        {action.description or 'no description given'}")
        if action.choices is not None:
            print(f"        (one of: {', '.join(action.choices)})")
        if action.default is not None:
            print(f"        (default: '{action.default.source}')")
    if not declared.found:
        print("\n  No arguments.")
    elif any(argument.conditional for argument in declared.found.values()):
        print("\n* argument(s) which are only used if specific conditions occur")
    if not declared.complete:
        print("\nOf included files whose path is not known before the launch nothing is listed.")


def _show_steps(steps: Sequence[Step], indent: str = "") -> None:
    for step in steps:
        if isinstance(step, ProcessPlan):
            print(f"{indent}start {step.name}: {' '.join(step.command)}")
        elif isinstance(step, TimerPlan):
            print(f"{indent}after {step.period_s:g} s:")
            _show_steps(step.steps, indent + "  ")
        elif isinstance(step, LogPlan):
            print(f"{indent}log: {step.message}")
        else:
            print(f"{indent}shut down: {step.reason}")


def _launch(path: str, arguments: dict[str, str], options: argparse.Namespace) -> int:
    log_dir: str | None = None
    trouble = ""
    if not options.print_description:
        try:
            log_dir = make_log_dir(os.environ)
        except OSError as error:
            trouble = f"no log file is written: {error}"
    context = LaunchContext(arguments, dict(os.environ), log_dir or tempfile.gettempdir())
    # Until the supervisor listens itself: to clean up, and to end with the code that it would have.
    signal.signal(signal.SIGTERM, _leave)
    with launch_folder() as folder:
        steps = Planner(context, folder).file(path)
        if options.print_description:
            _show_steps(steps)
            return 0
        console = Console(log_dir)
        try:
            if trouble:
                console.warning("launch", trouble)
            else:
                console.info("launch", f"All log files can be found below {log_dir}")
            return Supervisor(console, folder).run(steps)
        finally:
            console.close()


def _leave(number: int, frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


def main(words: Sequence[str]) -> int:
    """Run `ros2 launch` with the words that follow it; return the exit code."""
    options = _parser().parse_intermixed_args(list(words))
    path, rest = _find(options)
    arguments = parse_arguments(rest)
    environment = dict(os.environ)
    if options.launch_prefix_filter and not options.launch_prefix:
        raise CliError("--launch-prefix-filter has no meaning without --launch-prefix")
    declared = declared_arguments(path, LaunchContext(arguments, environment, ""))
    if options.show_args:
        _show_arguments(declared)
        return 0
    check_known(arguments, declared)
    if options.launch_prefix:
        arguments["launch-prefix"] = options.launch_prefix
        arguments["launch-prefix-filter"] = options.launch_prefix_filter or ""
    if options.show_all_subprocesses_output:
        os.environ["OVERRIDE_LAUNCH_PROCESS_OUTPUT"] = "both"
    sys.stdout.flush()
    return _launch(path, arguments, options)
