"""bfloat16 where the machine computes with it, float32 elsewhere; said and recorded."""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType

import pytest

torch = pytest.importorskip("torch", reason="training needs torch: pip install '.[train]'")

from simreal_perception.training import precision  # noqa: E402
from simreal_perception.training.precision import by_flags, by_time, choose_precision, cpu_flags  # noqa: E402
from simreal_perception.training.run_display import RunDisplay  # noqa: E402
from simreal_perception.training.training import train  # noqa: E402
from simreal_perception.training.training_config import TrainingConfig  # noqa: E402
from simreal_sim.randomization.ranges.randomization_config import RandomizationConfig  # noqa: E402


@pytest.mark.parametrize(
    ("flags", "name", "why"),
    [
        ("sse2 avx512f avx512_bf16", "bfloat16", "this CPU has avx512_bf16"),
        ("sse2 amx_tile amx_bf16", "bfloat16", "this CPU has amx_bf16"),
        ("sse2 avx2 avx512f", "float32", "neither amx_bf16 nor avx512_bf16"),
    ],
)
def test_the_flags_of_a_cpu_decide(tmp_path: Path, flags: str, name: str, why: str) -> None:
    info = tmp_path / "cpuinfo"
    info.write_text(f"processor\t: 0\nmodel name\t: Some CPU\nflags\t\t: {flags}\n\nprocessor\t: 1")
    chosen = by_flags(cpu_flags(info))
    assert chosen and chosen.name == name and why in chosen.reason


@pytest.mark.parametrize("text", [None, "Features\t: fp asimd bf16\n", ""])
def test_without_known_flags_a_step_of_each_is_timed(
    toy: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str | None
) -> None:
    info = tmp_path / "cpuinfo"
    if text is not None:
        info.write_text(text)
    flags = cpu_flags(info)
    monkeypatch.setattr(precision, "cpu_flags", lambda: flags)
    task = toy.ToyTask(1, 4, RandomizationConfig())
    batch = task.source.draw(4)
    before = {name: value.clone() for name, value in task.network.state_dict().items()}
    random = torch.get_rng_state()
    chosen = choose_precision(TrainingConfig("pose"), task, batch)
    assert "s in float32" in chosen.reason and "s in bfloat16" in chosen.reason
    assert torch.equal(random, torch.get_rng_state())
    for name, value in task.network.state_dict().items():
        assert torch.equal(value, before[name]), name
    assert all(weight.grad is None for weight in task.network.parameters())


@pytest.mark.parametrize(
    ("slow", "fast", "name"), [(2.0, 1.0, "bfloat16"), (1.1, 1.0, "float32"), (1.0, 2.0, "float32")]
)
def test_a_gain_has_to_be_plain(slow: float, fast: float, name: str) -> None:
    assert by_time({"float32": slow, "bfloat16": fast}.__getitem__).name == name


@pytest.mark.parametrize("flags", ["sse2 avx512_bf16", "sse2"])
def test_what_was_chosen_is_said_recorded_and_done(
    toy: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str], flags: str,
) -> None:  # fmt: skip
    monkeypatch.setattr(precision, "cpu_flags", lambda: frozenset(flags.split()))
    wanted = "bfloat16" if "bf16" in flags else "float32"
    made = TrainingConfig("toy", steps=3, **toy.SMALL)
    run = train(made, tmp_path / "auto", RunDisplay(made, row=0)).checkpoint
    assert f"toy: learns in {wanted}: this CPU has" in capfd.readouterr().err
    start = json.loads(run.with_name("toy.environment.json").read_text())[0]
    assert start["precision"] == wanted and "this CPU has" in start["precision_because"]

    told = train(
        TrainingConfig("toy", steps=3, precision=wanted, **toy.SMALL), tmp_path / "told"
    ).checkpoint
    weights = [torch.load(path, weights_only=True)["network"] for path in (run, told)]
    for name, value in weights[0].items():
        assert torch.equal(value, weights[1][name]), name
        assert value.dtype in (torch.float32, torch.int64)
