"""A scene through several cameras, and that they disagree."""

from __future__ import annotations

import numpy as np
from scipy.spatial.transform import Rotation

from simreal_common.block_estimate import BlockEstimate
from simreal_common.geometry import Pose, look_at
from simreal_control.robot_interface.task_io import DetectionFrame
from simreal_control.world_model.block_map import BlockMapConfig, estimate_in_base
from simreal_control.world_model.scene_observation import SceneObservation, Zone

FRONT = look_at([1.15, 0.0, 0.62], [0.47, 0.0, 0.03])
WRIST = look_at([0.38, 0.0, 0.58], [0.53, 0.0, 0.03])
BLOCKS = BlockMapConfig()
ZONE = Zone(np.array([0.28, -0.32]), np.array([0.72, 0.32]))
PLACES = ((0.45, -0.1), (0.55, 0.12))


def frame(
    camera: str, pose: Pose, told: Pose | None = None, stamp: float = 1.0, look: int = 0
) -> DetectionFrame:
    """A picture of the blocks; the transform says `told`."""
    estimates = []
    for x, y in PLACES:
        truth = Pose(np.array([x, y, 0.025]), Rotation.from_euler("z", 0.3).as_quat())
        covariance = np.diag([0.003**2] * 3 + [0.03**2] * 3)
        estimate = BlockEstimate(pose.inverse() @ truth, covariance, 0.9, 0.05)
        estimates.append(
            estimate_in_base(estimate, told or pose, BLOCKS.ray_sigma_m, BLOCKS.lateral_sigma_m)
        )
    return DetectionFrame(stamp, tuple(estimates), (told or pose).position, stamp, camera, look)


def moved(pose: Pose, by: list[float]) -> Pose:
    return Pose(pose.position + by, pose.orientation)


def test_two_cameras_that_agree_make_one_map_surer_than_either():
    front, wrist = frame("front", FRONT), frame("wrist", WRIST)
    observations = [SceneObservation(f, ZONE, BLOCKS) for f in ([front], [wrist], [front, wrist])]
    spreads = [
        np.mean([np.trace(block.covariance) for block in observation.seen()])
        for observation in observations
    ]
    assert [len(observation.seen()) for observation in observations] == [2, 2, 2]
    assert spreads[2] < min(spreads[:2])
    assert observations[2].disagreement() is None
    assert len(observations[2].camera_positions) == 2


def test_a_camera_whose_transform_is_wrong_is_told_with_the_distance():
    off = frame("wrist", WRIST, moved(WRIST, [0.0, 0.035, 0.0]))
    disagreement = SceneObservation([frame("front", FRONT), off], ZONE, BLOCKS).disagreement()
    assert disagreement is not None
    assert disagreement.cameras == ("front", "wrist")
    assert 0.03 < disagreement.apart_m < 0.04
    assert "see one block 3" in disagreement.words


def test_a_camera_that_moves_by_less_than_its_place_is_known_is_one_viewpoint():
    looks = [frame("wrist", WRIST), frame("wrist", moved(WRIST, [0.001, 0.0, 0.0]), stamp=2.0)]
    again = [frame("wrist", WRIST), frame("wrist", moved(WRIST, [0.0, 0.25, 0.0]), look=1)]
    near, far = (SceneObservation(frames, ZONE, BLOCKS) for frames in (looks, again))
    assert len(near.camera_positions) == 1
    assert len(far.camera_positions) == 2
    assert np.trace(far.seen()[0].covariance) < np.trace(near.seen()[0].covariance)


def test_one_camera_never_disagrees_with_itself():
    off = frame("wrist", WRIST, moved(WRIST, [0.0, 0.035, 0.0]), look=1)
    assert SceneObservation([frame("wrist", WRIST), off], ZONE, BLOCKS).disagreement() is None
