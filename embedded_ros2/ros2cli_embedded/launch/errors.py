"""Errors of launch files; each names the file and the line."""

from __future__ import annotations

from dataclasses import dataclass

from ros2cli_embedded.errors import CliError


@dataclass(frozen=True)
class Location:
    """A place in a launch file: path and line (1 = first), and the tag that stands there."""

    path: str
    line: int
    tag: str = ""

    def __str__(self) -> str:
        tag = f" <{self.tag}>" if self.tag else ""
        return f"{self.path}:{self.line}{tag}"


class LaunchError(CliError):
    """A launch file that cannot be carried out."""

    def __init__(self, location: Location, message: str) -> None:
        super().__init__(f"{location}: {message}")
        self.location = location


class SubstitutionError(Exception):
    """A ``$(...)`` that is malformed or cannot be filled in; becomes a LaunchError."""
