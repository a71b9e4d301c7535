"""Turn a <node> or <executable> into the command line of one process."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import sys
import tempfile

import yaml

from embedded_ros2_core.yaml_text import load_yaml, read_text
from ros2cli_embedded.errors import CliError
from ros2cli_embedded.executables import Executable as Found
from ros2cli_embedded.executables import find_executable
from ros2cli_embedded.launch.context import LaunchContext, join_namespace
from ros2cli_embedded.launch.description import (
    Executable,
    Node,
    ParameterFile,
    ParameterSetting,
    ProcessOptions,
)
from ros2cli_embedded.launch.errors import LaunchError, Location
from ros2cli_embedded.launch.plan import OUTPUTS, ProcessPlan
from ros2cli_embedded.launch.substitutions import fill, parse
from ros2cli_embedded.launch.template import Template
from ros2cli_embedded.launch.typed_values import (
    Scalar,
    Value,
    ValueTypeError,
    as_bool,
    as_seconds,
    coerce,
    is_uniform,
)

_START_ENTRY = os.path.join(os.path.dirname(os.path.abspath(__file__)), "start_entry.py")
DEFAULT_SIGTERM_TIMEOUT = "5"
DEFAULT_SIGKILL_TIMEOUT = "5"
_NODE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NAMESPACE = re.compile(r"/|(/[A-Za-z_][A-Za-z0-9_]*)+")


class ProcessPlanner:
    """Plans processes; `folder` receives the parameter files that it writes."""

    def __init__(self, context: LaunchContext, folder: str) -> None:
        self._context = context
        self._folder = folder

    def executable(self, action: Executable) -> ProcessPlan:
        """Plan an <executable>."""
        where = action.location
        command = [fill(word, self._context, where) for word in action.command]
        plan = self._process(action.options, where, os.path.basename(command[0]), command)
        if not plan.shell:
            _check_program(plan, where)
        return plan

    def node(self, action: Node) -> ProcessPlan:
        """Plan a <node>."""
        where, context = action.location, self._context
        executable = fill(action.executable, context, where)
        entry = False
        if action.package is None:
            command, label = [executable], os.path.basename(executable)
        else:
            try:
                found = find_executable(fill(action.package, context, where), executable)
            except LaunchError:
                raise
            except CliError as error:
                raise LaunchError(where, str(error)) from error
            command, label, entry = _started(found), found.name, found.entry is not None
        command += [fill(word, context, where) for word in action.arguments]
        if action.ros_arguments is not None:
            command.append("--ros-args")
            command += [fill(word, context, where) for word in action.ros_arguments]
        command += ["--ros-args", *self._ros_arguments(action)]
        plan = self._process(action.options, where, label, command, entry)
        if not plan.shell:
            _check_program(plan, where)
        return plan

    def _ros_arguments(self, action: Node) -> list[str]:
        where, scope = action.location, self._context.scope
        words: list[str] = []
        name = None if action.name is None else fill(action.name, self._context, where)
        if name is not None:
            if not _NODE_NAME.fullmatch(name):
                raise LaunchError(
                    where, f"node name '{name}' must be letters, digits and '_', no digit first"
                )
            words += ["-r", f"__node:={name}"]
        own = None if action.namespace is None else fill(action.namespace, self._context, where)
        namespace = join_namespace(scope.namespace, own)
        if namespace is not None:
            check_namespace(namespace, where)
            words += ["-r", f"__ns:={namespace}"]
        known = name is not None and namespace is not None
        target = f"{str(namespace).rstrip('/')}/{name}" if known else "/**"
        for entry in scope.parameters:
            if isinstance(entry, str):
                words += ["--params-file", entry]
            else:
                words += ["-p", f"{entry[0]}:={_yaml_line(entry[1])}"]
        for path in self._parameter_files(action, target):
            words += ["--params-file", path]
        own_remaps = [
            (fill(a, self._context, where), fill(b, self._context, where)) for a, b in action.remaps
        ]
        for source, destination in [*scope.remaps, *own_remaps]:
            words += ["-r", f"{source}:={destination}"]
        return words

    def _parameter_files(self, action: Node, target: str) -> list[str]:
        """Return the files to pass, in order; neighbouring settings share one file."""
        files: list[str] = []
        settings: dict[str, Value] = {}
        for item in action.parameters:
            if isinstance(item, ParameterSetting):
                name = fill(item.name, self._context, item.location)
                settings.pop(name, None)
                settings[name] = self._value(item)
                continue
            files += self._written(settings, target)
            settings = {}
            files.append(self._file(item))
        return files + self._written(settings, target)

    def _value(self, item: ParameterSetting) -> Value:
        def filled(template: Template, type_name: str | None) -> Value:
            return coerce(fill(template, self._context, item.location), type_name)

        name = item.name.source
        try:
            if isinstance(item.value, Template):
                return filled(item.value, item.type_name)
            if not isinstance(item.value, list):
                return item.value
            kind = (item.type_name or "").removeprefix("list_of_") or None
            items: list[Scalar] = []
            for part in item.value:
                value = filled(part, kind) if isinstance(part, Template) else part
                if isinstance(value, list):
                    raise ValueTypeError("a list inside a list is no parameter value")
                items.append(value)
            if not is_uniform(items):
                raise ValueTypeError(f"{items} is a list of different types")
            return items
        except ValueTypeError as error:
            raise LaunchError(item.location, f"parameter '{name}': {error}") from error

    def _written(self, settings: dict[str, Value], target: str) -> list[str]:
        if not settings:
            return []
        tree = {target: {"ros__parameters": settings}}
        return [self._write(_yaml(tree, default_flow_style=False))]

    def _write(self, text: str) -> str:
        with tempfile.NamedTemporaryFile(
            "w", prefix="launch_params_", dir=self._folder, delete=False, encoding="utf-8"
        ) as file:
            file.write(text)
        return file.name

    def _file(self, item: ParameterFile) -> str:
        path = os.path.abspath(fill(item.path, self._context, item.location))
        check_parameter_file(path, item.location)
        try:
            allowed = as_bool(fill(item.allow_substitutions, self._context, item.location))
        except ValueTypeError as error:
            raise LaunchError(item.location, f"allow_substs: {error}") from error
        if not allowed:
            return path
        with open(path, encoding="utf-8") as file:
            inside = Location(path, 1)
            return self._write(fill(parse(file.read(), inside), self._context, inside))

    def _process(
        self,
        options: ProcessOptions,
        where: Location,
        label: str,
        command: list[str],
        entry: bool = False,
    ) -> ProcessPlan:
        context = self._context

        def text(template: Template | None, default: str) -> str:
            return default if template is None else fill(template, context, where)

        known = context.scope.configurations
        output = os.environ.get("OVERRIDE_LAUNCH_PROCESS_OUTPUT") or text(options.output, "log")
        if output not in OUTPUTS:
            raise LaunchError(where, f"output is '{output}'; wanted is one of {', '.join(OUTPUTS)}")
        cwd = text(options.cwd, "") or None
        if cwd is not None and not os.path.isdir(cwd):
            raise LaunchError(where, f"cwd '{cwd}' is no folder")
        wanted = _matches(
            known.get("launch-prefix-filter", ""), os.path.basename(command[0]), where
        )
        prefix = _words(
            text(options.prefix, known.get("launch-prefix", "") if wanted else ""), where
        )
        environment = dict(context.scope.environment)
        environment.update(
            (fill(name, context, where), fill(value, context, where))
            for name, value in options.environment
        )
        # The output is a pipe: without this a Python node would show its lines in blocks of 8 kB.
        environment.setdefault("PYTHONUNBUFFERED", "1")
        try:
            return ProcessPlan(
                name=text(options.label, label),
                command=(*prefix, *command),
                # Another program would never unblock it.
                unblocks_sigint=entry and not prefix and not options.shell,
                cwd=cwd,
                environment=environment,
                shell=options.shell,
                emulate_tty=options.emulate_tty,
                output=output,
                shutdown_on_exit=options.shutdown_on_exit,
                respawn=as_bool(fill(options.respawn, context, where)),
                respawn_delay_s=as_seconds(
                    fill(options.respawn_delay, context, where), "respawn_delay"
                ),
                respawn_max_retries=options.respawn_max_retries,
                sigterm_timeout_s=as_seconds(
                    text(
                        options.sigterm_timeout,
                        known.get("sigterm_timeout", DEFAULT_SIGTERM_TIMEOUT),
                    ),
                    "sigterm_timeout",
                ),
                sigkill_timeout_s=as_seconds(
                    text(
                        options.sigkill_timeout,
                        known.get("sigkill_timeout", DEFAULT_SIGKILL_TIMEOUT),
                    ),
                    "sigkill_timeout",
                ),
            )
        except ValueTypeError as error:
            raise LaunchError(where, str(error)) from error


def check_namespace(namespace: str, where: Location) -> None:
    """Raise LaunchError unless `namespace` is an absolute ROS namespace."""
    if not _NAMESPACE.fullmatch(namespace):
        raise LaunchError(
            where,
            f"namespace '{namespace}' must be names of letters, digits and '_' between slashes",
        )


def check_parameter_file(path: str, where: Location) -> None:
    """Raise LaunchError unless `path` is a YAML file that can be read."""
    try:
        load_yaml(read_text(path))
    except OSError as error:
        raise LaunchError(
            where, f"cannot read the parameter file '{path}': {error.strerror}"
        ) from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = "" if mark is None else f":{mark.line + 1}"
        problem = getattr(error, "problem", None) or "not valid YAML"
        raise LaunchError(where, f"parameter file '{path}'{line}: {problem}") from error


def _words(prefix: str, where: Location) -> list[str]:
    try:
        return shlex.split(prefix)
    except ValueError as error:
        raise LaunchError(where, f"launch-prefix '{prefix}': {error}") from error


def _matches(pattern: str, program: str, where: Location) -> bool:
    try:
        return re.match(pattern, program) is not None
    except re.error as error:
        raise LaunchError(where, f"launch-prefix-filter '{pattern}': {error}") from error


def _check_program(plan: ProcessPlan, where: Location) -> None:
    program = plan.command[0]
    folder = plan.cwd or os.getcwd()
    path = os.path.join(folder, program) if os.sep in program else program
    if shutil.which(path, path=plan.environment.get("PATH")) is None:
        raise LaunchError(where, f"'{program}' is no executable file and not on PATH")


def _yaml_line(value: Value) -> str:
    return _yaml(value, default_flow_style=True).removesuffix("...\n").strip()


class _Dumper(yaml.SafeDumper):
    """Quotes each text: nodes read some as numbers that PyYAML leaves bare (``1e3``)."""


_Dumper.add_representer(
    str, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"')
)


def _yaml(value: object, default_flow_style: bool) -> str:
    return str(
        yaml.dump(
            value,
            Dumper=_Dumper,
            default_flow_style=default_flow_style,
            sort_keys=False,
            width=10**9,
        )
    )


def _started(found: Found) -> list[str]:
    """The command that starts it, entry points by the starter that hears SIGINT when it can."""
    if found.entry is None:
        return list(found.command)
    return [sys.executable, _START_ENTRY, found.entry, found.command[-1]]
