"""YAML of settings: PyYAML's values within limits, and one kind of error whatever is wrong.

People write it, and take it from others: PyYAML alone ends with ValueError for a date that is none or
a tag without sense, with RecursionError for depth, and fills the memory with aliases of aliases.
"""

from __future__ import annotations

import re
from typing import Any

import yaml

DEEPEST = 32  # lists and tables in each other
MOST_VALUES = 20_000  # with what aliases repeat


class SettingsLoader(yaml.SafeLoader):
    """YAML in which `1e-3` is a number, as it is for rcl; no deeper and no larger than settings are."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._depth = self._count = 0
        self._counts: dict[int, int] = {}  # of values in what has an anchor, by its node's id

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        """The next node of the document.

        Raises:
            yaml.YAMLError: too deep or too many; an alias within what it means.
        """
        alias = self.check_event(yaml.AliasEvent)
        before = self._count
        self._depth += 1
        if self._depth > DEEPEST:
            raise yaml.YAMLError(f"values nested deeper than {DEEPEST}; wanted them flatter")
        node = super().compose_node(parent, index)
        self._depth -= 1
        if alias and id(node) not in self._counts:
            raise yaml.YAMLError("an alias stands within what it means; wanted values alone")
        self._count += self._counts[id(node)] if alias else 1
        if self._count > MOST_VALUES:
            raise yaml.YAMLError(f"more than {MOST_VALUES} values; wanted fewer")
        self._counts.setdefault(id(node), self._count - before)
        return node


SettingsLoader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"[-+]?\d+(\.\d*)?[eE][-+]?\d+$"), list("-+0123456789")
)


def load_settings(text: str) -> Any:
    """What a text says.

    Raises:
        yaml.YAMLError: it is no YAML, or more than settings hold.
    """
    try:
        return yaml.load(text, Loader=SettingsLoader)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        # PyYAML's parser and constructors, for escapes of no character, tags and dates of no value.
        raise yaml.YAMLError(f"a value that cannot be: {error}") from error
