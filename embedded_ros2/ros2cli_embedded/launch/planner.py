"""Carry out a description on paper: fill in every text in order and list what would be started.

Everything is checked before the first process starts, so that a mistake at the end of a file
does not end a launch half-way.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from ros2cli_embedded.launch.context import LaunchContext, join_namespace
from ros2cli_embedded.launch.description import (
    Action,
    DeclareArgument,
    Executable,
    Group,
    Include,
    Let,
    Log,
    Node,
    PushNamespace,
    SetEnvironment,
    SetParameter,
    SetParametersFromFile,
    SetRemap,
    Shutdown,
    Timer,
)
from ros2cli_embedded.launch.errors import LaunchError, Location
from ros2cli_embedded.launch.frontend import read_launch_file
from ros2cli_embedded.launch.plan import LogPlan, ShutdownPlan, Step, TimerPlan
from ros2cli_embedded.launch.process_planner import (
    ProcessPlanner,
    check_namespace,
    check_parameter_file,
)
from ros2cli_embedded.launch.substitutions import fill
from ros2cli_embedded.launch.template import Template
from ros2cli_embedded.launch.typed_values import (
    ValueTypeError,
    as_bool,
    as_condition,
    as_seconds,
    load_yaml,
)

MAX_INCLUDE_DEPTH = 50
"""Deeper nesting is a file that includes itself."""


class Planner:
    """Walks a description in a context; `parameter_folder` receives parameter files."""

    def __init__(self, context: LaunchContext, parameter_folder: str) -> None:
        self._context = context
        self._processes = ProcessPlanner(context, parameter_folder)

    def file(self, path: str, location: Location | None = None) -> tuple[Step, ...]:
        """Plan the launch file at `path`."""
        if len(self._context.files) >= MAX_INCLUDE_DEPTH:
            raise LaunchError(
                location or Location(path, 1),
                f"{MAX_INCLUDE_DEPTH} launch files include each other; does one include itself?",
            )
        actions = read_launch_file(path, location)
        self._context.files.append(os.path.abspath(path))
        try:
            return self.actions(actions)
        finally:
            self._context.files.pop()

    def actions(self, actions: Sequence[Action]) -> tuple[Step, ...]:
        """Plan the actions in order."""
        return tuple(step for action in actions for step in self._visit(action))

    def _text(self, template: Template, action: Action) -> str:
        return fill(template, self._context, action.location)

    def _applies(self, action: Action) -> bool:
        if action.condition is None:
            return True
        try:
            truth = as_condition(self._text(action.condition.text, action))
        except ValueTypeError as error:
            name = "unless" if action.condition.negated else "if"
            source = action.condition.text.source
            raise LaunchError(action.location, f'{name}="{source}": {error}') from error
        return truth != action.condition.negated

    def _visit(self, action: Action) -> Sequence[Step]:
        if not self._applies(action):
            return ()
        if isinstance(action, Node):
            return (self._processes.node(action),)
        if isinstance(action, Executable):
            return (self._processes.executable(action),)
        if isinstance(action, Group):
            return self._group(action)
        if isinstance(action, Include):
            return self._include(action)
        if isinstance(action, Timer):
            return (self._timer(action),)
        if isinstance(action, Log):
            return (LogPlan(self._text(action.message, action)),)
        if isinstance(action, Shutdown):
            return (ShutdownPlan(self._text(action.reason, action)),)
        self._set(action)
        return ()

    def _group(self, action: Group) -> tuple[Step, ...]:
        keep = [(self._text(k, action), self._text(v, action)) for k, v in action.keep]
        if action.scoped:
            self._context.push()
            if not action.forwarding:
                self._context.forget()
        try:
            self._context.scope.configurations.update(keep)
            return self.actions(action.actions)
        finally:
            if action.scoped:
                self._context.pop()

    def _include(self, action: Include) -> tuple[Step, ...]:
        path = self._text(action.file, action)
        for name, value in action.arguments:
            text = self._text(value, action)
            self._context.scope.configurations[self._text(name, action)] = text
        if not os.path.isfile(path):
            raise LaunchError(action.location, f"included launch file '{path}' does not exist")
        return self.file(path, action.location)

    def _timer(self, action: Timer) -> TimerPlan:
        # Planned now, as a copy: what is set inside must not leak into what follows the timer.
        self._context.push()
        try:
            return TimerPlan(
                as_seconds(self._text(action.period, action), "period"),
                as_bool(self._text(action.cancel_on_shutdown, action)),
                self.actions(action.actions),
            )
        except ValueTypeError as error:
            raise LaunchError(action.location, str(error)) from error
        finally:
            self._context.pop()

    def _set(self, action: Action) -> None:
        scope = self._context.scope
        if isinstance(action, DeclareArgument):
            self._declare(action)
        elif isinstance(action, Let):
            scope.configurations[self._text(action.name, action)] = self._text(action.value, action)
        elif isinstance(action, SetEnvironment):
            self._set_environment(action)
        elif isinstance(action, PushNamespace):
            pushed = self._text(action.namespace, action)
            namespace = join_namespace(scope.namespace, pushed)
            check_namespace(namespace or "/", action.location)
            scope.namespace = namespace
        elif isinstance(action, SetParameter):
            try:
                value = load_yaml(self._text(action.value, action))
            except ValueTypeError as error:
                raise LaunchError(action.location, str(error)) from error
            scope.parameters.append((self._text(action.name, action), value))
        elif isinstance(action, SetParametersFromFile):
            path = os.path.abspath(self._text(action.filename, action))
            check_parameter_file(path, action.location)
            scope.parameters.append(path)
        elif isinstance(action, SetRemap):
            scope.remaps.append(
                (self._text(action.source, action), self._text(action.target, action))
            )
        else:
            raise AssertionError(f"no plan for {type(action).__name__}")

    def _declare(self, action: DeclareArgument) -> None:
        known = self._context.scope.configurations
        if action.name not in known:
            if action.default is None:
                about = f" ({action.description})" if action.description else ""
                raise LaunchError(
                    action.location,
                    f"required argument '{action.name}'{about} was not given; "
                    f"pass {action.name}:=VALUE",
                )
            known[action.name] = self._text(action.default, action)
        value = known[action.name]
        if action.choices is not None and value not in action.choices:
            raise LaunchError(
                action.location,
                f"argument '{action.name}' is '{value}'; wanted is one of: "
                f"{', '.join(action.choices)}",
            )

    def _set_environment(self, action: SetEnvironment) -> None:
        environment = self._context.scope.environment
        name = self._text(action.name, action)
        if action.value is None:
            environment.pop(name, None)
            return
        value = self._text(action.value, action)
        if action.joined_by is not None and environment.get(name):
            separator = self._text(action.joined_by, action)
            first = action.prepend is not None and as_bool(self._text(action.prepend, action))
            pieces = [value, environment[name]] if first else [environment[name], value]
            value = separator.join(pieces)
        environment[name] = value
