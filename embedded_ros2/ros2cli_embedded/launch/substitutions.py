"""Fill in ``$(...)``: one small function each, entered in a table by its name."""

from __future__ import annotations

import ast
import importlib
import os
import random
import shlex
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable

from ros2cli_embedded.errors import CliError, close_names, listed
from ros2cli_embedded.executables import find_executable, package_prefix, package_share
from ros2cli_embedded.launch.context import LaunchContext
from ros2cli_embedded.launch.errors import LaunchError, Location, SubstitutionError
from ros2cli_embedded.launch.template import Call, Template, parse_template
from ros2cli_embedded.launch.typed_values import ValueTypeError, as_bool, equal_texts

Function = Callable[..., str]

EXECUTING = frozenset({"eval", "command"})
"""Substitutions that run what the launch file says; the others only look something up."""

EXPRESSION_FUNCTIONS = {
    function.__name__: function
    for function in (abs, all, any, bool, float, int, len, max, min, round, sorted, str, sum)
}
"""What expressions may call beside `math` and the modules that they name: value in, value out."""


def _text(value: bool) -> str:
    return "true" if value else "false"


def _var(context: LaunchContext, name: str, default: str | None = None) -> str:
    known = context.scope.configurations
    if name in known:
        return known[name]
    if default is None:
        hint = close_names(name, known)
        raise SubstitutionError(
            f"variable '{name}' is not defined{hint}; defined here: {listed(known)}"
        )
    return default


def _env(context: LaunchContext, name: str, default: str | None = None) -> str:
    value = context.scope.environment.get(name, default)
    if value is None:
        raise SubstitutionError(
            f"environment variable '{name}' is not set; set it or write $(env {name} DEFAULT)"
        )
    return value


def _eval(context: LaunchContext, expression: str, modules: str = "math") -> str:
    known: dict[str, object] = dict(EXPRESSION_FUNCTIONS)
    try:
        _check_expression(expression)
        for name in (part.strip() for part in modules.split(",") if part.strip()):
            module = importlib.import_module(name)
            if name == "math":
                known.update(vars(module))
            known[name] = module
        return str(eval(expression, {"__builtins__": {}, **known}))
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        raise SubstitutionError(f"cannot evaluate '{expression}': {reason}") from error


def _check_expression(expression: str) -> None:
    """Raise NameError for names of Python's insides: by them every builtin could be reached."""
    for node in ast.walk(ast.parse(expression.strip(), mode="eval")):
        name = getattr(node, "attr", None) or getattr(node, "id", None)
        if isinstance(name, str) and name.startswith("_"):
            raise NameError(f"'{name}' begins with an underscore; such names cannot be used here")


def _command(context: LaunchContext, command: str, on_stderr: str = "fail") -> str:
    if on_stderr not in ("fail", "ignore", "warn", "capture"):
        raise SubstitutionError(
            f"on_stderr is '{on_stderr}'; wanted is fail, ignore, warn or capture"
        )
    capture = subprocess.STDOUT if on_stderr == "capture" else subprocess.PIPE
    try:
        result = subprocess.run(
            shlex.split(command), stdout=subprocess.PIPE, stderr=capture, text=True, check=False
        )
    except (OSError, ValueError) as error:
        raise SubstitutionError(f"cannot run the command '{command}': {error}") from error
    complaint = (result.stderr or "").strip()
    if result.returncode != 0:
        raise SubstitutionError(
            f"the command '{command}' ended with exit code {result.returncode}: "
            f"{complaint or 'no message'}"
        )
    if complaint and on_stderr == "fail":
        raise SubstitutionError(f"the command '{command}' wrote to stderr: {complaint}")
    if complaint and on_stderr == "warn":
        print(f"warning: '{command}' wrote to stderr: {complaint}", file=sys.stderr)
    return result.stdout


def _anon(context: LaunchContext, name: str) -> str:
    key = "anon" + name
    if key not in context.scope.configurations:
        unique = f"{name}_{socket.gethostname()}_{os.getpid()}_{random.randint(0, sys.maxsize)}"
        for char in ".-:":
            unique = unique.replace(char, "_")
        context.scope.configurations[key] = unique
    return context.scope.configurations[key]


def _find_exec(context: LaunchContext, name: str) -> str:
    path = shutil.which(name, path=context.scope.environment.get("PATH"))
    if path is None:
        raise SubstitutionError(f"executable '{name}' is not on PATH")
    return path


