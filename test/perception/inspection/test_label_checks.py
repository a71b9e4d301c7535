"""Faults planted in labels: each is found, in the picture it is in, and nowhere else."""

from __future__ import annotations

import copy
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

pytest.importorskip("numba", reason="drawing needs numba: pip install 'simreal[sim]'")

from simreal_cli.cli import main
from simreal_common.camera import Camera
from simreal_common.geometry import cube_corners
from simreal_perception.dataset_export.picture_run import PictureRun
from simreal_perception.dataset_export.picture_settings import PictureSettings
from simreal_perception.inspection.inspection import inspect_pictures
from simreal_perception.inspection.label_checks import check_labels
from simreal_perception.inspection.label_sources import DrawnSource, FolderSource
from simreal_perception.inspection.picture_fault import PictureFault

COUNT = 14
SIZE = (320, 240)
Label = dict[str, Any]
FAULTS: dict[str, tuple[Callable[[Label, Label], None], str]] = {}


def fault(kind: str) -> Callable[[Callable[[Label, Label], None]], Callable[[Label, Label], None]]:
    """Enters a fault: it changes a label and its block that is seen best; `kind` is found."""

    def enter(plant: Callable[[Label, Label], None]) -> Callable[[Label, Label], None]:
        FAULTS[plant.__name__] = (plant, kind)
        return plant

    return enter


def project(label: Label, block: Label) -> None:
    """Make corners and centre follow the pose."""
    camera = Camera(*label["size"], np.array(label["K"]), np.array(label["dist"]))
    pose = np.array(block["pose_in_camera"])
    points = cube_corners(block["edge"]) @ pose[:3, :3].T + pose[:3, 3]
    block["corners_px"] = camera.project(points).round(3).tolist()
    block["center_px"] = camera.project(pose[:3, 3]).round(3).tolist()


def turned(block: Label, change: Callable[[np.ndarray], np.ndarray]) -> None:
    block["pose_in_camera"] = change(np.array(block["pose_in_camera"])).tolist()


@fault("corners")
def shifted_corners(label: Label, block: Label) -> None:
    block["corners_px"] = np.add(block["corners_px"], [1.5, 0.0]).tolist()


@fault("corners")
def half_a_pixel(label: Label, block: Label) -> None:
    block["corners_px"] = (np.array(block["corners_px"]) + 0.5).tolist()


@fault("corners")
def one_corner_off(label: Label, block: Label) -> None:
    block["corners_px"][3][1] -= 2.0


@fault("corners")
def swapped_axes_of_corners(label: Label, block: Label) -> None:
    block["corners_px"] = [block["corners_px"][i] for i in (0, 2, 1, 3, 4, 6, 5, 7)]


@fault("corners")
def rows_for_columns(label: Label, block: Label) -> None:
    block["corners_px"] = [corner[::-1] for corner in block["corners_px"]]


@fault("mirrored")
def swapped_axes_of_the_pose(label: Label, block: Label) -> None:
    turned(block, lambda pose: pose[:, [1, 0, 2, 3]])


@fault("corners")
def turned_axes_of_the_pose(label: Label, block: Label) -> None:
    turned(block, lambda pose: pose[:, [1, 2, 0, 3]])  # the same cube, its corners in another order


@fault("behind")
def axes_of_opengl(label: Label, block: Label) -> None:
    turned(block, lambda pose: np.diag([1.0, -1.0, -1.0, 1.0]) @ pose)


@fault("corners")
def transposed_rotation(label: Label, block: Label) -> None:
    pose = np.array(block["pose_in_camera"])
    pose[:3, :3] = pose[:3, :3].T
    block["pose_in_camera"] = pose.tolist()


@fault("matrix")
def transposed_matrix(label: Label, block: Label) -> None:
    turned(block, np.transpose)


@fault("corners")
def inverted_pose(label: Label, block: Label) -> None:
    turned(block, np.linalg.inv)


@fault("corners")
def wrong_edge(label: Label, block: Label) -> None:
    block["edge"] *= 1.05


@fault("visible")
def wrong_edge_everywhere_but_in_the_mask(label: Label, block: Label) -> None:
    block["edge"] *= 1.15
    project(label, block)


@fault("mask")
def too_small_an_edge_everywhere_but_in_the_mask(label: Label, block: Label) -> None:
    block["edge"] *= 0.8
    project(label, block)


@fault("edge")
def edge_in_millimetres(label: Label, block: Label) -> None:
    block["edge"] *= 1e3


