"""No packet leaves the loopback: not from a demo, from training, from a bench."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from simreal_common.resources import share_directory

from .conftest import ros2

FENCED = str(Path(__file__).parents[1] / "fenced.py")
UNSHARE = ["unshare", "--net", "--mount", "--map-root-user"]
GIVE_UP_S = 900.0  # the first run of a checkout compiles the renderer, on a machine with other work
SIMREAL = [sys.executable, "-m", "simreal_cli.cli"]

Fenced = Callable[..., tuple[int, int]]


@pytest.fixture
def fenced(child_environment: dict[str, str], tmp_path: Path) -> Fenced:
    """Runs a command without a network; its exit code, and the packets that it sent to one."""
    if not all(shutil.which(tool) for tool in ("unshare", "ip", "mount")):
        pytest.skip("needs unshare, ip and mount")
    # As that of a user who says nothing of telemetry: what is switched off is switched off by us.
    home = tmp_path / "home"
    home.mkdir()
    environment = {**child_environment, "HOME": str(home)}

    def run(*command: str, until: str = "") -> tuple[int, int]:
        options = ["--until", until] if until else []
        with subprocess.Popen(
            [*UNSHARE, sys.executable, FENCED, *options, *command],
            env=environment, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True, start_new_session=True,
        ) as process:  # fmt: skip
            try:
                stdout, stderr = process.communicate(timeout=GIVE_UP_S)
            finally:
                if process.poll() is None:  # with what it runs, which would go on
                    os.killpg(process.pid, signal.SIGKILL)
        if process.returncode != 0:
            pytest.fail(f"{stdout}\n{stderr}")
        print(stderr)
        result = json.loads(stdout.splitlines()[-1])
        print(f"{' '.join(command)}: {result}")
        return result["code"], result["packets"]

    probe = subprocess.run(
        [*UNSHARE, sys.executable, FENCED, "true"], capture_output=True, text=True, timeout=60.0
    )
    if probe.returncode != 0:
        pytest.skip(f"a network of its own is not permitted here: {probe.stderr[-200:]}")
    return run


need_model = pytest.mark.skipif(
    not (share_directory() / "models" / "block.json").is_file(),
    reason="models/block.json is missing: make train",
)


@pytest.mark.parametrize(
    "deed",
    [
        "socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('239.255.0.1', 7400))",
        "socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('192.0.2.1', 9))",
        "socket.socket().connect_ex(('192.0.2.1', 443))",
        "socket.getaddrinfo('example.org', 443)",
    ],
)
def test_what_leaves_is_counted(fenced: Fenced, deed: str) -> None:
    code = (
        "import contextlib, socket; socket.setdefaulttimeout(0.5)\n"
        f"with contextlib.suppress(OSError): {deed}"
    )
    assert fenced(sys.executable, "-c", code)[1] > 0


@need_model
def test_a_run_until_the_arm_is_at_work(fenced: Fenced, tmp_path: Path) -> None:
    launch = [ros2(), "launch", "simreal", "simulation.launch.xml", f"out:={tmp_path / 'out'}"]
    code, packets = fenced(*launch, until="looking at the table")
    assert packets == 0
    assert code == 130


@pytest.mark.slow
@need_model
def test_a_whole_run(fenced: Fenced, tmp_path: Path) -> None:
    out = tmp_path / "out"
    launch = [ros2(), "launch", "simreal", "simulation.launch.xml", f"out:={out}"]
    code, packets = fenced(*launch)
    assert packets == 0
    assert code == 0
    assert json.loads((out / "result.json").read_text())["success"] is True


@pytest.mark.slow
@pytest.mark.parametrize("checks", [(), ("--no-checks",)], ids=["with its checks", "without"])
def test_training(fenced: Fenced, tmp_path: Path, checks: tuple[str, ...]) -> None:
    pytest.importorskip("torch", reason="training needs torch: pip install '.[train]'")
    run = tmp_path / "run"
    code, packets = fenced(
        *SIMREAL, "train", "--run", str(run), *checks, "--steps", "3", "--batch", "4",
        "--threads", "1", "--set", "evaluate_s=5",
    )  # fmt: skip
    assert packets == 0
    assert code == 0


@pytest.mark.slow
@need_model
@pytest.mark.parametrize(
    "words",
    [
        ("render", "--images", "2", "--rounds", "1"),
        ("estimate", "--images", "1", "--rounds", "1"),
        ("stack", "--seeds", "1", "--blocks", "2"),
    ],
)
def test_a_bench(fenced: Fenced, words: tuple[str, ...]) -> None:
    code, packets = fenced(*SIMREAL, "bench", *words)
    assert packets == 0
    assert code == 0
