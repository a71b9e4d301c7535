"""A bench leaves a file for each run, and runs only what has none."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pybullet", reason="the simulation needs PyBullet")

from simreal_bench.stacking.resumable import Bench
from simreal_common.errors import ConfigurationError, ModelError


@dataclass(frozen=True)
class Square:
    seed: int
    value: int


@dataclass(frozen=True)
class SquareBench(Bench[int, Square]):
    @property
    def runs(self) -> tuple[int, ...]:
        return self.seeds

    def file(self, run: int) -> Path:
        return self.folder / f"{run}.json"

    def execute(self, run: int) -> Square:
        return Square(run, run**2)

    def read(self, content: dict[str, Any]) -> Square:
        return Square(**content)


def test_a_bench_goes_on_where_it_was_stopped(tmp_path: Path) -> None:
    told: list[Square] = []
    SquareBench((2,), 3, "block", 0.5, tmp_path).run_missing(1, told.append)
    (tmp_path / "2.json").write_text(json.dumps({"seed": 2, "value": -1}))
    bench = SquareBench((1, 2, 3), 3, "block", 0.5, tmp_path)
    bench.run_missing(1, told.append)
    assert sorted(result.seed for result in told) == [1, 2, 3]
    assert bench.done() == [Square(1, 1), Square(2, -1), Square(3, 9)]


def test_a_folder_of_another_speed_is_refused(tmp_path: Path) -> None:
    SquareBench((), 3, "block", 0.5, tmp_path).run_missing(1, print)
    with pytest.raises(ConfigurationError, match=r"another kind \(velocity_scaling 0.5 -> 0.4\)"):
        SquareBench((), 3, "block", 0.4, tmp_path).run_missing(1, print)


def test_a_folder_is_not_taken_for_a_model_that_is_not_there(tmp_path: Path) -> None:
    folder = tmp_path / "bench"
    with pytest.raises(ModelError, match="nobody"):
        SquareBench((1,), 3, "nobody", 0.5, folder).run_missing(1, print)
    assert not folder.exists()
