"""The film of a run: images joined with their estimates, readable afterwards."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

av = pytest.importorskip("av", reason="filming needs PyAV: pip install 'simreal[film]'")

from simreal_common.block_estimate import BlockEstimate
from simreal_common.camera import Camera
from simreal_common.errors import ConfigurationError
from simreal_common.geometry import Pose
from simreal_perception.video.film import Film
from simreal_perception.video.film_frames import frames_at
from simreal_perception.video.image_io import read_image
from simreal_perception.video.recording import WAITING, Recording

CAMERA = Camera.pinhole(160, 120, 1.0)
GREY = np.full((120, 160, 3), 128, dtype=np.uint8)
STEP_NS = 200_000_000


def record(folder: Path) -> tuple[Recording, list[str]]:
    """A recording at the speed of life, and what it tells."""
    told: list[str] = []
    return Recording(folder, 1.0, told.append), told


def blocks(count: int) -> list[BlockEstimate]:
    return [
        BlockEstimate(
            Pose(np.array([0.1 * i - 0.1, 0.0, 0.6]), np.array([0.0, 0.0, 0.0, 1.0])),
            np.eye(6),
            0.9,
            0.05,
        )
        for i in range(count)
    ]


def frames(path: Path) -> tuple[list[float], list[np.ndarray]]:
    with av.open(str(path)) as container:
        decoded = list(container.decode(video=0))
        assert container.streams.video[0].codec_context.name == "h264"
        assert container.streams.video[0].codec_context.pix_fmt == "yuv420p"
    return [float(f.time) for f in decoded], [f.to_ndarray(format="rgb24") for f in decoded]


def marked(image: np.ndarray) -> bool:
    return bool((np.abs(image[:120].astype(int) - 128) > 40).any())


def test_time_in_the_film_is_time_of_the_images(tmp_path: Path) -> None:
    film = Film(tmp_path / "film.mp4", speed=2.0)
    for time_s in (5.0, 5.2, 5.4, 6.4):
        assert film.add(GREY, time_s)
    film.close()
    film.close()
    times, _ = frames(tmp_path / "film.mp4")
    assert times[:4] == pytest.approx([0.0, 0.1, 0.2, 0.7], abs=1e-3)


def test_odd_sizes_lose_a_row_and_a_column(tmp_path: Path) -> None:
    film = Film(tmp_path / "film.mp4")
    film.add(np.zeros((121, 161, 3), np.uint8), 0.0)
    film.close()
    assert frames(tmp_path / "film.mp4")[1][0].shape == (120, 160, 3)


def test_time_that_stands_still_or_goes_back_adds_nothing(tmp_path: Path) -> None:
    film = Film(tmp_path / "film.mp4")
    assert film.add(GREY, 1.0)
    assert not film.add(GREY, 1.0)
    assert not film.add(GREY, 0.5)
    film.close()


def test_a_image_of_another_size_is_shown_as_large_as_fits(tmp_path: Path) -> None:
    film = Film(tmp_path / "film.mp4")
    assert not film.add(GREY[:1, :1], 0.0)  # nothing for a film to begin with
    for number, image in enumerate((GREY, GREY[:60], GREY[:1, :1], np.tile(GREY, (4, 4, 1)))):
        assert film.add(image, float(number))
    film.close()
    _, shown = frames(tmp_path / "film.mp4")
    assert {image.shape for image in shown} == {(120, 160, 3)}
    grey = [float((np.abs(image.astype(int) - 128) < 20).mean()) for image in shown[:4]]
    assert grey == pytest.approx([1.0, 0.5, 0.75, 1.0], abs=0.05)


def test_a_recording_outlives_a_image_of_another_size(tmp_path: Path) -> None:
    recording, told = record(tmp_path)
    for number, image in enumerate((GREY, GREY[:30, :40], GREY)):
        recording.add_image(image, None, number * STEP_NS)
    recording.add_estimates(blocks(1), STEP_NS)
    recording.close()
    assert recording.images == 3
    assert told == []
    assert len(frames(tmp_path / "demo.mp4")[1]) >= 3


def test_two_recordings_in_one_folder(tmp_path: Path) -> None:
    first, _ = record(tmp_path)
    first.add_image(GREY, None, 0)
    with pytest.raises(ConfigurationError, match="another run is writing .*demo.mp4"):
        record(tmp_path)
    first.close()
    assert len(frames(tmp_path / "demo.mp4")[1]) > 0


def test_what_an_earlier_run_left_does_not_pass_for_this_ones(tmp_path: Path) -> None:
    for name in ("demo.mp4", "demo.times.json", "detections.png"):
        (tmp_path / name).write_text("earlier")
    record(tmp_path)[0].close()
    assert list(tmp_path.iterdir()) == []


FULL_DISK = """
import pathlib, resource, signal, sys
import numpy as np
from simreal_perception.video.recording import Recording
told = []
recording = Recording(pathlib.Path(sys.argv[1]), 1.0, told.append)
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
rng = np.random.default_rng(0)
for number in range(60):
    recording.add_image(rng.integers(0, 255, (120, 160, 3), np.uint8), None, number * 200_000_000)
