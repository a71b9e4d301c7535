"""Tracks of blocks in synthetic sequences: known poses with noise, no images."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from simreal_common.block_estimate import BlockEstimate
from simreal_common.camera import Camera
from simreal_common.errors import ConfigurationError
from simreal_common.geometry import (
    Pose,
    cube_rotation_distance,
    cube_symmetries,
    look_at,
    rotation_distance,
)
from simreal_perception.pose_estimation.detection import Region
from simreal_perception.tracking.block_tracker import BlockTracker, TrackingConfig

EDGE = 0.05
CAMERA = Camera.pinhole(640, 480, 1.0)
PERIOD_S = 0.2
PLACES = np.array([[-0.1, 0.0, 0.8], [0.0, 0.05, 0.9], [0.15, -0.05, 0.85]])


class Seen:
    """A camera that looks at blocks: errors common to all its images, and a little noise."""

    def __init__(self, seed: int = 1) -> None:
        self.rng = np.random.default_rng(seed)
        self.tracker = BlockTracker()
        self.now = 0.0
        self.biases: dict[bytes, np.ndarray] = {}

    def estimates(
        self,
        places: np.ndarray,
        score: float = 0.9,
        colors: Sequence[str] = (),
        turn: np.ndarray | None = None,
    ) -> list[BlockEstimate]:
        found = []
        for index, place in enumerate(places):
            ray = place / np.linalg.norm(place)
            spread = 0.0005**2 * np.eye(3) + 0.006**2 * np.outer(ray, ray)
            covariance = np.zeros((6, 6))
            covariance[:3, :3], covariance[3:, 3:] = spread, 0.02**2 * np.eye(3)
            draw = np.linalg.cholesky(covariance)
            bias = self.biases.setdefault(place.tobytes(), draw @ self.rng.normal(size=6))
            error = np.sqrt(0.97) * bias + np.sqrt(0.03) * draw @ self.rng.normal(size=6)
            rotation = Rotation.from_rotvec([0.3, 0.5, 0.1]) * Rotation.from_rotvec(error[3:])
            matrix = np.asarray(rotation.as_matrix())
            if turn is not None:
                matrix = turn @ matrix
            matrix = matrix @ cube_symmetries()[int(self.rng.integers(24))]
            found.append(
                BlockEstimate(
                    Pose.from_rotation(matrix, place + error[:3]), covariance, score, EDGE,
                    colors[index] if colors else "",
                )
            )  # fmt: skip
        order = self.rng.permutation(len(found))
        return [found[index] for index in order]

    def show(self, places: np.ndarray, frames: int = 1, **how: object) -> list[BlockEstimate]:
        told: list[BlockEstimate] = []
        for _ in range(frames):
            unsettled = how.get("unsettled", ())
            estimate = {key: value for key, value in how.items() if key != "unsettled"}
            told = self.tracker.update(
                self.estimates(places, **estimate),  # type: ignore[arg-type]
                self.now,
                CAMERA,
                unsettled=unsettled,  # type: ignore[arg-type]
            )
            self.now += PERIOD_S
        return told


@pytest.fixture
def seen() -> Seen:
    return Seen()


def ids(told: list[BlockEstimate], places: np.ndarray) -> list[str]:
    """The ids at some places."""
    found = []
    for place in places:
        near = [t for t in told if np.linalg.norm(t.pose.position - place) < 0.6 * EDGE]
        assert len(near) == 1, f"{len(near)} blocks near {place}"
        found.append(near[0].id)
    return found


def test_a_block_is_told_at_once_and_has_an_id_when_seen_often_enough(seen: Seen) -> None:
    assert ids(seen.show(PLACES, 2), PLACES) == ["", "", ""]
    first = ids(seen.show(PLACES), PLACES)
    assert sorted(first) == ["1", "2", "3"]
    assert ids(seen.show(PLACES, 30), PLACES) == first


def test_an_improbable_block_keeps_its_low_score_and_gets_no_id(seen: Seen) -> None:
    (told,) = seen.show(PLACES[:1], 30, score=0.2)
    assert told.id == ""
    assert told.score == pytest.approx(0.2, abs=0.01)


def test_scores_are_means_and_not_sums_of_evidence(seen: Seen) -> None:
    (told,) = seen.show(PLACES[:1], 30, score=0.8)
    assert told.score == pytest.approx(0.8, abs=0.01)


def test_ids_last_through_an_occlusion_of_some_images(seen: Seen) -> None:
    first = ids(seen.show(PLACES, 5), PLACES)
    told = seen.show(PLACES[1:], 6)
    assert len(told) == 2
    assert ids(seen.show(PLACES), PLACES) == first


def test_ids_last_longer_where_something_moves_before_the_block(seen: Seen) -> None:
    first = ids(seen.show(PLACES, 5), PLACES)
    for _ in range(20):
        seen.show(PLACES[:0], unsettled=[Region(0, 0, 640, 480)])
    assert ids(seen.show(PLACES), PLACES) == first


def test_a_block_behind_a_nearer_one_is_not_taken_for_gone(seen: Seen) -> None:
    behind = np.array([[0.0, 0.0, 1.0]])
    (first,) = ids(seen.show(behind, 5), behind)
    before = np.array([[0.005, 0.0, 0.8]])
    seen.show(before, 20)
    assert ids(seen.show(behind), behind) == [first]


def test_a_removed_block_is_forgotten(seen: Seen) -> None:
    first = ids(seen.show(PLACES, 5), PLACES)
    assert len(seen.show(PLACES[1:], 15)) == 2
    again = ids(seen.show(PLACES, 5), PLACES)
    assert again[1:] == first[1:]
    assert again[0] not in first


def test_hidden_for_too_long_is_forgotten_too(seen: Seen) -> None:
    (first,) = ids(seen.show(PLACES[:1], 5), PLACES[:1])
    for _ in range(30):
        seen.show(PLACES[:0], unsettled=[Region(0, 0, 640, 480)])
    assert ids(seen.show(PLACES[:1], 5), PLACES[:1]) != [first]


def test_a_block_that_was_added_gets_an_id_of_its_own(seen: Seen) -> None:
    first = ids(seen.show(PLACES[:2], 5), PLACES[:2])
    now = ids(seen.show(PLACES, 5), PLACES)
    assert now[:2] == first
    assert now[2] == "3"


@pytest.mark.parametrize("step_m", [0.004, 0.02, 0.06, 0.2])
def test_a_moved_block_is_at_its_new_place_with_its_old_id(seen: Seen, step_m: float) -> None:
    first = ids(seen.show(PLACES, 10), PLACES)
    moved = PLACES.copy()
    moved[0, 0] -= step_m
    # Never told where it no longer is: the first image already counts.
    told = seen.show(moved)
    aside = [abs(t.pose.position[0] / t.pose.position[2] * 0.8 - moved[0, 0]) for t in told]
    assert min(aside) < 0.0025
    told = seen.show(moved, 4)
    assert len(told) == 3
    assert ids(told, moved) == first
    near = min(told, key=lambda t: float(np.linalg.norm(t.pose.position - moved[0])))
    ray = moved[0] / np.linalg.norm(moved[0])
    offset = near.pose.position - moved[0]
    assert np.linalg.norm(offset - (offset @ ray) * ray) < 0.002


def test_of_two_blocks_that_moved_at_once_nobody_can_tell_which_is_which(seen: Seen) -> None:
    first = ids(seen.show(PLACES, 5), PLACES)
    moved = PLACES + np.array([[0.0, 0.2, 0.0], [0.0, 0.2, 0.0], [0.0, 0.0, 0.0]])
    now = ids(seen.show(moved, 6), moved)
    assert now[2] == first[2]
    assert not set(now[:2]) & set(first)


def test_a_block_of_another_colour_is_not_the_one_that_went(seen: Seen) -> None:
    (first,) = ids(seen.show(PLACES[:1], 5, colors=["red"]), PLACES[:1])
    assert ids(seen.show(PLACES[1:2], 5, colors=["blue"]), PLACES[1:2]) != [first]


@pytest.mark.parametrize("seed", range(5))
def test_blocks_that_touch_do_not_swap(seed: int) -> None:
    seen = Seen(seed)
    row = np.array([[x, 0.0, 0.9] for x in (-EDGE, 0.0, EDGE)])
    first = ids(seen.show(row, 4), row)
    assert len(set(first)) == 3
    for lacking in (0, 1, 2):
        kept = [index for index in range(3) if index != lacking]
        told = seen.show(row[kept], 3)
        assert ids(told, row[kept]) == [first[index] for index in kept]
    assert ids(seen.show(row, 20), row) == first


def test_the_orientation_does_not_flip(seen: Seen) -> None:
    (before,) = seen.show(PLACES[:1])
    for _ in range(20):
        (told,) = seen.show(PLACES[:1])
        assert rotation_distance(told.pose.rotation, before.pose.rotation) < 0.1
        before = told


def test_a_block_turned_in_its_place_is_told_so(seen: Seen) -> None:
    seen.show(PLACES[:1], 10)
    turn = np.asarray(Rotation.from_rotvec([0.0, 0.0, 0.4]).as_matrix())
    (told,) = seen.show(PLACES[:1], turn=turn)
    truth = turn @ Rotation.from_rotvec([0.3, 0.5, 0.1]).as_matrix()
    assert cube_rotation_distance(told.pose.rotation, truth) < 0.1
    (told,) = seen.show(PLACES[:1], 4, turn=turn)
    assert cube_rotation_distance(told.pose.rotation, truth) < 0.1
    assert told.id == "1"


def test_a_stamp_that_goes_back_begins_anew(seen: Seen) -> None:
    seen.show(PLACES, 5)
    seen.now -= 0.5  # an image that comes late
    assert set(ids(seen.show(PLACES), PLACES)) == {"1", "2", "3"}
    seen.now -= 5.0
    assert ids(seen.show(PLACES), PLACES) == ["", "", ""]
    assert set(ids(seen.show(PLACES, 3), PLACES)) == {"4", "5", "6"}


def test_a_camera_that_moves_keeps_the_blocks_by_its_pose() -> None:
    seen = Seen()
    table = np.array([[0.0, 0.0, 0.025], [0.1, 0.0, 0.025], [0.0, 0.12, 0.025]])
    known: dict[int, str] = {}
    for step in range(40):
        angle = step * 0.05
        pose = look_at([0.7 * np.cos(angle), 0.7 * np.sin(angle), 0.6], [0.03, 0.03, 0.0])
        local = pose.inverse().transform_points(table)
        found = seen.estimates(local, turn=pose.rotation.T)
        told = seen.tracker.update(found, seen.now, CAMERA, pose)
        seen.now += PERIOD_S
        now = ids(told, local)
        for index, name in enumerate(now):
            assert known.setdefault(index, name) in (name, ""), (step, now)
            known[index] = name
    assert sorted(known.values()) == ["1", "2", "3"]
    # From many sides the range is known, too: one image has 6 mm.
    for place in local:
        near = min(told, key=lambda t: float(np.linalg.norm(t.pose.position - place)))
        assert np.sqrt(np.trace(near.covariance[:3, :3])) < 0.003
        assert np.linalg.norm(near.pose.position - place) < 0.004


@pytest.mark.parametrize(
    "wrong", [{"confirm_frames": 0}, {"max_missed_s": 0.0}, {"confirm_score": 1.5}]
)
def test_what_makes_no_sense_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ConfigurationError, match=next(iter(wrong))):
        TrackingConfig(**wrong)  # type: ignore[arg-type]
