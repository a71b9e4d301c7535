"""Read an XML file into elements that know their line and remember what was read of them.

As in the real frontend, attributes and nested tags that no reader asked for are errors: a
misspelt attribute must not be dropped silently.
"""

from __future__ import annotations

import os
import xml.parsers.expat
from collections.abc import Sequence

from ros2cli_embedded.launch.errors import LaunchError, Location


class Element:
    """One XML tag with its attributes and nested tags."""

    def __init__(self, location: Location, attributes: dict[str, str]) -> None:
        self.location = location
        self.attributes = attributes
        self.children: list[Element] = []
        self._unread_attributes = set(attributes)
        self._read_tags: set[str] = set()

    @property
    def tag(self) -> str:
        """The name of the tag."""
        return self.location.tag

    def optional(self, name: str) -> str | None:
        """Return the attribute's raw text, or None."""
        self._unread_attributes.discard(name)
        return self.attributes.get(name)

    def required(self, name: str) -> str:
        """Return the attribute's raw text, or raise LaunchError."""
        value = self.optional(name)
        if value is None:
            raise LaunchError(self.location, f"attribute '{name}' is missing")
        return value

    def nested(self, tag: str) -> list[Element]:
        """Return the nested tags of that name and mark them as read."""
        self._read_tags.add(tag)
        return [child for child in self.children if child.tag == tag]

    def other_children(self, *tags: str) -> list[Element]:
        """Return the nested tags that are none of `tags` and mark all as read."""
        others = [child for child in self.children if child.tag not in tags]
        self._read_tags.update(child.tag for child in others)
        return others

    def check_all_read(self) -> None:
        """Raise LaunchError if an attribute or a nested tag was never asked for."""
        if self._unread_attributes:
            names = ", ".join(f"'{n}'" for n in sorted(self._unread_attributes))
            raise LaunchError(self.location, f"unexpected attribute {names}")
        for child in self.children:
            if child.tag not in self._read_tags:
                raise LaunchError(
                    child.location, f"tag <{child.tag}> is not allowed inside <{self.tag}>"
                )


class _TreeBuilder:
    def __init__(self, path: str, parser: xml.parsers.expat.XMLParserType) -> None:
        self._path = path
        self._parser = parser
        self._open: list[Element] = []
        self.root: Element | None = None
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        location = Location(self._path, self._parser.CurrentLineNumber, tag)
        element = Element(location, attributes)
        if self._open:
            self._open[-1].children.append(element)
        else:
            self.root = element
        self._open.append(element)

    def _end(self, tag: str) -> None:
        self._open.pop()

    def _text(self, text: str) -> None:
        if text.strip() and self._open:
            location = Location(self._path, self._parser.CurrentLineNumber, self._open[-1].tag)
            raise LaunchError(location, f"stray text '{text.strip()}' between the tags")


def read_document(path: str) -> Element:
    """Return the root element of the XML file; every error is a LaunchError with its line."""
    here = Location(path, 1)
    try:
        with open(path, "rb") as file:
            data = file.read()
    except OSError as error:
        raise LaunchError(here, f"cannot read the launch file: {error.strerror}") from error
    parser = xml.parsers.expat.ParserCreate()
    builder = _TreeBuilder(path, parser)
    try:
        parser.Parse(data, True)
    except xml.parsers.expat.ExpatError as error:
        reason = xml.parsers.expat.ErrorString(error.code)
        raise LaunchError(
            Location(path, error.lineno), f"not well-formed XML: {reason} (column {error.offset})"
        ) from None
    if builder.root is None:
        raise LaunchError(here, "the file is empty")
    return builder.root


def refuse_other_formats(path: str, location: Location) -> None:
    """Raise LaunchError for launch files that are no XML (Python, YAML)."""
    others: Sequence[tuple[str, str]] = ((".py", "Python"), (".yaml", "YAML"), (".yml", "YAML"))
    for ending, language in others:
        if path.endswith(ending):
            raise LaunchError(
                location,
                f"'{os.path.basename(path)}' is a {language} launch file; this launcher reads "
                "XML launch files only",
            )
