"""Make the Python classes of messages, services and actions, one at a time, when they are first
asked for.

The classes behave as those of rosidl_generator_py: keyword-only constructors with defaults, slots,
checked
assignment, `get_fields_and_field_types()`, equality, repr, constants on the class. Sequences of
numbers are
`array.array`, fixed arrays of numbers are `numpy.ndarray`, other sequences are lists.
"""

from __future__ import annotations

import array
import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .definitions import registry
from .fields import ARRAY_CODES, INTEGER_RANGES, NUMPY_NAMES, Definition, Field, FieldType, Kind

_lock = threading.RLock()
_classes: dict[str, type] = {}


class FieldError(AssertionError, TypeError):
    """A value that does not fit the field it is assigned to.

    rclpy raises AssertionError here; TypeError is what one would expect. This is both.
    """


def _fail(owner: str, field: str, wanted: str, value: object) -> FieldError:
    shown = repr(value)
    shown = shown if len(shown) <= 60 else shown[:57] + "..."
    return FieldError(
        f"{owner}: field '{field}' wants {wanted}, got {type(value).__name__} {shown}"
    )


def _is_list_like(value: object) -> bool:
    return isinstance(value, (Sequence, set, frozenset)) and not isinstance(
        value, (str, bytes, bytearray)
    )


Checker = Callable[[Any], Any]


def _scalar_checker(owner: str, name: str, kind: FieldType) -> Checker:
    base = kind.base
    if base in INTEGER_RANGES:
        low, high = INTEGER_RANGES[base]

        def check_int(value: Any) -> Any:
            if not isinstance(value, int):
                raise _fail(owner, name, f"an int ({base})", value)
            if not low <= value <= high:
                raise _fail(owner, name, f"{base} in [{low}, {high}]", value)
            return value

        return check_int
    if base in ("float32", "float64"):

        def check_float(value: Any) -> Any:
            if not isinstance(value, float):
                raise _fail(owner, name, f"a float ({base})", value)
            return value

        return check_float
    if base == "bool":

        def check_bool(value: Any) -> Any:
            if not isinstance(value, bool):
                raise _fail(owner, name, "a bool", value)
            return value

        return check_bool
    if base == "byte":

        def check_byte(value: Any) -> Any:
            if not (isinstance(value, (bytes, bytearray)) and len(value) == 1):
                raise _fail(owner, name, "bytes of length 1", value)
            return bytes(value)

        return check_byte
    if base in ("string", "wstring"):
        bound = kind.string_bound

        def check_string(value: Any) -> Any:
            if not isinstance(value, str):
                raise _fail(owner, name, "a str", value)
            if bound and len(value) > bound:
                raise _fail(owner, name, f"at most {bound} characters", value)
            return value

        return check_string
    cls = structure_class(base)

    def check_message(value: Any) -> Any:
        if not isinstance(value, cls):
            raise _fail(owner, name, f"a {cls.__module__}.{cls.__qualname__}", value)
        return value

    return check_message


def _length_ok(kind: FieldType, length: int) -> bool:
    if kind.kind is Kind.ARRAY:
        return length == kind.size
    return not kind.size or length <= kind.size


def _number_sequence_checker(owner: str, name: str, kind: FieldType) -> Checker:
    code = ARRAY_CODES[kind.base]
    scalar = _scalar_checker(owner, name, FieldType(kind.base))
    wanted = f"a sequence of {kind.base}" + (f" of at most {kind.size} values" if kind.size else "")
    dtype = np.dtype(NUMPY_NAMES[kind.base])
    is_byte = code in "Bb"

    def check(value: Any) -> array.array[Any]:
        if isinstance(value, array.array):
            if value.typecode != code:
                raise _fail(owner, name, f"{wanted} (array typecode '{code}')", value)
            made = value
        elif isinstance(value, np.ndarray):
            if value.dtype != dtype:
                raise _fail(
                    owner, name, f"{wanted} (numpy dtype {dtype}, here {value.dtype})", value
                )
            made = array.array(code)
            if value.size:
                raw: Any = np.ascontiguousarray(value)
                made.frombytes(memoryview(raw).cast("B"))
        elif is_byte and isinstance(value, (bytes, bytearray, memoryview)):
            made = array.array(code)
            made.frombytes(memoryview(value).cast("B"))
        elif _is_list_like(value):
            made = array.array(code, [scalar(item) for item in value])
        else:
            raise _fail(owner, name, wanted, value)
        if not _length_ok(kind, len(made)):
            raise _fail(owner, name, wanted, value)
        return made

    return check


