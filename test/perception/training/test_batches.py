"""Batches: a source hears of the losses late, always equally late, and resumed runs are the same."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="training needs torch: pip install '.[train]'")

from simreal_common.errors import ConfigurationError  # noqa: E402
from simreal_perception.training.batches import Batches  # noqa: E402
from simreal_perception.training.tasks.registry import TASKS  # noqa: E402
from simreal_perception.training.tasks.task import FEEDBACK_LAG, MOST_PREFETCH, draw_apart  # noqa: E402
from simreal_perception.training.training import train  # noqa: E402
from simreal_perception.training.training_config import TrainingConfig  # noqa: E402

STEPS = 2 * FEEDBACK_LAG + 5


def keys_of(toy: ModuleType, ahead: int, hurry: bool = True) -> tuple[list[list[int]], Any]:
    """Seeds of the images of each batch, where high seeds are hard; and the source."""
    source = toy.ReplaySource(3)
    keys = []
    with Batches(source, 8, STEPS, ahead, threads=1) as batches:
        for number, drawn in enumerate(batches):
            keys.append(drawn.batch.key)
            if not hurry and number % 3 == 0:
                time.sleep(0.01)
            batches.learned([float(seed) for seed in drawn.batch.key])
    return keys, source


def test_the_hardest_images_come_again_when_the_lag_is_over(toy: ModuleType) -> None:
    keys, _ = keys_of(toy, 0)
    early = [seed for key in keys[:FEEDBACK_LAG] for seed in key]
    assert len(set(early)) == len(early)
    assert keys[FEEDBACK_LAG][:2] == sorted(keys[0], reverse=True)[:2]
    known = sorted({seed for key in keys[:6] for seed in key}, reverse=True)
    assert keys[FEEDBACK_LAG + 5][:2] == known[:2]


@pytest.mark.parametrize("ahead", [1, 3, MOST_PREFETCH])
@pytest.mark.parametrize("hurry", [True, False])
def test_neither_threads_nor_prefetch_change_what_is_drawn(
    toy: ModuleType, ahead: int, hurry: bool
) -> None:
    assert keys_of(toy, ahead, hurry)[0] == keys_of(toy, 0)[0]


def test_a_source_is_told_nothing_of_a_batch_without_losses(toy: ModuleType) -> None:
    source = toy.ReplaySource(3)
    with Batches(source, 8, STEPS, ahead=2, threads=1) as batches:
        assert batches.wants_losses
        for _ in batches:
            pass
    assert source.hard == []


@pytest.mark.parametrize("stopped_at", [3, FEEDBACK_LAG, FEEDBACK_LAG + 4])
@pytest.mark.parametrize(("prefetch", "later"), [(0, 0), (2, 5)])
def test_a_run_with_hard_images_resumes_to_the_same(
    toy: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    stopped_at: int, prefetch: int, later: int,
) -> None:  # fmt: skip
    class Interrupted(toy.ReplayTask):
        step = 0

        def loss(self, network: Any, batch: Any) -> Any:
            self.step += network.training
            if self.step == stopped_at and network.training:
                os.kill(os.getpid(), signal.SIGTERM)
            return super().loss(network, batch)

    small = {**toy.SMALL, "checkpoint_s": 1000.0, "steps": STEPS}
    monkeypatch.setitem(TASKS, "toy", toy.ReplayTask)
    whole = train(TrainingConfig("toy", **small), tmp_path / "whole")
    with monkeypatch.context() as patch:
        patch.setitem(TASKS, "toy", Interrupted)
        parts = train(TrainingConfig("toy", prefetch=prefetch, **small), tmp_path / "parts")
        assert parts.step == stopped_at
    parts = train(TrainingConfig("toy", prefetch=later, **small), tmp_path / "parts")
    states = [torch.load(r.checkpoint, weights_only=True) for r in (whole, parts)]
    assert states[0]["source"] == states[1]["source"]
    assert json.loads(states[0]["source"])["state"]["hard"]
    assert len(json.loads(states[0]["source"])["untold"]) == FEEDBACK_LAG
    for name, value in states[0]["network"].items():
        assert torch.equal(value, states[1]["network"][name]), name
    assert whole.held_out == parts.held_out


def test_a_task_that_says_nothing_of_single_images_is_named(
    toy: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Silent(toy.ReplayTask):
        def loss(self, network: Any, batch: Any) -> Any:
            return tuple(super().loss(network, batch))[:2]

    monkeypatch.setitem(TASKS, "toy", Silent)
    with pytest.raises(ConfigurationError, match="its loss says nothing of single images"):
        train(TrainingConfig("toy", steps=3, **toy.SMALL), tmp_path)


def test_drawing_apart_leaves_a_source_as_it_was(toy: ModuleType) -> None:
    first, second = toy.ReplaySource(3), toy.ReplaySource(3)
    apart = draw_apart(first, 8, seed=77)
    assert first.draw(8).key == second.draw(8).key
    assert apart.key == draw_apart(second, 8, seed=77).key
