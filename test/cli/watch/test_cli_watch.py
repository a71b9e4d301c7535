from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from simreal_cli.cli import main

RECORDED = Path(__file__).parents[2] / "perception" / "replay" / "cell"


def picture(seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    image = np.full((240, 320, 3), (130, 140, 150), np.uint8)
    for _ in range(30):
        corner = rng.integers(0, (300, 220))
        color = rng.integers(40, 210, size=3).tolist()
        cv2.rectangle(image, corner.tolist(), (corner + rng.integers(8, 60, 2)).tolist(), color, -1)
    return image


def write(folder: Path, images: list[np.ndarray]) -> Path:
    folder.mkdir()
    for number, image in enumerate(images):
        cv2.imwrite(str(folder / f"{number:03}.png"), image)
    return folder


def test_pictures_are_judged_one_by_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = write(tmp_path / "photos", [picture(0), np.full((240, 320, 3), 40, np.uint8)])
    (folder / "torn.png").write_bytes(b"no picture")
    assert main(["watch", str(folder), "--html", str(tmp_path / "new" / "page.html")]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["pictures"] == 2 and "torn.png" in told["not_read"][0]
    assert {(one["picture"], one["check"]) for one in told["wrong"]} == {("001.png", "lens")}
    assert "001.png" in (tmp_path / "new" / "page.html").read_text()


def test_masks_beside_pictures_are_no_pictures(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write(tmp_path / "group", [picture(0), picture(1)])
    for number in range(2):
        mask = np.zeros((240, 320), np.uint8)
        cv2.imwrite(str(folder / f"{number:03}.mask.png"), mask)
    assert main(["watch", str(folder), "--html", str(tmp_path / "page.html")]) == 0
    assert json.loads(capsys.readouterr().out)["pictures"] == 2


def test_a_sequence_is_watched_in_order(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    still, blurred = picture(), cv2.GaussianBlur(picture(), (0, 0), 3.0)
    folder = write(tmp_path / "frames", [still] * 35 + [blurred] * 10)
    page = tmp_path / "page.html"
    assert main(["watch", str(folder), "--rate", "5", "--html", str(page)]) == 1
    told = json.loads(capsys.readouterr().out)
    assert [one["check"] for one in told["wrong"]] == ["focus"]
    assert 7.0 <= told["wrong"][0]["after_s"] <= 9.0
    assert told["checks"]["focus"].startswith("bad: blurred")


def test_a_recording_in_order_is_well(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("rosbags")
    pytest.importorskip("rclpy")
    page = tmp_path / "page.html"
    arguments = ["watch", str(RECORDED), "--edge", "0.05", "--html", str(page)]
    assert main(arguments) == 0, capsys.readouterr()
    told = json.loads(capsys.readouterr().out)
    assert told["images"] > 0 and not told["wrong"] and not told["not_read"]
    assert page.is_file()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nowhere"], "nowhere is not there: wanted a folder of pictures (.png"),
        (["EMPTY"], "empty holds neither pictures nor a recording: wanted a folder of pictures"),
        (["PICTURES/000.png"], "wanted a folder of pictures"),
        (["PICTURES", "--edge", "0.05"], "--camera"),
        (["PICTURES", "--rate", "0"], "--rate 0"),
        (["PICTURES", "--model", "none"], "no model 'none'"),
    ],
)
def test_what_cannot_be_watched_is_said_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    folder = write(tmp_path / "photos", [picture()])
    empty = write(tmp_path / "empty", [])
    given = [one.replace("PICTURES", str(folder)).replace("EMPTY", str(empty)) for one in arguments]
    assert main(["watch", *given]) == 2
    said = capsys.readouterr().err.strip()
    assert words in said and "\n" not in said
