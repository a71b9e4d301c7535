"""Read the tags of an XML launch file into the description tree, and refuse what is unknown."""

from __future__ import annotations

from collections.abc import Callable

from ros2cli_embedded.errors import close_names, listed
from ros2cli_embedded.launch.description import (
    Action,
    Condition,
    DeclareArgument,
    Group,
    Include,
    Let,
    Log,
    PushNamespace,
    SetEnvironment,
    SetParameter,
    SetParametersFromFile,
    SetRemap,
    Shutdown,
    Timer,
)
from ros2cli_embedded.launch.document import Element, read_document, refuse_other_formats
from ros2cli_embedded.launch.errors import LaunchError, Location
from ros2cli_embedded.launch.process_tags import (
    flag,
    optional_text,
    pairs,
    read_executable,
    read_node,
    text_of,
    text_or,
)
from ros2cli_embedded.launch.template import literal_template, unescape

Reader = Callable[[Element, Condition | None], Action]

NOT_HERE = (
    "lifecycle_node",
    "load_composable_node",
    "node_container",
    "composable_node",
    "reset",
    "reset_env",
    "ros_timer",
)
"""Tags of the real launch that this launcher does not carry out."""


def read_launch_file(path: str, location: Location | None = None) -> tuple[Action, ...]:
    """Return the actions of the launch file at `path`."""
    refuse_other_formats(path, location or Location(path, 1))
    root = read_document(path)
    if root.tag != "launch":
        raise LaunchError(root.location, f"the outermost tag is <{root.tag}>, wanted is <launch>")
    root.optional("deprecated")
    actions = tuple(read_action(child) for child in root.other_children())
    root.check_all_read()
    return actions


def read_action(element: Element) -> Action:
    """Return the action that the tag describes."""
    reader = READERS.get(element.tag)
    if reader is None and element.tag in NOT_HERE:
        raise LaunchError(
            element.location,
            f"ROS 2 launch knows <{element.tag}>, this launcher does not; run it on ROS 2 or "
            f"use: {listed(READERS)}",
        )
    if reader is None:
        raise LaunchError(
            element.location,
            f"unknown tag <{element.tag}>{close_names(element.tag, READERS)}; "
            f"known are: {listed(READERS)}",
        )
    action = reader(element, _condition(element))
    element.check_all_read()
    return action


def _condition(element: Element) -> Condition | None:
    only_if, unless = optional_text(element, "if"), optional_text(element, "unless")
    if only_if is not None and unless is not None:
        raise LaunchError(element.location, "attributes 'if' and 'unless' exclude each other")
    if only_if is not None:
        return Condition(only_if, negated=False)
    return None if unless is None else Condition(unless, negated=True)


def _arg(element: Element, condition: Condition | None) -> Action:
    name = unescape(element.required("name"))
    default = optional_text(element, "default")
    description = unescape(element.optional("description") or "")
    choices = tuple(unescape(child.required("value")) for child in element.nested("choice"))
    for child in element.nested("choice"):
        child.check_all_read()
    literal = default.literal if default is not None else None
    if choices and literal is not None and literal not in choices:
        raise LaunchError(
            element.location, f"default '{literal}' is none of the choices: {', '.join(choices)}"
        )
    return DeclareArgument(element.location, condition, name, default, description, choices or None)


def _let(element: Element, condition: Condition | None) -> Action:
    return Let(element.location, condition, text_of(element, "name"), text_of(element, "value"))


def _group(element: Element, condition: Condition | None) -> Action:
    return Group(
        element.location,
        condition,
        scoped=flag(element, "scoped", True),
        forwarding=flag(element, "forwarding", True),
        keep=pairs(element, "keep", "name", "value"),
        actions=tuple(read_action(child) for child in element.other_children("keep")),
    )


def _include(element: Element, condition: Condition | None) -> Action:
    arguments = pairs(element, "arg", "name", "value")
    return Include(element.location, condition, text_of(element, "file"), arguments)


def _set_env(element: Element, condition: Condition | None) -> Action:
    return SetEnvironment(
        element.location, condition, text_of(element, "name"), text_of(element, "value")
    )


def _append_env(element: Element, condition: Condition | None) -> Action:
    return SetEnvironment(
        element.location,
        condition,
        text_of(element, "name"),
        text_of(element, "value"),
        joined_by=text_or(element, "separator", ":"),
        prepend=text_or(element, "prepend", "false"),
    )


def _unset_env(element: Element, condition: Condition | None) -> Action:
    return SetEnvironment(element.location, condition, text_of(element, "name"), None)


def _set_ros_log_dir(element: Element, condition: Condition | None) -> Action:
    name = literal_template("ROS_LOG_DIR")
    return SetEnvironment(element.location, condition, name, text_of(element, "new_log_dir"))


def _push_namespace(element: Element, condition: Condition | None) -> Action:
    return PushNamespace(element.location, condition, text_of(element, "namespace"))


def _set_parameter(element: Element, condition: Condition | None) -> Action:
    return SetParameter(
        element.location, condition, text_of(element, "name"), text_of(element, "value")
    )


def _set_use_sim_time(element: Element, condition: Condition | None) -> Action:
    name = literal_template("use_sim_time")
    return SetParameter(element.location, condition, name, text_of(element, "value"))


def _set_parameters_from_file(element: Element, condition: Condition | None) -> Action:
    return SetParametersFromFile(element.location, condition, text_of(element, "filename"))


def _set_remap(element: Element, condition: Condition | None) -> Action:
    return SetRemap(element.location, condition, text_of(element, "from"), text_of(element, "to"))


def _log(element: Element, condition: Condition | None) -> Action:
    return Log(element.location, condition, text_of(element, "message"))


def _shutdown(element: Element, condition: Condition | None) -> Action:
    return Shutdown(element.location, condition, text_or(element, "reason", "reason not given"))


def _timer(element: Element, condition: Condition | None) -> Action:
    return Timer(
        element.location,
        condition,
        text_of(element, "period"),
        text_or(element, "cancel_on_shutdown", "true"),
        tuple(read_action(child) for child in element.other_children()),
    )


READERS: dict[str, Reader] = {
    "arg": _arg,
    "let": _let,
    "group": _group,
    "include": _include,
    "set_env": _set_env,
    "append_env": _append_env,
    "unset_env": _unset_env,
    "set_ros_log_dir": _set_ros_log_dir,
    "push_ros_namespace": _push_namespace,
    "push-ros-namespace": _push_namespace,
    "set_parameter": _set_parameter,
    "set_use_sim_time": _set_use_sim_time,
    "set_parameters_from_file": _set_parameters_from_file,
    "set_remap": _set_remap,
    "log": _log,
    "shutdown": _shutdown,
    "timer": _timer,
    "node": read_node,
    "executable": read_executable,
}
