"""Several processes that train one network: they agree, go on, and end together."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

torch = pytest.importorskip("torch", reason="training needs torch: pip install '.[train]'")
if not torch.distributed.is_available():
    pytest.skip("this build of torch cannot train by several processes", allow_module_level=True)

from simreal_common.errors import ConfigurationError  # noqa: E402
from simreal_perception.training.distributed import ALONE, Ranks  # noqa: E402
from simreal_perception.training.training import train  # noqa: E402
from simreal_perception.training.training_config import TrainingConfig  # noqa: E402

SCRIPT = Path(__file__).with_name("toy_ranks.py")
PATIENCE_S = 300.0  # two processes that import torch, on a machine that may be busy


def together(
    port: int, *starts: str, ranks: int = 2, killed: int = -1
) -> list[tuple[int, str, str]]:
    """Run `toy_ranks.py` in several processes, as torchrun would; code, output, errors of each."""
    processes = [
        subprocess.Popen(
            [sys.executable, SCRIPT, str(killed), *starts],
            env={
                **os.environ, "RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": str(ranks),
                "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "GLOO_SOCKET_IFNAME": "lo",
            },
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for rank in range(ranks)
    ]  # fmt: skip
    try:
        ended = [process.communicate(timeout=PATIENCE_S) for process in processes]
    finally:
        for process in processes:
            process.kill()
    return [(p.returncode, out, err) for p, (out, err) in zip(processes, ended)]


def weights(folder: Path) -> dict[str, torch.Tensor]:
    state = torch.load(folder / "toy.pt", weights_only=True)
    return {
        f"{part} {name}": value
        for part in ("network", "average")
        for name, value in state[part].items()
    }


@pytest.fixture
def port() -> int:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def test_processes_agree_and_go_on_to_the_same_weights(tmp_path: Path, port: int) -> None:
    starts = [f"{tmp_path}/{run}" for run in ("whole:5", "parts:2", "parts:5")]
    ended = together(port, *starts)
    assert [code for code, _, _ in ended] == [0, 0], ended
    one, other = (out.splitlines() for _, out, _ in ended)
    assert len(one) == len(other) == 2 * len(starts)
    assert one[::2] == other[::2]  # weights
    assert all(a != b for a, b in zip(one[1::2], other[1::2]))  # each has images of its own
    assert {path.name for path in (tmp_path / "whole").glob("*.pt")} == {"toy.pt", "toy.best.pt"}
    state = torch.load(tmp_path / "whole" / "toy.pt", weights_only=True)
    assert state["pictures_seen"] == 5 * 8 * 2
    whole, parts = weights(tmp_path / "whole"), weights(tmp_path / "parts")
    for name, value in whole.items():
        assert torch.equal(value, parts[name]), name


def test_one_that_is_killed_ends_the_others_with_a_line(
    tmp_path: Path, port: int, toy: ModuleType
) -> None:
    ended = together(port, f"{tmp_path}:6", killed=3)
    assert ended[1][0] == -9
    assert ended[0][0] == 2
    lines = ended[0][2].strip().splitlines()
    assert lines[-1].startswith("error: another of the processes that train together is gone")
    assert "Traceback" not in ended[0][2]
    # What was learned before is there, and wants as many processes as it was learned by.
    config = TrainingConfig("toy", steps=6, **{**toy.SMALL, "decay": 0.0})
    assert torch.load(tmp_path / "toy.pt", weights_only=True)["step"] == 2
    with pytest.raises(ConfigurationError, match=r"run of 2 processes, and here are 1: .*torchrun"):
        train(config, tmp_path)


def test_a_run_of_one_process_is_refused_to_several(tmp_path: Path, toy: ModuleType) -> None:
    config = TrainingConfig("toy", steps=2, **toy.SMALL)
    train(config, tmp_path)
    from simreal_perception.training.checkpoint import go_on_as, read_progress

    progress = read_progress(tmp_path / "toy.pt")
    assert go_on_as(progress, ALONE, tmp_path) is progress
    with pytest.raises(ConfigurationError, match="run of 1 processes, and here are 2"):
        go_on_as(progress, Ranks(1, 2), tmp_path)


def test_automatic_randomization_is_refused(tmp_path: Path, toy: ModuleType) -> None:
    config = TrainingConfig("toy", adr=True, **toy.SMALL)
    with pytest.raises(ConfigurationError, match="2 processes.*wanted one process, or no --adr"):
        train(config, tmp_path, ranks=Ranks(0, 2))
