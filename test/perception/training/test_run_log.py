"""What a run tells of itself: its log, its best weights, figures of images never learned."""

from __future__ import annotations

import itertools
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs torch: pip install '.[train]'")

from simreal_perception.training import training  # noqa: E402
from simreal_perception.training.checkpoint import load_network, read_progress  # noqa: E402
from simreal_perception.training.run_folder import source_commit  # noqa: E402
from simreal_perception.training.run_log import log_path, read_log, summarize  # noqa: E402
from simreal_perception.training.tasks.registry import TASKS  # noqa: E402
from simreal_perception.training.training import train  # noqa: E402
from simreal_perception.training.training_config import TrainingConfig  # noqa: E402


def config(toy: ModuleType, **changes: Any) -> TrainingConfig:
    return TrainingConfig("toy", **{"steps": 4, **toy.SMALL, **changes})


def test_the_log_counts_over_resumes_and_over_what_a_run_started_from(
    toy: ModuleType, tmp_path: Path
) -> None:
    batch = toy.SMALL["batch"]
    run = train(config(toy), tmp_path / "run").checkpoint
    train(config(toy, steps=6), tmp_path / "run")
    log = read_log(run)
    assert [entry["step"] for entry in log] == [1, 2, 3, 4, 5, 6]
    assert [entry["pictures_seen"] for entry in log] == [n * batch for n in range(1, 7)]
    spent = [entry["spent_s"] for entry in log]
    assert spent == sorted(spent) and spent[-1] > spent[3] > 0
    for entry in log:
        assert entry["commit"] == source_commit()[0]
        assert entry["learning_rate"] > 0
        assert entry["held_out"]["color"] > 0

    for start in (tmp_path / "run", run, run.with_name("toy.best.pt")):
        known = read_progress(start / "toy.pt" if start.is_dir() else start).pictures_seen
        made = train(config(toy, steps=2, start_from=str(start)), tmp_path / f"from_{start.name}")
        assert read_log(made.checkpoint)[-1]["pictures_seen"] == known + 2 * batch


def test_a_run_begun_anew_forgets_what_lay_there(toy: ModuleType, tmp_path: Path) -> None:
    run = train(config(toy), tmp_path).checkpoint
    run.unlink()
    train(config(toy, steps=2, seed=9), tmp_path)
    assert [entry["step"] for entry in read_log(run)] == [1, 2]
    assert load_network(run.with_name("toy.best.pt"))[0].seed == 9


def test_the_best_weights_are_kept_over_resumes(
    toy: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    losses = itertools.chain([3.0, 1.0, float("nan"), 2.0], itertools.repeat(1.5))
    averages = []

    def scripted(task: Any, network: Any, batches: Any) -> dict[str, float]:
        averages.append({name: value.clone() for name, value in network.state_dict().items()})
        return {"loss": next(losses)}

    monkeypatch.setattr(training, "evaluate_all", scripted)
    run = train(config(toy), tmp_path).checkpoint
    train(config(toy, steps=6), tmp_path)
    best = run.with_name("toy.best.pt")
    assert (read_progress(best).step, read_progress(run).step) == (2, 6)
    for name, value in load_network(best)[1].state_dict().items():
        assert torch.equal(value, averages[1][name]), name
    for name, value in load_network(run)[1].state_dict().items():
        assert torch.equal(value, averages[5][name]), name


@pytest.mark.parametrize("repeat", [0, 2])
def test_held_out_images_are_never_learned(
    toy: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, repeat: int
) -> None:
    seen: dict[bool, set[bytes]] = {True: set(), False: set()}

    class Watched(toy.ToyTask):
        def loss(self, network: Any, batch: Any) -> Any:
            seen[network.training] |= {np.ascontiguousarray(one).tobytes() for one in batch.images}
            return super().loss(network, batch)

    monkeypatch.setitem(TASKS, "toy", Watched)
    made = config(toy, repeat=repeat, steps=8)
    train(made, tmp_path)
    assert len(seen[True]) == (repeat or 8) * made.batch
    assert len(seen[False]) == made.held_out * made.batch
    assert not seen[True] & seen[False]


def test_figures_are_not_measured_more_often_than_asked(toy: ModuleType, tmp_path: Path) -> None:
    run = train(config(toy, evaluate_s=1000.0, steps=5), tmp_path)
    measured = [entry["step"] for entry in read_log(run.checkpoint) if "held_out" in entry]
    assert measured == [1, 5]  # the first checkpoint, and the end
    assert run.held_out


def test_a_summary_has_the_last_figures_of_every_hour(tmp_path: Path) -> None:
    def line(step: int, hours: float, commit: str, loss: float | None) -> dict[str, Any]:
        entry = {"step": step, "spent_s": hours * 3600, "pictures_seen": 100 * step}
        return entry | {"commit": commit} | ({} if loss is None else {"held_out": {"loss": loss}})

    summary = summarize(
        [
            line(1, 0.2, "a", 3.0), line(2, 0.9, "a", 2.123456), line(3, 1.5, "a", None),
            line(4, 3.1, "b", 1.0), line(5, 3.25, "b", None),
        ]
    )  # fmt: skip
    assert summary == {
        "step": 5, "spent_h": 3.25, "pictures_seen": 500, "commits": ["a", "b"],
        "held_out": [
            {"hour": 1, "step": 2, "pictures_seen": 200, "loss": 2.123},
            {"hour": 4, "step": 4, "pictures_seen": 400, "loss": 1.0},
        ],
    }  # fmt: skip
    assert summarize([]) == {}


def test_a_line_cut_short_by_a_kill_is_left_out(toy: ModuleType, tmp_path: Path) -> None:
    run = train(config(toy), tmp_path).checkpoint
    with log_path(run).open("a") as log:
        log.write('{"step": 5, "spe')
    assert [entry["step"] for entry in read_log(run)] == [1, 2, 3, 4]
    assert [entry["step"] for entry in read_log(run, last_step=2)] == [1, 2]
    train(config(toy, steps=6), tmp_path)
    assert [entry["step"] for entry in read_log(run)] == [1, 2, 3, 4, 5, 6]
