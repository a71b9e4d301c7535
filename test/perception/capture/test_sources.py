"""Images from folders, video files and cameras."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from simreal_common.errors import ConfigurationError, ImageError
from simreal_perception.capture import sources
from simreal_perception.capture.sources import EndOfImages, FrameSource, LiveCamera, open_source
from simreal_perception.video.image_io import write_image


def opened(device: object, repeat: bool = True) -> FrameSource:
    return open_source(str(device), size=(0, 0), repeat=repeat, say=lambda _: None)


def grey(value: int) -> np.ndarray:
    return np.full((48, 64, 3), value, dtype=np.uint8)


def test_a_folder_gives_its_images_by_name_and_begins_again(tmp_path: Path) -> None:
    for name, value in (("b.PNG", 20), ("a.jpg", 10), ("c.jpeg", 30)):
        write_image(tmp_path / name, grey(value))
    (tmp_path / "notes.txt").write_text("not an image")
    source = opened(tmp_path)
    shown = [int(source.read().mean().round()) for _ in range(7)]  # type: ignore[union-attr]
    assert shown == [10, 20, 30, 10, 20, 30, 10]


def test_masks_beside_images_are_none(tmp_path: Path) -> None:
    for name, value in (("000.png", 10), ("000.mask.png", 1), ("001.png", 20), ("a.mask.png", 30)):
        write_image(tmp_path / name, grey(value))
    source = opened(tmp_path)
    shown = [int(source.read().mean()) for _ in range(4)]  # type: ignore[union-attr]
    assert shown == [10, 20, 30, 10]  # the last is nobody's mask: a photograph of that name


def test_colours_are_red_first(tmp_path: Path) -> None:
    write_image(tmp_path / "red.png", np.full((4, 4, 3), (200, 10, 20), np.uint8))
    image = opened(tmp_path).read()
    assert image is not None
    assert image[0, 0].tolist() == [200, 10, 20]


def test_without_repeat_a_folder_ends(tmp_path: Path) -> None:
    write_image(tmp_path / "a.png", grey(10))
    source = opened(tmp_path, repeat=False)
    source.read()
    with pytest.raises(EndOfImages, match="all 1 images have been shown"):
        source.read()


def video(path: Path) -> Path:
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10.0, (64, 48))
    if not writer.isOpened():
        pytest.skip("this OpenCV writes no AVI")
    for value in (40, 120, 200):
        writer.write(grey(value))
    writer.release()
    return path


def test_a_video_gives_its_images_and_begins_again(tmp_path: Path) -> None:
    source = opened(video(tmp_path / "a.avi"))
    shown = [float(source.read().mean()) for _ in range(5)]  # type: ignore[union-attr]
    np.testing.assert_allclose(shown, [40, 120, 200, 40, 120], atol=5)
    source.close()
    once = opened(tmp_path / "a.avi", repeat=False)
    for _ in range(3):
        once.read()
    with pytest.raises(EndOfImages, match="is at its end"):
        once.read()


def test_what_gives_no_images_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no image in folder"):
        opened(tmp_path)
    (tmp_path / "notes.txt").write_text("not a video")
    with pytest.raises(ConfigurationError, match="is no video that OpenCV can read"):
        opened(tmp_path / "notes.txt")
    (tmp_path / "text.png").write_text("not an image")
    with pytest.raises(ConfigurationError, match=r"no image could be read .*text\.png.*wanted"):
        opened(tmp_path / "text.png")
    with pytest.raises(ConfigurationError, match="which is not there; wanted the number"):
        opened(tmp_path / "missing")
    with pytest.raises(ConfigurationError, match="no camera 97"):
        opened(97)


def test_a_video_without_an_image_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "empty.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10.0, (64, 48))
    if not writer.isOpened():
        pytest.skip("this OpenCV writes no AVI")
    writer.release()
    with pytest.raises(ConfigurationError, match=r"no image could be read from .*empty\.avi"):
        opened(path)


@pytest.mark.parametrize("repeat", [False, True])
def test_a_folder_of_which_no_image_can_be_read_is_refused(tmp_path: Path, repeat: bool) -> None:
    (tmp_path / "a.png").write_bytes(b"no image")
    source = opened(tmp_path, repeat)
    with pytest.raises(ImageError, match="not an image"):
        source.read()
    with pytest.raises(ConfigurationError, match="no image could be read from folder"):
        source.read()


def test_an_image_file_is_shown_again_and_again(tmp_path: Path) -> None:
    write_image(tmp_path / "still.png", grey(70))
    source = opened(tmp_path / "still.png")
    assert [int(source.read().mean()) for _ in range(3)] == [70, 70, 70]  # type: ignore[union-attr]


class Driver:
    """Stands for a camera that is pulled out after some images and put in again."""

    opened = 0

    def __init__(self, device: object) -> None:
        Driver.opened += 1
        self._left = {1: 3, 2: 0}.get(Driver.opened, 10**9)

    def isOpened(self) -> bool:  # noqa: N802  OpenCV's name
        return Driver.opened != 2

    def set(self, *_: Any) -> None:
        pass

    def read(self) -> tuple[bool, Any]:
        time.sleep(0.002)
        self._left -= 1
        return (True, grey(Driver.opened)) if self._left >= 0 else (False, None)

    def release(self) -> None:
        pass


def test_a_camera_gives_its_newest_image_and_is_opened_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sources.cv2, "VideoCapture", Driver)
    Driver.opened = 0
    said: list[str] = []
    camera = LiveCamera(0, (0, 0), said.append, wait_s=0.01)
    end, seen = time.monotonic() + 10.0, set()
    while 3 not in seen and time.monotonic() < end:
        image = camera.read()
        if image is not None:
            seen.add(int(image[0, 0, 0]))
        time.sleep(0.001)
    camera.close()
    assert 3 in seen
    assert "gives no images any more" in said[0]
    assert "is there again" in said[1]
    assert not any(thread.name == "camera" for thread in threading.enumerate())
