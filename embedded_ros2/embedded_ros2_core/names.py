"""Names of nodes, topics, services and parameters: rules, expansion, remapping.

Rules as in rmw and rcl: tokens of letters, digits and '_' that do not start with a digit,
separated by '/'; '~'
stands for the node, '{node}', '{ns}' and '{namespace}' are substituted.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_TOKEN = re.compile(r"^[A-Za-z_][A-Za-z0-9_]*$")
_SUBSTITUTION = re.compile(r"\{([^{}]*)\}")
_RULE = re.compile(
    r"^(?:(?P<node>[A-Za-z_][A-Za-z0-9_]*):(?!//))?(?P<match>rostopic://[^:=]+|rosservice://[^:=]+|[^:=]+):=(?P<to>.+)$"
)
MAX_NODE_NAME = 255


class InvalidName(ValueError):
    """A name that breaks the rules. Attributes: name, kind, index of the offending character."""

    def __init__(self, kind: str, name: str, why: str, index: int = 0) -> None:
        super().__init__(f"Invalid {kind}: {why}:\n  '{name}'\n   {' ' * index}^")
        self.kind, self.name, self.why, self.index = kind, name, why, index


def check_node_name(name: str) -> None:
    if not name:
        raise InvalidName("node name", name, "node name must not be empty")
    if len(name) > MAX_NODE_NAME:
        raise InvalidName("node name", name, f"node name is longer than {MAX_NODE_NAME} characters")
    for index, char in enumerate(name):
        if not (char.isascii() and (char.isalnum() or char == "_")):
            raise InvalidName(
                "node name",
                name,
                "node name must not contain characters other than alphanumerics or '_'",
                index,
            )
    if name[0].isdigit():
        raise InvalidName("node name", name, "node name must not start with a number")


def check_namespace(namespace: str) -> None:
    if not namespace.startswith("/"):
        raise InvalidName(
            "namespace", namespace, "namespace must be absolute, it must lead with a '/'"
        )
    if namespace != "/":
        _check_tokens("namespace", namespace, namespace[1:], 1)


def _check_tokens(kind: str, name: str, text: str, start: int) -> None:
    index = start
    for token in text.split("/"):
        if not token:
            why = (
                "must not end with a '/'"
                if index >= len(name)
                else "must not contain an empty token ('//')"
            )
            raise InvalidName(kind, name, f"{kind} {why}", max(index - 1, 0))
        if not _TOKEN.match(token):
            if token[0].isdigit():
                raise InvalidName(kind, name, f"{kind} token must not start with a number", index)
            bad = next(
                i for i, c in enumerate(token) if not (c.isascii() and (c.isalnum() or c == "_"))
            )
            raise InvalidName(
                kind,
                name,
                f"{kind} must not contain characters other than alphanumerics, '_', '~', '{{', or '}}'",
                index + bad,
            )
        index += len(token) + 1


def check_full_name(name: str, kind: str = "topic name") -> None:
    if not name.startswith("/"):
        raise InvalidName(kind, name, f"{kind} must be absolute, it must lead with a '/'")
    _check_tokens(kind, name, name[1:], 1)


def join(namespace: str, name: str) -> str:
    return f"/{name}" if namespace == "/" else f"{namespace}/{name}"


def expand(name: str, node: str, namespace: str, kind: str = "topic name") -> str:
    """The absolute form of `name` as node `node` in `namespace` means it."""
    if not name:
        raise InvalidName(kind, name, f"{kind} must not be empty")
    known = {"node": node, "ns": namespace, "namespace": namespace}

    def substitute(match: re.Match[str]) -> str:
        if match[1] not in known:
            raise InvalidName(kind, name, f"unknown substitution '{{{match[1]}}}'", match.start())
        return known[match[1]]

    full = _SUBSTITUTION.sub(substitute, name)
    if full.startswith("~"):
        if len(full) > 1 and full[1] != "/":
            raise InvalidName(kind, name, f"{kind} must have a '/' after '~'", 1)
        full = join(namespace, node) + full[1:]
    elif not full.startswith("/"):
        full = join(namespace, full)
    full = full.replace("//", "/") if "{" in name else full
    check_full_name(full, kind)
    return full


def normalize_namespace(namespace: str) -> str:
    """'' and 'ns' become '/' and '/ns', as Node(namespace=...) takes them."""
    if not namespace:
        return "/"
    return namespace if namespace.startswith("/") else f"/{namespace}"


@dataclass(frozen=True)
class RemapRule:
    """`[node:]match:=to`; match is '__node', '__ns' or a topic/service name; kind: 'topic',
    'service' or both ('')."""

    match: str
    replacement: str
    node: str = ""
    kind: str = ""

    def applies_to(self, node: str) -> bool:
        return not self.node or self.node == node


def parse_remap(text: str) -> RemapRule:
    """Parse one remap rule; ValueError tells what is wrong."""
    match = _RULE.match(text)
    if match is None:
        raise ValueError(f"remap rule '{text}' is not '[node:]from:=to'")
    source, kind = match["match"], ""
    for prefix, name in (("rostopic://", "topic"), ("rosservice://", "service")):
        if source.startswith(prefix):
            source, kind = source[len(prefix) :], name
    target = match["to"]
    if source in ("__node", "__name"):
        check_node_name(target)
        source = "__node"
    elif source == "__ns":
        check_namespace(target)
    return RemapRule(source, target, match["node"] or "", kind)


def remap_node_name(name: str, rules: Sequence[RemapRule]) -> str:
    for rule in rules:
        if rule.match == "__node" and rule.applies_to(name):
            return rule.replacement
    return name


def remap_namespace(name: str, namespace: str, rules: Sequence[RemapRule]) -> str:
    for rule in rules:
        if rule.match == "__ns" and rule.applies_to(name):
            return rule.replacement
    return namespace


def resolve(
    name: str, node: str, namespace: str, rules: Sequence[RemapRule], kind: str = "topic"
) -> str:
    """Expand, then apply the first remap rule whose own expansion is this name."""
    full = expand(name, node, namespace, f"{kind} name")
    for rule in rules:
        if rule.match.startswith("__") or not rule.applies_to(node) or rule.kind not in ("", kind):
            continue
        if expand(rule.match, node, namespace, f"{kind} name") == full:
            return expand(rule.replacement, node, namespace, f"{kind} name")
    return full
