"""Labelled photographs, made by the test itself: what is read of them, and how estimates of them are
scored; figures by hand. And the real ones, where they are."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from simreal_cli.cli import main
from simreal_common.block_estimate import BlockEstimate
from simreal_common.camera import Camera
from simreal_common.errors import CalibrationError, ConfigurationError, ImageError, SimrealError
from simreal_common.geometry import Pose
from simreal_perception.evaluation.evaluation_report import report, text_report
from simreal_perception.evaluation.evaluation_run import EvaluationOutcome
from simreal_perception.evaluation.labelled_photographs import (
    LabelledPhotographs,
    photograph_source,
)
from simreal_perception.pose_estimation.calibration import MIN_SCORE
from simreal_perception.pose_estimation.estimator import BlockEstimator

MIRRORED = [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, -1, 1], [0, 0, 0, 1]]
REAL = Path(__file__).resolve().parents[4] / "shared" / "data" / "real_blocks"
WIDTH, HEIGHT, FOCAL = 640, 480, 500.0
MIDDLE = (320.0, 240.0)
EDGE = 0.05
# On the optical axis, facing the camera, with the near face at 0.5 m: 50 pixels in the image.
RANGE_50_PX = 0.525


def place(u: float, v: float, range_m: float) -> np.ndarray:
    """What is seen `u` and `v` pixels from the image's middle, at a range; optical frame."""
    ray = np.array([u, v, FOCAL])
    return range_m * ray / np.linalg.norm(ray)


def block(
    u: float = 0.0, v: float = 0.0, range_m: float = RANGE_50_PX, edge: float = EDGE,
    visible: float = 1.0,
) -> dict[str, Any]:  # fmt: skip
    """A block's entry in a label: it faces the camera."""
    pose = np.eye(4)
    pose[:3, 3] = place(u, v, range_m)
    return {"name": "red", "edge": edge, "visible": visible, "pose_in_camera": pose.tolist()}


def estimate(
    u: float = 0.0, v: float = 0.0, range_m: float = RANGE_50_PX, score: float = 0.9,
    told: float = EDGE, turned_deg: float = 0.0,
) -> BlockEstimate:  # fmt: skip
    """An estimate of an estimator that was told the edge `told`."""
    rotation = Rotation.from_rotvec([0.0, 0.0, np.radians(turned_deg)])
    return BlockEstimate(
        Pose(place(u, v, range_m), rotation.as_quat()), np.eye(6) * 1e-4, score, told
    )


def write_photograph(
    root: Path, group: str, name: str, blocks: list[dict[str, Any]], **changes: Any
) -> Path:
    """Write a grey image and its label, changed where asked (... takes a key away)."""
    label = {
        "image": f"{name}.png",
        "kind": group,
        "size": [WIDTH, HEIGHT],
        "K": [[FOCAL, 0.0, MIDDLE[0]], [0.0, FOCAL, MIDDLE[1]], [0.0, 0.0, 1.0]],
        "dist": [0.0] * 5,
        "region": None,
        "ignore": [],
        "blocks": blocks,
        **changes,
    }
    (root / group).mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(root / group / f"{name}.png"), np.full((HEIGHT, WIDTH), 128, np.uint8))
    path = root / group / f"{name}.json"
    path.write_text(json.dumps({k: v for k, v in label.items() if v is not ...}))
    return path


def test_a_label_gives_camera_blocks_and_table(tmp_path: Path) -> None:
    plane = {"normal": [0.0, -2.0, 0.0], "point_m": [0.3, 0.1, 0.5]}
    lens = [-0.3, 0.08, -0.003, 0.002, 0.0]
    blocks = [block(visible=0.3), block(90, 40, 0.7, 0.03, 0.8)]
    write_photograph(tmp_path, "desk", "7", blocks, dist=lens, table_plane_cam=plane)
    (example,) = LabelledPhotographs(tmp_path).examples([0])
    assert example.name == "desk/7"
    assert example.image.shape == (HEIGHT, WIDTH, 3)
    assert example.camera.distortion.tolist() == lens
    assert (example.camera.width, example.camera.height) == (WIDTH, HEIGHT)
    np.testing.assert_allclose(example.blocks[0].position, place(90, 40, 0.7))
    np.testing.assert_allclose(example.hidden[0].position, place(0, 0, RANGE_50_PX))
    assert example.visible == [0.8, 0.3]
    assert [edge for _, edge in example.sized_blocks] == [0.03, EDGE]
    assert example.plane is not None
    # Of all points of the table n.x is the same: -0.1 for the unit normal.
    np.testing.assert_allclose(example.plane.normal, [0, -1, 0])
    assert example.plane.offset == pytest.approx(-0.1)


