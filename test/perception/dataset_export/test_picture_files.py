"""Pictures as files: what others' readers read is what was drawn; a run that was cut off goes on."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("numba", reason="drawing needs numba: pip install 'simreal[sim]'")

from simreal_cli import cli_pictures
from simreal_cli.cli import main
from simreal_common.errors import ConfigurationError, SimrealError
from simreal_common.geometry import cube_corners
from simreal_perception.dataset_export.picture_run import PictureRun, PictureSource
from simreal_perception.dataset_export.picture_settings import PictureSettings
from simreal_perception.dataset_export.registry import FORMATS
from simreal_perception.evaluation.labelled_photographs import photograph_source
from simreal_sim.randomization.labelled_images import LabelledImage
from simreal_sim.randomization.ranges.randomization_config import GROUPS

SIZE = (320, 240)
COUNT = 4


def settings(form: str, **changes: object) -> PictureSettings:
    return PictureSettings(form, seed=40, size=SIZE, **changes)  # type: ignore[arg-type]


def drawn(form: str, off: tuple[str, ...] = ()) -> list[LabelledImage]:
    source = PictureSource(settings(form, disabled=off))
    return [source.draw(number) for number in range(COUNT)]


@pytest.fixture(scope="module")
def pictures() -> list[LabelledImage]:
    return drawn("folder")


class Folders(dict[str, Path]):
    """Data sets of `COUNT` pictures by their format, each written when it is first asked for."""

    def __init__(self, root: Path) -> None:
        super().__init__()
        self._root = root

    def __missing__(self, form: str) -> Path:
        if form == "coco":
            pytest.importorskip("pycocotools")
        folder = self._root / form / "data"
        assert PictureRun(folder, COUNT, settings(form)).write() == COUNT
        self[form] = folder
        return folder


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Folders:
    return Folders(tmp_path_factory.mktemp("pictures"))


def test_evaluation_reads_what_was_drawn(folders: Folders, pictures: list[LabelledImage]) -> None:
    source = photograph_source(folders["folder"])
    examples = list(source.examples(range(source.count)))
    assert len(examples) == COUNT
    for example, picture in zip(examples, pictures):
        np.testing.assert_array_equal(example.image, picture.image)
        np.testing.assert_allclose(example.camera.matrix, picture.camera.matrix, atol=1e-6)
        np.testing.assert_allclose(example.camera.distortion, picture.camera.distortion, atol=1e-8)
        read = sorted((round(e, 6), *np.round(p.position, 6)) for p, e in example.sized_blocks)
        written = sorted((round(b.edge, 6), *b.pose.position.round(6)) for b in picture.blocks)
        np.testing.assert_allclose(read, written, atol=2e-6)
        for pose, _ in example.sized_blocks:
            off = [np.abs(pose.rotation - b.pose.rotation).max() for b in picture.blocks]
            assert min(off) < 1e-6
        assert example.plane is not None
        height = -float(picture.pose_world_in_camera.inverse().position[2])
        assert example.plane.offset == pytest.approx(height, abs=1e-5)
    assert any(example.sized_blocks for example in examples)


def test_a_model_is_evaluated_on_the_folder(
    folders: Folders, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["evaluate", "--photos", str(folders["folder"])]) == 0
    assert "labelled photographs data" in capsys.readouterr().out


def test_evaluation_reads_bop_scenes_that_were_drawn(folders: Folders) -> None:
    source = photograph_source(folders["bop"])
    assert source.name == "BOP scenes data"
    examples = list(source.examples(range(source.count)))
    assert len(examples) == COUNT
    assert any(example.sized_blocks for example in examples)
    for example, picture in zip(examples, drawn("bop", ("lens",))):
        np.testing.assert_array_equal(example.image, picture.image)
        read = sorted((round(e, 6), *np.round(p.position, 6)) for p, e in example.sized_blocks)
        written = sorted((round(b.edge, 6), *b.pose.position.round(6)) for b in picture.blocks)
        np.testing.assert_allclose(read, written, atol=2e-6)


def test_coco_says_what_was_drawn(folders: Folders, pictures: list[LabelledImage]) -> None:
    coco_api = pytest.importorskip("pycocotools.coco")
    coco = coco_api.COCO(str(folders["coco"] / "annotations.json"))
    assert len(coco.imgs) == COUNT
    for number, picture in enumerate(pictures):
        annotations = coco.loadAnns(coco.getAnnIds(imgIds=[number]))
        seen = [block for block in picture.blocks if block.box is not None]
        assert len(annotations) == len(seen)
        for annotation, block in zip(annotations, seen):
            mask = coco.annToMask(annotation).astype(bool)
            np.testing.assert_array_equal(mask, picture.instances == block.number)
            left, top, width, height = annotation["bbox"]
            assert (left, top, left + width, top + height) == block.box
            assert annotation["area"] == mask.sum()
            keypoints = np.array(annotation["keypoints"]).reshape(8, 3)
            labelled = keypoints[:, 2] > 0
            assert annotation["num_keypoints"] == labelled.sum()
            np.testing.assert_allclose(keypoints[labelled, :2], block.corners[labelled], atol=1e-3)
        file = folders["coco"] / "images" / coco.imgs[number]["file_name"]
        np.testing.assert_array_equal(cv2.imread(str(file))[..., ::-1], picture.image)


def test_webdataset_streams_what_was_drawn(folders: Folders, pictures: list[LabelledImage]) -> None:
    webdataset = pytest.importorskip("webdataset")
    shard = folders["webdataset"] / "pictures-000000.tar"
    samples = list(webdataset.WebDataset(str(shard), shardshuffle=False).decode("rgb8"))
    assert len(samples) == COUNT
    for sample, picture in zip(samples, pictures):
        np.testing.assert_array_equal(sample["png"], picture.image)
        np.testing.assert_array_equal(sample["mask.png"][..., 0], picture.instances)
        assert sample["json"]["seed"] == picture.seed
        numbers = [block["number"] for block in sample["json"]["blocks"]]
        assert numbers == [block.number for block in picture.blocks]


def test_bop_says_what_was_drawn(folders: Folders) -> None:
    scene = folders["bop"] / "trained" / "000000"
    cameras, truths, infos = (
        json.loads((scene / f"{name}.json").read_text())
        for name in ("scene_camera", "scene_gt", "scene_gt_info")
    )
    models = json.loads((folders["bop"] / "models" / "models_info.json").read_text())
    assert set(cameras) == set(truths) == set(infos) == {str(n) for n in range(COUNT)}
    for number, picture in enumerate(drawn("bop", off=("lens",))):
        image = cv2.imread(str(scene / "rgb" / f"{number:06d}.png"))[..., ::-1]
        np.testing.assert_array_equal(image, picture.image)
        matrix = np.array(cameras[str(number)]["cam_K"]).reshape(3, 3)
        assert len(truths[str(number)]) == len(picture.blocks)
        both = zip(truths[str(number)], infos[str(number)], picture.blocks, strict=True)
        for index, (truth, info, block) in enumerate(both):
            model = models[str(truth["obj_id"])]
            assert model["size_x"] == pytest.approx(1e3 * block.edge, abs=1e-5)
            vertices = ply_vertices(folders["bop"] / "models" / f"obj_{truth['obj_id']:06d}.ply")
            rotation = np.array(truth["cam_R_m2c"]).reshape(3, 3)
            # As BOP projects: K (R x + t), millimetres.
            points = vertices @ rotation.T + np.array(truth["cam_t_m2c"])
            pixels = (points @ matrix.T)[:, :2] / points[:, 2:]
            np.testing.assert_allclose(pixels, block.corners, atol=1e-2)
            mask = cv2.imread(str(scene / "mask_visib" / f"{number:06d}_{index:06d}.png"), -1)
            np.testing.assert_array_equal(mask > 0, picture.instances == block.number)
            assert info["px_count_visib"] == (mask > 0).sum()
            # BOP's share is of the whole block, ours of what lies inside the image.
            inside = (block.corners >= 0).all() and (block.corners <= np.array(SIZE) - 1).all()
            a_pixel = 1.0 / max(info["px_count_visib"], 1)
            if inside:
                assert info["visib_fract"] == pytest.approx(block.visible, abs=0.05 + a_pixel)
            else:
                assert info["visib_fract"] <= block.visible + 0.05 + a_pixel


def test_bop_toolkit_reads_what_was_drawn(folders: Folders) -> None:
    reason = "the BOP challenge's bop_toolkit is not installed (it is on GitHub alone)"
    scenewise = pytest.importorskip("bop_toolkit_lib.dataset.bop_scenewise", reason=reason)
    from bop_toolkit_lib import inout, misc, pose_error

    models = inout.load_json(folders["bop"] / "models" / "models_info.json", keys_to_int=True)
    scene = folders["bop"] / "trained" / "000000"
    for number, picture in enumerate(drawn("bop", off=("lens",))):
        read = scenewise.load_image_data(
            scene, number, load_depth=False, load_mask=True, load_gt=True, load_gt_info=True
        )
        np.testing.assert_array_equal(read["im_rgb"], picture.image)
        assert len(read["gt"]) == len(picture.blocks)
        for index, (truth, block) in enumerate(zip(read["gt"], picture.blocks)):
            model = models[truth["obj_id"]]
            file = folders["bop"] / "models" / f"obj_{truth['obj_id']:06d}.ply"
            points = inout.load_ply(file)["pts"]
            assert misc.calc_pts_diameter(points) == pytest.approx(model["diameter"], rel=1e-5)
            pose = (truth["cam_R_m2c"], truth["cam_t_m2c"])
            pixels = misc.project_pts(points, read["camera"]["cam_K"], *pose)
            np.testing.assert_allclose(pixels, block.corners, atol=1e-2)
            symmetries = misc.get_symmetry_transformations(model, max_sym_disc_step=0.01)
            assert len(symmetries) == 24
            turned = pose[0] @ symmetries[7]["R"]  # looks the same, so that it is no error
            assert pose_error.mssd(turned, pose[1], *pose, points, symmetries) < 1e-3
            seen, info = read["mask_visib"][index] > 0, read["gt_info"][index]
            assert seen.sum() == info["px_count_visib"]
            assert (read["mask"][index] > 0).sum() == info["px_count_all"]
            if seen.any():
                rows, columns = np.nonzero(seen)
                left, top, width, height = misc.calc_2d_bbox(columns, rows)
                # BOP counts from pixel to pixel, its files have widths in pixels.
                assert info["bbox_visib"] == [left, top, width + 1, height + 1]


def test_every_symmetry_of_a_bop_model_maps_it_onto_itself(folders: Folders) -> None:
    models = json.loads((folders["bop"] / "models" / "models_info.json").read_text())
    corners = cube_corners(models["1"]["size_x"])
    turns = np.array(models["1"]["symmetries_discrete"]).reshape(-1, 4, 4)
    assert len(turns) == 23
    for turn in turns:
        assert np.linalg.det(turn[:3, :3]) == pytest.approx(1)
        assert not np.allclose(turn, np.eye(4))
        moved = corners @ turn[:3, :3].T + turn[:3, 3]
        assert {tuple(c.round(3)) for c in moved} == {tuple(c.round(3)) for c in corners}
    assert models["1"]["diameter"] == pytest.approx(np.ptp(corners, axis=0)[0] * 3**0.5)


def test_bop_models_are_closed_and_face_outwards(folders: Folders) -> None:
    file = folders["bop"] / "models" / "obj_000001.ply"
    vertices, triangles = ply_vertices(file), ply_triangles(file)
    edges = [(t[i], t[(i + 1) % 3]) for t in triangles for i in range(3)]
    assert len(set(edges)) == len(edges) == 36
    assert all((b, a) in edges for a, b in edges)
    volume = sum(np.linalg.det(vertices[t]) for t in triangles) / 6
    assert volume == pytest.approx(np.ptp(vertices[:, 0]) ** 3)


@pytest.mark.parametrize("form", ["folder", "coco", "bop"])
def test_a_run_that_was_cut_off_goes_on(form: str, folders: Folders, tmp_path: Path) -> None:
    run = PictureRun(tmp_path / "data", 2, settings(form))
    assert run.write() == 2
    done: list[int] = []
    longer = PictureRun(tmp_path / "data", COUNT, settings(form))
    assert longer.write(progress=done.append) == COUNT - 2
    assert done[0] == 2
    assert sum(done) == COUNT
    assert longer.write() == 0
    whole = folders[form]
    files = sorted(p.relative_to(whole) for p in whole.rglob("*") if p.is_file())
    assert files == sorted(
        p.relative_to(tmp_path / "data") for p in (tmp_path / "data").rglob("*") if p.is_file()
    )
    for file in files:
        assert (whole / file).read_bytes() == (tmp_path / "data" / file).read_bytes(), file


def test_a_half_written_picture_is_written_again(tmp_path: Path) -> None:
    run = PictureRun(tmp_path / "data", 2, settings("folder"))
    run.write()
    label = tmp_path / "data" / "trained" / "000001.json"
    before = label.read_bytes()
    label.unlink()  # of a picture's files it is written last
    assert run.write() == 1
    assert label.read_bytes() == before


def test_several_processes_write_the_same(folders: Folders, tmp_path: Path) -> None:
    assert PictureRun(tmp_path / "data", 3, settings("folder")).write(jobs=2) == 3
    for number in range(3):
        there, here = (
            folder / f"trained/{number:06d}" for folder in (folders["folder"], tmp_path / "data")
        )
        first, second = (
            json.loads(path.with_suffix(".json").read_text()) for path in (there, here)
        )
        assert first == second
        images = [cv2.imread(str(path.with_suffix(".png"))) for path in (there, here)]
        np.testing.assert_array_equal(*images)


def test_other_settings_and_other_files_are_refused(tmp_path: Path) -> None:
    PictureRun(tmp_path / "data", 1, settings("folder")).write()
    other = PictureRun(tmp_path / "data", 1, settings("folder", split="overhead"))
    with pytest.raises(ConfigurationError, match="pictures.split trained -> overhead"):
        other.write()
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.txt").write_text("mine")
    with pytest.raises(ConfigurationError, match="other files"):
        PictureRun(tmp_path / "full", 1, settings("folder")).write()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"split": "sideways"}, "no split is called 'sideways'"),
        ({"disabled": ("gravity",)}, "gravity"),
        ({"size": (20, 240)}, "20x240"),
        ({"seed": -1}, "seed -1"),
    ],
)
def test_what_cannot_be_drawn_is_told(changes: dict[str, object], words: str) -> None:
    with pytest.raises(SimrealError, match=words):
        PictureSettings(**{"size": SIZE, **changes})  # type: ignore[arg-type]


def test_all_groups_can_be_switched_off(tmp_path: Path) -> None:
    form = settings("folder", disabled=tuple(GROUPS))
    assert PictureRun(tmp_path / "data", 1, form).write() == 1


def ply_vertices(file: Path) -> np.ndarray:
    lines = file.read_text().splitlines()
    first = lines.index("end_header") + 1
    return np.array([line.split() for line in lines[first : first + 8]], dtype=float)


def ply_triangles(file: Path) -> np.ndarray:
    lines = file.read_text().splitlines()
    first = lines.index("end_header") + 9
    return np.array([line.split()[1:] for line in lines[first:]], dtype=int)


def test_the_command_offers_every_layout() -> None:
    assert tuple(FORMATS) == cli_pictures.FORMATS
