"""Read <node> and <executable> with their nested tags."""

from __future__ import annotations

import shlex

from ros2cli_embedded.launch.description import (
    Condition,
    Executable,
    Node,
    ParameterFile,
    ParameterItem,
    ParameterSetting,
    ProcessOptions,
)
from ros2cli_embedded.launch.document import Element
from ros2cli_embedded.launch.errors import LaunchError
from ros2cli_embedded.launch.substitutions import parse
from ros2cli_embedded.launch.template import Call, Template, literal_template
from ros2cli_embedded.launch.typed_values import (
    TYPE_NAMES,
    Scalar,
    ValueTypeError,
    as_bool,
    coerce,
    is_uniform,
)


def text_of(element: Element, name: str) -> Template:
    """Return the required attribute as a template."""
    return parse(element.required(name), element.location)


def optional_text(element: Element, name: str) -> Template | None:
    """Return the attribute as a template, or None."""
    raw = element.optional(name)
    return None if raw is None else parse(raw, element.location)


def text_or(element: Element, name: str, default: str) -> Template:
    """Return the attribute as a template, or one that stands for `default`."""
    return optional_text(element, name) or literal_template(default)


def flag(element: Element, name: str, default: bool) -> bool:
    """Return a boolean attribute (no substitutions, as in the real frontend)."""
    raw = element.optional(name)
    if raw is None:
        return default
    try:
        return as_bool(raw)
    except ValueTypeError as error:
        raise LaunchError(element.location, f"attribute '{name}': {error}") from error


def pairs(
    element: Element, tag: str, first: str, second: str
) -> tuple[tuple[Template, Template], ...]:
    """Return two attributes of every nested `tag`."""
    found = []
    for child in element.nested(tag):
        found.append((text_of(child, first), text_of(child, second)))
        child.check_all_read()
    return tuple(found)


def split_command(element: Element, name: str, raw: str) -> tuple[Template, ...]:
    """Split a command line at its spaces; what a substitution yields stays one argument."""
    words: list[list[str | Call]] = []
    joins = False
    for part in parse(raw, element.location).parts:
        if isinstance(part, Call):
            if joins:
                words[-1].append(part)
            else:
                words.append([part])
            joins = True
            continue
        try:
            tokens = shlex.split(part)
        except ValueError as error:
            raise LaunchError(element.location, f"attribute '{name}': {error}") from error
        if joins and tokens and not part[0].isspace():
            words[-1].append(tokens.pop(0))
        words.extend([token] for token in tokens)
        joins = not part[-1].isspace()
    return tuple(Template(tuple(word), raw) for word in words)


def _seconds(element: Element, name: str) -> Template | None:
    return optional_text(element, name)


def _options(element: Element, label_attribute: str) -> ProcessOptions:
    on_exit = element.optional("on_exit")
    if on_exit not in (None, "shutdown"):
        raise LaunchError(element.location, f"on_exit is '{on_exit}'; only 'shutdown' is known")
    retries = element.optional("respawn_max_retries") or "-1"
    try:
        max_retries = int(retries)
    except ValueError:
        raise LaunchError(
            element.location, f"respawn_max_retries is '{retries}'; wanted is a whole number"
        ) from None
    return ProcessOptions(
        label=optional_text(element, label_attribute),
        cwd=optional_text(element, "cwd"),
        output=text_or(element, "output", "log"),
        prefix=optional_text(element, "launch-prefix"),
        shell=flag(element, "shell", False),
        emulate_tty=flag(element, "emulate_tty", False),
        shutdown_on_exit=on_exit == "shutdown",
        respawn=text_or(element, "respawn", "false"),
        respawn_delay=text_or(element, "respawn_delay", "0.0"),
        respawn_max_retries=max_retries,
        sigterm_timeout=_seconds(element, "sigterm_timeout"),
        sigkill_timeout=_seconds(element, "sigkill_timeout"),
        environment=pairs(element, "env", "name", "value"),
    )


def read_executable(element: Element, condition: Condition | None) -> Executable:
    """Read <executable>."""
    command = split_command(element, "cmd", element.required("cmd"))
    if not command:
        raise LaunchError(element.location, "attribute 'cmd' is empty")
    options = _options(element, "name")
    return Executable(element.location, condition, command, options)


def read_node(element: Element, condition: Condition | None) -> Node:
    """Read <node>."""
    ros_arguments = element.optional("ros_args")
    return Node(
        element.location,
        condition,
        package=optional_text(element, "pkg"),
        executable=text_of(element, "exec"),
        name=optional_text(element, "name"),
        namespace=optional_text(element, "namespace"),
        arguments=split_command(element, "args", element.optional("args") or ""),
        ros_arguments=None
        if ros_arguments is None
        else split_command(element, "ros_args", ros_arguments),
        parameters=tuple(p for child in element.nested("param") for p in _parameters(child)),
        remaps=pairs(element, "remap", "from", "to"),
        options=_options(element, "exec_name"),
    )


def _parameters(element: Element) -> list[ParameterFile | ParameterSetting]:
    file = optional_text(element, "from")
    if file is None:
        return list(_settings(element, ""))
    if "name" in element.attributes:
        raise LaunchError(element.location, "attributes 'name' and 'from' exclude each other")
    allow = text_or(element, "allow_substs", "false")
    element.check_all_read()
    return [ParameterFile(element.location, file, allow)]


def _settings(element: Element, prefix: str) -> list[ParameterSetting]:
    name = prefix + element.required("name")
    raw = element.optional("value")
    type_name = element.optional("type")
    separator = element.optional("value-sep")
    nested = element.nested("param")
    element.check_all_read()
    if type_name is not None and type_name not in TYPE_NAMES:
        raise LaunchError(
            element.location, f"type is '{type_name}'; wanted is one of {', '.join(TYPE_NAMES)}"
        )
    if (raw is None) == (not nested):
        raise LaunchError(element.location, "wanted is either a 'value' or nested <param> tags")
    if raw is None:
        if type_name is not None:
            raise LaunchError(element.location, "'type' has no meaning with nested <param> tags")
        return [s for child in nested for s in _settings(child, name + ".")]
    value = _parameter_value(element, raw, separator, type_name)
    return [ParameterSetting(element.location, parse(name, element.location), value, type_name)]


def _parameter_value(
    element: Element, raw: str, separator: str | None, type_name: str | None
) -> ParameterItem:
    """Type the text first and fill in later, so that ``[1, $(var x)]`` is a list of two."""
    item_type = type_name.removeprefix("list_of_") if type_name else None
    try:
        if separator is None:
            value = coerce(raw, type_name, keep_str=True)
        else:
            items = [coerce(item, item_type, keep_str=True) for item in raw.split(separator)]
            value = [item for item in items if not isinstance(item, list)]
    except ValueTypeError as error:
        raise LaunchError(element.location, str(error)) from error
    try:
        if not isinstance(value, list):
            return _scalar_part(element, value, type_name)
        parts = [_scalar_part(element, item, item_type) for item in value]
        if not is_uniform([part for part in parts if not isinstance(part, Template)]):
            raise ValueTypeError(f"'{raw}' is a list of different types")
    except ValueTypeError as error:
        raise LaunchError(element.location, str(error)) from error
    return parts


def _scalar_part(
    element: Element, value: Scalar, type_name: str | None
) -> bool | int | float | str | Template:
    """Return the template if there is something to fill in, else the value, checked."""
    if not isinstance(value, str):
        return value
    template = parse(value, element.location)
    literal = template.literal
    if literal is None:
        return template
    if type_name not in (None, "yaml", "str"):
        coerce(literal, type_name)  # what is still a text here is no value of another type
    return literal
