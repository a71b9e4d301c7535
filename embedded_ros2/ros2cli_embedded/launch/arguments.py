"""The arguments that a launch file and the files it includes declare, and those of the caller."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field

from ros2cli_embedded.errors import CliError, close_names
from ros2cli_embedded.launch.context import LaunchContext
from ros2cli_embedded.launch.description import (
    Action,
    DeclareArgument,
    Group,
    Include,
    Let,
    Timer,
)
from ros2cli_embedded.launch.errors import LaunchError, SubstitutionError
from ros2cli_embedded.launch.frontend import read_launch_file
from ros2cli_embedded.launch.planner import MAX_INCLUDE_DEPTH
from ros2cli_embedded.launch.substitutions import EXECUTING, fill
from ros2cli_embedded.launch.template import Template

UNDECLARED_ARGUMENTS = (
    "sigterm_timeout",
    "sigkill_timeout",
    "launch-prefix",
    "launch-prefix-filter",
)
"""Arguments that the launcher itself reads; every launch file takes them."""


@dataclass(frozen=True)
class DeclaredArgument:
    """One <arg>; `conditional` if it stands where it may not be reached."""

    action: DeclareArgument
    conditional: bool

    @property
    def summary(self) -> str:
        """One line: name, default and description."""
        action = self.action
        default = "required" if action.default is None else f"default '{action.default.source}'"
        about = f": {action.description}" if action.description else ""
        choices = f" [{', '.join(action.choices)}]" if action.choices else ""
        return f"{action.name} ({default}){about}{choices}"


@dataclass
class DeclaredArguments:
    """The arguments of a launch file by name; `complete` unless an include could not be followed."""

    found: dict[str, DeclaredArgument] = field(default_factory=dict)
    complete: bool = True


class _Collector:
    def __init__(self, context: LaunchContext) -> None:
        self._context = context
        self.declared = DeclaredArguments()

    def file(self, path: str, conditional: bool, given: frozenset[str]) -> None:
        self._context.files.append(os.path.abspath(path))
        self.walk(read_launch_file(path), conditional, given)
        self._context.files.pop()

    def walk(self, actions: Sequence[Action], conditional: bool, given: frozenset[str]) -> None:
        for action in actions:
            maybe = conditional or action.condition is not None
            if isinstance(action, DeclareArgument):
                if action.name not in given:
                    self.declared.found.setdefault(action.name, DeclaredArgument(action, maybe))
                if action.default is not None:
                    self._set(action.name, self._try(action, action.default))
            elif isinstance(action, Let):
                name = self._try(action, action.name)
                if name is not None:
                    self._context.scope.configurations.pop(name, None)
                    self._set(name, self._try(action, action.value))
            elif isinstance(action, Group):
                self._context.push()
                self.walk(action.actions, maybe, given)
                self._context.pop()
            elif isinstance(action, Timer):
                self.walk(action.actions, maybe, given)
            elif isinstance(action, Include):
                self._include(action, maybe, given)

    def _include(self, action: Include, conditional: bool, given: frozenset[str]) -> None:
        path = self._try(action, action.file)
        if path == "" and action.condition is not None:
            return  # a file that nobody named: its condition says so
        if path is None or not os.path.isfile(path):
            self.declared.complete = False
            return
        if len(self._context.files) >= MAX_INCLUDE_DEPTH:
            return
        own = set()
        for name_text, value_text in action.arguments:
            name = self._try(action, name_text)
            if name is not None:
                own.add(name)
                self._context.scope.configurations.pop(name, None)
                self._set(name, self._try(action, value_text))
        self.file(path, conditional, given | own)

    def _set(self, name: str, value: str | None) -> None:
        if value is not None:
            self._context.scope.configurations.setdefault(name, value)

    def _try(self, action: Action, template: Template) -> str | None:
        """Fill in what can be filled in without running anything, and without required arguments."""
        if any(call.name in EXECUTING for call in template.calls()):
            return None
        try:
            return fill(template, self._context, action.location)
        except (LaunchError, SubstitutionError):
            return None


def declared_arguments(path: str, context: LaunchContext) -> DeclaredArguments:
    """Return the arguments of the file at `path` and what it includes; nothing is executed.

    `context` is used up. Includes whose path depends on arguments that were not given, or on what
    $(eval) or $(command) would say, are left out; arguments that an include sets are no arguments
    of the caller.
    """
    collector = _Collector(context)
    collector.file(path, conditional=False, given=frozenset())
    return collector.declared


def parse_arguments(words: Sequence[str]) -> dict[str, str]:
    """Return name -> value of ``name:=value`` words; the last of a name wins."""
    arguments: dict[str, str] = {}
    for word in words:
        name, sign, value = word.partition(":=")
        if sign and name and value:
            arguments[name] = value
        elif sign and name:
            raise CliError(f"launch argument '{word}' has no value; wanted is {name}:=VALUE")
        elif "=" in word and not sign and not word.startswith("="):
            name, _, value = word.partition("=")
            raise CliError(f"launch argument '{word}' must be written {name}:={value or 'VALUE'}")
        else:
            raise CliError(f"launch argument '{word}' is not understood; wanted is NAME:=VALUE")
    return arguments


def check_known(arguments: dict[str, str], declared: DeclaredArguments) -> None:
    """Raise CliError for an argument that nothing declares; it lists those that are declared.

    The real launch takes such an argument silently, and the run then has the default.
    """
    if not declared.complete:
        return  # what was not followed may declare it
    known = declared.found
    for name in arguments:
        if name in known or name in UNDECLARED_ARGUMENTS:
            continue
        lines = "".join(f"\n  {argument.summary}" for argument in known.values())
        offered = f"declared are:{lines}" if lines else "the launch file declares none"
        raise CliError(f"unknown launch argument '{name}'{close_names(name, known)}; {offered}")
