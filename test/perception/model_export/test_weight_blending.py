"""Weights between those of a run and those that it started from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from simreal_common.errors import ConfigurationError
from simreal_common.shapes.shape import CUBE
from simreal_perception.model_export.weight_blending import UNBLENDED, Blend
from simreal_perception.training.checkpoint import load_network
from simreal_perception.training.training import train
from simreal_perception.training.training_config import TrainingConfig

SMALL: dict[str, Any] = {"batch": 2, "width": 8, "steps": 1, "textures": 4, "held_out": 1}


def test_a_quarter_of_the_run_and_the_rest_of_what_it_started_from(tmp_path: Path) -> None:
    for seed in (1, 2):
        train(TrainingConfig("detector", seed=seed, **SMALL), tmp_path / str(seed))
    start = str(tmp_path / "1" / "detector.pt")
    _, before = load_network(tmp_path / "1" / "detector.pt")
    config, network = load_network(tmp_path / "2" / "detector.pt")
    trained = {name: value.clone() for name, value in network.state_dict().items()}
    blend = Blend(start, 0.25)
    blend.apply(network, config.task, CUBE)
    differ = 0
    for name, value in network.state_dict().items():
        if value.is_floating_point():
            expected = 0.25 * trained[name] + 0.75 * before.state_dict()[name]
            torch.testing.assert_close(value, expected)
            differ += not torch.equal(trained[name], before.state_dict()[name])
    assert differ > 10
    assert blend.told(config.task)["blend"] == 0.25
    assert blend.options == ["--blend-with", start, "--blend", "0.25"]


def test_without_anything_to_blend_with_weights_stay(tmp_path: Path) -> None:
    train(TrainingConfig("detector", seed=1, **SMALL), tmp_path)
    config, network = load_network(tmp_path / "detector.pt")
    trained = {name: value.clone() for name, value in network.state_dict().items()}
    UNBLENDED.apply(network, config.task, CUBE)
    for name, value in network.state_dict().items():
        assert torch.equal(value, trained[name])
    assert UNBLENDED.told(config.task) == {}
    assert UNBLENDED.options == []


@pytest.mark.parametrize("share", [0.0, 1.0, -0.5, float("nan")])
def test_a_share_that_blends_nothing_is_refused(share: float) -> None:
    with pytest.raises(ConfigurationError, match="wanted more than 0 and less than 1"):
        Blend("block", share)
