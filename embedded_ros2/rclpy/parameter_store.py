"""The parameters of one node: declared values, descriptors, checks, callbacks."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from rcl_interfaces.msg import ParameterDescriptor, SetParametersResult

from .parameter import Parameter

NOT_SET = Parameter.Type.NOT_SET
SetCallback = Callable[[list[Parameter]], Any]


def check_range(parameter: Parameter, descriptor: Any) -> str:
    """Why the value is outside the descriptor's range, '' when it is inside."""
    if parameter.type_ is Parameter.Type.INTEGER and descriptor.integer_range:
        bounds, value = descriptor.integer_range[0], parameter.value
        if value in (bounds.from_value, bounds.to_value):
            return ""
        if not bounds.from_value <= value <= bounds.to_value:
            return (
                f"Parameter {parameter.name} out of range. Min: {bounds.from_value}, Max: {bounds.to_value}, "
                f"value: {value}"
            )
        if bounds.step and (value - bounds.from_value) % bounds.step:
            return f"The parameter value for {parameter.name} is not a valid step ({bounds.step}): {value}"
    if parameter.type_ is Parameter.Type.DOUBLE and descriptor.floating_point_range:
        bounds, value = descriptor.floating_point_range[0], parameter.value
        close = 1e-9 * max(1.0, abs(bounds.from_value), abs(bounds.to_value))
        if not bounds.from_value - close <= value <= bounds.to_value + close:
            return (
                f"Parameter {parameter.name} out of range. Min: {bounds.from_value}, Max: {bounds.to_value}, "
                f"value: {value}"
            )
        if bounds.step and abs(value - bounds.to_value) > close:
            steps = (value - bounds.from_value) / bounds.step
            if abs(steps - round(steps)) > 1e-6:
                return f"The parameter value for {parameter.name} is not a valid step ({bounds.step}): {value}"
    return ""


class ParameterStore:
    """Values by name. `publish_event(new, changed, deleted)` tells the world after each change."""

    def __init__(
        self,
        allow_undeclared: bool,
        publish_event: Callable[[list[Any], list[Any], list[Any]], None],
    ) -> None:
        self.values: dict[str, Parameter] = {}
        self.descriptors: dict[str, Any] = {}
        self.allow_undeclared = allow_undeclared
        self.pre_set: list[Callable[[list[Parameter]], list[Parameter]]] = []
        self.on_set: list[SetCallback] = []
        self.post_set: list[Callable[[list[Parameter]], None]] = []
        self._publish_event = publish_event
        self._lock = threading.RLock()

    def declare(self, parameter: Parameter, descriptor: Any) -> Any:
        """Store a new parameter; the result tells why not."""
        with self._lock:
            self.descriptors[parameter.name] = descriptor
            result = self._apply([parameter], declaring=True)
            if not result.successful:
                del self.descriptors[parameter.name]
            return result

    def undeclare(self, name: str) -> None:
        with self._lock:
            gone = self.values.pop(name)
            del self.descriptors[name]
        self._publish_event([], [], [gone.to_parameter_msg()])

    def set_atomically(self, parameters: list[Parameter]) -> Any:
        """Set all or none."""
        with self._lock:
            for callback in self.pre_set:
                parameters = callback(list(parameters))
                if not parameters:
                    return SetParametersResult(
                        successful=False,
                        reason="parameter list cannot be empty, this might be due to "
                        "pre_set_parameters_callback modifying the original parameters list.",
                    )
            for parameter in parameters:
                if parameter.name not in self.values:
                    if not self.allow_undeclared:
                        from .exceptions import ParameterNotDeclaredException

                        raise ParameterNotDeclaredException([parameter.name])
                    self.descriptors.setdefault(
                        parameter.name,
                        ParameterDescriptor(
                            name=parameter.name, type=int(parameter.type_), dynamic_typing=True
                        ),
                    )
            return self._apply(parameters)

    def _refusal(self, parameter: Parameter, declaring: bool) -> str:
        descriptor = self.descriptors[parameter.name]
        if descriptor.read_only and not declaring:
            return f"Trying to set a read-only parameter: {parameter.name}."
        if not descriptor.dynamic_typing and not (declaring and parameter.type_ is NOT_SET):
            wanted = descriptor.type
            if parameter.type_ is NOT_SET:
                return f"Static parameter cannot be undeclared: {parameter.name}."
            if wanted and int(parameter.type_) != wanted:
                return (
                    f"Wrong parameter type, parameter {parameter.name!r} expected "
                    f"'{Parameter.Type(wanted).name}', got '{parameter.type_.name}'"
                )
        return check_range(parameter, descriptor)

    def _apply(self, parameters: list[Parameter], declaring: bool = False) -> Any:
        for parameter in parameters:
            reason = self._refusal(parameter, declaring)
            if reason:
                return SetParametersResult(successful=False, reason=reason)
        for callback in reversed(self.on_set):
            result = callback(list(parameters))
            if not isinstance(result, SetParametersResult):
                raise TypeError(
                    f"a set-parameters callback must return a SetParametersResult, got {type(result).__name__}"
                )
            if not result.successful:
                return result
        new: list[Any] = []
        changed: list[Any] = []
        deleted: list[Any] = []
        for parameter in parameters:
            known = self.values.get(parameter.name)
            message = parameter.to_parameter_msg()
            if parameter.type_ is NOT_SET and not declaring:
                self.values.pop(parameter.name, None)
                self.descriptors.pop(parameter.name, None)
                deleted.append(message)
                continue
            (new if known is None or known.type_ is NOT_SET else changed).append(message)
            self.values[parameter.name] = parameter
            self.descriptors[parameter.name].name = parameter.name
            if (
                not self.descriptors[parameter.name].type
                or self.descriptors[parameter.name].dynamic_typing
            ):
                self.descriptors[parameter.name].type = int(parameter.type_)
        for post in self.post_set:
            post(list(parameters))
        self._publish_event(new, changed, deleted)
        return SetParametersResult(successful=True)
