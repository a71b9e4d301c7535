"""Every tracker keeps figures, settings, the machine's use, images and the model; none breaks a run."""

from __future__ import annotations

import argparse
import importlib.util
import json
import struct
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

pytest.importorskip("torch", reason="training needs torch: pip install '.[train]'")

from simreal_cli import cli_train
from simreal_cli.cli import VERBS, main
from simreal_common.errors import ConfigurationError
from simreal_perception.training.run_display import RunDisplay
from simreal_perception.training.trackers import registry
from simreal_perception.training.trackers.registry import TRACKERS, TrackerModule
from simreal_perception.training.trackers.system_use import SystemUse
from simreal_perception.training.training import train
from simreal_perception.training.training_config import TrainingConfig

BLOCK = 32768  # bytes
STEPS = 20  # figures are kept every tenth
SCALARS = {
    "train/loss", "train/learning_rate", "time/images_per_s", "held_out/loss",
    "system/process_cpu_percent", "system/process_memory_mb",
}  # fmt: skip


def library(name: str) -> None:
    pytest.importorskip(name, reason=f"needs {name}: pip install '.[trackers]'")
    pytest.importorskip("psutil", reason="needs psutil: pip install '.[train]'")


def tracked(toy: ModuleType, folder: Path, name: str, steps: int = STEPS) -> TrainingConfig:
    values = {**toy.SMALL, "steps": steps, "checkpoint_s": 1e9, "evaluate_s": 1e9, "decay": 0.0}
    config = TrainingConfig("toy", **values, trackers=(name,))
    display = RunDisplay(config, 0, config.trackers)
    assert train(config, folder, display).finished
    return config


