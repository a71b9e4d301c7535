"""Fusion of cameras: what several see of one block is surer than what each does."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from simreal_common.block_estimate import BlockEstimate
from simreal_common.geometry import Pose
from simreal_control.world_model.block_map import Block, BlockMapConfig, fuse
from simreal_control.world_model.camera_fusion import fuse_positions
from simreal_control.world_model.detection_clusters import View, clusters_of

EDGE = 0.05
CONFIG = BlockMapConfig()
OPPOSITE = np.array([1.15, 0.0, 0.62])
ABOVE = np.array([0.38, 0.0, 0.58])
ASIDE = np.array([0.45, 0.6, 0.5])
NO_ERROR = np.zeros(3)

small = st.floats(-0.004, 0.004)
offsets = st.tuples(small, small, small).map(np.array)
sigmas = st.tuples(*[st.floats(0.001, 0.03)] * 3)
turns = st.tuples(*[st.floats(-3.0, 3.0)] * 3).map(Rotation.from_rotvec)


@st.composite
def covariances(draw: st.DrawFn) -> np.ndarray:
    """Of positions, shape (3, 3), turned anyhow."""
    turn = draw(turns).as_matrix()
    return turn @ np.diag(np.square(draw(sigmas))) @ turn.T


def seen_by(
    camera: np.ndarray, truth: Pose, error: np.ndarray = NO_ERROR, score: float = 0.9
) -> BlockEstimate:
    """Bad along the ray, good across it."""
    ray = truth.position - camera
    ray /= np.linalg.norm(ray)
    covariance = np.diag([0.004**2] * 3 + [0.03**2] * 3)
    covariance[:3, :3] += 0.02**2 * np.outer(ray, ray)
    return BlockEstimate(Pose(truth.position + error, truth.orientation), covariance, score, EDGE)


def lying(x: float, y: float, level: int = 0, yaw: float = 0.2) -> Pose:
    return Pose(np.array([x, y, (level + 0.5) * EDGE]), Rotation.from_euler("z", yaw).as_quat())


def view(number: int, camera: np.ndarray, look: int = 0) -> View:
    x, y, z = camera.tolist()
    return View(number, look, (x, y, z))


def not_larger(one: np.ndarray, other: np.ndarray) -> bool:
    """Whether a covariance is in no direction larger than another."""
    return bool(np.linalg.eigvalsh(other - one).min() > -1e-9)


@given(first=covariances(), second=covariances(), off=offsets)
def test_a_fused_covariance_is_in_no_direction_larger_than_either(first, second, off):
    truth = np.array([0.5, 0.1, 0.025])
    _, fused = fuse_positions([(truth, first), (truth + off, second)])
    assert not_larger(fused, first)
    assert not_larger(fused, second)


@given(seen=st.lists(st.tuples(offsets, covariances()), min_size=2, max_size=4), data=st.data())
def test_the_order_in_which_cameras_are_fused_does_not_matter(seen, data):
    mixed = data.draw(st.permutations(seen))
    (one, spread), (other, spread_of_other) = fuse_positions(seen), fuse_positions(mixed)
    np.testing.assert_allclose(one, other, atol=1e-9)
    np.testing.assert_allclose(spread, spread_of_other, rtol=1e-6, atol=1e-12)


@given(off=offsets, along=st.floats(0.002, 0.03), across=st.floats(0.002, 0.03))
def test_the_surer_camera_counts_more(off, along, across):
    """Along each axis the fused position is nearer to the one of the smaller variance."""
    truth = np.array([0.5, 0.1, 0.025])
    first = np.diag([along**2, across**2, 0.01**2])
    second = np.diag([across**2, along**2, 0.01**2])
    fused, _ = fuse_positions([(truth, first), (truth + off, second)])
    for axis, (mine, other) in enumerate([(along, across), (across, along)]):
        share = other**2 / (mine**2 + other**2)
        np.testing.assert_allclose(fused[axis], truth[axis] + (1 - share) * off[axis], atol=1e-9)


def test_two_cameras_are_surer_than_one_and_pictures_of_one_are_not():
    truth = lying(0.5, 0.1)
    alone = fuse([[seen_by(OPPOSITE, truth)]], CONFIG)[0]
    twice = fuse([[seen_by(OPPOSITE, truth)]] * 2, CONFIG)[0]
    both = fuse(
        [[seen_by(OPPOSITE, truth)], [seen_by(ASIDE, truth)]],
        CONFIG,
        [view(0, OPPOSITE), view(1, ASIDE)],
    )[0]
    np.testing.assert_allclose(twice.covariance, alone.covariance)
    assert np.trace(both.covariance) < 0.7 * np.trace(alone.covariance)
    assert not_larger(both.covariance, alone.covariance)
    assert both.yaw_sigma < alone.yaw_sigma


@given(error=offsets)
def test_with_one_camera_absent_it_is_as_with_the_other_alone(error):
    truth = lying(0.5, 0.1)
    image = [seen_by(ABOVE, truth, error)]
    (alone,) = fuse([image] * 3, CONFIG)
    (with_absent,) = fuse([image, image, image, []], CONFIG, [*[View(1)] * 3, View(0)])
    np.testing.assert_array_equal(alone.position, with_absent.position)
    np.testing.assert_array_equal(alone.covariance, with_absent.covariance)
    assert (alone.yaw, alone.level, alone.seen) == (with_absent.yaw, with_absent.level, 3)


@settings(max_examples=25)
@given(errors=st.lists(offsets, min_size=4, max_size=4), data=st.data())
def test_the_order_of_pictures_does_not_matter(errors, data):
    truths = [lying(0.45, -0.1), lying(0.55, 0.12, yaw=-0.4)]
    pictures = [
        ([seen_by(camera, t, error, 0.9 - 0.01 * n) for t in truths], view(number, camera))
        for n, (error, (number, camera)) in enumerate(
            zip(errors, [(0, OPPOSITE), (0, OPPOSITE), (1, ABOVE), (1, ABOVE)], strict=True)
        )
    ]

    def told(order: list) -> list[Block]:
        blocks = fuse([image for image, _ in order], CONFIG, [v for _, v in order])
        return sorted(blocks, key=lambda block: float(block.position[0]))

    one, other = told(pictures), told(data.draw(st.permutations(pictures)))
    assert len(one) == len(other) == 2
    for mine, theirs in zip(one, other, strict=True):
        np.testing.assert_allclose(mine.position, theirs.position, atol=1e-9)
        np.testing.assert_allclose(mine.covariance, theirs.covariance, rtol=1e-6, atol=1e-12)
        assert np.isclose(mine.yaw, theirs.yaw, atol=1e-9)


def test_a_block_that_one_camera_alone_sees_counts():
    hidden, plain = lying(0.5, 0.1), lying(0.4, -0.1)
    blocks = fuse(
        [[seen_by(OPPOSITE, plain)]] * 4 + [[seen_by(ABOVE, plain), seen_by(ABOVE, hidden)]] * 4,
        CONFIG,
        [view(0, OPPOSITE)] * 4 + [view(1, ABOVE)] * 4,
    )
    assert len(blocks) == 2


def test_what_a_camera_sees_in_one_picture_of_four_is_left_out():
    invented = [[seen_by(ABOVE, lying(0.5, 0.1))], [], [], []]
    views = [view(0, OPPOSITE)] * 4 + [view(1, ABOVE)] * 4
    assert fuse([[]] * 4 + invented, CONFIG, views) == []


def test_a_camera_that_stands_still_is_not_surer_for_a_second_look():
    """As the arm looks from elsewhere; what it hides then from that camera counts all the same."""
    truth = lying(0.5, 0.1)
    (once,) = fuse([[seen_by(OPPOSITE, truth)]] * 2, CONFIG, [view(0, OPPOSITE, look=0)] * 2)
    looks = [view(0, OPPOSITE, look=n // 2) for n in range(6)]
    (again,) = fuse([[seen_by(OPPOSITE, truth)]] * 2 + [[]] * 4, CONFIG, looks)
    np.testing.assert_allclose(again.covariance, once.covariance)


def test_detections_far_beyond_their_covariances_are_no_one_block():
    truth = lying(0.5, 0.1)
    apart = seen_by(ABOVE, truth, np.array([0.0, 0.04, 0.0]))
    clusters = clusters_of(
        [[seen_by(OPPOSITE, truth)], [apart]], [view(0, OPPOSITE), view(1, ABOVE)], EDGE, 3.5
    )
    assert len(clusters) == 2


def test_from_above_a_stack_hides_what_it_stands_on():
    top = lying(0.42, 0.0, level=3)
    assert fuse([[seen_by(OPPOSITE, top)]] * 3, CONFIG, [view(0, OPPOSITE)] * 3) == []
    (block,) = fuse([[seen_by(ABOVE, top)]] * 3, CONFIG, [view(0, ABOVE)] * 3)
    assert block.level == 3
