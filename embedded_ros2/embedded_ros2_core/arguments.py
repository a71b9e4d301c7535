"""The command line of a ROS node: `--ros-args -r a:=b -p x:=1 --params-file f.yaml --log-level
debug [--]`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from .names import RemapRule, join, parse_remap
from .parameter_files import ParameterFileError, parse_value, pattern_matches, read_file

LOG_LEVELS = {
    "unset": 0,
    "debug": 10,
    "info": 20,
    "warn": 30,
    "warning": 30,
    "error": 40,
    "fatal": 50,
}


class ArgumentError(ValueError):
    """A ROS argument that is not understood; the text says which and what is wanted."""


@dataclass
class RosArguments:
    """What stood between --ros-args and --."""

    remaps: list[RemapRule] = field(default_factory=list)
    # (node pattern, {name: value}) in the order of the command line: later ones win
    parameters: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    log_levels: dict[str, int] = field(default_factory=dict)
    rosout: bool = True
    stdout: bool = True
    others: list[str] = field(default_factory=list)

    def parameters_for(self, namespace: str, node: str) -> dict[str, Any]:
        """All values that address the node, flattened names."""
        full = join(namespace, node)
        found: dict[str, Any] = {}
        for pattern, values in self.parameters:
            if pattern_matches(pattern, full):
                found.update(values)
        return found


def _parameter_rule(text: str) -> tuple[str, dict[str, Any]]:
    name, sign, value = text.partition(":=")
    if not sign or not name:
        raise ArgumentError(f"parameter rule '{text}' is not '[node:]name:=value'")
    node, colon, bare = name.rpartition(":")
    where = f"parameter '{bare}'"
    return (f"/**/{node.strip('/')}" if colon else "/**"), {bare: parse_value(value, where)}


def _log_level(text: str) -> tuple[str, int]:
    name, sign, level = text.rpartition(":=")
    if level.lower() not in LOG_LEVELS:
        raise ArgumentError(f"log level '{level}' is unknown; use one of {', '.join(LOG_LEVELS)}")
    return (name if sign else ""), LOG_LEVELS[level.lower()]


def parse(arguments: Sequence[str]) -> RosArguments:
    """Split a command line (without the program name or with it: it is an ordinary word)."""
    result = RosArguments()
    words = iter(arguments)
    inside = False

    def value(flag: str) -> str:
        try:
            return next(words)
        except StopIteration:
            raise ArgumentError(f"'{flag}' wants a value after it") from None

    for word in words:
        if not inside:
            if word == "--ros-args":
                inside = True
            else:
                result.others.append(word)
            continue
        try:
            if word == "--":
                inside = False
            elif word == "--ros-args":
                continue
            elif word in ("-r", "--remap"):
                result.remaps.append(parse_remap(value(word)))
            elif word in ("-p", "--param"):
                result.parameters.append(_parameter_rule(value(word)))
            elif word == "--params-file":
                result.parameters.extend(read_file(value(word)))
            elif word == "--log-level":
                name, level = _log_level(value(word))
                result.log_levels[name] = level
            elif word in ("--enable-rosout-logs", "--disable-rosout-logs"):
                result.rosout = word.startswith("--enable")
            elif word in ("--enable-stdout-logs", "--disable-stdout-logs"):
                result.stdout = word.startswith("--enable")
            elif word in ("--enable-external-lib-logs", "--disable-external-lib-logs"):
                continue
            elif word in ("-e", "--enclave"):
                if value(word) != "/":
                    raise ArgumentError("embedded_ros2 has no security enclaves other than '/'")
            elif word == "--log-config-file":
                raise ArgumentError(
                    "embedded_ros2 does not read --log-config-file; use --log-level"
                )
            else:
                raise ArgumentError(
                    f"unknown ROS argument '{word}'; known: -r, -p, --params-file, --log-level, --enclave, "
                    "--enable/--disable-rosout-logs, --enable/--disable-stdout-logs"
                )
        except ParameterFileError as error:
            raise ArgumentError(str(error)) from error
        except ArgumentError:
            raise
        except ValueError as error:
            raise ArgumentError(" ".join(str(error).split())) from error
    return result


def without_ros_arguments(arguments: Sequence[str]) -> list[str]:
    """The words outside --ros-args ... --."""
    kept, inside = [], False
    for word in arguments:
        if word == "--ros-args":
            inside = True
        elif inside and word == "--":
            inside = False
        elif not inside:
            kept.append(word)
    return kept