def test_tensorboard_keeps_it_all(toy: ModuleType, tmp_path: Path) -> None:
    library("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    tracked(toy, tmp_path, "tensorboard")
    events = EventAccumulator(str(tmp_path / "tensorboard" / "toy"))
    events.Reload()
    tags = events.Tags()
    assert set(tags["scalars"]) >= SCALARS
    assert tags["images"] == ["predictions"]
    texts = {
        tag: events.Tensors(tag)[0].tensor_proto.string_val[0].decode() for tag in tags["tensors"]
    }
    assert "learning_rate" in texts["settings/text_summary"]
    assert '"pictures_seen": 160' in texts["card/text_summary"]


def test_mlflow_keeps_it_all_on_this_machine(toy: ModuleType, tmp_path: Path) -> None:
    library("mlflow")
    config = tracked(toy, tmp_path / "run", "mlflow")
    from mlflow import MlflowClient
    from mlflow.telemetry.utils import is_telemetry_disabled

    assert is_telemetry_disabled()
    client = MlflowClient(f"sqlite:///{tmp_path / 'mlflow' / 'mlflow.db'}")
    experiment = client.get_experiment_by_name("simreal")
    (run,) = client.search_runs([experiment.experiment_id])
    assert run.info.status == "FINISHED" and run.info.run_name == "run/toy"
    assert float(run.data.params["learning_rate"]) == config.learning_rate
    assert set(run.data.metrics) >= SCALARS
    assert [one.step for one in client.get_metric_history(run.info.run_id, "train/loss")] == [
        10,
        20,
    ]
    kept = {file.path for file in client.list_artifacts(run.info.run_id, "model")}
    assert kept >= {"model/toy.best.pt", "model/card.json", "model/toy.config.yaml"}
    assert client.list_artifacts(run.info.run_id, "images")
    card = json.loads(next((tmp_path / "mlflow").rglob("card.json")).read_text(encoding="utf-8"))
    assert card["pictures_seen"] == 160 and card["settings"]["width"] == 4
    # It goes on as the same run.
    tracked(toy, tmp_path / "run", "mlflow", STEPS + 10)
    (run,) = client.search_runs([experiment.experiment_id])
    history = client.get_metric_history(run.info.run_id, "train/loss")
    assert [one.step for one in history] == [10, 20, 30]


def test_wandb_keeps_it_all_offline(
    toy: ModuleType, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    library("wandb")
    tracked(toy, tmp_path, "wandb")
    assert "goes on without" not in capfd.readouterr().err
    (folder,) = (tmp_path / "wandb").glob("offline-run-*")
    kept = wandb_records(next(folder.glob("*.wandb")))
    end = time.monotonic() + 30.0
    while not kept["artifacts"] and time.monotonic() < end:  # its service writes on for a moment
        time.sleep(0.05)
        kept = wandb_records(next(folder.glob("*.wandb")))
    assert kept["history"] >= {*SCALARS, "predictions.path", "step"}
    assert kept["config"] >= {"learning_rate", "ranges_sha256"}
    assert kept["artifacts"] == {"toy"}
    assert list((folder / "files" / "media").rglob("*.png"))
    tracked(toy, tmp_path, "wandb", STEPS + 10)
    names = {path.name.rsplit("-", 1)[1] for path in (tmp_path / "wandb").glob("offline-run-*")}
    assert names == {(tmp_path / "wandb" / "toy.id").read_text(encoding="utf-8")}


def wandb_records(path: Path) -> Mapping[str, set[str]]:
    """Names in an offline run's file: records in the layout of LevelDB's logs after seven bytes."""
    from wandb.proto import wandb_internal_pb2

    content, at, raw = path.read_bytes(), 7, b""
    kept: dict[str, set[str]] = {"history": set(), "config": set(), "artifacts": set()}
    while at + 7 <= len(content):
        left = BLOCK - at % BLOCK
        if left < 7:  # no room for a header
            at += left
            continue
        length, kind = struct.unpack("<HB", content[at + 4 : at + 7])
        raw += content[at + 7 : at + 7 + length]
        at += 7 + length
        if kind in (2, 3):  # first and middle parts of a record; 1 is a whole one, 4 the last part
            continue
        record: Any = wandb_internal_pb2.Record()
        record.ParseFromString(raw)
        raw = b""
        kept["history"] |= {item.key or ".".join(item.nested_key) for item in record.history.item}
        kept["config"] |= {item.key for item in record.run.config.update}
        kept["artifacts"] |= {record.artifact.name, record.request.log_artifact.artifact.name} - {
            ""
        }
    return kept


class Broken:
    """Takes some figures, then fails."""

    def __init__(self, run: Any) -> None:
        self.left = 2

    def image(self, *_: Any) -> None:
        pass

    def scalars(self, *_: Any) -> None:
        self.left -= 1
        if self.left < 0:
            raise OSError("no space left on device")


def test_a_tracker_that_fails_does_not_end_a_run(
    toy: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    module = ModuleType("broken")
    module.Broken = Broken  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, f"{registry.ROOM}.broken", module)
    monkeypatch.setitem(TRACKERS, "broken", TrackerModule("json", "json", "broken", "Broken"))
    config = TrainingConfig("toy", **{**toy.SMALL, "steps": STEPS}, trackers=("broken",))
    assert train(config, tmp_path, RunDisplay(config, 0, config.trackers)).finished
    assert capfd.readouterr().err.count("tracker broken failed (no space left on device)") == 1


def test_a_tracker_that_is_asked_for_must_be_there(
    toy: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr("simreal_cli.cli.available_verbs", lambda: {"train": VERBS["train"]})
    assert main(["train", "--run", str(tmp_path), "--task", "toy", "--tracker", "wandb"]) == 2
    assert "tracker 'wandb' needs wandb, which is not installed: pip install" in (
        capsys.readouterr().err
    )


def test_trackers_are_settings(toy: ModuleType, tmp_path: Path) -> None:
    from simreal_perception.training.training_config import read_config

    file = tmp_path / "mine.yaml"
    file.write_text("trackers: [mlflow, tensorboard]\n", encoding="utf-8")
    assert read_config(file, "toy").trackers == ("mlflow", "tensorboard")
    with pytest.raises(ConfigurationError, match="no tracker is called 'paper'; wanted some of"):
        TrainingConfig("toy", trackers=("paper",))


@pytest.mark.parametrize(
    ("given", "trackers"),
    [((), ("tensorboard",)), (("none",), ()), (("json", "tensorboard"), ("json", "tensorboard"))],
)
def test_the_command_names_them(
    toy: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    given: tuple[str, ...],
    trackers: tuple[str, ...],
) -> None:
    monkeypatch.setitem(TRACKERS, "json", TrackerModule("json", "json", "broken", "Broken"))
    parser = argparse.ArgumentParser()
    cli_train.add_arguments(parser)
    options = [word for name in given for word in ("--tracker", name)]
    args = parser.parse_args(["--task", "toy", *options])
    assert [config.trackers for config in cli_train.configurations(args)] == [trackers]


def test_system_use_is_of_this_process() -> None:
    pytest.importorskip("psutil", reason="needs psutil: pip install '.[train]'")
    use = SystemUse("cpu")
    sum(n * n for n in range(1_000_000))
    busy = use.sample()
    assert busy["process_cpu_percent"] > 1.0
    assert 10.0 < busy["process_memory_mb"] < 1e6
    assert 0.0 < busy["machine_memory_percent"] <= 100.0
