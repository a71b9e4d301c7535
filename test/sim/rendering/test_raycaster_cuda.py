"""The CUDA driver draws what the CPU's draws: its kernels run on numba's simulator of a GPU."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from simreal_common.errors import ConfigurationError
from simreal_sim.randomization.cameras import draw_views
from simreal_sim.randomization.layout.layout import FIRST_BLOCK, FIRST_DISTRACTOR
from simreal_sim.randomization.random_scenes import draw_scenes
from simreal_sim.randomization.ranges.randomization_config import RandomizationConfig
from simreal_sim.rendering.raycaster import Rendering, render
from simreal_sim.rendering.scene import SceneBatch, ViewBatch
from simreal_sim.rendering.textures import texture_pool

cuda = pytest.importorskip("numba.cuda", reason="numba has no CUDA here")

USABLE = cuda.is_available() and getattr(cuda, "implementation", "") == "NVIDIA"

WIDTH, HEIGHT = 18, 17  # four tiles, three of them cut off
TEXTURES = 8
SEED = 14  # balls, boxes and cylinders, two lenses, glossy and textured things, backdrop, hidden blocks
VIEWS = {"hard": 2, "soft": 1}
SOFT_LAMP_M = 0.3
# Compiled code may round another way: a ray that grazes an edge may go either way.
OTHER_PIXELS = 0.005
# Rounding; a texture of high contrast makes it larger than float32's 1e-7.
TYPICAL, LARGEST = 1e-6, 2e-3
# Soft shadows along edges draw other random numbers: some of four rays may be lit or not, as often
# one way as the other.
SOFT_LARGEST, SOFT_BIAS = 0.5, 0.005

# What the simulator runs. Its threads meet zero divisors, as the rays on a GPU do.
SIMULATE = """
import sys, warnings
warnings.simplefilter("ignore")
import numpy as np
sys.path.insert(0, sys.argv[2])
import simreal_sim.rendering.raycaster_cuda
from test_raycaster_cuda import drawn
for kind in ("hard", "soft"):
    simreal_sim.rendering.raycaster_cuda.MEMORY_BYTES = 1 << 16  # views go one by one
    result = drawn(kind, "cuda")
    np.savez(f"{sys.argv[1]}/{kind}.npz", **vars(result))
"""


def scene(kind: str) -> tuple[SceneBatch, ViewBatch, np.ndarray, np.random.Generator]:
    """Everything randomized but for the size of the lamps."""
    rng = np.random.default_rng(SEED)
    count = VIEWS[kind]
    textures = texture_pool(TEXTURES, rng)
    scenes = draw_scenes(count, TEXTURES, RandomizationConfig(), rng)
    scenes.light_radius[:] = 0.0 if kind == "hard" else SOFT_LAMP_M
    views = draw_views(scenes, np.arange(count)[::-1], WIDTH, HEIGHT, RandomizationConfig(), rng)
    return scenes, views, textures, rng


def drawn(kind: str, device: str) -> Rendering:
    scenes, views, textures, rng = scene(kind)
    return render(scenes, views, textures, WIDTH, HEIGHT, rng, device)


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cuda")
    environment = {**os.environ, "NUMBA_ENABLE_CUDASIM": "1", "NUMBA_DISABLE_JIT": "1"}
    subprocess.run(
        [sys.executable, "-c", SIMULATE, str(folder), str(Path(__file__).parent)],
        env=environment, check=True, timeout=300,
    )  # fmt: skip
    return folder


def both(folder: Path, kind: str) -> tuple[Rendering, Rendering]:
    with np.load(folder / f"{kind}.npz") as arrays:
        return Rendering(**arrays), drawn(kind, "cpu")


@pytest.mark.parametrize("kind", VIEWS)
def test_the_same_things_are_seen(simulated: Path, kind: str) -> None:
    gpu, cpu = both(simulated, kind)
    other = int((gpu.instance != cpu.instance).sum())
    assert other <= OTHER_PIXELS * cpu.instance.size
    assert gpu.instance.dtype == cpu.instance.dtype
    np.testing.assert_allclose(gpu.seen, cpu.seen, atol=other)
    np.testing.assert_allclose(gpu.covered, cpu.covered, atol=OTHER_PIXELS * WIDTH * HEIGHT)
    assert cpu.covered[:, FIRST_BLOCK:FIRST_DISTRACTOR].any()


def test_hard_lamps_give_the_same_colours(simulated: Path) -> None:
    gpu, cpu = both(simulated, "hard")
    difference = np.abs(gpu.color - cpu.color).max(axis=-1)
    assert gpu.color.dtype == cpu.color.dtype
    assert np.median(difference) < TYPICAL
    assert (difference > LARGEST).mean() <= OTHER_PIXELS


def test_soft_lamps_differ_along_edges_only(simulated: Path) -> None:
    gpu, cpu = both(simulated, "soft")
    difference = gpu.color - cpu.color
    assert np.median(np.abs(difference)) < TYPICAL
    assert np.abs(difference).max() < SOFT_LARGEST
    assert abs(difference.mean()) < SOFT_BIAS


@pytest.mark.skipif(USABLE, reason="there is a GPU here")
def test_without_a_gpu_it_says_so_and_what_to_do() -> None:
    with pytest.raises(ConfigurationError, match=r"'cuda'.*numba-cuda\[cu12\].*device: cpu") as e:
        drawn("hard", "cuda")
    assert "\n" not in str(e.value)


@pytest.mark.skipif(not USABLE, reason="there is no GPU, or no numba-cuda, here")
def test_a_gpu_draws_what_the_cpu_draws() -> None:
    gpu, cpu = drawn("hard", "cuda"), drawn("hard", "cpu")
    assert (gpu.instance != cpu.instance).mean() <= OTHER_PIXELS
    difference = np.abs(gpu.color - cpu.color).max(axis=-1)
    assert (difference > LARGEST).mean() <= 4 * OTHER_PIXELS  # square roots and divisions are rough
