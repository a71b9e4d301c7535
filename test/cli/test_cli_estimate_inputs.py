"""`simreal estimate` with files that are none: one line, exit code 2, soon, in little memory."""

from __future__ import annotations

import os
import resource
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

CAMERA_YAML = """\
image_width: 640
image_height: 480
camera_matrix: {rows: 3, cols: 3, data: [600.0, 0.0, 320.0, 0.0, 600.0, 240.0, 0.0, 0.0, 1.0]}
distortion_model: plumb_bob
distortion_coefficients: {rows: 1, cols: 5, data: [0.0, 0.0, 0.0, 0.0, 0.0]}
"""
TIME_S = 40.0  # a cold start on a busy machine; what this guards against takes minutes, or for ever
MEMORY = 3 << 30


def png_head(width: int, height: int) -> bytes:
    """The beginning of a PNG file that promises an image of that size."""
    head = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + head + struct.pack(">I", zlib.crc32(head))


def jpeg_head(width: int, height: int) -> bytes:
    """The beginning of a JPEG file that promises an image of that size."""
    comment = b"\xff\xfe" + struct.pack(">H", 6) + b"text"
    frame = b"\xff\xc0" + struct.pack(">HBHHB", 17, 8, height, width, 3) + bytes(9)
    return b"\xff\xd8" + comment + frame


def fifo(path: Path) -> None:
    os.mkfifo(path)


def zero(path: Path) -> None:
    path.symlink_to("/dev/zero")


def folder(path: Path) -> None:
    path.mkdir()


def vast(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(20 << 30)  # a hole: nothing of it lies on the disk


NO_FILES = [fifo, zero, folder, vast]
NO_CAMERAS = {
    "small focal length": CAMERA_YAML.replace("600.0", "1.0"),
    "one focal length": CAMERA_YAML.replace("600.0, 240", "1e6, 240"),
    "principal point": CAMERA_YAML.replace("320.0", "1e9"),
    "pole": CAMERA_YAML.replace("plumb_bob", "rational_polynomial").replace(
        "cols: 5, data: [0.0, 0.0, 0.0, 0.0, 0.0]", "cols: 8, data: [0, 0, 0, 0, 0, -10, 0, 0]"
    ),
    "aliases": "a: &a [x]\nb: &b [*a, *a]\nc: [*b, *b]\n" + CAMERA_YAML,
}


@pytest.fixture
def estimate(tmp_path: Path) -> Callable[[], str]:
    """Runs the verb as a person does; what it says when it refuses."""
    cv2.imwrite(str(tmp_path / "photo.png"), np.full((480, 640, 3), 128, np.uint8))
    (tmp_path / "camera.yaml").write_text(CAMERA_YAML)

    def run() -> str:
        done = subprocess.run(
            [
                *(sys.executable, "-m", "simreal_cli.cli", "estimate", "photo.png"),
                *("--camera", "camera.yaml", "--edge", "0.05"),
            ],
            cwd=tmp_path,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
            capture_output=True,
            text=True,
            timeout=TIME_S,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY)),
        )
        assert done.returncode == 2, done.stdout + done.stderr
        assert done.stdout == ""
        assert done.stderr.count("\n") == 1, done.stderr
        return done.stderr

    return run


@pytest.mark.parametrize("make", NO_FILES)
@pytest.mark.parametrize("name", ["photo.png", "camera.yaml"])
def test_what_is_no_file(
    estimate: Callable[[], str], tmp_path: Path, name: str, make: Callable[[Path], None]
) -> None:
    (tmp_path / name).unlink()
    make(tmp_path / name)
    said = estimate()
    assert name in said
    assert any(why in said for why in ("no regular file", "too large", "Is a directory")), said


@pytest.mark.parametrize("name", NO_CAMERAS)
def test_what_is_no_camera(estimate: Callable[[], str], tmp_path: Path, name: str) -> None:
    (tmp_path / "camera.yaml").write_text(NO_CAMERAS[name])
    assert estimate().startswith("error: camera.yaml: ")


@pytest.mark.parametrize("head", [png_head, jpeg_head])
def test_a_image_that_promises_too_much(
    estimate: Callable[[], str], tmp_path: Path, head: Callable[[int, int], bytes]
) -> None:
    (tmp_path / "photo.png").write_bytes(head(50_000, 60_000) + bytes(1000))
    assert "photo.png has 50000x60000 pixels, more than" in estimate()
