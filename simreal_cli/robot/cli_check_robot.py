"""`simreal check-robot`: does a robot fit its YAML? A table of what fits, what lacks and what mends it.

Nothing moves: files are read, and with --live topics and actions are looked at.
"""

from __future__ import annotations

import argparse
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from simreal_cli.parsing.arguments import nonempty
from simreal_common.errors import ConfigurationError, SimrealError

if TYPE_CHECKING:
    from simreal_control.control_configuration import ControlParameters
    from simreal_control.robot_interface.checked_item import CheckedItem

EXIT_LACKS = 1
WIDTH = 100  # of the table, characters
PARAMETERS, DESCRIPTION = "parameters", "robot description"
NO_DESCRIPTION = "none: give it by --urdf FILE or parameter 'urdf', or --live for the topic"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "robot", type=nonempty, metavar="ROBOT",
        help="the arm's YAML for control_node, or the name of one that comes with simreal",
    )  # fmt: skip
    parser.add_argument(
        "--urdf",
        type=nonempty,
        metavar="FILE",
        help="robot description; else parameter urdf, else the topic",
    )
    parser.add_argument(
        "--live", action="store_true",
        help="look at the running robot too: joint states, controllers' actions",
    )  # fmt: skip
    parser.add_argument(
        "--seconds", type=float, default=5.0, help="to listen to it at most (5)", metavar="S"
    )


def run(args: argparse.Namespace) -> int:
    """Print the table.

    Returns:
        0, or 1 where something would stop control.

    Raises:
        MissingDependencyError: --live without ROS.
    """
    from simreal_control.robot_interface.checked_item import CheckedItem, Verdict

    findings: list[CheckedItem] = []
    try:
        parameters = _parameters(args.robot)
    except SimrealError as error:
        findings.append(CheckedItem(PARAMETERS, Verdict.LACKS, str(error)))
    else:
        findings.append(CheckedItem(PARAMETERS, Verdict.FITS, args.robot))
        findings += _findings(args, parameters)
    print(as_table(findings))
    lacking = sum(finding.verdict is Verdict.LACKS for finding in findings)
    print(
        f"\n{lacking} thing{'s' if lacking > 1 else ''} would stop control"
        if lacking
        else "\nnothing here stops control"
    )
    return EXIT_LACKS if lacking else 0


def as_table(findings: Sequence[CheckedItem]) -> str:
    """The findings in lines of `WIDTH`, words wrapped beneath each other."""
    whats = max(len(finding.what) for finding in findings)
    lines = []
    for finding in findings:
        head = f"{finding.verdict.value:<5}  {finding.what:<{whats}}  "
        words = " ".join(finding.words.split())
        lines += textwrap.wrap(
            words, WIDTH, initial_indent=head, subsequent_indent=" " * len(head),
            break_long_words=False, break_on_hyphens=False,
        )  # fmt: skip
    return "\n".join(lines)


def _parameters(robot: str) -> ControlParameters:
    from simreal_common.settings.parameter_files import read_parameters
    from simreal_control.control_configuration import ControlParameters, robot_parameters

    path = Path(robot)
    if path.suffix in (".yaml", ".yml"):
        return read_parameters(path, "/control_node", ControlParameters, section_needed=False)
    if path.name != robot:
        raise ConfigurationError(f"{robot}: wanted a file .yaml, or a name such as panda")
    return robot_parameters(robot)


def _findings(args: argparse.Namespace, parameters: ControlParameters) -> list[CheckedItem]:
    from simreal_control.assembly import installed_packages
    from simreal_control.planning.robot_description import read_description
    from simreal_control.robot_check import check_robot
    from simreal_control.robot_interface.checked_item import CheckedItem, Verdict

    live: list[CheckedItem] = []
    urdf, file = "", args.urdf or parameters.urdf
    if args.live:
        from simreal_control.ros_robot_graph import look_at_robot

        urdf, live = look_at_robot(parameters, args.seconds)
    if file:
        try:
            urdf = read_description(file)
        except SimrealError as error:
            return [CheckedItem(DESCRIPTION, Verdict.LACKS, str(error)), *live]
    if not urdf:
        words = "nobody publishes robot_description" if args.live else NO_DESCRIPTION
        return [CheckedItem(DESCRIPTION, Verdict.LACKS, words), *live]
    return [*check_robot(parameters, urdf, installed_packages()), *live]
