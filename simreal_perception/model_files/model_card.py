"""The card of a model: what its files are, where they come from, what they can and cannot do."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from simreal_common.errors import ConfigurationError, MessageError, ModelError
from simreal_common.output_files import write_output
from simreal_common.resources import named_path, share_directory
from simreal_common.settings.shape_file import shape_of
from simreal_common.shapes.shape import Shape
from simreal_common.untrusted_text import Limits, parse_json, read_text, reason_of, shortened

KEYS = ("name", "files", "input", "seed", "commit", "command", "data", "metrics", "limits")
CHUNK = 1 << 20
LIMITS = Limits(size=4_000_000, depth=32, nodes=200_000)
LARGEST_FILE = 1 << 31  # bytes of a network: what an ONNX file can hold


@dataclass(frozen=True)
class ModelCard:
    """A checked card.

    Args:
        path: where the card lies.
        files: the model's files in the card's order; their hashes are those of the card.
        content: the whole card as it was read.
    """

    path: Path
    files: tuple[Path, ...]
    content: Mapping[str, Any]

    @property
    def name(self) -> str:
        return str(self.content["name"])

    @property
    def shape(self) -> Shape:
        """What the model finds; a card that says nothing is of cubes.

        Raises:
            ModelError: no shape.
        """
        try:
            return shape_of(self.content.get("shape"), f"card {self.path}: shape")
        except ConfigurationError as error:
            raise ModelError(f"{error}; take the card that came with the model") from error


def load_model_card(name_or_path: str) -> ModelCard:
    """Find a model, read its card and check that every file is the one that the card describes.

    Args:
        name_or_path: a name as in models/<name>.json, or the path of a card (.json).

    Raises:
        ModelError: no such model, a card that cannot be read, or a file that is missing or whose
            hash is not the card's.
    """
    path = _card_path(name_or_path)
    if not path.is_file():
        raise ModelError(
            f"no model '{name_or_path}': wanted its card {path} and the files that this names; "
            f"{_known()}"
        )
    card = ModelCard(path, _files(path, content := _read(path)), content)
    for file, entry in zip(card.files, content["files"], strict=True):
        _check(file, str(entry["sha256"]), path)
    return card


def write_card(path: Path, content: Mapping[str, Any]) -> None:
    """Write what a card holds, whole or not at all."""
    write_output(path, json.dumps(content, indent=2) + "\n")


def file_sha256(path: Path) -> str:
    """SHA-256 of a file, hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def known_models(folder: Path) -> list[str]:
    """Names of the models in a folder: what has a card."""
    return sorted(path.stem for path in folder.glob("*.json"))


def _card_path(name_or_path: str) -> Path:
    path = named_path("model", name_or_path)
    if path.suffix == ".onnx":
        raise ModelError(
            f"model '{name_or_path}': wanted a model's name or the path of its card (.json), which "
            "names the .onnx files; give that"
        )
    if path.suffix == ".json":
        return path
    return share_directory() / "models" / f"{name_or_path}.json"


def _known() -> str:
    names = known_models(share_directory() / "models")
    if not names:
        return "no model is installed: install simreal again, or train one with `simreal train`"
    return f"installed are {', '.join(names)}"


def _read(path: Path) -> Mapping[str, Any]:
    try:
        content = parse_json(read_text(path, LIMITS), LIMITS)
    except MessageError as error:
        reason = reason_of(error, path)
        raise ModelError(
            f"cannot read model card {path}: {reason}; take the one that came with the model"
        ) from error
    missing = [key for key in KEYS if not isinstance(content, dict) or key not in content]
    if missing:
        raise ModelError(
            f"model card {path} lacks {', '.join(missing)}; take the one that came with the model"
        )
    return dict(content)


def _files(path: Path, content: Mapping[str, Any]) -> tuple[Path, ...]:
    entries = content["files"]
    if (
        not isinstance(entries, list)
        or not entries
        or not all(isinstance(e, dict) and {"file", "sha256"} <= set(e) for e in entries)
    ):
        raise ModelError(
            f"model card {path}: wanted a list of {{file, sha256}} under 'files'; take the card "
            "that came with the model"
        )
    return tuple(path.parent / str(entry["file"]) for entry in entries)


def _check(file: Path, wanted: str, card: Path) -> None:
    try:
        there, size = file.is_file(), file.stat().st_size if file.is_file() else 0
    except OSError as error:  # no name that a file can have, say
        raise ModelError(
            f"model file {shortened(str(file))} cannot be read: {error.strerror}; {card.name} names "
            "it: take the card that came with the model"
        ) from error
    if not there:
        raise ModelError(
            f"model file {file} is missing: {card.name} names it; copy it there, or make it again "
            "with the command in the card"
        )
    if size > LARGEST_FILE:
        raise ModelError(
            f"model file {file} has {size} bytes, more than an ONNX file holds; copy it again, with "
            "its card"
        )
    got, wanted = file_sha256(file), shortened(wanted.lower())
    if got != wanted:
        raise ModelError(
            f"model file {file} has sha256 {got[:12]}..., wanted {wanted[:12]}... as {card.name} "
            "says: it was changed or not downloaded whole; copy it again, with its card"
        )
