"""What an XML launch file says: a tree of actions whose texts are parsed but not yet filled in."""

from __future__ import annotations

from dataclasses import dataclass, field

from ros2cli_embedded.launch.errors import Location
from ros2cli_embedded.launch.template import Template
from ros2cli_embedded.launch.typed_values import Value


@dataclass(frozen=True)
class Condition:
    """An ``if`` or, negated, an ``unless``."""

    text: Template
    negated: bool


@dataclass(frozen=True)
class Action:
    """Anything that stands in a launch file."""

    location: Location
    condition: Condition | None


@dataclass(frozen=True)
class DeclareArgument(Action):
    """<arg>: a variable that the caller may or must set."""

    name: str
    default: Template | None
    description: str
    choices: tuple[str, ...] | None


@dataclass(frozen=True)
class Let(Action):
    """<let>: set a variable."""

    name: Template
    value: Template


@dataclass(frozen=True)
class Group(Action):
    """<group>: actions under one condition, by default in a scope of their own."""

    scoped: bool
    forwarding: bool
    keep: tuple[tuple[Template, Template], ...]
    actions: tuple[Action, ...]


@dataclass(frozen=True)
class Include(Action):
    """<include>: another launch file, with variables set before it is read."""

    file: Template
    arguments: tuple[tuple[Template, Template], ...]


@dataclass(frozen=True)
class SetEnvironment(Action):
    """<set_env>, <append_env> (and prepend) and, with no value, <unset_env>."""

    name: Template
    value: Template | None
    joined_by: Template | None = None
    prepend: Template | None = None


@dataclass(frozen=True)
class PushNamespace(Action):
    """<push_ros_namespace>."""

    namespace: Template


@dataclass(frozen=True)
class SetParameter(Action):
    """<set_parameter> and <set_use_sim_time>: a parameter for all later nodes of the scope."""

    name: Template
    value: Template


@dataclass(frozen=True)
class SetParametersFromFile(Action):
    """<set_parameters_from_file>: a parameter file for all later nodes of the scope."""

    filename: Template


@dataclass(frozen=True)
class SetRemap(Action):
    """<set_remap>: a remapping for all later nodes of the scope."""

    source: Template
    target: Template


@dataclass(frozen=True)
class Log(Action):
    """<log>."""

    message: Template


@dataclass(frozen=True)
class Shutdown(Action):
    """<shutdown>."""

    reason: Template


@dataclass(frozen=True)
class Timer(Action):
    """<timer>: carry out the actions after a period in seconds."""

    period: Template
    cancel_on_shutdown: Template
    actions: tuple[Action, ...]


@dataclass(frozen=True)
class ParameterFile:
    """<param from=...>."""

    location: Location
    path: Template
    allow_substitutions: Template


ParameterItem = Value | Template | list[bool | int | float | str | Template]


@dataclass(frozen=True)
class ParameterSetting:
    """<param name=... value=...>, nested names joined by dots."""

    location: Location
    name: Template
    value: ParameterItem
    type_name: str | None


@dataclass(frozen=True)
class ProcessOptions:
    """Attributes that <node> and <executable> share."""

    label: Template | None
    cwd: Template | None
    output: Template
    prefix: Template | None
    shell: bool
    emulate_tty: bool
    shutdown_on_exit: bool
    respawn: Template
    respawn_delay: Template
    respawn_max_retries: int
    sigterm_timeout: Template | None
    sigkill_timeout: Template | None
    environment: tuple[tuple[Template, Template], ...]


@dataclass(frozen=True)
class Executable(Action):
    """<executable>."""

    command: tuple[Template, ...]
    options: ProcessOptions


@dataclass(frozen=True)
class Node(Action):
    """<node>."""

    package: Template | None
    executable: Template
    name: Template | None
    namespace: Template | None
    arguments: tuple[Template, ...]
    ros_arguments: tuple[Template, ...] | None
    parameters: tuple[ParameterFile | ParameterSetting, ...]
    remaps: tuple[tuple[Template, Template], ...]
    options: ProcessOptions = field(repr=False)