def _number_array_checker(owner: str, name: str, kind: FieldType) -> Checker:
    dtype = np.dtype(NUMPY_NAMES[kind.base])
    scalar = _scalar_checker(owner, name, FieldType(kind.base))
    wanted = f"{kind.size} values of {kind.base}"

    def check(value: Any) -> Any:
        if isinstance(value, np.ndarray):
            if value.dtype != dtype or value.shape != (kind.size,):
                raise _fail(owner, name, f"{wanted} (numpy {dtype}, shape ({kind.size},))", value)
            return value
        if isinstance(value, (bytes, bytearray, memoryview)) and dtype.itemsize == 1:
            made = np.frombuffer(bytes(value), dtype=dtype).copy()
        elif isinstance(value, array.array) or _is_list_like(value):
            made = np.array([scalar(item) for item in value], dtype=dtype)
        else:
            raise _fail(owner, name, wanted, value)
        if len(made) != kind.size:
            raise _fail(owner, name, wanted, value)
        return made

    return check


def _object_list_checker(owner: str, name: str, kind: FieldType) -> Checker:
    scalar = _scalar_checker(owner, name, FieldType(kind.base, string_bound=kind.string_bound))
    count = (
        f"{kind.size} "
        if kind.kind is Kind.ARRAY
        else (f"at most {kind.size} " if kind.size else "")
    )
    wanted = f"a sequence of {count}{kind.base}"

    def check(value: Any) -> Any:
        if not _is_list_like(value):
            raise _fail(owner, name, wanted, value)
        if not _length_ok(kind, len(value)):
            raise _fail(owner, name, wanted, value)
        for item in value:
            scalar(item)
        return value if isinstance(value, list) else list(value)

    return check


def _checker(owner: str, field: Field) -> Checker:
    kind = field.type
    if kind.kind is Kind.SCALAR:
        return _scalar_checker(owner, field.name, kind)
    if kind.is_numeric:
        make = _number_sequence_checker if kind.kind is Kind.SEQUENCE else _number_array_checker
        return make(owner, field.name, kind)
    return _object_list_checker(owner, field.name, kind)


_ZERO: dict[str, object] = {
    "bool": False,
    "byte": b"\x00",
    "float32": 0.0,
    "float64": 0.0,
    "string": "",
    "wstring": "",
}


def _default_maker(field: Field, check: Checker) -> str | Callable[[], Any]:
    """An expression for constant defaults, a factory for the others."""
    kind = field.type
    if kind.kind is Kind.SCALAR:
        if kind.is_primitive:
            return repr(_ZERO.get(kind.base, 0) if field.default is None else field.default)
        return structure_class(kind.base)
    if field.default is not None:
        default = field.default
        return lambda: check(list(default))  # type: ignore[call-overload]
    if kind.is_numeric:
        if kind.kind is Kind.SEQUENCE:
            code = ARRAY_CODES[kind.base]
            return lambda: array.array(code)
        dtype, size = NUMPY_NAMES[kind.base], kind.size
        return lambda: np.zeros(size, dtype=dtype)
    if kind.kind is Kind.SEQUENCE:
        return list
    if kind.is_primitive:
        zero, count = _ZERO[kind.base], kind.size
        return lambda: [zero] * count
    cls, length = structure_class(kind.base), kind.size
    return lambda: [cls() for _ in range(length)]


def _equal(left: Any, right: Any) -> bool:
    if isinstance(left, np.ndarray) or isinstance(right, np.ndarray):
        return bool(np.array_equal(left, right))
    return bool(left == right)


class MessageBase:
    """Common to all generated structures."""

    __slots__ = ()
    _ros_definition_: Definition
    _ros_names_: tuple[str, ...] = ()

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return all(_equal(getattr(self, name), getattr(other, name)) for name in self._ros_names_)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        module = type(self).__module__
        inside = ", ".join(f"{name}={getattr(self, name)!r}" for name in self._ros_names_)
        return f"{module}.{type(self).__qualname__}({inside})"

    @classmethod
    def get_fields_and_field_types(cls) -> dict[str, str]:
        return {field.name: field.type.ros_name() for field in cls._ros_definition_.fields}


