"""Exceptions of rclpy."""

from __future__ import annotations

from typing import Any

from embedded_ros2_core.names import InvalidName


class NotInitializedException(Exception):
    """rclpy.init() has not been called, or the context was shut down."""

    def __init__(self, *args: object) -> None:
        super().__init__("rclpy.init() has not been called", *args)


class NoTypeSupportImportedException(Exception):
    pass


class TimerCancelledError(Exception):
    pass


class NameValidationException(ValueError):
    """A topic, service, node or namespace name that breaks the rules."""

    def __init__(self, name_type: str, name: str, error_msg: str, invalid_index: int) -> None:
        super().__init__(
            f"Invalid {name_type}: {error_msg}:\n  '{name}'\n   {' ' * invalid_index}^"
        )
        self.name_type, self.name, self.error_msg, self.invalid_index = (
            name_type,
            name,
            error_msg,
            invalid_index,
        )


class InvalidNamespaceException(NameValidationException):
    def __init__(self, name: str, error_msg: str, invalid_index: int) -> None:
        super().__init__("namespace", name, error_msg, invalid_index)


class InvalidNodeNameException(NameValidationException):
    def __init__(self, name: str, error_msg: str, invalid_index: int) -> None:
        super().__init__("node name", name, error_msg, invalid_index)


class InvalidTopicNameException(NameValidationException):
    def __init__(self, name: str, error_msg: str, invalid_index: int) -> None:
        super().__init__("topic name", name, error_msg, invalid_index)


class InvalidServiceNameException(NameValidationException):
    def __init__(self, name: str, error_msg: str, invalid_index: int) -> None:
        super().__init__("service name", name, error_msg, invalid_index)


_BY_KIND = {
    "namespace": InvalidNamespaceException,
    "node name": InvalidNodeNameException,
    "topic name": InvalidTopicNameException,
    "service name": InvalidServiceNameException,
}


def from_name_error(error: InvalidName) -> NameValidationException:
    """The rclpy exception for an error of embedded_ros2_core.names."""
    cls: Any = _BY_KIND.get(error.kind)
    if cls is None:
        return NameValidationException(error.kind, error.name, error.why, error.index)
    return cls(error.name, error.why, error.index)  # type: ignore[no-any-return]


class ParameterException(Exception):
    """Base of the parameter errors."""

    def __init__(self, error_msg: str, parameters: Any, *args: object) -> None:
        super().__init__(f"{error_msg}: {parameters}", *args)


class ParameterNotDeclaredException(ParameterException):
    def __init__(self, parameters: Any, *args: object) -> None:
        super().__init__("Invalid access to undeclared parameter(s)", parameters, *args)


class ParameterAlreadyDeclaredException(ParameterException):
    def __init__(self, parameters: Any, *args: object) -> None:
        super().__init__("Parameter(s) already declared", parameters, *args)


class InvalidParameterException(ParameterException):
    def __init__(self, parameter: Any, *args: object) -> None:
        super().__init__("Invalid parameter name", parameter, *args)


class InvalidParameterTypeException(ParameterException):
    def __init__(self, desired_parameter: Any, actual_type: Any) -> None:
        self.param_name = desired_parameter.name
        Exception.__init__(
            self,
            f"Trying to set parameter '{desired_parameter.name}' to '{desired_parameter.value}' of type "
            f"'{desired_parameter.type_.name}', expecting type '{actual_type}'",
        )


class InvalidParameterValueException(ParameterException):
    def __init__(self, parameter: Any, value: Any, reason: str) -> None:
        Exception.__init__(
            self, f"Invalid parameter value ({value}) for parameter '{parameter}'. Reason: {reason}"
        )


class ParameterImmutableException(ParameterException):
    def __init__(self, parameter: Any, *args: object) -> None:
        super().__init__("Attempted to modify read-only parameter", parameter, *args)


class ParameterUninitializedException(ParameterException):
    def __init__(self, parameter: Any, *args: object) -> None:
        super().__init__("The parameter is not initialized", parameter, *args)


class ROSInterruptException(Exception):
    """A sleep or wait was cut short because the context was shut down."""

    def __init__(self) -> None:
        super().__init__("rclpy.shutdown() has been called")
