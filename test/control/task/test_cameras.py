"""The whole task with several cameras, and with one on the hand that looks from several places."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from simreal_common.errors import ConfigurationError
from simreal_common.geometry import Pose
from simreal_control.control_configuration import robot_parameters
from simreal_control.robot_interface.task_io import MoveArm


def at(x: float, y: float, yaw: float) -> Pose:
    return Pose(np.array([x, y, 0.025]), [0.0, 0.0, np.sin(yaw / 2), np.cos(yaw / 2)])


THREE = [at(0.45, -0.15, 0.3), at(0.55, 0.05, -0.6), at(0.42, 0.18, 0.7)]
LOOKS = robot_parameters("panda", wrist_camera=True).further_looks()


@pytest.fixture
def wrist(make_camera):
    """Makes the camera on the hand."""
    return lambda **options: [make_camera(on_hand=True, **options)]


@pytest.fixture
def both(make_camera):
    """Makes one opposite the arm, and one on the hand."""
    return lambda **of_second: [make_camera("front"), make_camera("wrist", True, **of_second)]


def said(rig, words: str) -> list[str]:
    return [line for line in rig.log if words in line]


def test_a_camera_on_the_hand_builds_a_tower(make_rig, wrist):
    rig = make_rig(list(THREE), cameras=wrist(), look_poses=LOOKS)
    assert rig.run().status.success, rig.log
    assert rig.world.tower() == 3


def test_what_is_hidden_from_home_is_looked_for_from_elsewhere_and_nothing_is_taken_down(
    make_rig, wrist
):
    rig = make_rig(
        list(THREE), cameras=wrist(only_from={2: LOOKS[1]}), look_poses=LOOKS, blind_spots=False
    )
    assert rig.run().status.success, rig.log
    assert rig.world.tower() == 3
    assert said(rig, "looking from look pose 1")
    assert said(rig, "looking from look pose 2")
    assert not said(rig, "looking again")
    assert not said(rig, "taking down")


def test_home_alone_is_one_look_pose(make_rig, wrist):
    rig = make_rig(list(THREE), cameras=wrist())
    assert rig.run().status.success, rig.log
    assert not said(rig, "look pose")


def test_where_all_blocks_are_wanted_the_first_look_is_from_everywhere(make_rig, wrist):
    rig = make_rig(list(THREE), goal=0, cameras=wrist(only_from={0: LOOKS[0]}), look_poses=LOOKS)
    assert rig.run().status.success, rig.log
    assert rig.world.tower() == 3


def test_a_block_that_nobody_sees_ends_it_after_a_bounded_number_of_looks(make_rig, wrist):
    rig = make_rig(list(THREE), cameras=wrist(), look_poses=LOOKS, unseen={2})
    status = rig.run(400).status
    assert status.finished
    assert not status.success
    assert len(said(rig, "looking from look pose")) <= 12 * len(LOOKS)


def test_a_look_pose_that_no_way_leads_to_is_left_out(make_rig, wrist):
    beyond = replace_joint(LOOKS[0], 1, 3.0)  # outside of the joint limits
    rig = make_rig(
        list(THREE),
        cameras=wrist(only_from={2: LOOKS[1]}),
        look_poses=(beyond, LOOKS[1]),
        blind_spots=False,
    )
    assert rig.run().status.success, rig.log
    assert said(rig, "no way to look pose 1")


def replace_joint(pose: np.ndarray, joint: int, value: float) -> np.ndarray:
    changed = pose.copy()
    changed[joint] = value
    return changed


def test_a_rejected_way_to_a_look_pose_is_tried_again(make_rig, wrist):
    rig = make_rig(list(THREE), cameras=wrist(only_from={2: LOOKS[0]}), look_poses=LOOKS)
    execute = rig.world.execute

    def reject_once(command: object) -> None:
        on_the_way = rig.task.state.name.value == "changing view"
        if isinstance(command, MoveArm) and on_the_way and "reject" not in rig.world.history:
            rig.world.faults["reject"] = 1
        execute(command)

    rig.world.execute = reject_once
    assert rig.run().status.success, rig.log
    assert said(rig, "the way to another look pose: rejected")


def test_two_cameras_build_a_tower_and_agree(make_rig, both):
    rig = make_rig(list(THREE), cameras=both())
    assert rig.run().status.success, rig.log
    assert rig.world.tower() == 3
    assert not said(rig, "going on with")
    assert not said(rig, "sigmas")


def test_a_camera_that_is_lost_is_told_and_the_task_goes_on(make_rig, both):
    rig = make_rig(list(THREE), cameras=both(stops_at=20.0))
    assert rig.run().status.success, rig.log
    (words,) = said(rig, "going on with front")
    assert words.startswith("wrist: no new detections")


def test_a_camera_without_a_transform_is_told_by_name_and_the_task_goes_on(make_rig, both):
    rig = make_rig(list(THREE), cameras=both(transform_stopped_at=15.0))
    assert rig.run().status.success, rig.log
    (words,) = said(rig, "going on with front")
    assert words.startswith("wrist: no detections")
    assert "its transform is" in words


def test_a_camera_that_comes_back_is_told(make_rig, both):
    rig = make_rig(list(THREE), cameras=both(stops_at=12.0))
    while not said(rig, "going on with front"):
        rig.run(1.0)
    rig.world.cameras[1].stops_at = np.inf
    assert rig.run().status.success, rig.log
    assert said(rig, "wrist: there are detections again")


def test_all_cameras_lost_ends_it_and_names_each(make_rig, both):
    cameras = both(stops_at=12.0)
    cameras[0].stops_at = 12.0
    rig = make_rig(list(THREE), cameras=cameras)
    status = rig.run(200).status
    assert status.finished
    assert not status.success
    assert "front: no new detections" in status.message
    assert "wrist: no new detections" in status.message


def test_cameras_that_disagree_are_told(make_rig, both):
    rig = make_rig(list(THREE), cameras=both(misplaced=np.array([0.0, 0.034, 0.0])))
    rig.run(5.0)
    assert said(rig, "cameras front and wrist see one block")


@pytest.mark.parametrize("pose", LOOKS)
def test_a_look_pose_is_where_the_hand_points_at_the_table(assembly, pose):
    out = assembly.arm.forward(np.asarray(pose)).rotation[:, 2]
    assert out[2] < -0.7


def test_look_poses_that_do_not_fit_the_arm_are_refused():
    with pytest.raises(ConfigurationError, match="got 13 numbers, wanted 7 for each pose"):
        replace(robot_parameters("panda"), look_poses=(0.1,) * 13)
    with pytest.raises(ConfigurationError, match="wanted each once"):
        replace(robot_parameters("panda"), detection_topics=("a", "a"))
    with pytest.raises(ConfigurationError, match="got an empty one"):
        replace(robot_parameters("panda"), detection_topics=("",))
