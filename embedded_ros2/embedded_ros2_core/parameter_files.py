"""Parameter values from YAML: `-p name:=value` and `--params-file`, with the typing of rcl's own
parser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml

from embedded_ros2_core.yaml_text import BoundedLoader, load_yaml, read_text

_FLOAT = re.compile(
    r"^[-+]?(?:(?:\d+\.\d*|\.\d+)(?:[eE][-+]?\d+)?|\d+[eE][-+]?\d+|\.(?:inf|Inf|INF))$|^\.(?:nan|NaN|NAN)$"
)


class ParameterFileError(ValueError):
    """A parameter file or value that cannot be used; the text names the file and the place."""


class _Loader(BoundedLoader):
    """YAML without dates and base-60 numbers, with `1e-3` a float."""


_Loader.yaml_implicit_resolvers = {
    key: [
        (tag, pattern)
        for tag, pattern in resolvers
        if tag in ("tag:yaml.org,2002:bool", "tag:yaml.org,2002:null", "tag:yaml.org,2002:merge")
    ]
    for key, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver("tag:yaml.org,2002:float", _FLOAT, list("-+0123456789."))
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:int",
    re.compile(r"^[-+]?(?:0x[0-9a-fA-F]+|0[0-7]*|[1-9]\d*)$"),
    list("-+0123456789"),
)


def _load(text: str, where: str) -> Any:
    try:
        return load_yaml(text, _Loader)
    except yaml.YAMLError as error:
        raise ParameterFileError(
            f"{where}: not valid YAML: {' '.join(str(error).split())}"
        ) from error


def check_value(value: Any, where: str) -> Any:
    """A bool, int, float, str or a list of one of them; ints among floats in a list become
    floats. A text that is no UTF-8, as words of a command line may be, can be in no message."""
    for text in value if isinstance(value, list) else [value]:
        if isinstance(text, str) and not _is_utf8(text):
            raise ParameterFileError(f"{where}: the text {text!a:.80} is not UTF-8")
    if isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, list):
        kinds = {type(item) for item in value}
        if kinds <= {bool} or kinds <= {int} or kinds <= {float} or kinds <= {str}:
            return value
        if kinds == {int, float}:
            return [float(item) for item in value]
        names = ", ".join(sorted(kind.__name__ for kind in kinds))
        raise ParameterFileError(
            f"{where}: a list of {names}; all values must be of one type (bool, int, float, str)"
        )
    raise ParameterFileError(
        f"{where}: {value!r:.80} is not a bool, int, float, str or a list of one of them"
    )


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def parse_value(text: str, where: str) -> Any:
    value = _load(text, where)
    return check_value("" if value is None and not text.strip() else value, where)


def _flatten(values: dict[str, Any], where: str, prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        name = f"{prefix}{key}"
        if isinstance(value, dict):
            yield from _flatten(value, where, f"{name}.")
        else:
            yield name, check_value(value, f"{where}: parameter '{name}'")


def _sections(
    tree: dict[str, Any], where: str, prefix: str = ""
) -> Iterator[tuple[str, dict[str, Any]]]:
    for key, value in tree.items():
        if not isinstance(value, dict):
            raise ParameterFileError(
                f"{where}: '{prefix}{key}' holds {value!r:.80}; wanted a node name with "
                "'ros__parameters:' below it"
            )
        name = f"{prefix.rstrip('/')}/{str(key).lstrip('/')}"
        for inner, content in value.items():
            if inner == "ros__parameters":
                if content is None:
                    content = {}
                if not isinstance(content, dict):
                    raise ParameterFileError(
                        f"{where}: 'ros__parameters' of '{name}' must be a mapping"
                    )
                yield name, content
            else:
                yield from _sections({inner: content}, where, name + "/")


def read_file(path: str) -> list[tuple[str, dict[str, Any]]]:
    """The sections of a parameter file in order: (node pattern such as '/**' or '/ns/node', name
    -> value)."""
    try:
        text = read_text(path)
    except OSError as error:
        raise ParameterFileError(f"parameter file '{path}': {error.strerror}") from error
    tree = _load(text, f"parameter file '{path}'")
    if not isinstance(tree, dict):
        raise ParameterFileError(
            f"parameter file '{path}': wanted '<node name>: ros__parameters: ...', got {tree!r:.80}"
        )
    where = f"parameter file '{path}'"
    return [(pattern, dict(_flatten(values, where))) for pattern, values in _sections(tree, where)]


def pattern_matches(pattern: str, full_node_name: str) -> bool:
    """'*' stands for one token, '**' for any number of them, none included."""
    parts = []
    for token in pattern.strip("/").split("/"):
        parts.append(
            "(?:/[^/]+)*" if token == "**" else "/[^/]+" if token == "*" else "/" + re.escape(token)
        )
    return re.fullmatch("".join(parts), full_node_name) is not None
