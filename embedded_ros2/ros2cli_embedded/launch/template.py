"""Parse texts with ``$(name argument ...)`` by the grammar of the real launch frontend.

The rules worth knowing: arguments are separated by exactly one space; an argument that holds
spaces or parentheses is quoted as a whole with '...' or "..."; inside quotes substitutions are
filled in as well; a backslash takes the next character literally; ``$`` without ``(`` is a ``$``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ros2cli_embedded.launch.errors import SubstitutionError


@dataclass(frozen=True)
class Call:
    """One ``$(name arguments...)``, not yet filled in."""

    name: str
    arguments: tuple[Template, ...]


@dataclass(frozen=True)
class Template:
    """A text cut into literal strings and substitutions."""

    parts: tuple[str | Call, ...]
    source: str

    @property
    def literal(self) -> str | None:
        """The text if there is nothing to fill in, else None."""
        if any(isinstance(part, Call) for part in self.parts):
            return None
        return "".join(str(part) for part in self.parts)

    def calls(self) -> Iterator[Call]:
        """All substitutions of the text, nested ones included."""
        for part in self.parts:
            if isinstance(part, Call):
                yield part
                for argument in part.arguments:
                    yield from argument.calls()


_IDENTIFIER = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def error(self, message: str) -> SubstitutionError:
        return SubstitutionError(f"{message} at character {self.at + 1} of '{self.text}'")

    def peek(self, ahead: int = 0) -> str:
        place = self.at + ahead
        return self.text[place] if place < len(self.text) else ""

    def call_starts(self) -> bool:
        return self.peek() == "$" and self.peek(1) == "("

    def template(self, quote: str) -> Template:
        """Read up to `quote` ("" = up to the end); the closing quote is left unread."""
        start = self.at
        parts: list[str | Call] = []
        text = ""
        while (char := self.peek()) and char != quote:
            if self.call_starts():
                if text:
                    parts.append(text)
                text = ""
                parts.append(self.call(quote))
            else:
                text += self.character()
        if text:
            parts.append(text)
        return Template(tuple(parts), self.text[start : self.at])

    def character(self) -> str:
        char = self.peek()
        if char == "\\" and self.peek(1):
            self.at += 1
            char = self.peek()
        self.at += 1
        return char

    def call(self, quote: str) -> Call:
        self.at += 2
        match = _IDENTIFIER.match(self.text, self.at)
        if match is None:
            raise self.error("expected the name of a substitution after '$('")
        self.at = match.end()
        arguments: list[Template] = []
        while self.peek() == " ":
            self.at += 1
            arguments.append(self.argument(quote))
        if self.peek() != ")":
            raise self.error(
                f"expected ')' to end '$({match.group()}' (quote arguments that hold spaces, "
                "quotes or parentheses)"
            )
        self.at += 1
        return Call(match.group(), tuple(arguments))

    def argument(self, quote: str) -> Template:
        if not quote and self.peek() in ("'", '"') and self.peek():
            inner = self.peek()
            self.at += 1
            template = self.template(inner)
            if self.peek() != inner:
                raise self.error(f"the quote {inner} is not closed")
            self.at += 1
            return template
        start = self.at
        parts: list[str | Call] = []
        text = ""
        stops = " ()" + (quote or "'\"")
        while (char := self.peek()) and (self.call_starts() or char not in stops):
            if self.call_starts():
                if text:
                    parts.append(text)
                text = ""
                parts.append(self.call(quote))
            else:
                text += self.character()
        if text:
            parts.append(text)
        if not parts:
            raise self.error("expected an argument (one space between arguments, none before ')')")
        return Template(tuple(parts), self.text[start : self.at])


def parse_template(text: str) -> Template:
    """Return the parsed text; SubstitutionError names the place of a mistake."""
    return _Reader(text).template("")


def literal_template(text: str) -> Template:
    """Return a template that stands for `text` itself."""
    return Template((text,) if text else (), text)


def unescape(text: str) -> str:
    """Return `text` with backslash escapes resolved (for names, which take no substitutions)."""
    return re.sub(r"\\(.)", r"\1", text)
