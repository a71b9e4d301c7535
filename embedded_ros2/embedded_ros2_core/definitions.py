"""Where the definition of an interface comes from: our own `definitions/*.idef`, else the rosbags
type store, else the .msg, .srv and .action files of a ROS 2 package that is installed.

An .idef file holds the interfaces of one package in the ordinary .msg/.srv/.action syntax, each
under a line
`[msg/Name]`. Nothing is read before the first interface of that package is asked for.
"""

from __future__ import annotations

import ast
import re
import threading
from functools import cached_property
from pathlib import Path
from typing import Any

from .fields import Constant, Definition, Field, FieldType, Kind, parse_type
from .interface_files import definition_files

DEFINITIONS_DIR = Path(__file__).parent / "definitions"
_CONSTANT = re.compile(r"^(?P<type>\S+)\s+(?P<name>[A-Z][A-Z0-9_]*)\s*=\s*(?P<value>.+)$")
# A '#' outside of quotes; a quoted default may hold one.
_COMMENT = re.compile(r"""^((?:[^"'#]|"[^"]*"|'[^']*')*)#.*$""")
_SERVICE_PARTS = ("Request", "Response")
_ACTION_PARTS = ("Goal", "Result", "Feedback")

# Default values that the definitions of ROS carry and the rosbags store drops.
_DEFAULTS: dict[tuple[str, str], object] = {("geometry_msgs/msg/Quaternion", "w"): 1.0}


class UnknownInterface(LookupError):
    """No definition under this name."""


def _literal(text: str, type_name: str) -> object:
    text = text.strip()
    if type_name == "string":
        return ast.literal_eval(text) if text[:1] in "\"'" else text
    if type_name == "bool":
        return text.lower() in ("true", "1")
    if type_name == "byte":
        return bytes([int(text, 0)])
    value = ast.literal_eval(text)
    return float(value) if type_name.startswith("float") else value


def parse_section(name: str, lines: list[str]) -> Definition:
    """Parse the lines of one structure; `name` is its full name ('package/msg/Name')."""
    package = name.split("/")[0]
    fields: list[Field] = []
    constants: list[Constant] = []
    for raw in lines:
        line = _COMMENT.sub(r"\1", raw).strip()
        if not line:
            continue
        constant = _CONSTANT.match(line)
        if constant and "<=" not in constant["type"][-3:]:
            kind = constant["type"]
            constants.append(Constant(constant["name"], kind, _literal(constant["value"], kind)))
            continue
        parts = line.split(None, 2)
        if len(parts) < 2:
            raise ValueError(f"{name}: '{line}' is not '<type> <name> [default]'")
        field_type = parse_type(parts[0], package)
        default = _literal(parts[2], field_type.base) if len(parts) == 3 else None
        fields.append(Field(parts[1], field_type, default))
    return Definition(name, tuple(fields), tuple(constants))


def parse_interface(package: str, kind: str, base: str, text: str) -> dict[str, Definition]:
    """The structures of one interface: of a message one, of services and actions their parts.

    Raises:
        ValueError: the text is no definition of this kind.
    """
    sections: list[list[str]] = [[]]
    for line in text.splitlines():
        if line.strip() == "---":
            sections.append([])
        else:
            sections[-1].append(line)
    suffixes: tuple[str, ...] = {"msg": ("",), "srv": _SERVICE_PARTS, "action": _ACTION_PARTS}[kind]
    if len(sections) != len(suffixes):
        raise ValueError(
            f"{package}/{kind}/{base}: {len(sections)} parts, wanted {len(suffixes)}, "
            "divided by lines of ---"
        )
    names = [f"{package}/{kind}/{base}" + (f"_{suffix}" if suffix else "") for suffix in suffixes]
    return {name: parse_section(name, lines) for name, lines in zip(names, sections)}


def parse_idef(package: str, text: str) -> dict[str, Definition]:
    """All structures of an .idef file, services and actions split in their parts."""
    found: dict[str, Definition] = {}
    for block in re.split(r"^\[", text, flags=re.MULTILINE)[1:]:
        head, _, body = block.partition("]")
        kind, base = head.strip().split("/")
        found.update(parse_interface(package, kind, base, body))
    return found


