"""Networks are opened silently, and only if they are what the code needs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from simreal_common.errors import ModelError
from simreal_common.resources import share_directory
from simreal_perception.model_files import onnx_session
from simreal_perception.model_files.model_card import file_sha256
from simreal_perception.model_files.onnx_session import Signature, Tensor, open_network
from simreal_perception.pose_estimation.detection import DETECTOR
from simreal_perception.pose_estimation.estimator import POSE, BlockEstimator

MODELS = share_directory() / "models"
FILES = {DETECTOR: MODELS / "block_detector.onnx", POSE: MODELS / "block_pose.onnx"}

# Prints every address of an IP socket that the process had open at some time.
WATCHED = """
import ipaddress, os, struct, threading, time

addresses, done = set(), threading.Event()

def watch():
    while not done.wait(0.002):
        names = set()
        for number in os.listdir("/proc/self/fd"):
            try:
                names.add(os.readlink(f"/proc/self/fd/{number}"))
            except OSError:
                pass
        for table in ("tcp", "tcp6", "udp", "udp6"):
            with open(f"/proc/self/net/{table}") as lines:
                for fields in map(str.split, list(lines)[1:]):
                    if f"socket:[{fields[9]}]" in names:
                        addresses.update((fields[1], fields[2]))

watcher = threading.Thread(target=watch)
watcher.start()
import numpy as np
from simreal_common.camera import Camera
from simreal_perception.pose_estimation.estimator import BlockEstimator
estimator = BlockEstimator.load("block")
image = np.random.default_rng(0).integers(0, 255, (96, 128, 3), dtype=np.uint8)
estimator.estimate(image, Camera.pinhole(128, 96, 1.0), 0.05)
time.sleep(1.0)
done.set()
watcher.join()
print(sorted(addresses))
"""


@pytest.mark.skipif(not Path("/proc/self/net/tcp").exists(), reason="reads the tables of Linux")
def test_a_model_tells_nobody_that_it_is_used(tmp_path: Path) -> None:
    """ONNX Runtime by itself keeps an id of the machine in the home folder and looks up a host."""
    environment = {**os.environ, "HOME": str(tmp_path), "OMP_NUM_THREADS": "1"}
    for name in ("ORT_DISABLE_TELEMETRY", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME"):
        environment.pop(name, None)
    done = subprocess.run(
        [sys.executable, "-c", WATCHED],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert done.stdout == "[]\n"
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert [path for path in written if "icrosoft" in str(path) or "onnx" in str(path)] == []


@pytest.mark.parametrize(
    ("given", "wanted"), [(DETECTOR, POSE), (POSE, DETECTOR)], ids=["detector", "pose"]
)
def test_another_network_is_refused(given: Signature, wanted: Signature) -> None:
    open_network(FILES[wanted], 1, wanted)
    with pytest.raises(ModelError, match=r"has inputs .*; wanted .*: another network") as refused:
        open_network(FILES[given], 1, wanted)
    assert "\n" not in str(refused.value)


def test_outputs_of_another_version_are_refused() -> None:
    (images,) = POSE.inputs
    for outputs in (
        POSE.outputs[:-1],
        POSE.outputs[::-1],
        (*POSE.outputs[:3], Tensor("field", "float", (None, 4, None, None))),
        (*POSE.outputs[:3], Tensor("field", "double", (None, 3, None, None))),
    ):
        with pytest.raises(ModelError, match="has outputs corners float"):
            open_network(FILES[POSE], 1, Signature((images,), outputs))


def test_a_card_with_its_networks_swapped(tmp_path: Path) -> None:
    for ours, theirs in (("detector", "pose"), ("pose", "detector")):
        content = (MODELS / f"block_{theirs}.onnx").read_bytes()
        (tmp_path / f"block_{ours}.onnx").write_bytes(content)
    card = json.loads((MODELS / "block.json").read_text(encoding="utf-8"))
    for entry in card["files"]:
        entry["sha256"] = file_sha256(tmp_path / entry["file"])
    (tmp_path / "block.json").write_text(json.dumps(card), encoding="utf-8")
    with pytest.raises(ModelError, match=r"block_detector.onnx has inputs crops .*wanted images"):
        BlockEstimator.load(str(tmp_path / "block.json"))


@pytest.mark.parametrize("content", [b"", b"no network", bytes(1000)])
def test_what_is_no_network(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "some.onnx"
    file.write_bytes(content)
    with pytest.raises(ModelError, match="some.onnx cannot be run: .*export it again") as refused:
        open_network(file)
    assert "\n" not in str(refused.value)


def test_the_providers_that_are_there_compute(tmp_path: Path) -> None:
    assert open_network(FILES[DETECTOR], 1, DETECTOR, "cpu").get_providers() == [
        "CPUExecutionProvider"
    ]


@pytest.mark.parametrize("provider", ["cuda", "tensorrt", "openvino"])
def test_a_provider_that_is_not_there_is_named_with_what_brings_it(
    provider: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        onnx_session.onnxruntime, "get_available_providers", lambda: ["CPUExecutionProvider"]
    )
    with pytest.raises(ModelError, match=rf"'{provider}' is not there.*has cpu; install") as caught:
        open_network(FILES[DETECTOR], 1, DETECTOR, provider)
    assert "\n" not in str(caught.value)


def test_a_provider_that_does_not_start_is_not_replaced_in_silence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    both = ["OpenVINOExecutionProvider", "CPUExecutionProvider"]
    monkeypatch.setattr(onnx_session.onnxruntime, "get_available_providers", lambda: both)
    with pytest.raises(ModelError, match="'openvino' does not start"):
        open_network(FILES[DETECTOR], 1, DETECTOR, "openvino")


def test_a_provider_of_another_name_is_refused() -> None:
    with pytest.raises(ModelError, match="'gpu': wanted one of cpu, cuda"):
        open_network(FILES[DETECTOR], 1, DETECTOR, "gpu")
