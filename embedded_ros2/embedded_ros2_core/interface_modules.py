"""`from sensor_msgs.msg import Image`: the module attribute is made when it is first asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .definitions import UnknownInterface, registry
from .messages import interface_class


def module_hooks(module_name: str) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """`__getattr__` and `__dir__` for the module 'package.msg', '.srv' or '.action'."""
    package, kind = module_name.split(".")

    def get(name: str) -> Any:
        if name == "__all__":
            return entries()
        if name.startswith("__"):
            raise AttributeError(name)
        try:
            return interface_class(f"{package}/{kind}/{name}")
        except UnknownInterface as error:
            have = ", ".join(entries()) or "nothing"
            raise AttributeError(
                f"module '{module_name}' has no '{name}'; it has {have}"
            ) from error

    def entries() -> list[str]:
        return [n.split("/")[2] for n in registry.interfaces(package) if n.split("/")[1] == kind]

    return get, entries
