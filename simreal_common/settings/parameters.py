"""Parameters as the fields of a frozen dataclass: described, typed, with their range; no ROS here.

    @dataclass(frozen=True)
    class PerceptionParameters:
        edge: float = parameter(0.05, "edge of the blocks, metres", range=(0.005, 0.5))

        def __post_init__(self) -> None:
            check_parameters(self)

`ros_parameters.declare` makes ROS parameters of such a class and reads them back,
`parameter_files.read_parameters` reads them from a file without ROS.
"""

from __future__ import annotations

import dataclasses
import difflib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args, get_origin, get_type_hints

from simreal_common.errors import ConfigurationError
from simreal_common.untrusted_text import FORBIDDEN, shortened

KEY = "simreal_parameter"
SCALARS = {bool: "bool", int: "integer", float: "double", str: "string"}
# Parameters that rclpy declares by itself on every node.
DECLARED_BY_RCLPY = ("use_sim_time", "start_type_description_service", "qos_overrides")


@dataclass(frozen=True)
class ParameterDoc:
    """What is known about one parameter beside its name, type and default."""

    description: str
    range: tuple[float, float] | None = None
    choices: tuple[str, ...] = ()
    read_only: bool = True
    name: str = ""


def parameter(
    default: Any = dataclasses.MISSING,
    description: str = "",
    *,
    range: tuple[float, float] | None = None,
    choices: Sequence[str] = (),
    read_only: bool = True,
    name: str = "",
) -> Any:
    """A dataclass field that is a parameter.

    Args:
        default: its value when nobody gives one; left out, the parameter must be given.
        description: one sentence with the unit.
        range: smallest and largest value allowed, both included; numbers (and arrays of them) only.
        choices: the allowed strings.
        read_only: cannot be changed while the node runs.
        name: of the parameter where it is not the field's: with dots, which group parameters.
    """
    doc = ParameterDoc(description, range, tuple(choices), read_only, name)
    if default is dataclasses.MISSING:
        return dataclasses.field(metadata={KEY: doc})
    return dataclasses.field(default=default, metadata={KEY: doc})


@dataclass(frozen=True)
class ParameterSpec:
    """One parameter of a parameter class; `field` is the name of its field there."""

    field: str
    scalar: type
    is_array: bool
    default: Any
    doc: ParameterDoc

    @property
    def name(self) -> str:
        return self.doc.name or self.field

    @property
    def required(self) -> bool:
        return self.default is dataclasses.MISSING

    @property
    def type_name(self) -> str:
        return SCALARS[self.scalar] + (" array" if self.is_array else "")

    def wanted(self) -> str:
        """What values are allowed, in words."""
        words = self.type_name
        if self.doc.choices:
            words += " out of " + ", ".join(f"'{choice}'" for choice in self.doc.choices)
        if self.doc.range:
            low, high = self.doc.range
            number = "d" if self.scalar is int else "g"
            words += f" from {low:{number}} to {high:{number}}"
        return words

    def example(self) -> str:
        """A value that would be accepted."""
        if not self.required and self.default not in ("", ()):
            value = self.default
        elif self.doc.choices:
            value = self.doc.choices[0]
        elif self.doc.range:
            value = self.scalar(self.doc.range[0])
        else:
            value = {bool: True, int: 1, float: 1.0, str: "text"}[self.scalar]
        if self.is_array and not isinstance(value, tuple):
            value = (value,)
        return to_text(value)

    def convert(self, value: Any) -> Any:
        """`value` as this parameter's Python type: lists become tuples.

        Raises:
            ConfigurationError: wrong type, out of range, not finite or not among the choices.
        """
        scalars = list(value) if self.is_array and _is_sequence(value) else [value]
        if self.is_array != _is_sequence(value) or not all(
            _has_type(scalar, self.scalar) for scalar in scalars
        ):
            raise self.error(f"got {_shown(value)} ({type_name(value)})")
        doc = self.doc
        for scalar in scalars:
            if self.scalar is str and (found := FORBIDDEN.search(scalar)):
                raise self.error(f"got {_shown(value)} with character {ord(found.group()):#06x}")
            if self.scalar is float and not math.isfinite(scalar):
                raise self.error(f"got {scalar}")
            if doc.range and not doc.range[0] <= scalar <= doc.range[1]:
                raise self.error(f"got {to_text(value)}")
            if doc.choices and scalar not in doc.choices:
                raise self.error(f"got {_shown(value)}")
        return tuple(scalars) if self.is_array else scalars[0]

    def error(self, got: str) -> ConfigurationError:
        return ConfigurationError(
            f"parameter '{self.name}': {got}, wanted {self.wanted()} ({self.doc.description}); "
            f"write for example {self.name}:={self.example()}"
        )