@fault("distance")
def position_in_millimetres(label: Label, block: Label) -> None:
    turned(block, lambda pose: np.diag([1e3, 1e3, 1e3, 1.0]) @ pose @ np.diag([1e-3] * 3 + [1]))


@fault("edge")
def all_in_millimetres(label: Label, block: Label) -> None:
    edge_in_millimetres(label, block)
    position_in_millimetres(label, block)
    project(label, block)


@fault("mirrored")
def mirrored_pose(label: Label, block: Label) -> None:
    turned(block, lambda pose: np.diag([-1.0, 1.0, 1.0, 1.0]) @ pose)


@fault("mask")
def mirrored_place(label: Label, block: Label) -> None:
    turned(block, lambda pose: np.diag([-1.0, 1, 1, 1]) @ pose @ np.diag([-1.0, 1, 1, 1]))
    project(label, block)


@fault("mask")
def moved_pose(label: Label, block: Label) -> None:
    block["pose_in_camera"][0][3] += 0.3 * block["edge"]
    project(label, block)


@fault("rotation")
def scaled_rotation(label: Label, block: Label) -> None:
    turned(block, lambda pose: pose @ np.diag([1.1, 1.1, 1.1, 1.0]))


@fault("same place")
def labelled_twice(label: Label, block: Label) -> None:
    label["blocks"].append({**copy.deepcopy(block), "name": "once more", "number": None})


@fault("mask")
def missing_label(label: Label, block: Label) -> None:
    label["blocks"].remove(block)


@fault("box")
def box_as_width_and_height(label: Label, block: Label) -> None:
    left, top, right, bottom = block["box_px"]
    block["box_px"] = [left, top, right - left, bottom - top]


@fault("visible")
def visible_share_of_another(label: Label, block: Label) -> None:
    block["visible"] = 0.1


@fault("visible")
def visible_in_percent(label: Label, block: Label) -> None:
    block["visible"] *= 100


@fault("corners")
def another_focal_length(label: Label, block: Label) -> None:
    label["K"][0][0] *= 1.03
    label["K"][1][1] *= 1.03


@fault("camera")
def camera_in_shares_of_the_image(label: Label, block: Label) -> None:
    label["K"] = (np.diag([1 / SIZE[0], 1 / SIZE[1], 1.0]) @ label["K"]).tolist()


@fault("image size")
def label_of_a_larger_image(label: Label, block: Label) -> None:
    label["size"] = [640, 480]


@fault("below the table")
def scaled_scene(label: Label, block: Label) -> None:
    """Edge and position 1.4 times as large look the same; the table tells."""
    block["edge"] *= 1.4
    for row in block["pose_in_camera"][:3]:
        row[3] *= 1.4


@fault("unreadable")
def no_pose(label: Label, block: Label) -> None:
    del block["pose_in_camera"]


@fault("unreadable")
def not_a_number(label: Label, block: Label) -> None:
    block["edge"] = "wide"


@fault("unreadable")
def no_image(label: Label, block: Label) -> None:
    label["image"] = "gone.png"


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clean") / "data"
    # Lenses and edges of all kinds; blocks large enough that a fault of theirs shows.
    PictureRun(folder, COUNT, PictureSettings(seed=70, split="everything", size=SIZE)).write()
    return folder


@pytest.fixture
def data(clean: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(clean, tmp_path / "data"))


@pytest.fixture
def few(clean: Path, tmp_path: Path) -> Path:
    """The first pictures alone: one fault more is looked for in each."""
    (tmp_path / "few" / "everything").mkdir(parents=True)
    for label in labels_of(clean)[:16]:
        for file in label.parent.glob(f"{label.stem}.*"):
            shutil.copy(file, tmp_path / "few" / "everything")
    return tmp_path / "few"


def labels_of(folder: Path) -> list[Path]:
    return sorted(folder.glob("*/*.json"))


def best_seen(label: Label) -> Label | None:
    """A block that stands whole in the picture, large and hardly hidden."""
    fitting = [
        block
        for block in label["blocks"]
        if block["visible"] > 0.9 and None not in block["corners_px"] and block["box_px"]
        and block["box_px"][2] - block["box_px"][0] > 25
    ]  # fmt: skip
    return max(fitting, key=lambda block: block["visible"]) if fitting else None


def findings(folder: Path) -> list[PictureFault]:
    return [one for picture in FolderSource(folder).pictures() for one in check_labels(picture)]


