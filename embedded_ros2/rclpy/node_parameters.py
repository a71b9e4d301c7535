"""The parameter side of a node, as rclpy has it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from rcl_interfaces.msg import ParameterDescriptor, ParameterEvent, SetParametersResult

from .exceptions import (
    InvalidParameterException,
    InvalidParameterTypeException,
    InvalidParameterValueException,
    ParameterAlreadyDeclaredException,
    ParameterImmutableException,
    ParameterNotDeclaredException,
    ParameterUninitializedException,
)
from .parameter import PARAMETER_SEPARATOR_STRING, Parameter
from .parameter_service import ParameterService
from .parameter_store import ParameterStore, check_range
from .qos import qos_profile_parameter_events

_UNSET = object()


def check_parameter_name(name: str) -> None:
    if (
        not isinstance(name, str)
        or not name
        or name.startswith(".")
        or name.endswith(".")
        or ".." in name
    ):
        raise InvalidParameterException(name)


class NodeParameters:
    """Mixed into Node; needs create_publisher, create_service, get_clock,
    get_fully_qualified_name."""

    def _rcl_init_parameters(
        self: Any,
        from_arguments: dict[str, Parameter],
        from_code: list[Parameter],
        allow_undeclared: bool,
        declare_all: bool,
        services: bool,
    ) -> None:
        from .time_source import TimeSource

        # As in rclpy: values given in code are stronger than those from the command line.
        self._parameter_overrides: dict[str, Parameter] = dict(from_arguments)
        self._parameter_overrides.update((each.name, each) for each in from_code)
        self._parameter_event_publisher: Any = self.create_publisher(
            ParameterEvent, "/parameter_events", qos_profile_parameter_events
        )
        self._rcl_store = ParameterStore(allow_undeclared, self._rcl_publish_parameter_event)
        if declare_all:
            for name, parameter in self._parameter_overrides.items():
                if not self.has_parameter(name):
                    self.declare_parameter(
                        name, parameter.value, ParameterDescriptor(dynamic_typing=True)
                    )
        self._time_source = TimeSource(self)
        if services:
            self._parameter_service = ParameterService(self)

    def _rcl_publish_parameter_event(
        self: Any, new: list[Any], changed: list[Any], deleted: list[Any]
    ) -> None:
        if not self._context.ok() or not (new or changed or deleted):
            return
        self._parameter_event_publisher.publish(
            ParameterEvent(
                stamp=self._clock.now().to_msg(),
                node=self.get_fully_qualified_name(),
                new_parameters=new,
                changed_parameters=changed,
                deleted_parameters=deleted,
            )
        )

    # -- declaring
    # ------------------------------------------------------------------------------------------------
    def declare_parameter(
        self: Any,
        name: str,
        value: Any = _UNSET,
        descriptor: Any = None,
        ignore_override: bool = False,
    ) -> Parameter:
        """Declare one parameter; `value` may be a Parameter.Type (no default, an override is
        needed to read it)."""
        args: tuple[Any, ...] = (name,) if value is _UNSET else (name, value)
        if descriptor is not None:
            args = (name, None if value is _UNSET else value, descriptor)
        return self.declare_parameters("", [args], ignore_override)[0]  # type: ignore[no-any-return]

    def declare_parameters(
        self: Any,
        namespace: str,
        parameters: Sequence[tuple[Any, ...]],
        ignore_override: bool = False,
    ) -> list[Parameter]:
        """Each entry: (name,), (name, value or Parameter.Type), (name, value,
        ParameterDescriptor)."""
        declared = []
        for entry in parameters:
            if not 1 <= len(entry) <= 3:
                raise TypeError(
                    f"Invalid parameter tuple length at {entry!r}: wanted (name[, value[, descriptor]])"
                )
            if not isinstance(entry[0], str):
                raise TypeError(f"First element {entry[0]!r} is not a str (a parameter name)")
            name = f"{namespace}{PARAMETER_SEPARATOR_STRING}{entry[0]}" if namespace else entry[0]
            check_parameter_name(name)
            if name in self._rcl_store.values:
                raise ParameterAlreadyDeclaredException([name])
            given = entry[2] if len(entry) == 3 else None
            if given is not None and not isinstance(given, ParameterDescriptor):
                raise TypeError(
                    f"Third element {given!r} of parameter '{name}' is not a ParameterDescriptor"
                )
            declared.append(self._rcl_declare(name, entry, given, ignore_override))
        return declared

    def _rcl_declare(
        self: Any,
        name: str,
        entry: tuple[Any, ...],
        given: Any,
        ignore_override: bool,
    ) -> Parameter:
        import copy

        # The caller's descriptor may be shared between parameters; keep our own.
        descriptor = ParameterDescriptor() if given is None else copy.copy(given)
        descriptor.name = name
        value: Any = None
        if len(entry) == 1:
            descriptor.dynamic_typing = True
        elif isinstance(entry[1], Parameter.Type):
            if entry[1] is Parameter.Type.NOT_SET:
                raise ValueError(f"Cannot declare parameter '{name}' statically with type NOT_SET")
            if descriptor.dynamic_typing:
                raise ValueError(
                    f"When declaring '{name}' with a type, its descriptor cannot have dynamic_typing"
                )
            descriptor.type = int(entry[1])
        else:
            value = entry[1]
            if not descriptor.dynamic_typing and value is not None:
                try:
                    descriptor.type = int(Parameter.Type.from_parameter_value(value))
                except TypeError as error:
                    raise TypeError(f"parameter '{name}': {error}") from None
            elif value is None and not descriptor.type:
                descriptor.dynamic_typing = True
        override = None if ignore_override else self._parameter_overrides.get(name)
        parameter = Parameter(name, value=value) if override is None else override
        parameter = _widen_empty_list(parameter, descriptor)
        wanted = Parameter.Type(descriptor.type)
        if not descriptor.dynamic_typing and parameter.type_ not in (
            Parameter.Type.NOT_SET,
            wanted,
        ):
            raise InvalidParameterTypeException(parameter, wanted.name)
        result = self._rcl_store.declare(parameter, descriptor)
        if not result.successful:
            raise InvalidParameterValueException(name, parameter.value, result.reason)
        return self._rcl_store.values[name]  # type: ignore[no-any-return]

    def undeclare_parameter(self: Any, name: str) -> None:
        if name not in self._rcl_store.values:
            raise ParameterNotDeclaredException(name)
        if self._rcl_store.descriptors[name].read_only:
            raise ParameterImmutableException(name)
        self._rcl_store.undeclare(name)

    def has_parameter(self: Any, name: str) -> bool:
        return name in self._rcl_store.values

    # -- reading
    # --------------------------------------------------------------------------------------------------
    def get_parameter(self: Any, name: str) -> Parameter:
        """The parameter; raises when it is not declared or has a type but no value yet."""
        found = self._rcl_store.values.get(name)
        if found is not None:
            if (
                found.type_ is Parameter.Type.NOT_SET
                and not self._rcl_store.descriptors[name].dynamic_typing
            ):
                raise ParameterUninitializedException(name)
            return found  # type: ignore[no-any-return]
        if self._rcl_store.allow_undeclared:
            return Parameter(name, Parameter.Type.NOT_SET, None)
        raise ParameterNotDeclaredException(name)

    def get_parameters(self: Any, names: list[str]) -> list[Parameter]:
        if not all(isinstance(name, str) for name in names):
            raise TypeError("All names must be instances of type str")
        return [self.get_parameter(name) for name in names]

    def get_parameter_or(
        self: Any, name: str, alternative_value: Parameter | None = None
    ) -> Parameter:
        found = self._rcl_store.values.get(name)
        if found is not None and found.type_ is not Parameter.Type.NOT_SET:
            return found  # type: ignore[no-any-return]
        return (
            Parameter(name, Parameter.Type.NOT_SET)
            if alternative_value is None
            else alternative_value
        )

    def get_parameters_by_prefix(self: Any, prefix: str) -> dict[str, Parameter]:
        start = f"{prefix}{PARAMETER_SEPARATOR_STRING}" if prefix else ""
        return {
            n[len(start) :]: p for n, p in self._rcl_store.values.items() if n.startswith(start)
        }

    def get_parameter_types(self: Any, names: list[str]) -> list[Parameter.Type]:
        return [self.get_parameter_type(name) for name in names]

    def get_parameter_type(self: Any, name: str) -> Parameter.Type:
        if name in self._rcl_store.values:
            return self._rcl_store.values[name].type_  # type: ignore[no-any-return]
        if self._rcl_store.allow_undeclared:
            return Parameter.Type.NOT_SET
        raise ParameterNotDeclaredException(name)

    def list_parameters(self: Any, prefixes: list[str], depth: int) -> Any:
        from rcl_interfaces.srv import ListParameters

        request = ListParameters.Request(prefixes=prefixes, depth=depth)
        return self._parameter_service._list(request, ListParameters.Response()).result

    def describe_parameter(self: Any, name: str) -> Any:
        if name in self._rcl_store.descriptors:
            return self._rcl_store.descriptors[name]
        if self._rcl_store.allow_undeclared:
            return ParameterDescriptor()
        raise ParameterNotDeclaredException(name)

    def describe_parameters(self: Any, names: list[str]) -> list[Any]:
        return [self.describe_parameter(name) for name in names]

    # -- writing
    # --------------------------------------------------------------------------------------------------
    def set_parameters(self: Any, parameter_list: list[Parameter]) -> list[Any]:
        """Set one by one; one result each."""
        _check_parameters(parameter_list)
        missing = [p.name for p in parameter_list if p.name not in self._rcl_store.values]
        if missing and not self._rcl_store.allow_undeclared:
            raise ParameterNotDeclaredException(missing)
        return [self.set_parameters_atomically([parameter]) for parameter in parameter_list]

    def set_parameters_atomically(self: Any, parameter_list: list[Parameter]) -> Any:
        """Set all or none."""
        _check_parameters(parameter_list)
        return self._rcl_store.set_atomically(parameter_list)

    def set_descriptor(
        self: Any,
        name: str,
        descriptor: Any,
        alternative_value: Any = None,
    ) -> Any:
        if name not in self._rcl_store.values:
            if not self._rcl_store.allow_undeclared:
                raise ParameterNotDeclaredException(name)
            return self.get_parameter(name).get_parameter_value()
        if self._rcl_store.descriptors[name].read_only:
            raise ParameterImmutableException(name)
        current = self._rcl_store.values[name]
        if alternative_value is not None:
            current = Parameter.from_parameter_msg(
                type(current.to_parameter_msg())(name=name, value=alternative_value)
            )
        reason = check_range(current, descriptor)
        if reason:
            raise InvalidParameterValueException(name, current.value, reason)
        self._rcl_store.descriptors[name] = descriptor
        self._rcl_store.values[name] = current
        return current.get_parameter_value()

    # -- callbacks
    # ------------------------------------------------------------------------------------------------
    def add_pre_set_parameters_callback(
        self: Any, callback: Callable[[list[Parameter]], list[Parameter]]
    ) -> None:
        self._rcl_store.pre_set.insert(0, callback)

    def add_on_set_parameters_callback(
        self: Any,
        callback: Callable[[list[Parameter]], SetParametersResult],
    ) -> None:
        self._rcl_store.on_set.append(callback)

    def add_post_set_parameters_callback(
        self: Any, callback: Callable[[list[Parameter]], None]
    ) -> None:
        self._rcl_store.post_set.insert(0, callback)

    def remove_pre_set_parameters_callback(self: Any, callback: Any) -> None:
        self._rcl_store.pre_set.remove(callback)

    def remove_on_set_parameters_callback(self: Any, callback: Any) -> None:
        self._rcl_store.on_set.remove(callback)

    def remove_post_set_parameters_callback(self: Any, callback: Any) -> None:
        self._rcl_store.post_set.remove(callback)


def _widen_empty_list(parameter: Parameter, descriptor: Any) -> Parameter:
    """`[]` fits any list type, whatever type it was guessed to be."""
    kind = Parameter.Type
    empty = parameter.type_ >= kind.BYTE_ARRAY and len(parameter.value) == 0
    if empty and descriptor.type >= int(kind.BYTE_ARRAY) and not descriptor.dynamic_typing:
        return Parameter(parameter.name, kind(descriptor.type), [])
    return parameter


def _check_parameters(parameters: Any) -> None:
    for parameter in parameters:
        if not isinstance(parameter, Parameter):
            raise TypeError(
                f"parameter must be instance of type '{Parameter!r}', got {parameter!r}"
            )