recording.close()
print("\\n".join(told))
"""


def test_a_full_disk_costs_the_film_and_nothing_else(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith(f"cannot write the film {tmp_path / 'demo.mp4'}: File too large")
    assert done.stdout.count("there will be none") >= 1
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot write .*film.mp4"):
        Film(tmp_path / "no" / "film.mp4")


def test_no_image_no_film(tmp_path: Path) -> None:
    record(tmp_path)[0].close()
    assert list(tmp_path.iterdir()) == []


def test_estimates_are_drawn_into_the_image_they_were_made_of(tmp_path: Path) -> None:
    recording, _ = record(tmp_path)
    for number in range(4):
        recording.add_image(GREY, CAMERA, number * STEP_NS)
    recording.add_estimates(blocks(1), 2 * STEP_NS)
    recording.close()
    _, images = frames(tmp_path / "demo.mp4")
    # Nothing was known of the first two; the fourth is near enough in time to the third.
    assert [marked(image) for image in images[:4]] == [False, False, True, True]


def test_old_estimates_are_not_drawn(tmp_path: Path) -> None:
    recording, _ = record(tmp_path)
    recording.add_image(GREY, CAMERA, 0)
    recording.add_estimates(blocks(1), 0)
    for number in range(1, 6):
        recording.add_image(GREY, CAMERA, number * STEP_NS)
    recording.close()
    _, images = frames(tmp_path / "demo.mp4")
    assert [marked(image) for image in images[:6]] == [True, True, *[False] * 4]


def test_images_do_not_pile_up_without_estimates(tmp_path: Path) -> None:
    recording, _ = record(tmp_path)
    for number in range(WAITING + 5):
        recording.add_image(GREY, None, number * STEP_NS)
    assert recording.images == 5
    recording.close()
    assert recording.images == WAITING + 5


def test_the_image_shows_the_most_blocks_up_to_the_goal(tmp_path: Path) -> None:
    recording, _ = record(tmp_path)
    recording.goal = 2
    shown = []
    for number, count in enumerate((1, 2, 3, 1)):
        recording.add_image(np.full_like(GREY, 100 + number), CAMERA, number * STEP_NS)
        recording.add_estimates(blocks(count), number * STEP_NS)
        shown.append(int(read_image(tmp_path / "detections.png")[0, 0, 0]))
    recording.close()
    assert shown == [100, 101, 101, 101]


class InterruptedContainer:
    """A file that is written, where Ctrl-C comes as the packets of one image are on their way."""

    def __init__(self, container: Any, image: int) -> None:
        self._container, self._left = container, image

    def __getattr__(self, name: str) -> Any:
        return getattr(self._container, name)

    def mux(self, packets: Any) -> None:
        self._left -= 1
        if self._left == 0:
            signal.raise_signal(signal.SIGINT)
        self._container.mux(packets)


def test_ctrl_c_between_encoder_and_file_loses_no_image(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = av.open
    with monkeypatch.context() as patched:
        patched.setattr(
            av, "open", lambda *args, **kw: InterruptedContainer(opened(*args, **kw), 30)
        )
        film = Film(tmp_path / "demo.mp4")
    noise = np.random.default_rng(0).integers(0, 255, (120, 160, 3)).astype(np.uint8)
    times = [0.1 * i for i in range(60)]
    interrupted = 0
    for i, time in enumerate(times):
        try:
            film.add(np.roll(noise, i, 1), time)
        except KeyboardInterrupt:
            interrupted += 1
    film.close()
    assert interrupted == 1
    frames = frames_at(tmp_path / "demo.mp4", times)
    assert [frame.time_s for frame in frames] == pytest.approx(times)
