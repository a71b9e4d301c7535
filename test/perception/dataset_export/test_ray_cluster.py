"""A Ray cluster writes what one process writes; a run that was killed goes on; errors are one line."""

from __future__ import annotations

import importlib.util
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

pytest.importorskip("numba", reason="drawing needs numba: pip install 'simreal[sim]'")

from simreal_cli.cli import main
from simreal_common.errors import ConfigurationError, MissingDependencyError
from simreal_perception.dataset_export.picture_run import PictureRun, Progress
from simreal_perception.dataset_export.picture_settings import PictureSettings
from simreal_perception.dataset_export.ray_cluster import RayCluster

COUNT = 9
SETTINGS = ("--format", "webdataset", "--shard", "2", "--size", "160x120")
PATIENCE_S = 400.0
needs_ray = pytest.mark.skipif(
    importlib.util.find_spec("ray") is None,
    reason="a cluster needs ray: pip install 'simreal[cluster]'",
)


def settings(**changes: object) -> PictureSettings:
    return PictureSettings("webdataset", size=(160, 120), shard=2, **changes)  # type: ignore[arg-type]


def shards(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("pictures-*.tar")}


@needs_ray
@pytest.mark.slow
def test_a_cluster_writes_what_one_process_writes(tmp_path: Path) -> None:
    """Also after its processes and the command were killed in the middle."""
    one, many = tmp_path / "one", tmp_path / "many"
    PictureRun(one, COUNT, settings()).write()
    command = [
        sys.executable, "-m", "simreal_cli.cli", "pictures", str(COUNT), "--out", str(many),
        *SETTINGS, "--jobs", "2", "--ray",
    ]  # fmt: skip
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as killed:
        end = time.monotonic() + PATIENCE_S
        while not shards(many) and killed.poll() is None:
            assert time.monotonic() < end, "no shard was written"
            time.sleep(0.02)
        killed.send_signal(signal.SIGKILL)
    there = shards(many)
    assert there and shards(one).items() >= there.items()  # whole ones alone
    (many / ".pictures-000004.tar.1.part").write_bytes(b"half")  # what a kill may leave
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE_S)
    assert done.returncode == 0, done.stderr
    assert shards(many) == shards(one)
    assert not list(many.glob("*.part")) and not list(many.glob(".*.part"))
    assert done.stdout.startswith(f"{COUNT} pictures of 160x120")

    # What such a stream is for: the library that others train with reads all of it.
    webdataset = pytest.importorskip("webdataset")
    names = sorted(map(str, many.glob("pictures-*.tar")))
    samples = list(webdataset.WebDataset(names, shardshuffle=False).decode("rgb8"))
    assert [sample["json"]["seed"] for sample in samples] == list(range(1, COUNT + 1))


@needs_ray
def test_a_cluster_that_does_not_answer_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))  # taken, and nobody listens
        address = f"127.0.0.1:{free.getsockname()[1]}"
        code = main(["pictures", "2", "--out", str(tmp_path / "x"), *SETTINGS, "--ray", address])
    assert code == 2
    assert f"error: no Ray cluster answers at {address}" in capsys.readouterr().err


def test_without_ray_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'simreal\[cluster\]'"):
        RayCluster()


def test_an_address_that_is_none_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["pictures", "--out", "x", "--ray", "1000"])
    assert "got '1000', wanted HOST:PORT" in capsys.readouterr().err


def test_shards_hold_as_many_as_asked_for_and_what_is_missing_is_spread(tmp_path: Path) -> None:
    assert PictureRun(tmp_path / "data", 3, settings()).write() == 3
    before = shards(tmp_path / "data")
    assert sorted(before) == ["pictures-000000.tar", "pictures-000001.tar"]
    given: list[range] = []

    def spread(run: PictureRun, units: Sequence[range], progress: Progress) -> None:
        given.extend(units)

    PictureRun(tmp_path / "data", 4, settings()).write(spread=spread)
    assert given == [range(2, 4)]  # the half full one anew
    other = PictureRun(tmp_path / "data", 4, PictureSettings("webdataset", size=(160, 120)))
    with pytest.raises(ConfigurationError, match=r"pictures.shard"):
        other.write()


@pytest.mark.parametrize(("form", "shard"), [("coco", 5), ("webdataset", 20_000)])
def test_a_shard_that_cannot_be_is_refused(form: str, shard: int) -> None:
    with pytest.raises(ConfigurationError, match="shard"):
        PictureSettings(form, shard=shard)