def _make_class(definition: Definition) -> type:
    package, kind, base = definition.name.split("/")
    names = tuple(field.name for field in definition.fields)
    scope: dict[str, Any] = {}
    parameters, body = [], []
    namespace: dict[str, Any] = {
        "__slots__": tuple(f"_{name}" for name in names),
        "__module__": f"{package}.{kind}",
        "__qualname__": base,
        "_ros_definition_": definition,
        "_ros_names_": names,
        "SLOT_TYPES": tuple(field.type for field in definition.fields),
    }
    for constant in definition.constants:
        namespace[constant.name] = constant.value
    for field in definition.fields:
        check = _checker(f"{package}.{kind}.{base}", field)
        maker = _default_maker(field, check)
        scope[f"c_{field.name}"] = check
        default = maker if isinstance(maker, str) else f"d_{field.name}()"
        if not isinstance(maker, str):
            scope[f"d_{field.name}"] = maker
        parameters.append(f"{field.name}=None")
        body.append(
            f"    self._{field.name} = {default} if {field.name} is None else c_{field.name}({field.name})"
        )
        lines = (
            f"def get(self): return self._{field.name}\n"
            f"def set(self, value): self._{field.name} = c_{field.name}(value)\n"
        )
        local: dict[str, Any] = {}
        exec(lines, scope, local)
        namespace[field.name] = property(local["get"], local["set"])
    signature = f"self, *, {', '.join(parameters)}" if parameters else "self"
    local = {}
    exec(f"def __init__({signature}):\n" + ("\n".join(body) or "    pass"), scope, local)
    namespace["__init__"] = local["__init__"]
    return type(base, (MessageBase,), namespace)


def structure_class(name: str) -> type:
    """The class of one structure: 'package/msg/Name' or a part such as
    'package/srv/Name_Request'."""
    found = _classes.get(name)
    if found is None:
        with _lock:
            found = _classes.get(name)
            if found is None:
                found = _classes[name] = _make_class(registry.definition(name))
    return found


def full_name(cls: type) -> str:
    """'package/msg/Name' of a message class; TypeError for anything else."""
    definition = getattr(cls, "_ros_definition_", None)
    if definition is None:
        raise TypeError(f"{cls!r} is not a ROS message class")
    return str(definition.name)


class ServiceMeta(type):
    def __call__(cls, *args: object, **kwargs: object) -> Any:
        raise NotImplementedError("Service classes can not be instantiated")


class ActionMeta(type):
    def __call__(cls, *args: object, **kwargs: object) -> Any:
        raise NotImplementedError("Action classes can not be instantiated")


def service_class(name: str) -> type:
    """'package/srv/Name' -> a class with Request and Response."""
    with _lock:
        if name not in _classes:
            package, kind, base = name.split("/")
            made = ServiceMeta(
                base,
                (),
                {
                    "__module__": f"{package}.{kind}",
                    "_service_name": name,
                    "Request": structure_class(f"{name}_Request"),
                    "Response": structure_class(f"{name}_Response"),
                },
            )
            _classes[name] = made
        return _classes[name]


def action_class(name: str) -> type:
    """'package/action/Name' -> a class with Goal, Result, Feedback and Impl (the wire's services
    and topics)."""
    with _lock:
        if name not in _classes:
            package, kind, base = name.split("/")
            impl = type(
                "Impl",
                (),
                {
                    "SendGoalService": service_class(f"{name}_SendGoal"),
                    "GetResultService": service_class(f"{name}_GetResult"),
                    "FeedbackMessage": structure_class(f"{name}_FeedbackMessage"),
                    "CancelGoalService": service_class("action_msgs/srv/CancelGoal"),
                    "GoalStatusMessage": structure_class("action_msgs/msg/GoalStatusArray"),
                },
            )
            _classes[name] = ActionMeta(
                base,
                (),
                {
                    "__module__": f"{package}.{kind}",
                    "_action_name": name,
                    "Impl": impl,
                    "Goal": structure_class(f"{name}_Goal"),
                    "Result": structure_class(f"{name}_Result"),
                    "Feedback": structure_class(f"{name}_Feedback"),
                },
            )
        return _classes[name]


def interface_class(name: str) -> type:
    """Any interface by its full name."""
    kind = name.split("/")[1]
    if kind == "srv" and not name.endswith(("_Request", "_Response")):
        return service_class(name)
    if kind == "action" and f"{name}_Goal" in registry.names(name.split("/")[0]):
        return action_class(name)
    return structure_class(name)
