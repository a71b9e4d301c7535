"""Declares the fields of a parameter dataclass as typed ROS parameters and reads them back."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, TypeVar, cast

from rcl_interfaces.msg import (
    FloatingPointRange,
    IntegerRange,
    ParameterDescriptor,
    SetParametersResult,
)
from rclpy.exceptions import ParameterException, ParameterUninitializedException
from rclpy.node import Node
from rclpy.parameter import Parameter

from simreal_common.errors import ConfigurationError, SimrealError
from simreal_common.settings.parameters import (
    ParameterSpec,
    parameter_specs,
    refuse_unknown,
    to_text,
    type_name,
)

T = TypeVar("T")


def declare(node: Node, cls: type[T]) -> T:
    """Declare the parameters of a parameter class on a node and read their values.

    Raises:
        ConfigurationError: a value of wrong type, out of range, not among the choices; a required
            parameter that is not given; a parameter given that the class does not have.
    """
    (instance,) = declare_all(node, cls)
    return cast(T, instance)


def declare_all(node: Node, *classes: type) -> tuple[Any, ...]:
    """Like `declare`, for a node whose parameters stand in several classes: an instance of each."""
    specs = [spec for cls in classes for spec in parameter_specs(cls)]
    given = given_parameters(node)
    refuse_unknown(node.get_name(), given, specs)
    return tuple(
        cls(**{spec.field: _declare(node, spec, given) for spec in parameter_specs(cls)})
        for cls in classes
    )


def on_change(node: Node, current: Callable[[], Any], take: Callable[[Any], None]) -> None:
    """Let the parameters of a parameter class that are not read-only change while the node runs.

    A change that cannot be used is refused with one line, and nothing changes.

    Args:
        current: gives the instance that holds now.
        take: takes the one that holds from now on; a SimrealError refuses it.
    """

    def changed(parameters: list[Parameter]) -> SetParametersResult:
        settings = current()
        fields = {spec.name: spec.field for spec in parameter_specs(type(settings))}
        values = {fields[one.name]: _plain(one.value) for one in parameters if one.name in fields}
        if not values:
            return SetParametersResult(successful=True)
        try:
            take(dataclasses.replace(settings, **values))
        except SimrealError as error:
            return SetParametersResult(successful=False, reason=" ".join(str(error).split()))
        return SetParametersResult(successful=True)

    node.add_on_set_parameters_callback(changed)


def _plain(value: Any) -> Any:
    """Arrays as tuples, which a frozen dataclass has."""
    return tuple(value) if hasattr(value, "__len__") and not isinstance(value, str) else value


def given_parameters(node: Node) -> dict[str, Any]:
    """The values that command line and YAML files give to this node, by name."""
    # rclpy has no public name for these; the attribute has been the same since ROS 2 Dashing.
    overrides: Mapping[str, Parameter] = getattr(node, "_parameter_overrides", {})
    return {name: override.value for name, override in overrides.items()}


def _declare(node: Node, spec: ParameterSpec, given: Mapping[str, Any]) -> Any:
    kind = _ros_type(spec)
    # rclpy takes an empty list for a byte array: such a parameter is declared by its type alone.
    by_type = spec.required or spec.default == ()
    default: Any = spec.default
    if not by_type:
        default = [spec.scalar(x) for x in default] if spec.is_array else spec.scalar(default)
    try:
        declared = node.declare_parameter(
            spec.name, kind if by_type else default, _descriptor(spec)
        )
        value = declared.value
    except ParameterUninitializedException:
        value = None
    except ParameterException as error:
        if spec.name not in given:
            raise ConfigurationError(f"parameter '{spec.name}': {error}") from error
        value = given[spec.name]
        spec.convert(value)  # says it best
        raise spec.error(f"got {to_text(value)} ({type_name(value)})") from error
    if value is None:  # not set: how rclpy says it differs between releases
        if spec.required:
            raise spec.error("not given")
        return spec.default
    return spec.convert(value)


def _ros_type(spec: ParameterSpec) -> Parameter.Type:
    name = {bool: "BOOL", int: "INTEGER", float: "DOUBLE", str: "STRING"}[spec.scalar]
    return Parameter.Type[f"{name}_ARRAY" if spec.is_array else name]


def _descriptor(spec: ParameterSpec) -> ParameterDescriptor:
    descriptor = ParameterDescriptor(
        name=spec.name,
        type=_ros_type(spec).value,
        description=spec.doc.description,
        read_only=spec.doc.read_only,
    )
    if spec.doc.choices:
        descriptor.additional_constraints = "one of " + ", ".join(spec.doc.choices)
    if spec.doc.range and not spec.is_array:
        low, high = spec.doc.range
        if spec.scalar is int:
            descriptor.integer_range = [IntegerRange(from_value=int(low), to_value=int(high))]
        else:
            limits = FloatingPointRange(from_value=float(low), to_value=float(high))
            descriptor.floating_point_range = [limits]
    return descriptor
