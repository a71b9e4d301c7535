"""Parameters: values with a type, and their messages."""

from __future__ import annotations

import array
from collections.abc import Iterable
from enum import IntEnum
from typing import Any

import numpy as np

from rcl_interfaces.msg import Parameter as ParameterMsg
from rcl_interfaces.msg import ParameterType, ParameterValue

PARAMETER_SEPARATOR_STRING = "."


class Parameter:
    """Parameter(name, type_=None, value=None); without a type the value decides."""

    class Type(IntEnum):
        NOT_SET = 0
        BOOL = 1
        INTEGER = 2
        DOUBLE = 3
        STRING = 4
        BYTE_ARRAY = 5
        BOOL_ARRAY = 6
        INTEGER_ARRAY = 7
        DOUBLE_ARRAY = 8
        STRING_ARRAY = 9

        @classmethod
        def from_parameter_value(cls, value: Any) -> Parameter.Type:
            """The parameter type of a Python value; TypeError when there is none."""
            if value is None:
                return cls.NOT_SET
            if isinstance(value, bool):
                return cls.BOOL
            if isinstance(value, int):
                return cls.INTEGER
            if isinstance(value, float):
                return cls.DOUBLE
            if isinstance(value, str):
                return cls.STRING
            if isinstance(value, array.array):
                return {"b": cls.BYTE_ARRAY, "q": cls.INTEGER_ARRAY, "d": cls.DOUBLE_ARRAY}.get(
                    value.typecode
                ) or cls._unsuited(value)
            if isinstance(value, (list, tuple)):
                for kind, found in (
                    (bytes, cls.BYTE_ARRAY),
                    (bool, cls.BOOL_ARRAY),
                    (int, cls.INTEGER_ARRAY),
                    (float, cls.DOUBLE_ARRAY),
                    (str, cls.STRING_ARRAY),
                ):
                    if all(isinstance(item, kind) for item in value):
                        return found
            return cls._unsuited(value)

        @classmethod
        def _unsuited(cls, value: Any) -> Parameter.Type:
            raise TypeError(
                f"The given value is not one of the allowed types '{value!r}': bool, int, float, str, or a list "
                "of values of one of these types"
            )

        def check(self, value: Any) -> bool:
            if self is Parameter.Type.NOT_SET:
                return value is None
            try:
                found = Parameter.Type.from_parameter_value(value)
            except TypeError:
                return False
            empty = isinstance(value, (list, tuple)) and len(value) == 0
            return found is self or (empty and self >= Parameter.Type.BYTE_ARRAY)

    @classmethod
    def from_parameter_msg(cls, param_msg: Any) -> Parameter:
        return cls(
            param_msg.name,
            cls.Type(param_msg.value.type),
            parameter_value_to_python(param_msg.value),
        )

    def __init__(self, name: str, type_: Parameter.Type | None = None, value: Any = None) -> None:
        if type_ is None:
            type_ = Parameter.Type.from_parameter_value(value)
        if not isinstance(type_, Parameter.Type):
            raise TypeError(f"type must be an instance of '{Parameter.Type!r}'")
        if not type_.check(value):
            raise ValueError(f"Type '{type_.name}' and value '{value}' do not agree")
        self._name, self._type_ = name, type_
        if type_ in (Parameter.Type.DOUBLE_ARRAY, Parameter.Type.INTEGER_ARRAY) and not isinstance(
            value, array.array
        ):
            value = array.array("d" if type_ is Parameter.Type.DOUBLE_ARRAY else "q", value)
        self._value = value

    @property
    def name(self) -> str:
        return self._name

    @property
    def type_(self) -> Parameter.Type:
        return self._type_

    @property
    def value(self) -> Any:
        return self._value

    def get_parameter_value(self) -> Any:
        kind = Parameter.Type
        value = ParameterValue(type=int(self._type_))
        if self._type_ is kind.BOOL:
            value.bool_value = self._value
        elif self._type_ is kind.INTEGER:
            value.integer_value = self._value
        elif self._type_ is kind.DOUBLE:
            value.double_value = self._value
        elif self._type_ is kind.STRING:
            value.string_value = self._value
        elif self._type_ is kind.BYTE_ARRAY:
            value.byte_array_value = list(self._value)
        elif self._type_ is kind.BOOL_ARRAY:
            value.bool_array_value = list(self._value)
        elif self._type_ is kind.INTEGER_ARRAY:
            value.integer_array_value = self._value
        elif self._type_ is kind.DOUBLE_ARRAY:
            value.double_array_value = self._value
        elif self._type_ is kind.STRING_ARRAY:
            value.string_array_value = list(self._value)
        return value

    def to_parameter_msg(self) -> Any:
        return ParameterMsg(name=self._name, value=self.get_parameter_value())

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Parameter)
            and (self._name, self._type_) == (other._name, other._type_)
            and (
                bool(np.array_equal(self._value, other._value)) if self._value is not None else True
            )
        )

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Parameter(name={self._name!r}, type_={self._type_.name}, value={self._value!r})"


_FIELDS = {
    ParameterType.PARAMETER_BOOL: "bool_value",
    ParameterType.PARAMETER_INTEGER: "integer_value",
    ParameterType.PARAMETER_DOUBLE: "double_value",
    ParameterType.PARAMETER_STRING: "string_value",
    ParameterType.PARAMETER_BYTE_ARRAY: "byte_array_value",
    ParameterType.PARAMETER_BOOL_ARRAY: "bool_array_value",
    ParameterType.PARAMETER_INTEGER_ARRAY: "integer_array_value",
    ParameterType.PARAMETER_DOUBLE_ARRAY: "double_array_value",
    ParameterType.PARAMETER_STRING_ARRAY: "string_array_value",
}


def parameter_value_to_python(parameter_value: Any) -> Any:
    """The Python value inside a rcl_interfaces/ParameterValue; None when not set."""
    if parameter_value.type == ParameterType.PARAMETER_NOT_SET:
        return None
    if parameter_value.type not in _FIELDS:
        raise ValueError(f"Unknown parameter type {parameter_value.type}")
    return getattr(parameter_value, _FIELDS[parameter_value.type])


def get_parameter_value(string_value: str) -> Any:
    """A ParameterValue from text, typed as YAML."""
    from embedded_ros2_core.parameter_files import ParameterFileError, parse_value

    try:
        value = parse_value(string_value, "value")
    except ParameterFileError:
        value = string_value
    return Parameter("value", value=value).get_parameter_value()


def parameter_dict_from_yaml_file(
    parameter_file: str,
    use_wildcard: bool = False,
    target_nodes: Iterable[str] | None = None,
    namespace: str = "",
) -> dict[str, Any]:
    """name -> rcl_interfaces/Parameter from a parameter file."""
    from embedded_ros2_core.parameter_files import pattern_matches, read_file

    wanted = list(target_nodes or [])
    found = {}
    for pattern, values in read_file(parameter_file):
        wild = "*" in pattern
        if wild and not use_wildcard:
            continue
        if (
            not wild
            and wanted
            and not any(pattern_matches(pattern, "/" + node.lstrip("/")) for node in wanted)
        ):
            continue
        for name, value in values.items():
            found[namespace + name] = Parameter(namespace + name, value=value).to_parameter_msg()
    return found