def parameter_specs(cls: type) -> list[ParameterSpec]:
    """The parameters of a parameter class, in its order; fields without `parameter(...)` are not.

    Raises:
        TypeError: a parameter has a type that no ROS parameter has (a programmer's mistake).
    """
    hints = get_type_hints(cls)
    specs = []
    for field in dataclasses.fields(cls):
        if KEY not in field.metadata:
            continue
        hint = hints[field.name]
        is_array = get_origin(hint) is tuple
        scalar = get_args(hint)[0] if is_array else hint
        if scalar not in SCALARS:
            raise TypeError(
                f"{cls.__name__}.{field.name} is {hint}: parameters are bool, int, float, str or "
                "tuples tuple[..., ...] of one of them"
            )
        specs.append(
            ParameterSpec(field.name, scalar, is_array, field.default, field.metadata[KEY])
        )
    return specs


def check_parameters(instance: Any) -> None:
    """Check every parameter of an instance; for `__post_init__`.

    Raises:
        ConfigurationError: a value of wrong type, out of range or not among the choices.
    """
    for spec in parameter_specs(type(instance)):
        object.__setattr__(instance, spec.field, spec.convert(getattr(instance, spec.field)))


def refuse_unknown(
    node_name: str, given: Mapping[str, Any], specs: Sequence[ParameterSpec]
) -> None:
    """Check that a node has every parameter that is given to it.

    Raises:
        ConfigurationError: one that it does not have; the message names the nearest that it has. A
            field's name where its parameter lies in a group is that one.
    """
    known = [spec.name for spec in specs]
    grouped = {spec.field: spec.name for spec in specs if spec.field != spec.name}
    for name, value in given.items():
        if name in known or name.split(".")[0] in DECLARED_BY_RCLPY:
            continue
        near = difflib.get_close_matches(name, known, n=1)
        if name in grouped:
            mend = f"it is called '{grouped[name]}'"
        else:
            mend = f"did you mean '{near[0]}'?" if near else f"known are {', '.join(sorted(known))}"
        raise ConfigurationError(
            f"parameter '{shortened(name)}': got {_shown(value)}, but {node_name} has no such "
            f"parameter; {mend}"
        )


def type_name(value: Any) -> str:
    """The ROS name of the type of a parameter value."""
    if _is_sequence(value):
        inner = {SCALARS.get(type(scalar), type(scalar).__name__) for scalar in value}
        return f"{inner.pop()} array" if len(inner) == 1 else "array"
    return SCALARS.get(type(value), type(value).__name__)


def to_text(value: Any) -> str:
    """A value as one writes it in YAML or behind `name:=`."""
    if _is_sequence(value):
        return "[" + ", ".join(to_text(scalar) for scalar in value) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"'{value}'" if isinstance(value, str) else str(value)


def _shown(value: Any) -> str:
    """A value for an error: one line, not all of it where it is long."""
    return shortened(to_text(value))


def _is_sequence(value: Any) -> bool:
    return not isinstance(value, str | bytes) and hasattr(value, "__len__")


def _has_type(value: Any, wanted: type) -> bool:
    if wanted is float:  # 1 where 1.0 is wanted: Python code may, ROS refuses it before we see it
        return isinstance(value, int | float) and not isinstance(value, bool)
    return isinstance(value, wanted) and (wanted is bool or not isinstance(value, bool))
