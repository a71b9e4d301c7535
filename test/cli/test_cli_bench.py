"""`simreal bench`: what is printed follows from what was measured, and the images are as promised."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("numba", reason="drawing needs numba: pip install 'simreal[sim]'")

from simreal_bench.speed.bench_images import BLOCKS, block_images
from simreal_bench.speed.timing import in_turns
from simreal_cli.cli import main
from simreal_common.geometry import cube_corners

RENDER = ["bench", "render", "--images", "6", "--rounds", "3", "--size", "96x64"]
ESTIMATE = [
    "bench", "estimate", "--images", "1", "--rounds", "1", "--size", "320x240", "--seed", "2",
]  # fmt: skip


def test_render_prints_the_ratio_of_what_it_measured(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    pytest.importorskip("pybullet", reason="TinyRenderer comes with PyBullet")
    assert main([*RENDER, "--reference-images", "2", "--json", str(tmp_path / "r.json")]) == 0
    said = capsys.readouterr().out
    result = json.loads((tmp_path / "r.json").read_text())
    (ratio,) = re.findall(r"^ratio: (\d+\.\d)$", said, re.MULTILINE)
    assert float(ratio) == pytest.approx(result["ratio"], abs=0.06)
    rates = result["images_per_s"]
    # Medians of three rounds: the ratio of medians is not the median of ratios, but near it.
    assert rates["whole"] / rates["reference"] == pytest.approx(result["ratio"], rel=0.7)
    assert rates["whole"] < min(rates["scenes"], rates["drawing"], rates["sensor"])
    for title in ("ray caster", "drawing", "sensor", "TinyRenderer"):
        assert title in said
    assert result["seed"] == 1
    assert result["size"] == [96, 64]


def test_render_without_pybullet_says_what_is_left_out(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [n for n in sys.modules if n.endswith(("tiny_reference", "tiny_renderer"))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "pybullet", None)
    assert main(RENDER) == 0
    said = capsys.readouterr().out
    assert "TinyRenderer: left out" in said
    assert "ratio:" not in said


# As where torch is not installed; SciPy looks for it by other ways than an import.
WITHOUT_TORCH = """
import sys
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == "torch":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Missing())
from simreal_cli.cli import main
sys.exit(main(sys.argv[1:]))
"""


def test_estimate_without_torch_says_what_is_left_out() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", WITHOUT_TORCH, *ESTIMATE],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ended.returncode == 0, ended.stderr
    said = ended.stdout
    assert "estimator: image in, poses out" in said
    assert "6.0 of 6 markers" in said
    assert "left out, torch is not installed" in said
    assert "speedup" not in said


def test_estimate_beside_a_belief_map_network(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    pytest.importorskip("torch")
    size = ["--size", "160x120"]  # a fifteenth of the work of the real size
    assert main([*ESTIMATE, *size, "--json", str(tmp_path / "e.json")]) == 0
    said = capsys.readouterr().out
    result = json.loads((tmp_path / "e.json").read_text())
    (speedup,) = re.findall(r"^speedup over VGG-19 belief maps: (\d+\.\d)$", said, re.MULTILINE)
    times = {name: value["p50"] for name, value in result["milliseconds"].items()}
    assert float(speedup) == pytest.approx(times["beliefs"] / times["estimator"], abs=0.06)
    assert 0 < times["detector"] < times["estimator"]
    assert result["belief_maps"]["input"] == [160, 120]
    assert "weights random, only time is compared" in said


def test_the_belief_map_network_has_the_size_of_the_published_one() -> None:
    torch = pytest.importorskip("torch")
    from simreal_bench.speed import belief_map_network as dope

    network = dope.BeliefMapNetwork()
    # The first ten convolutions of VGG-19 have 5.8 million weights, the whole about 50 million.
    assert dope.parameter_count(network.features) == 5_865_536 + 1_179_904 + 295_040
    assert dope.parameter_count(network) == pytest.approx(50e6, rel=0.02)
    assert dope.input_size(480, 640) == (400, 533)
    with torch.no_grad():
        beliefs, fields = network(torch.zeros(1, 3, 64, 96))
    assert beliefs.shape == (1, 9, 8, 12)
    assert fields.shape == (1, 16, 8, 12)
    performed = 0

    def count(layer: object, _: object, output: object) -> None:
        nonlocal performed
        performed += 2 * output.numel() * layer.weight[0].numel()

    for layer in network.modules():
        if isinstance(layer, torch.nn.Conv2d):
            layer.register_forward_hook(count)
    with torch.no_grad():
        network(torch.zeros(1, 3, 72, 100))
    assert dope.operations(network, 72, 100) == performed


def test_six_blocks_are_in_view_and_a_seed_gives_the_same_images() -> None:
    first, second = block_images(2, 320, 240, seed=3)
    again = next(block_images(1, 320, 240, seed=3))
    np.testing.assert_array_equal(first.image, again.image)
    assert not np.array_equal(first.image, second.image)
    for scene in (first, second):
        assert scene.image.shape == (240, 320, 3)
        assert len(scene.blocks) == BLOCKS
        assert max(scene.edges) <= scene.edge
        for pose, edge in zip(scene.blocks, scene.edges, strict=True):
            corners = scene.camera.project(pose.transform_points(cube_corners(edge)))
            assert (corners >= 0).all()
            assert (corners <= [319, 239]).all()


def test_candidates_take_turns() -> None:
    calls: list[tuple[str, int]] = []
    jobs = {name: (lambda n, name=name: calls.append((name, n))) for name in "ab"}
    timings = in_turns(jobs, rounds=2, repeats={"a": 2, "b": 1})
    assert calls == [("a", 0), ("a", 1), ("b", 0), ("a", 2), ("a", 3), ("b", 1)]
    assert len(timings["a"].seconds) == 4
    assert timings["b"].best <= timings["b"].p50 <= timings["b"].p95


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["render", "--size", "3"], "got '3', wanted a width and a height"),
        (["render", "--images", "0"], "got '0', wanted a whole number of at least 1"),
        ([], "WHAT"),
    ],
)
def test_mistakes_are_one_line(
    arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["bench", *arguments])
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert says in said
    assert said.count("\n") == 1


def test_more_threads_than_cores(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "render", "--threads", "4096"]) == 2
    assert "--threads 4096: wanted at most" in capsys.readouterr().err
