"""Which places of an image are looked at again; the network is one that keeps what it was asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from simreal_common.geometry import Pose
from simreal_perception.pose_estimation.calibration import Evidence
from simreal_perception.pose_estimation.detection import Detections, Region
from simreal_perception.pose_estimation.estimator import PoseCandidate
from simreal_perception.tracking.candidate_cache import (
    LONGEST_IMAGES,
    REFRESHED,
    SETTLED_LOOKS,
    CandidateCache,
)

RADIUS = 10.0
NO_BLOCK_FROM = 500.0  # x, from where the network sees none


@dataclass
class Network:
    """Sees a block at every detection on the left; its score tells in which image that was."""

    image: int = 0
    asked: list[float] = field(default_factory=list)  # x of the detections, of this image

    def __call__(self, detections: Detections) -> Sequence[PoseCandidate]:
        self.asked += detections.centers[:, 0].tolist()
        pixels = np.zeros((64, 64, 3), np.uint8)
        evidence = Evidence(detection=0.5, block=self.image / 1000)
        return [
            PoseCandidate(number, pixels, Pose.identity(), np.eye(6), evidence)
            for number, x in enumerate(detections.centers[:, 0])
            if x < NO_BLOCK_FROM
        ]


def at(*places: float) -> Detections:
    """Detections in a row, best first."""
    centers = np.array([[x, 100.0] for x in places]).reshape(-1, 2)
    return Detections(centers, np.full(len(places), RADIUS), np.linspace(0.9, 0.5, len(places)))


def look(
    places: CandidateCache, network: Network, seen: Detections, changed: Sequence[Region] = ()
) -> list[PoseCandidate]:
    network.image += 1
    network.asked.clear()
    return places.candidates(seen, changed, network)


def settled(*xs: float) -> tuple[CandidateCache, Network, Detections]:
    places, network, seen = CandidateCache(), Network(), at(*xs)
    for _ in range(SETTLED_LOOKS):
        look(places, network, seen)
        assert len(network.asked) == len(xs)
    return places, network, seen


def test_a_new_place_is_looked_at_until_it_makes_a_block() -> None:
    places, network, _ = settled(100, 200, 300, 400)
    seen = at(100, 200, 300, 400, 50)
    for _ in range(SETTLED_LOOKS):
        look(places, network, seen)
        assert 50 in network.asked
        assert len(network.asked) == REFRESHED + 1
    look(places, network, seen)
    assert len(network.asked) == REFRESHED


def test_candidate_cache_take_turns_and_are_told_in_the_order_of_the_detections() -> None:
    places, network, seen = settled(100, 200, 300, 400)
    turns = []
    for _ in range(2):
        told = look(places, network, seen)
        assert [one.number for one in told] == [0, 1, 2, 3]
        turns += network.asked
    assert sorted(turns) == [100, 200, 300, 400]
    fresh = [one.number for one in told if one.evidence.block == network.image / 1000]
    assert [100.0 * (number + 1) for number in fresh] == network.asked


def test_where_something_changed_it_looks_again_for_as_long_as_at_a_new_place() -> None:
    places, network, seen = settled(100, 200, 300, 400)
    beside = Region(312, 90, 330, 110)  # within the crop, beside the block
    for changed in ([beside], [], []):
        look(places, network, seen, changed)
        assert 300 in network.asked
        assert len(network.asked) == REFRESHED + 1
    far = Region(320, 90, 380, 110)
    look(places, network, seen, [far])
    assert len(network.asked) == REFRESHED


def test_a_detection_that_noise_moves_is_of_the_same_place_and_one_that_moves_on_is_not() -> None:
    places, network, _ = settled(100, 200, 300, 400)
    look(places, network, at(100.5, 199.5, 300.5, 400))
    assert len(network.asked) == REFRESHED
    look(places, network, at(100, 200, 300, 405))
    assert 405 in network.asked


def test_what_is_no_block_is_remembered_too_while_the_detector_does_not_point_at_it() -> None:
    places, network, _ = settled(100, 200, 300, 600)
    for _ in range(3):  # the detector rests where no block was
        assert len(look(places, network, at(100, 200, 300))) == 3
    told = look(places, network, at(100, 200, 300, 600))
    assert [one.number for one in told] == [0, 1, 2]
    assert len(network.asked) == REFRESHED
    for _ in range(LONGEST_IMAGES + 1):
        look(places, network, at(100, 200, 300))
    look(places, network, at(100, 200, 300, 600))
    assert 600 in network.asked and len(network.asked) == REFRESHED + 1


def test_two_detections_of_one_place_are_two_places() -> None:
    places, network, _ = settled(100, 200, 300)
    look(places, network, at(100, 200, 300, 100.4))
    assert 100.4 in network.asked


def test_what_is_forgotten_is_looked_at_everywhere() -> None:
    places, network, seen = settled(100, 200, 300, 400)
    places.forget()
    look(places, network, seen)
    assert len(network.asked) == 4


def test_an_image_without_detections_asks_nothing() -> None:
    places, network, seen = settled(100, 200)
    assert look(places, network, at()) == []
    assert network.asked == []
    assert len(look(places, network, seen)) == 2