def plant(folder: Path, name: str) -> str:
    """Plant a fault in the third picture that has a block fit for it; the picture's name."""
    able = [path for path in labels_of(folder) if best_seen(json.loads(path.read_text()))]
    path = able[2]
    label = json.loads(path.read_text())
    block = best_seen(label)
    assert block is not None
    FAULTS[name][0](label, block)
    path.write_text(json.dumps(label))
    return str(path.relative_to(folder).with_suffix(""))


def test_clean_pictures_have_no_fault(clean: Path) -> None:
    assert findings(clean) == []


@pytest.mark.parametrize("name", FAULTS)
def test_a_planted_fault_is_found_where_it_is(name: str, few: Path) -> None:
    picture = plant(few, name)
    found = findings(few)
    assert FAULTS[name][1] in {one.kind for one in found}, found
    assert {one.picture for one in found} == {picture}


def test_masks_of_two_blocks_exchanged_are_found(data: Path) -> None:
    for path in labels_of(data):
        label = json.loads(path.read_text())
        numbers = [b["number"] for b in label["blocks"] if b["visible"] > 0.6]
        if len(numbers) >= 2:
            break
    file = path.parent / label["mask"]
    mask = cv2.imread(str(file), cv2.IMREAD_UNCHANGED)
    first, second = (mask == number for number in numbers[:2])
    mask[first], mask[second] = numbers[1], numbers[0]
    cv2.imwrite(str(file), mask)
    found = [one for one in findings(data) if one.kind == "mask"]
    assert len(found) >= 2
    assert any("it is the mask of" in one.words for one in found)


def test_shuffled_images_are_found_by_their_pixels(data: Path) -> None:
    roll_images(data)
    wrong = {one.picture for one in findings(data) if one.kind == "other image"}
    assert len(wrong) == COUNT


def test_shuffled_images_are_found_by_what_they_show(data: Path) -> None:
    roll_images(data)
    forget_pixels(data)
    assert findings(data) == []  # each label agrees with itself
    seen = inspect_pictures(FolderSource(data))
    wrong = {one.picture for one in seen.errors if one.kind == "other image"}
    assert len(wrong) > COUNT / 2


def test_masks_of_other_pictures_are_found(data: Path) -> None:
    files = [path.with_suffix(".mask.png") for path in labels_of(data)]
    contents = [file.read_bytes() for file in files]
    for file, content in zip(files, contents[1:] + contents[:1]):
        file.write_bytes(content)
    assert len({one.picture for one in findings(data)}) > 0.9 * COUNT


def test_clean_pictures_without_hashes_pass_by_what_they_show(data: Path) -> None:
    forget_pixels(data)
    assert inspect_pictures(FolderSource(data)).findings == []


def test_one_image_under_two_labels_is_found(data: Path) -> None:
    first = labels_of(data)[0]
    label = json.loads(first.read_text())
    label["blocks"] = label["blocks"][:-1]
    label.pop("mask")
    (first.parent / "again.json").write_text(json.dumps(label))
    seen = inspect_pictures(FolderSource(data))
    assert [one.kind for one in seen.errors] == ["two labels"]
    (first.parent / "again.json").write_text(first.read_text())
    seen = inspect_pictures(FolderSource(data))
    assert seen.errors == []
    assert [one.kind for one in seen.findings] == ["duplicate"]


def test_the_exit_code_says_whether_labels_are_wrong(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "page.html"
    assert main(["inspect", str(data), "--html", str(page)]) == 0
    assert "no fault found" in capsys.readouterr().out
    picture = plant(data, "wrong_edge")
    assert main(["inspect", str(data), "--html", str(page)]) == 1
    told = capsys.readouterr().out
    assert f"{picture}, block" in told
    text = page.read_text(encoding="utf-8")
    assert text.count("<svg") > 10
    assert text.count("data:image/jpeg;base64") >= COUNT
    assert "http" not in text.replace("http://www.w3.org", "")  # nothing is fetched


def test_drawn_scenes_are_clean() -> None:
    source = DrawnSource(PictureSettings(seed=500, size=SIZE), 12)
    seen = inspect_pictures(source)
    assert seen.errors == []
    assert seen.pictures == 12


def roll_images(folder: Path) -> None:
    files = [path.with_suffix(".png") for path in labels_of(folder)]
    contents = [file.read_bytes() for file in files]
    for file, content in zip(files, contents[1:] + contents[:1]):
        file.write_bytes(content)


def forget_pixels(folder: Path) -> None:
    for path in labels_of(folder):
        label = json.loads(path.read_text())
        del label["pixels_sha256"]
        path.write_text(json.dumps(label))