def _exec_in_package(context: LaunchContext, executable: str, package: str) -> str:
    command = find_executable(package, executable).command
    if command[-1] == executable:
        raise SubstitutionError(
            f"executable '{executable}' of '{package}' is an entry point without a script file; "
            "start it with <node pkg exec>"
        )
    return command[-1]


def _file_content(context: LaunchContext, path: str) -> str:
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except (OSError, UnicodeDecodeError) as error:
        raise SubstitutionError(f"cannot read '{path}': {error}") from error


def _param(context: LaunchContext, name: str, default: str | None = None) -> str:
    for entry in context.scope.parameters:
        if not isinstance(entry, str) and entry[0] == name:
            return str(entry[1])
    if default is None:
        raise SubstitutionError(f"parameter '{name}' was not set by <set_parameter>")
    return default


def _if(context: LaunchContext, condition: str, then: str, otherwise: str = "") -> str:
    return then if as_bool(condition) else otherwise


# name -> (function, least and most number of arguments; most None = any number)
FUNCTIONS: dict[str, tuple[Function, int, int | None]] = {
    "var": (_var, 1, 2),
    "env": (_env, 1, 2),
    "eval": (_eval, 1, 2),
    "command": (_command, 1, 2),
    "anon": (_anon, 1, 1),
    "dirname": (lambda context: context.folder, 0, 0),
    "filename": (lambda context: context.file, 0, 0),
    "launch_log_dir": (lambda context: context.log_dir, 0, 0),
    "log_dir": (lambda context: context.log_dir, 0, 0),
    "find-pkg-share": (lambda context, name: package_share(name), 1, 1),
    "find-pkg-prefix": (lambda context, name: package_prefix(name), 1, 1),
    "find-exec": (_find_exec, 1, 1),
    "exec-in-pkg": (_exec_in_package, 2, 2),
    "file-content": (_file_content, 1, 1),
    "param": (_param, 1, 2),
    "not": (lambda context, value: _text(not as_bool(value)), 1, 1),
    "and": (lambda context, a, b: _text(as_bool(a) and as_bool(b)), 2, 2),
    "or": (lambda context, a, b: _text(as_bool(a) or as_bool(b)), 2, 2),
    "any": (lambda context, *values: _text(any([as_bool(v) for v in values])), 0, None),
    "all": (lambda context, *values: _text(all([as_bool(v) for v in values])), 0, None),
    "equals": (lambda context, a, b: _text(equal_texts(a, b)), 2, 2),
    "not-equals": (lambda context, a, b: _text(not equal_texts(a, b)), 2, 2),
    "if": (_if, 2, 3),
}


def check_call(call: Call) -> None:
    """Raise SubstitutionError for an unknown name or a wrong number of arguments."""
    if call.name not in FUNCTIONS:
        raise SubstitutionError(
            f"unknown substitution $({call.name}){close_names(call.name, FUNCTIONS)}; "
            f"this launcher knows: {listed(FUNCTIONS)}"
        )
    _, least, most = FUNCTIONS[call.name]
    given = len(call.arguments)
    if given < least or (most is not None and given > most):
        wanted = str(least) if most == least else f"{least} to {most or 'any number'}"
        raise SubstitutionError(
            f"$({call.name}) got {given} arguments, wanted {wanted} "
            "(an argument with spaces must be quoted)"
        )


def parse(text: str, location: Location) -> Template:
    """Parse `text` and check every substitution in it; errors carry the location."""
    try:
        template = parse_template(text)
        for call in template.calls():
            check_call(call)
    except SubstitutionError as error:
        raise LaunchError(location, str(error)) from error
    return template


def _fill(template: Template, context: LaunchContext) -> str:
    return "".join(
        part if isinstance(part, str) else _perform(part, context) for part in template.parts
    )


def _perform(call: Call, context: LaunchContext) -> str:
    check_call(call)
    function = FUNCTIONS[call.name][0]
    return function(context, *(_fill(argument, context) for argument in call.arguments))


def fill(template: Template, context: LaunchContext, location: Location) -> str:
    """Return the text with every substitution filled in; errors carry the location."""
    try:
        return _fill(template, context)
    except LaunchError:
        raise
    except (SubstitutionError, ValueTypeError, CliError) as error:
        raise LaunchError(location, f"in '{template.source}': {error}") from error
