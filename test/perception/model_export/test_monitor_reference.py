from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("onnx")
pytest.importorskip("torch")

from simreal_common.camera import Camera
from simreal_common.errors import ModelError
from simreal_perception.evaluation.evaluation_data import Example
from simreal_perception.model_export.monitor_reference import LEAST_SCENES, write_reference
from simreal_perception.model_files.model_card import ModelCard, load_model_card
from simreal_perception.monitoring.measures.reference import KEY, reference_of
from simreal_perception.pose_estimation.estimator import BlockEstimator


@pytest.fixture
def card(tmp_path: Path) -> ModelCard:
    """A copy of the committed model, without a reference."""
    model = load_model_card("block")
    for file in model.files:
        shutil.copy(file, tmp_path)
    content = {key: value for key, value in model.content.items() if key != KEY}
    path = tmp_path / "copy.json"
    path.write_text(json.dumps(content))
    return load_model_card(str(path))


def examples(count: int) -> Iterator[Example]:
    rng = np.random.default_rng(0)
    for number in range(count):
        image = rng.integers(0, 255, (96, 128, 3), dtype=np.uint8)
        camera = Camera.pinhole(128, 96, 1.0)
        yield Example(f"noise {number}", image, camera, 0.05, [], [], [], [])


def test_the_card_gets_a_reference_and_keeps_everything_else(
    card: ModelCard, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Estimate:
        score = 0.5

    monkeypatch.setattr(BlockEstimator, "estimate", lambda *_: [Estimate()])
    write_reference(card, examples(LEAST_SCENES), "the command")
    written = load_model_card(str(card.path))
    assert {k: v for k, v in written.content.items() if k != KEY} == dict(card.content)
    assert written.content[KEY]["made_by"] == "the command"
    reference = reference_of(written)
    assert reference is not None and reference.features is not None
    assert reference.doubt.quantiles == (1.0,) * 7
    assert 100 < reference.statistics["brightness"].lowest < 150


def test_too_few_scenes_leave_the_card_alone(card: ModelCard) -> None:
    with pytest.raises(ModelError, match="2 scenes: wanted"):
        write_reference(card, examples(2), "the command")
    assert KEY not in load_model_card(str(card.path)).content