def test_a_label_may_leave_out_what_there_is_nothing_to_say_of(tmp_path: Path) -> None:
    write_photograph(tmp_path, "a", "1", [], dist=..., region=..., ignore=...)
    (example,) = LabelledPhotographs(tmp_path).examples([0])
    assert example.camera.distortion.size == 0
    assert (example.blocks, example.hidden, example.plane) == ([], [], None)
    assert example.edge == 0.0381


def test_groups_are_picked_by_name(tmp_path: Path) -> None:
    for group in ("a", "b", "c"):
        write_photograph(tmp_path, group, "1", [])
    source = LabelledPhotographs(tmp_path, ("a", "c"))
    names = [example.name for example in source.examples(range(source.count))]
    assert names == ["a/1", "c/1"]
    with pytest.raises(ConfigurationError, match="--only d: .* no such group, but a, b, c"):
        _ = LabelledPhotographs(tmp_path, ("a", "d")).count
    (tmp_path / "index.json").write_text("{}", encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"--only a: .*index\.json"):
        photograph_source(tmp_path, ["a"])


@pytest.mark.parametrize(
    ("changes", "kind", "message"),
    [
        ({"K": ..., "size": ...}, ConfigurationError, "1.json lacks size, K"),
        ({"blocks": [{"edge": 0.05}]}, ConfigurationError, "a block lacks visible, pose_in_camera"),
        ({"blocks": 3}, ConfigurationError, "blocks is 3"),
        ({"blocks": [block(range_m=-1.0)]}, ConfigurationError, "before the camera"),
        ({"blocks": [block(edge=0.0)]}, ConfigurationError, "edge above 0"),
        ({"blocks": [{**block(), "pose_in_camera": [[1, 2]]}]}, ConfigurationError, "4x4"),
        ({"blocks": [{**block(), "pose_in_camera": MIRRORED}]}, ConfigurationError, "a rotation"),
        ({"K": np.zeros((3, 3)).tolist()}, CalibrationError, "1.json: the camera is not"),
        ({"dist": [0.1]}, CalibrationError, "1.json: 1 coefficients"),
        ({"region": [[0, 1, 2]]}, ConfigurationError, "region is .* wanted Nx2"),
        ({"ignore": [["a", 1, 2, 3]]}, ConfigurationError, "ignore is .* wanted Nx4"),
        ({"image": "gone.png"}, ImageError, "names the image gone.png, which is not there"),
        ({"size": [480, 640]}, CalibrationError, "1.png is 640x480, its label is for 480x640"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_label_is_said_in_one_line(
    tmp_path: Path, changes: dict[str, Any], kind: type[SimrealError], message: str
) -> None:
    write_photograph(tmp_path, "a", "1", **{"blocks": [block()], **changes})
    source = LabelledPhotographs(tmp_path)
    with pytest.raises(kind, match=message) as said:
        list(source.examples(range(source.count)))
    assert "\n" not in str(said.value)


def test_a_folder_without_labels_says_what_is_wanted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for folder in (tmp_path, tmp_path / "gone"):
        assert main(["evaluate", "--photos", str(folder)]) == 2
        error = capsys.readouterr().err
        assert f"{folder} holds no labelled photographs: wanted index.json, or GROUP" in error
        assert error.count("\n") == 1
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "1.json").write_text("{", encoding="utf-8")
    assert main(["evaluate", "--photos", str(tmp_path)]) == 2
    assert "1.json is no label" in capsys.readouterr().err
    assert main(["evaluate", "--scenes", "1", "--only", "a"]) == 2
    assert "--only belongs to --photos" in capsys.readouterr().err


class StandIn:
    """Finds one block straight ahead, and says which edges it was told."""

    def __init__(self) -> None:
        self.told: list[float] = []

    def estimate(
        self, image: Any, camera: Camera, edge: float, plane: object = None
    ) -> list[BlockEstimate]:
        self.told.append(edge)
        return [estimate(3, 4, RANGE_50_PX * edge / EDGE, told=edge)]


def test_evaluate_tells_groups_draws_the_worst_and_counts_a_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    photos = tmp_path / "photos"
    write_photograph(photos, "a", "1", [block(), block(150, 0, edge=0.02)])
    write_photograph(photos, "b", "2", [])
    write_photograph(photos, "c", "3", [block(edge=0.08, range_m=0.84)])
    model = write_model(tmp_path)
    stand_in = StandIn()
    monkeypatch.setattr(BlockEstimator, "load", lambda model, threads=2: stand_in)
    arguments = ["evaluate", "--photos", str(photos), "--model", str(model), "--write-card"]
    assert main([*arguments, "--json", f"{tmp_path}/all.json", "--sheet", f"{tmp_path}/s.png"]) == 0
    assert stand_in.told[:3] == [EDGE, 0.0381, 0.08]
    assert main([*arguments, "--only", "a", "c"]) == 0

    content = json.loads((tmp_path / "all.json").read_text(encoding="utf-8"))
    rows = {r["group"]: (r["images"], r["blocks"], r["false"]) for r in content["by_group"]}
    assert rows == {"a": (1, 2, 0), "b": (1, 0, 1), "c": (1, 1, 0), "all": (3, 3, 1)}
    assert content["overall"]["lateral_mean_px"] == pytest.approx(5)
    assert content["negatives"] == {"images": 1, "with_false": 1}
    assert cv2.imread(f"{tmp_path}/s.png") is not None
    assert "labelled photographs photos, a c" in capsys.readouterr().out
    card = json.loads(model.read_text(encoding="utf-8"))
    assert card["looks"] == {"photos": 2}
    (whole, part) = sorted(card["metrics"], key=len)
    assert whole == f"simreal evaluate --photos photos --min-score {MIN_SCORE:g}"
    assert part == f"simreal evaluate --photos photos --only a c --min-score {MIN_SCORE:g}"
    assert card["metrics"][part]["images"] == 2


def write_model(folder: Path) -> Path:
    """A card that holds, of a model that nobody runs."""
    (folder / "m.onnx").write_bytes(b"m")
    card: dict[str, Any] = dict.fromkeys(("input", "seed", "commit", "command", "data", "limits"))
    digest = hashlib.sha256(b"m").hexdigest()
    card |= {"name": "m", "metrics": {}, "files": [{"file": "m.onnx", "sha256": digest}]}
    (folder / "m.json").write_text(json.dumps(card), encoding="utf-8")
    return folder / "m.json"


@pytest.mark.skipif(not REAL.is_dir(), reason="the photographs are not in the repository")
def test_the_real_photographs_are_read_whole() -> None:
    source = LabelledPhotographs(REAL)
    examples = list(source.examples(range(source.count)))
    assert len(examples) == 46
    assert sum(len(example.blocks) for example in examples) == 91
    assert sum(not example.sized_blocks for example in examples) == 7
    assert len({example.labels.group for example in examples if example.labels}) == 8
    for example in examples:
        for pose, _ in example.sized_blocks:
            u, v = example.camera.project(pose.position)
            assert 0 < u < example.camera.width
            assert 0 < v < example.camera.height


Found = Sequence[BlockEstimate]


def outcome_of(root: Path, found: Sequence[Found]) -> EvaluationOutcome:
    """What an estimator that finds `found`, in the images in their order, is measured at."""
    outcome = EvaluationOutcome()
    source = LabelledPhotographs(root)
    for number, example in enumerate(source.examples(range(source.count))):
        outcome.add(found[number], example, number)
    return outcome


def row(root: Path, *found: Found, min_score: float = 0.3) -> dict[str, Any]:
    """The figures of all groups."""
    rows = report(outcome_of(root, found), min_score)["by_group"]
    assert rows[-1]["group"] == "all"
    return dict(rows[-1])


def counts(figures: dict[str, Any]) -> tuple[int, float, int]:
    return figures["blocks"], figures["recall"], figures["false"]


@pytest.mark.parametrize(
    ("seen", "hit"),
    [
        (estimate(24, 0), True),  # of 25, half the block's size
        (estimate(0, -26), False),
        (estimate(range_m=0.76 * RANGE_50_PX), True),
        (estimate(range_m=0.74 * RANGE_50_PX), False),
        (estimate(range_m=1.32 * RANGE_50_PX), True),
        (estimate(range_m=1.34 * RANGE_50_PX), False),
    ],
)
def test_a_hit_is_near_in_the_image_and_about_as_far_away(
    tmp_path: Path, seen: BlockEstimate, hit: bool
) -> None:
    write_photograph(tmp_path, "a", "1", [block()])
    assert counts(row(tmp_path, [seen])) == (1, float(hit), int(not hit))


def test_errors_are_told_in_pixels_across_along_and_as_shares_of_the_range(tmp_path: Path) -> None:
    for name in "12":
        write_photograph(tmp_path, "a", name, [block()])
    figures = row(
        tmp_path,
        [estimate(range_m=0.98 * RANGE_50_PX, turned_deg=94)],
        # 12 pixels of 500: across the ray 12 / sqrt(500^2 + 12^2) of the range.
        [estimate(12, 0, turned_deg=6)],
    )
    across = 1e3 * RANGE_50_PX * 12 / np.hypot(500, 12)
    along = 100 * (500 / np.hypot(500, 12) - 1)
    assert figures["lateral_mean_px"] == pytest.approx(6)
    assert figures["lateral_mean_mm"] == pytest.approx(across / 2)
    assert figures["rotation_mean_deg"] == pytest.approx(5)
    assert figures["range_bias_percent"] == pytest.approx((-2 + along) / 2)
    assert figures["range_mean_percent"] == pytest.approx((2 - along) / 2)


def test_each_block_is_compared_at_its_own_edge(tmp_path: Path) -> None:
    write_photograph(
        tmp_path, "a", "1", [block(), block(150, 0, 0.4, edge=0.02), block(-150, 0, 0.4, 0.025)]
    )
    (example,) = LabelledPhotographs(tmp_path).examples([0])
    assert example.edge == EDGE  # the estimator is told the largest
    assert example.edges == [EDGE, 0.02, 0.025]
    figures = row(
        tmp_path,
        # A block of 20 mm at 0.4 m looks like one of 50 mm at 1 m: 3 % too far, and exactly.
        [estimate(), estimate(150, 0, 1.03), estimate(-150, 0, 0.4)],
    )
    assert counts(figures) == (3, pytest.approx(2 / 3), 1)
    assert figures["range_mean_percent"] == pytest.approx(1.5)
    assert figures["position_mean_mm"] == pytest.approx(0.03 * 400 / 2)
    assert figures["lateral_mean_px"] == pytest.approx(0, abs=1e-9)


def test_as_many_blocks_as_can_be_are_matched(tmp_path: Path) -> None:
    # The surer estimate lies nearer to the first block, which alone the other can be of.
    write_photograph(tmp_path, "a", "1", [block(), block(40, 0)])
    figures = row(tmp_path, [estimate(18, 0, score=0.9), estimate(-10, 0, score=0.5)])
    assert counts(figures) == (2, 1.0, 0)
    assert figures["lateral_mean_px"] == pytest.approx((22 + 10) / 2)


def test_the_nearest_of_those_that_count_is_taken(tmp_path: Path) -> None:
    write_photograph(tmp_path, "a", "1", [block()])
    found = [estimate(10, 0, score=0.9), estimate(1, 0, score=0.4), estimate(0, 0, score=0.2)]
    for min_score, px, false in ((0.1, 0, 2), (0.3, 1, 1), (0.5, 10, 0)):
        figures = row(tmp_path, found, min_score=min_score)
        assert figures["lateral_mean_px"] == pytest.approx(px, abs=1e-9)
        assert figures["false"] == false


def test_hardly_visible_and_very_small_blocks_may_be_found(tmp_path: Path) -> None:
    # 0.05 m x 500 px / 1.275 m: 19.6 pixels.
    blocks = [block(0, 0, 1.3), block(100, 0, visible=0.49), block(200, 0, visible=0.5)]
    write_photograph(tmp_path, "a", "1", blocks)
    assert counts(row(tmp_path, [])) == (1, 0.0, 0)
    found = [estimate(0, 0, 1.3), estimate(100, 0), estimate(200, 0)]
    assert counts(row(tmp_path, found)) == (1, 1.0, 0)
    write_photograph(tmp_path, "a", "1", [block(0, 0, 1.25)])  # 20.4 pixels
    assert counts(row(tmp_path, [])) == (1, 0.0, 0)


def test_what_is_not_labelled_is_not_false(tmp_path: Path) -> None:
    # The left half is labelled, but for a box in it.
    region = [[0, 0], [320, 0], [320, 480], [0, 480]]
    write_photograph(tmp_path, "a", "1", [], region=region, ignore=[[100, 100, 200, 200]])
    inside, outside, ignored = estimate(-20, 0), estimate(20, 0), estimate(-170, -90)
    assert row(tmp_path, [inside, outside, ignored])["false"] == 1
    assert row(tmp_path, [outside, ignored])["false"] == 0
    # A block there is found nevertheless.
    write_photograph(tmp_path, "a", "1", [block(20, 0)], region=region)
    assert counts(row(tmp_path, [outside, estimate(100, 0)])) == (1, 1.0, 0)


def test_images_without_blocks_are_counted(tmp_path: Path) -> None:
    write_photograph(tmp_path, "a", "1", [block()])
    for name in "234":
        write_photograph(tmp_path, "b", name, [])
    outcome = outcome_of(tmp_path, [[estimate()], [estimate(), estimate(99, 9)], [], [estimate()]])
    figures = report(outcome, 0.3)
    assert figures["negatives"] == {"images": 3, "with_false": 2}
    assert [(r["group"], r["images"], r["recall"], r["false"]) for r in figures["by_group"]] == [
        ("a", 1, 1.0, 0),
        ("b", 3, None, 3),
        ("all", 4, 1.0, 3),
    ]
    assert figures["by_group"][1]["images_with_false"] == 2
    assert figures["overall"]["precision"] == pytest.approx(1 / 4)
    text = text_report(figures, "a model")
    assert "images without blocks: 3, with any false block: 2" in text
    (line,) = [line for line in text.splitlines() if line.startswith("b ")]
    assert line.split() == ["b", "3", "0", "-", "3", "-", "-", "-", "/", "-", "-"]


def test_poses_that_are_right_in_the_image_alone_give_pixels_alone(tmp_path: Path) -> None:
    write_photograph(tmp_path, "a", "1", [block(), block(150, 0)], score_2d_only=True)
    write_photograph(tmp_path, "b", "2", [block()], score_2d_only=False)
    far = 1.2 * RANGE_50_PX
    outcome = outcome_of(tmp_path, [[estimate(8, 0, far)], [estimate(2, 0, turned_deg=3)]])
    figures = report(outcome, 0.3)
    first, second, both = figures["by_group"]
    assert (first["recall"], first["lateral_mean_px"]) == (0.5, pytest.approx(8))
    for key in ("lateral_mean_mm", "range_bias_percent", "range_mean_percent"):
        assert first[key] is None
        assert both[key] == pytest.approx(second[key])
    assert first["rotation_mean_deg"] is None
    assert both["lateral_mean_px"] == pytest.approx(5)
    assert both["recall"] == pytest.approx(2 / 3)
    assert figures["overall"]["rotation_mean_deg"] == pytest.approx(3)
    assert figures["overall"]["near_share"] == 1.0


def test_the_covariance_grows_with_the_edge(tmp_path: Path) -> None:
    write_photograph(tmp_path, "a", "1", [block(), block(150, 0, 0.4, edge=0.025)])
    seen = estimate(150, 0, 0.82)  # told 0.05: at its own edge 0.41, sigma 0.005
    (error,) = outcome_of(tmp_path, [[seen]]).evaluation.errors
    assert error.nees == pytest.approx((0.01 / 0.005) ** 2)


def test_an_estimate_behind_the_camera_is_of_no_block(tmp_path: Path) -> None:
    write_photograph(tmp_path, "a", "1", [block()])
    behind = estimate(0, 0, -RANGE_50_PX)
    assert place(0, 0, -1.0)[2] < 0
    assert counts(row(tmp_path, [behind])) == (1, 0.0, 1)
