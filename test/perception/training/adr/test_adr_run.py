"""A run with automatic randomization widens what it draws, resumes bit for bit, and tells of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs torch: pip install '.[train]'")

from torch import nn  # noqa: E402

from simreal_common.errors import ConfigurationError  # noqa: E402
from simreal_perception.training.adr.adr_run import adr_ranges  # noqa: E402
from simreal_perception.training.checkpoint import read_progress  # noqa: E402
from simreal_perception.training.run_log import read_log  # noqa: E402
from simreal_perception.training.tasks.registry import TASKS, make_task  # noqa: E402
from simreal_perception.training.training import train  # noqa: E402
from simreal_perception.training.training_config import TrainingConfig  # noqa: E402
from simreal_sim.randomization.ranges.randomization_config import (  # noqa: E402
    GROUPS,
    RandomizationConfig,
)
from test.perception.training.toy_task import SMALL, ToyBatch, ToySource, ToyTask  # noqa: E402

GOOD_UP_TO_DEG = 70.0  # field of view


class RangedSource(ToySource):
    """Its images are as bright as the field of view is wide, of 100 degrees."""

    device = "cpu"

    def __init__(self, seed: int, randomization: RandomizationConfig) -> None:
        super().__init__(seed)
        self.randomization = randomization
        self.widest: list[float] = []

    def draw(self, count: int) -> ToyBatch:
        batch = super().draw(count)
        fov = self.randomization.camera.fov_deg.draw(count, self.rng)
        self.widest.append(float(fov.max()))
        return ToyBatch(batch.images, np.stack([fov / 100] * 2, axis=1).astype(np.float32))


class RangedTask(ToyTask):
    """Right up to 70 degrees, and where it has learned nothing else."""

    made: ClassVar[list[RangedTask]] = []

    def __init__(self, seed: int, width: int, randomization: Any) -> None:
        super().__init__(seed, width, randomization)
        self.source = self.source_apart(seed, randomization)
        RangedTask.made.append(self)

    def source_apart(self, seed: int, randomization: RandomizationConfig) -> RangedSource:
        return RangedSource(seed, randomization)

    def performance(self, network: nn.Module, batch: ToyBatch) -> float:
        assert not network.training
        return float((batch.color[:, 0] < GOOD_UP_TO_DEG / 100).mean())


OFF = tuple(name for name in GROUPS if name != "camera")
ADR: dict[str, Any] = {**SMALL, "adr": True, "disabled": OFF, "adr_images": 6, "adr_buffer": 1}


@pytest.fixture(autouse=True)
def ranged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(TASKS, "ranged", RangedTask)
    RangedTask.made.clear()


def test_ranges_widen_to_where_the_network_still_does_well(tmp_path: Path) -> None:
    train(TrainingConfig("ranged", steps=300, **{**ADR, "checkpoint_s": 1e9}), tmp_path)
    progress = read_progress(tmp_path / "ranged.pt")
    assert progress.adr is not None
    shares = progress.adr["shares"]
    limit = RandomizationConfig.load().camera.fov_deg
    wide_px = limit.low + (limit.high - limit.low) * (0.5 + 0.5 * shares["camera.fov_deg.high"])
    assert GOOD_UP_TO_DEG - 6 < wide_px < GOOD_UP_TO_DEG + 6
    assert shares["camera.fov_deg.low"] == 1.0
    (task,) = RangedTask.made  # for the images of looks no second network is made
    learned = task.source.widest[2:]  # the first two are held out
    assert learned[0] < 64 < max(learned) < 77
    kept = RandomizationConfig.load(adr_ranges(tmp_path / "ranged.pt"))
    assert kept.camera.fov_deg.high == pytest.approx(wide_px)


def test_a_run_in_two_parts_is_the_run_in_one(tmp_path: Path) -> None:
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    train(TrainingConfig("ranged", steps=60, **ADR), whole)
    train(TrainingConfig("ranged", steps=25, **{**ADR, "decay": 0.0}), parts)
    with pytest.raises(ConfigurationError, match="decay"):
        train(TrainingConfig("ranged", steps=60, **ADR), parts)
    for steps in (25, 60):
        train(TrainingConfig("ranged", steps=steps, **{**ADR, "decay": 0.0}), tmp_path / "both")
    train(TrainingConfig("ranged", steps=60, **{**ADR, "decay": 0.0}), tmp_path / "one")
    both, one = (torch.load(tmp_path / n / "ranged.pt", weights_only=True) for n in ("both", "one"))
    assert both["adr"] == one["adr"]
    for name, value in one["network"].items():
        assert torch.equal(both["network"][name], value), name


def test_the_log_tells_how_far_the_ranges_are_open(tmp_path: Path) -> None:
    train(TrainingConfig("ranged", steps=30, **ADR), tmp_path)
    log = read_log(tmp_path / "ranged.pt")
    assert log[-1]["adr"]["openness"] > log[0]["adr"]["openness"]
    assert log[-1]["adr"]["entropy"] > log[0]["adr"]["entropy"]
    assert "camera.fov_deg.high" in log[-1]["adr"]


def test_a_task_that_cannot_say_how_well_it_does_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(TASKS, "toy", ToyTask)
    with pytest.raises(ConfigurationError, match="does not say how well"):
        train(TrainingConfig("toy", steps=3, **ADR), tmp_path)


@pytest.mark.parametrize("given", [{"prefetch": 1}, {"repeat": 2}])
def test_batches_drawn_ahead_and_ranges_that_move_do_not_go_together(given: dict[str, int]) -> None:
    with pytest.raises(ConfigurationError, match="adr is on"):
        TrainingConfig("pose", adr=True, **given)  # type: ignore[arg-type]


@pytest.mark.parametrize("task", ["detector", "pose"])
def test_networks_that_ship_say_how_well_they_do(task: str) -> None:
    made = make_task(task, 1, 4, RandomizationConfig())
    batch = made.source.draw(12)
    network = made.network.eval()
    with torch.no_grad():
        told = made.performance(network, batch)  # type: ignore[attr-defined]
    assert told is not None and 0.0 <= told <= 1.0
