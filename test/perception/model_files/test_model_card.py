"""A model is loaded only as its card describes it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from simreal_common.errors import ModelError
from simreal_common.resources import share_directory
from simreal_perception.model_files.model_card import (
    KEYS,
    file_sha256,
    known_models,
    load_model_card,
)


def write_model(folder: Path, **changes: Any) -> Path:
    onnx = folder / "tiny.onnx"
    onnx.write_bytes(b"not a real network, but bytes have a hash")
    card: dict[str, Any] = {key: "" for key in KEYS}
    card |= {"name": "tiny", "files": [{"file": "tiny.onnx", "sha256": file_sha256(onnx)}]}
    card |= changes
    (folder / "tiny.json").write_text(json.dumps(card))
    return onnx


def test_a_whole_model(tmp_path: Path) -> None:
    onnx = write_model(tmp_path)
    card = load_model_card(str(tmp_path / "tiny.json"))
    assert card.name == "tiny"
    assert card.files == (onnx,)


def test_a_changed_file(tmp_path: Path) -> None:
    onnx = write_model(tmp_path)
    onnx.write_bytes(b"something else")
    with pytest.raises(ModelError, match=r"has sha256 .*wanted .*copy it again"):
        load_model_card(str(tmp_path / "tiny.json"))


def test_a_missing_file(tmp_path: Path) -> None:
    onnx = write_model(tmp_path)
    onnx.unlink()
    with pytest.raises(ModelError, match="is missing: tiny.json names it"):
        load_model_card(str(tmp_path / "tiny.json"))


def test_the_network_instead_of_the_card(tmp_path: Path) -> None:
    onnx = write_model(tmp_path)
    with pytest.raises(ModelError, match="path of its card"):
        load_model_card(str(onnx))


def test_a_missing_model() -> None:
    with pytest.raises(ModelError, match="no model 'nonsense': wanted .*nonsense.json"):
        load_model_card("nonsense")


@pytest.mark.parametrize(
    "text",
    [
        *("", "{", "[]", '"text"', "{}", '{"name": "tiny"}', '{"name": ' + "1" * 5000 + "}"),
        *(
            "[" * 100_000,
            '{"a":' * 50 + "1" + "}" * 50,
            '{"name": NaN}',
            '"\\ud800"',
            "x" * 5_000_000,
        ),
    ],
    ids=range(12),
)
def test_a_card_that_is_none(tmp_path: Path, text: str) -> None:
    write_model(tmp_path)
    (tmp_path / "tiny.json").write_text(text)
    with pytest.raises(ModelError, match=r"model card .*take the one that came with the model"):
        load_model_card(str(tmp_path / "tiny.json"))


def test_a_card_that_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "tiny.json")
    with pytest.raises(ModelError, match=r"no model .*tiny.json"):
        load_model_card(str(tmp_path / "tiny.json"))


@pytest.mark.parametrize("name", ["x" * 5000, "", ".", "/dev/zero"])
def test_a_card_that_names_no_file(tmp_path: Path, name: str) -> None:
    write_model(tmp_path, files=[{"file": name, "sha256": "0" * 64}])
    with pytest.raises(ModelError, match=r"model file .*tiny.json") as refused:
        load_model_card(str(tmp_path / "tiny.json"))
    assert len(str(refused.value)) < 500


@pytest.mark.parametrize("files", [[], "tiny.onnx", [{"file": "tiny.onnx"}], [1]])
def test_a_card_with_wrong_files(tmp_path: Path, files: Any) -> None:
    write_model(tmp_path, files=files)
    with pytest.raises(ModelError, match="under 'files'"):
        load_model_card(str(tmp_path / "tiny.json"))


@pytest.mark.parametrize("name", known_models(share_directory() / "models") or ["block"])
def test_the_models_that_come_with_simreal(name: str) -> None:
    card = load_model_card(name)
    assert card.name == name
    assert card.content["seed"] != ""
    assert card.content["command"]
    assert card.content["limits"]