def _action_wrappers(package: str, base: str) -> dict[str, Definition]:
    """The service and topic structures that an action is made of on the wire."""
    prefix = f"{package}/action/{base}"
    goal_id = Field("goal_id", FieldType("unique_identifier_msgs/msg/UUID"))
    stamp = Field("stamp", FieldType("builtin_interfaces/msg/Time"))
    shapes: dict[str, tuple[Field, ...]] = {
        "SendGoal_Request": (goal_id, Field("goal", FieldType(f"{prefix}_Goal"))),
        "SendGoal_Response": (Field("accepted", FieldType("bool")), stamp),
        "GetResult_Request": (goal_id,),
        "GetResult_Response": (
            Field("status", FieldType("int8")),
            Field("result", FieldType(f"{prefix}_Result")),
        ),
        "FeedbackMessage": (goal_id, Field("feedback", FieldType(f"{prefix}_Feedback"))),
    }
    return {
        f"{prefix}_{suffix}": Definition(f"{prefix}_{suffix}", fields)
        for suffix, fields in shapes.items()
    }


class Registry:
    """Finds definitions by full name, reading each source once."""

    def __init__(self, folder: Path = DEFINITIONS_DIR) -> None:
        self._folder = folder
        self._known: dict[str, Definition] = {}
        self._read: set[str] = set()
        self._lock = threading.RLock()

    @cached_property
    def _rosbags(self) -> dict[str, Any]:
        from rosbags.typesys import Stores, get_typestore

        return dict(get_typestore(Stores.ROS2_JAZZY).fielddefs)

    def _read_package(self, package: str) -> None:
        if package in self._read:
            return
        path = self._folder / f"{package}.idef"
        found: dict[str, Definition] = {}
        if path.is_file():
            found = parse_idef(package, path.read_text(encoding="utf-8"))
        elif not any(name.startswith(f"{package}/") for name in self._rosbags):
            found = _read_files(package)
        self._read.add(package)
        for name in [name for name in found if name.endswith("_Goal") and "/action/" in name]:
            found.update(_action_wrappers(package, name.split("/")[2][: -len("_Goal")]))
        self._known.update(found)

    def definition(self, name: str) -> Definition:
        """The structure `name` ('package/msg/Name'); raises UnknownInterface."""
        with self._lock:
            if name not in self._known:
                package = name.split("/")[0]
                self._read_package(package)
                if name not in self._known:
                    if name not in self._rosbags:
                        raise UnknownInterface(
                            f"no interface '{name}'; package '{package}' has: {', '.join(self.names(package)) or '-'}"
                        )
                    self._known[name] = _from_rosbags(name, self._rosbags[name])
            return self._known[name]

    def names(self, package: str) -> list[str]:
        """Every structure of a package, services and actions as their parts."""
        with self._lock:
            self._read_package(package)
            ours = {name for name in self._known if name.startswith(f"{package}/")}
            return sorted(ours | {name for name in self._rosbags if name.startswith(f"{package}/")})

    def interfaces(self, package: str) -> list[str]:
        """The interfaces of a package as `ros2 interface package` lists them."""
        found = set()
        for name in self.names(package):
            _, kind, base = name.split("/")
            if kind == "srv":
                base = base.rsplit("_", 1)[0]
            elif kind == "action":
                base = base.split("_", 1)[0]
            found.add(f"{package}/{kind}/{base}")
        return sorted(found)


def _read_files(package: str) -> dict[str, Definition]:
    found: dict[str, Definition] = {}
    for kind, path in definition_files(package):
        try:
            found.update(parse_interface(package, kind, path.stem, path.read_text("utf-8")))
        except (ValueError, SyntaxError) as error:
            raise ValueError(f"{path} is no {kind} definition: {error}") from error
    return found


def _from_rosbags(name: str, raw: Any) -> Definition:
    def convert(desc: Any) -> FieldType:
        node = int(desc[0])  # rosbags Nodetype: 1 base, 2 name, 3 array, 4 sequence
        if node == 1:
            return FieldType(desc[1][0], string_bound=desc[1][1] or 0)
        if node == 2:
            return FieldType(desc[1])
        inner = convert(desc[1][0])
        kind = Kind.ARRAY if node == 3 else Kind.SEQUENCE
        return FieldType(inner.base, kind, desc[1][1] or 0, inner.string_bound)

    constants, fields = raw
    return Definition(
        name,
        tuple(
            Field(field, convert(desc), _DEFAULTS.get((name, field)))
            for field, desc in fields
            if field != "structure_needs_at_least_one_member"
        ),
        tuple(
            Constant(
                c, kind, bytes([value]) if kind == "byte" and isinstance(value, int) else value
            )
            for c, kind, value in constants
        ),
    )


registry = Registry()
