"""Labelled pictures in every layout that is written here: read as labels, or refused by name."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("numba", reason="drawing needs numba: pip install 'simreal[sim]'")

from simreal_cli.cli import main
from simreal_common.errors import ConfigurationError, MissingDependencyError
from simreal_perception.dataset_export.picture_run import PictureRun
from simreal_perception.dataset_export.picture_settings import PictureSettings
from simreal_perception.dataset_export.registry import FORMATS
from simreal_perception.evaluation.labelled_photographs import photograph_source
from simreal_perception.inspection.inspection import inspect_pictures, photograph_pictures
from simreal_perception.inspection.label_checks import check_labels
from simreal_perception.inspection.label_sources import labelled_source, open_source

COUNT = 3
DRAWN = PictureSettings("folder")
# Layouts that are written for others and not read back, each with its name for whoever tries.
NOT_READ_BACK = {"coco": "COCO's layout"}


@pytest.fixture(params=FORMATS)
def data(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, Path]:
    """Name of a format, and a data set in it."""
    folder = tmp_path / "data"
    settings = PictureSettings(request.param, seed=40, size=(320, 240))
    try:
        PictureRun(folder, COUNT, settings).write()
    except MissingDependencyError as error:
        pytest.skip(str(error))
    return request.param, folder


def test_what_was_drawn_is_read_and_clean_or_its_layout_is_named(data: tuple[str, Path]) -> None:
    form, folder = data
    if form in NOT_READ_BACK:
        refused = f"no labelled pictures .* but {NOT_READ_BACK[form]}"
        with pytest.raises(ConfigurationError, match=refused):
            open_source(folder, DRAWN, 0)
        with pytest.raises(ConfigurationError, match="no labelled photographs"):
            photograph_source(folder).examples([0]).__next__()
        return
    seen = inspect_pictures(open_source(folder, DRAWN, 0))
    assert seen.pictures == len(seen.measured) == COUNT
    assert seen.findings == []
    assert seen.blocks > 0


def test_photographs_are_those_of_any_layout_and_no_masks(data: tuple[str, Path]) -> None:
    form, folder = data
    pictures = list(photograph_pictures(folder))
    assert len(pictures) == COUNT
    assert all(np.ptp(picture.image) > 50 for picture in pictures if picture.image is not None)
    assert all((picture.record is None) == (form in NOT_READ_BACK) for picture in pictures)


def test_a_fault_of_a_bop_scene_is_found_in_its_picture(tmp_path: Path) -> None:
    PictureRun(tmp_path, COUNT, PictureSettings("bop", seed=40, size=(320, 240))).write()
    (truth_file,) = tmp_path.glob("*/*/scene_gt.json")
    truths = json.loads(truth_file.read_text())
    objects = truths["1"]
    objects.append(objects[0])  # the same block twice
    truths["2"][0]["cam_R_m2c"] = [1.0] * 9
    truth_file.write_text(json.dumps(truths))
    source = labelled_source(tmp_path)
    assert source is not None
    found = [check_labels(picture) for picture in source.pictures()]
    assert [[one.kind for one in faults] for faults in found] == [
        [],
        ["same place"],
        ["unreadable"],
    ]
    assert "is no rotation" in found[2][0].words


def test_an_index_of_photographs_is_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "camera.yaml").write_text(
        "image_width: 320\nimage_height: 240\ndistortion_model: plumb_bob\n"
        "camera_matrix: {data: [300, 0, 160, 0, 300, 120, 0, 0, 1]}\n"
        "distortion_coefficients: {data: [0, 0, 0, 0, 0]}\n"
    )
    block = {
        "image": "a.png", "camera": "camera.yaml", "edge_m": 0.05, "position_m": [0.0, 0.0, 0.6],
        "orientation_xyzw": [0.0, 0.0, 0.0, 1.0],
    }  # fmt: skip
    (tmp_path / "index.json").write_text(json.dumps({"blocks": [block]}))
    assert cv2.imwrite(str(tmp_path / "a.png"), np.full((240, 320, 3), 90, np.uint8))
    assert main(["inspect", str(tmp_path), "--html", str(tmp_path / "page.html")]) == 0
    assert "1 pictures" in capsys.readouterr().out


def test_a_shard_that_breaks_off_or_is_packed_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    PictureRun(folder, COUNT, PictureSettings("webdataset", seed=40, size=(320, 240))).write()
    (shard,) = folder.glob("*.tar")
    whole = shard.read_bytes()
    for content in (whole[: len(whole) // 2 + 100], gzip.compress(whole), b"no tar" * 200):
        shard.write_bytes(content)
        with pytest.raises(ConfigurationError, match=r"shard .* cannot be read .*wanted a tar"):
            inspect_pictures(open_source(folder, DRAWN, 0))


def test_a_member_that_claims_more_than_a_picture_has_is_not_read(tmp_path: Path) -> None:
    """A sparse file of a terabyte takes some hundred bytes of a shard."""
    folder = tmp_path / "data"
    PictureRun(folder, COUNT, PictureSettings("webdataset", seed=40, size=(320, 240))).write()
    (shard,) = folder.glob("*.tar")
    sparse = tarfile.TarInfo("huge.png")
    sparse.pax_headers = {
        "GNU.sparse.major": "0", "GNU.sparse.minor": "1", "GNU.sparse.size": str(2**40),
        "GNU.sparse.map": "0,0", "GNU.sparse.numblocks": "1",
    }  # fmt: skip
    with tarfile.open(shard, "a", format=tarfile.PAX_FORMAT) as tar:
        tar.addfile(sparse)
        label = b"[" * 5000
        entry = tarfile.TarInfo("huge.json")
        entry.size = len(label)
        tar.addfile(entry, io.BytesIO(label))
    seen = inspect_pictures(open_source(folder, DRAWN, 0))
    assert seen.pictures == COUNT + 1
    assert len(seen.measured) == COUNT
