"""What a launch file knows while it is carried out: its variables, environment and place."""

from __future__ import annotations

import copy
import os
from dataclasses import dataclass, field

from ros2cli_embedded.launch.typed_values import Value


@dataclass
class Scope:
    """Everything that a scoped group restores at its end."""

    configurations: dict[str, str] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    namespace: str | None = None
    parameters: list[tuple[str, Value] | str] = field(default_factory=list)
    """Parameters for all nodes, in order: (name, value) or the path of a parameter file."""
    remaps: list[tuple[str, str]] = field(default_factory=list)


class LaunchContext:
    """The current scope and the launch file that is being read."""

    def __init__(
        self, arguments: dict[str, str], environment: dict[str, str], log_dir: str
    ) -> None:
        self.scope = Scope(dict(arguments), dict(environment))
        self.initial_environment = dict(environment)
        self.log_dir = log_dir
        self.files: list[str] = []
        self._stack: list[Scope] = []

    @property
    def file(self) -> str:
        """Absolute path of the current launch file."""
        return self.files[-1]

    @property
    def folder(self) -> str:
        """Absolute path of the folder that holds the current launch file."""
        return os.path.dirname(self.file)

    def push(self) -> None:
        """Begin a scope that inherits everything."""
        self._stack.append(copy.deepcopy(self.scope))

    def pop(self) -> None:
        """End the scope: forget what was set since `push`."""
        self.scope = self._stack.pop()

    def forget(self) -> None:
        """Drop what the scope inherited, but not the environment that `ros2` was started with."""
        self.scope = Scope({}, dict(self.initial_environment))


def join_namespace(base: str | None, namespace: str | None) -> str | None:
    """Return the absolute namespace: `namespace` below `base` unless it is absolute itself."""
    if base is None and namespace is None:
        return None
    if namespace is None:
        joined = base or ""
    elif not base or namespace.startswith("/"):
        joined = namespace
    else:
        joined = base.rstrip("/") + "/" + namespace
    joined = joined.rstrip("/")
    return joined if joined.startswith("/") else "/" + joined
