"""The curriculum: it notices what is wrong, says so with figures, and a real network passes it."""

from __future__ import annotations

import dataclasses
import os
import re
import signal
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs torch: pip install '.[train]'")

from simreal_cli.cli import main  # noqa: E402
from simreal_perception.training.sanity_checks import thresholds  # noqa: E402
from simreal_perception.training.sanity_checks.curriculum import (  # noqa: E402
    Stage,
    StageSize,
    run_curriculum,
)
from simreal_perception.training.sanity_checks.first_checks import it_runs  # noqa: E402
from simreal_perception.training.sanity_checks.overfit import overfit  # noqa: E402
from simreal_perception.training.sanity_checks.thresholds import Thresholds  # noqa: E402
from simreal_perception.training.tasks.registry import TASKS  # noqa: E402
from simreal_perception.training.training_config import TrainingConfig, read_config  # noqa: E402
from simreal_sim.randomization.ranges.randomization_config import GROUPS  # noqa: E402

REAL = ("detector", "pose")
# A few seconds each on one core, the bounds a factor of three away from what comes out.
TINY = {
    "detector": StageSize(8, 8, 150, 0, 32),
    "pose": StageSize(48, 8, 80, 0, 24),
}


@pytest.fixture
def toy(toy: ModuleType, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The toy task, with thresholds."""
    monkeypatch.setitem(
        thresholds.THRESHOLDS, "toy", Thresholds(("color",), "colour error", 0.05, 0.15, 0.15)
    )
    return toy


TOY_SIZE = StageSize(batch=16, width=4, simple=150, varied=40, images=16)


@pytest.mark.parametrize("task", REAL)
def test_a_tiny_network_learns_a_simple_set_and_fresh_images_like_it(
    task: str, tmp_path: Path
) -> None:
    config = dataclasses.replace(read_config(None, task), seed=1)
    stage = next(run_curriculum(config, tmp_path, TINY[task]))
    assert stage.verdict == "learned", stage.describe()


@pytest.mark.parametrize("task", REAL)
def test_the_networks_run_and_learn_one_batch_by_heart(task: str) -> None:
    config = dataclasses.replace(read_config(None, task), width=8)
    for result in (it_runs(config), overfit(config)):
        assert result.passed, result.describe()


def test_what_runs_is_measured(toy: ModuleType) -> None:
    result = it_runs(TrainingConfig("toy", width=4))
    assert result.passed
    text = result.describe()
    assert "toy (a) it runs" in text
    assert "images: uint8 (16, 8, 8, 3), 0 to 255" in text
    assert "(16, 3, 8, 8) of mean" in text


class Faults:
    """Ways in which a task can be wrong, each as a subclass of the toy task."""

    @staticmethod
    def not_normalized(base: Any) -> Any:
        class Broken(base):
            def loss(self, network: Any, batch: Any) -> Any:
                images = torch.as_tensor(batch.images).permute(0, 3, 1, 2).float()
                error = (network(images) - torch.as_tensor(batch.color)).abs().mean()
                return error, {"color": error.item()}

        return Broken

    @staticmethod
    def cut_off(base: Any) -> Any:
        class Broken(base):
            def __init__(self, *arguments: Any) -> None:
                super().__init__(*arguments)
                self.network[0].requires_grad_(False)

        return Broken

    @staticmethod
    def infinite(base: Any) -> Any:
        class Broken(base):
            def __init__(self, *arguments: Any) -> None:
                super().__init__(*arguments)
                draw = self.source.draw

                def broken(count: int) -> Any:
                    batch = draw(count)
                    batch.color[0, 0] = np.inf
                    return batch

                self.source.draw = broken

        return Broken

    @staticmethod
    def dark(base: Any) -> Any:
        class Broken(base):
            def __init__(self, *arguments: Any) -> None:
                super().__init__(*arguments)
                draw = self.source.draw

                def broken(count: int) -> Any:
                    batch = draw(count)
                    batch.images[:] = 0
                    return batch

                self.source.draw = broken

        return Broken

    @staticmethod
    def unexpected(base: Any) -> Any:
        class Broken(base):
            def expected_initial(self) -> dict[str, tuple[float, float]]:
                return {"color": (7.0, 8.0)}

        return Broken


@pytest.mark.parametrize(
    ("fault", "complaint"),
    [
        ("not_normalized", "images not normalized: the network's input has mean 1"),
        ("cut_off", "frozen layer: no gradient reaches 0.weight"),
        ("infinite", "color holds infinite values"),
        ("dark", "images are all of one colour"),
        ("unexpected", "first color is 0.*expected 7 to 8"),
    ],
)
def test_what_does_not_run_is_named(
    toy: ModuleType, monkeypatch: pytest.MonkeyPatch, fault: str, complaint: str
) -> None:
    monkeypatch.setitem(TASKS, "toy", getattr(Faults, fault)(toy.ToyTask))
    result = it_runs(TrainingConfig("toy", width=4))
    assert any(re.search(complaint, f.describe()) for f in result.findings), result.describe()


def test_a_network_that_cannot_learn_a_batch_gets_causes_with_figures(
    toy: ModuleType, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    class AlwaysOtherLabels(toy.ToyTask):
        calls = 0

        def loss(self, network: Any, batch: Any) -> Any:
            self.calls += 1
            color = np.roll(batch.color, self.calls, axis=0)
            return super().loss(network, dataclasses.replace(batch, color=color))

    monkeypatch.setitem(TASKS, "toy", AlwaysOtherLabels)
    result = overfit(TrainingConfig("toy"), steps=40)
    assert not result.passed
    text = result.describe()
    assert "does not learn. The likeliest cause first" in text
    assert "1. " in text and "look at " in text
    assert "at other rates: 2e-05: 0." in text, text
    assert main(["train", "--task", "toy", "--overfit"]) == 1
    assert "1. stale targets: the same weights lose" in capfd.readouterr().out


def test_a_stage_is_trained_anew_after_a_mend_and_what_started_from_it_too(
    toy: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    config = TrainingConfig("toy", learning_rate=1e-2, disabled=tuple(set(GROUPS) - {"lens"}))
    broken = {"by": 0.0}

    class Mended(toy.ToyTask):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments)
            draw = self.source.draw

            def drawn(count: int) -> Any:
                batch = draw(count)
                return dataclasses.replace(batch, color=batch.color + np.float32(broken["by"]))

            self.source.draw = drawn

    monkeypatch.setitem(TASKS, "toy", Mended)
    checkpoints = [tmp_path / name / "toy.pt" for name in ("simple", "plus_lens")]

    def weights() -> list[bytes]:
        return [path.read_bytes() for path in checkpoints]

    assert all(stage.passed for stage in run_curriculum(config, tmp_path, TOY_SIZE))
    first = weights()
    times = [path.stat().st_mtime_ns for path in checkpoints]
    assert len(list(run_curriculum(config, tmp_path, TOY_SIZE))) == 2
    assert [path.stat().st_mtime_ns for path in checkpoints] == times  # nothing to train
    broken["by"] = 0.5
    assert len(list(run_curriculum(config, tmp_path, TOY_SIZE))) == 2
    assert all(a != b for a, b in zip(first, weights(), strict=True))


def test_the_curriculum_has_a_stage_for_everything(toy: ModuleType, tmp_path: Path) -> None:
    config = TrainingConfig("toy", learning_rate=1e-2, disabled=("lens",))
    stages = list(run_curriculum(config, tmp_path, TOY_SIZE))
    assert not [stage.describe() for stage in stages if not stage.passed]
    added = {stage.name.removeprefix("(d) + ") for stage in stages[1:]}
    assert added == set(GROUPS) - {"lens"}
    assert stages[1].untrained < 0.5 * stages[0].untrained  # it goes on from the stage below


@pytest.mark.parametrize(
    ("number", "option", "place"),
    [
        (signal.SIGINT, "--curriculum", "curriculum"),
        (signal.SIGTERM, "--ladder", "ladder"),  # begun by a version that called it so
    ],
)
def test_a_stopped_curriculum_ends_at_once_and_goes_on_later(
    toy: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, number: signal.Signals,
    option: str, place: str, capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    class Interrupted(toy.ToyTask):
        at = 0

        def loss(self, network: Any, batch: Any) -> Any:
            Interrupted.at -= network.training
            if Interrupted.at == 0:
                os.kill(os.getpid(), number)
            return super().loss(network, batch)

    monkeypatch.setitem(TASKS, "toy", Interrupted)
    command = ["train", "--task", "toy", option, "--run", str(tmp_path)]
    Interrupted.at = 20  # among the checks, long before the first stage
    assert main(command) == 130
    assert not list(tmp_path.iterdir())
    if place == "ladder":
        (tmp_path / place).mkdir()

    passed = SimpleNamespace(passed=True, describe=lambda: "passed")
    for check in (it_runs, overfit):
        monkeypatch.setattr(f"{check.__module__}.{check.__name__}", lambda config: passed)
    Interrupted.at = 5
    assert main(command) == 130
    assert [path.name for path in (tmp_path / place).iterdir()] == ["simple"]
    checkpoint = tmp_path / place / "simple" / "toy.pt"
    assert torch.load(checkpoint, weights_only=True)["step"] == 5
    assert "(c)" not in capfd.readouterr().out


def test_labels_of_other_images_are_overfitted_and_stop_the_curriculum(
    toy: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    class Shuffled(toy.ToyTask):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments)
            draw = self.source.draw

            def shuffled(count: int) -> Any:
                batch = draw(count)
                return dataclasses.replace(batch, color=np.roll(batch.color, 1, axis=0))

            self.source.draw = shuffled

    monkeypatch.setitem(TASKS, "toy", Shuffled)
    size = dataclasses.replace(TOY_SIZE, images=1, width=16, simple=300)
    stages = list(run_curriculum(TrainingConfig("toy", learning_rate=1e-2), tmp_path, size))
    assert [stage.verdict for stage in stages] == ["overfitting"]
    assert "labels do not belong to the images" in stages[0].describe()


@pytest.mark.parametrize(
    ("trained", "fresh", "verdict"),
    [
        (3.0, 3.0, "underfitting"),
        (1.0, 3.0, "overfitting"),
        (1.0, 2.0, "learned"),
        (float("nan"), float("nan"), "underfitting"),
    ],
)
def test_a_verdict_follows_from_two_numbers(trained: float, fresh: float, verdict: str) -> None:
    thresholds = Thresholds(("x",), "error", 1.0, 2.0, 2.0)
    stage = Stage("toy", "(c)", thresholds, 2.0, 9.0, trained, fresh, repeated=True)
    assert stage.verdict == verdict
    assert verdict in stage.describe()
    assert f"{fresh:.3g} on fresh ones" in stage.describe()


def test_shares_of_right_answers_become_errors() -> None:
    thresholds = Thresholds(
        ("recall", "precision"), "missed or false share", 0.1, 0.1, 0.1, share=True
    )
    assert thresholds.error({"recall": 0.9, "precision": 0.7}) == pytest.approx(0.3)
