"""A run keeps its ranges of randomization, and does not go on with others."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="training needs torch: pip install '.[train]'")

from simreal_common.errors import ConfigurationError  # noqa: E402
from simreal_perception.training.run_display import RunDisplay  # noqa: E402
from simreal_perception.training.training import train  # noqa: E402
from simreal_perception.training.training_config import TrainingConfig  # noqa: E402
from simreal_sim.randomization.ranges.randomization_config import RandomizationConfig  # noqa: E402
from simreal_sim.randomization.ranges.ranges import Share  # noqa: E402
from simreal_sim.randomization.ranges_file import ranges_sha256, ranges_values  # noqa: E402

MINE = "edge: {edge_m: [0.03, 0.05]}\n"


def config(toy: ModuleType, **changes: Any) -> TrainingConfig:
    return TrainingConfig("toy", **{"steps": 3, **toy.SMALL, **changes})


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "mine.yaml"
    path.write_text(MINE)
    return path


def test_a_run_keeps_all_its_ranges(toy: ModuleType, tmp_path: Path, file: Path) -> None:
    made = config(toy, ranges=str(file))
    run = train(made, tmp_path / "run").checkpoint
    kept = RandomizationConfig.load(run.with_name("toy.ranges.yaml"))
    assert kept == RandomizationConfig.load(file)
    assert torch.load(run, weights_only=True)["ranges"] == ranges_sha256(ranges_values(kept))


def test_a_changed_file_is_refused_in_one_line_that_names_the_keys(
    toy: ModuleType, tmp_path: Path, file: Path
) -> None:
    made, run = config(toy, ranges=str(file)), tmp_path / "run"
    train(made, run)
    file.write_text(MINE + "rim: {share: 0.1}\n")
    longer = dataclasses.replace(made, steps=5)
    with pytest.raises(ConfigurationError, match="began with .rim.share 0.7 -> 0.1.: give ") as e:
        train(longer, run)
    assert "\n" not in str(e.value)
    assert train(dataclasses.replace(longer, ranges=str(run / "toy.ranges.yaml")), run).step == 5
    file.write_text("# the same\n" + MINE)
    assert train(dataclasses.replace(made, steps=7), run).step == 7


def test_new_defaults_are_refused_and_the_kept_ranges_are_not(
    toy: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train(config(toy), tmp_path)
    usual = RandomizationConfig.load()
    newer = dataclasses.replace(usual, rim=dataclasses.replace(usual.rim, share=Share(0.9)))

    def load(path: Path | None = None, *_: Any) -> RandomizationConfig:
        return newer if path is None else usual

    monkeypatch.setattr(RandomizationConfig, "load", staticmethod(load))
    with pytest.raises(ConfigurationError, match="rim.share 0.7 -> 0.9"):
        train(config(toy, steps=5), tmp_path)
    kept = str(tmp_path / "toy.ranges.yaml")
    assert train(config(toy, steps=5, ranges=kept), tmp_path).step == 5


def test_a_changed_or_lost_copy(toy: ModuleType, tmp_path: Path, file: Path) -> None:
    made, run = config(toy, ranges=str(file)), tmp_path / "run"
    copy = run / "toy.ranges.yaml"
    train(made, run)
    text = copy.read_text()
    copy.write_text(text.replace("[0.03, 0.05]", "[0.03, 0.06]"))
    with pytest.raises(ConfigurationError, match="was changed .edge.edge_m.*0.06.*it is a record"):
        train(made, run)
    copy.unlink()
    train(made, run)
    assert copy.read_text() == text
    copy.write_text("a: b: c")
    file.write_text(MINE + "rim: {share: 0.1}\n")
    with pytest.raises(ConfigurationError, match="cannot tell which.*give the old file again"):
        train(made, run)


def test_a_run_of_old_goes_on_with_a_warning(
    toy: ModuleType, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = train(config(toy), tmp_path).checkpoint
    state = torch.load(path, weights_only=True)
    for name in ("ranges", "source", "pictures_seen", "spent_s"):
        del state[name]  # what earlier versions did not write
    torch.save(state, path)
    path.with_name("toy.ranges.yaml").unlink()
    longer = config(toy, steps=5)
    assert train(longer, tmp_path, RunDisplay(longer, row=0)).step == 5
    said = capfd.readouterr().err
    assert "warning: " in said and "does not say which ranges" in said
    state = torch.load(path, weights_only=True)
    assert state["ranges"] and state["pictures_seen"] == 5 * longer.batch
    assert path.with_name("toy.ranges.yaml").exists()
