"""`from my_interfaces.action import Fold`, where `my_interfaces` is an installed ROS 2 package.

ROS 2 generates Python modules when such a package is built. Here they are made when they are
imported, of the definition files that the package installs.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType

from .interface_files import definition_files


class InterfaceLoader(Loader):
    """Makes the module of a package, and those of its kinds of interfaces."""

    def create_module(self, spec: ModuleSpec) -> None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        if "." in module.__name__:
            from .interface_modules import module_hooks

            get, entries = module_hooks(module.__name__)
            vars(module).update(__getattr__=get, __dir__=entries)


class InterfaceFinder(MetaPathFinder):
    """Finds interface packages in the package index.

    It is asked before the folders of `sys.path`: where the sources of a package lie in the working
    folder, Python would take them for a namespace without interfaces.
    """

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        package, _, kind = name.partition(".")
        if kind:
            loaded = getattr(sys.modules.get(package), "__spec__", None)
            if not isinstance(getattr(loaded, "loader", None), InterfaceLoader):
                return None
            if kind not in {found for found, _ in definition_files(package)}:
                return None
        else:
            if package in sys.stdlib_module_names:
                return None
            # First, for it is fast: modules of anybody, those that were made by a build among them.
            other = PathFinder.find_spec(package)
            if other is not None and other.loader is not None:
                return None
            if not definition_files(package):
                return None
        return ModuleSpec(name, InterfaceLoader(), is_package=not kind)


def install_finder() -> None:
    """Let `import` find interface packages, once."""
    if not any(isinstance(finder, InterfaceFinder) for finder in sys.meta_path):
        sys.meta_path.insert(0, InterfaceFinder())
