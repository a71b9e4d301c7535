"""`simreal compare-tags` writes a table, a plot and a frame; and refuses what it cannot write."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("numba", reason="drawing needs numba: pip install 'simreal[sim]'")

from simreal_cli.cli import main
from simreal_perception.video.image_io import read_image


def test_table_plot_and_frame_are_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = [tmp_path / name for name in ("t.json", "t.png", "frame.png")]
    options = [str(word) for pair in zip(("--json", "--plot", "--frame"), files) for word in pair]
    assert main(["compare-tags", "--frames", "2", "--seed", "3", *options]) == 0
    table = json.loads(files[0].read_text())
    assert table["command"].startswith("simreal compare-tags --frames 2 --seed 3")
    assert table["frames"] == 2
    overall = table["overall"]
    assert overall["network"]["blocks"] == overall["tags"]["blocks"]
    assert overall["network"]["ms_p50"] > 0
    assert read_image(files[2]).shape == (480, 640, 3)
    assert read_image(files[1]).shape[2] == 3
    out = capsys.readouterr().out
    assert "2 frames" in out
    assert "tags: precision" in out


def test_a_plot_that_cannot_be_drawn_is_refused_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["compare-tags", "--plot", str(tmp_path / "plot.txt")]) == 2
    assert "plot.txt" in capsys.readouterr().err
    with pytest.raises(SystemExit) as ended:
        main(["compare-tags", "--frames", "0"])
    assert ended.value.code == 2
    assert "--frames: got '0', wanted a whole number of at least 1" in capsys.readouterr().err
