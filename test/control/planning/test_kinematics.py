"""Forward against inverse, derivatives against differences, limits, and errors in words."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simreal_common.errors import ConfigurationError, KinematicsError
from simreal_common.geometry import Pose, rotation_distance
from simreal_control.grasping.grasps import tool_pose
from simreal_control.planning.kinematics import PLANNING_MARGIN_RAD, ArmKinematics

HOME = np.array([0.0, -0.785, 0.0, -2.356, 0.0, 1.571, 0.785])
JOINTS = [f"panda_joint{i}" for i in range(1, 8)]


def test_home_is_where_the_panda_has_it(panda):
    pose = panda.forward(HOME)
    # 88 mm flange offset, hand straight down; figures from the robot's published DH parameters.
    np.testing.assert_allclose(pose.position, [0.307, 0.0, 0.485], atol=1e-3)
    np.testing.assert_allclose(pose.rotation[:, 2], [0, 0, -1], atol=1e-3)


def test_limits_are_the_soft_ones_of_the_urdf(panda):
    np.testing.assert_allclose(panda.limits.lower[3], -3.0718)
    np.testing.assert_allclose(panda.limits.upper[3], -0.0698)
    np.testing.assert_allclose(panda.limits.velocity[[0, 6]], [2.175, 2.61])


@settings(max_examples=40, deadline=None)
@given(
    x=st.floats(0.32, 0.7),
    y=st.floats(-0.3, 0.3),
    z=st.floats(0.02, 0.4),
    yaw=st.floats(-np.pi / 2, np.pi / 2),
)
def test_inverse_reaches_every_top_grasp_of_the_workspace(panda, x, y, z, yaw):
    wanted = tool_pose(np.array([x, y, z]), yaw)
    joints = panda.inverse(wanted, HOME)
    reached = panda.forward(joints)
    assert np.linalg.norm(reached.position - wanted.position) < 1e-4
    assert rotation_distance(reached.rotation, wanted.rotation) < 1e-3
    # A smooth way through such configurations swings beyond them.
    assert (joints >= panda.limits.lower + PLANNING_MARGIN_RAD).all()
    assert (joints <= panda.limits.upper - PLANNING_MARGIN_RAD).all()


def test_the_same_question_has_the_same_answer(panda):
    wanted = tool_pose(np.array([0.5, 0.1, 0.03]), 0.4)
    np.testing.assert_array_equal(panda.inverse(wanted, HOME), panda.inverse(wanted, HOME))


def test_out_of_reach_says_so(panda):
    with pytest.raises(KinematicsError, match=r"\(1\.200, 0\.000, 0\.000\).*misses by"):
        panda.inverse(Pose(np.array([1.2, 0, 0]), np.array([1.0, 0, 0, 0])), HOME, restarts=1)


def test_margin_is_one_in_the_middle_and_zero_at_a_limit(panda):
    middle = (panda.limits.lower + panda.limits.upper) / 2
    assert panda.margin(middle) == pytest.approx(1.0)
    assert panda.margin(np.append(middle[:6], panda.limits.upper[6])) == pytest.approx(0.0)


@pytest.mark.parametrize(
    ("joints", "frame", "words"),
    [
        ([*JOINTS[:6], "elbow"], "panda_grasptarget", "no joint elbow"),
        (JOINTS, "tcp", "no frame 'tcp'.*panda_hand"),
        (JOINTS[::-1], "panda_grasptarget", "order of the chain"),
    ],
)
def test_names_that_the_robot_lacks_are_refused(panda_urdf, joints, frame, words):
    with pytest.raises(ConfigurationError, match=words):
        ArmKinematics(panda_urdf, joints, frame)


def test_a_text_that_is_no_urdf_is_refused():
    with pytest.raises(ConfigurationError, match="not a URDF"):
        ArmKinematics("hello", JOINTS, "tcp")


def test_a_posture_of_other_joints_is_refused(panda_urdf):
    with pytest.raises(ConfigurationError, match="posture: got 6 numbers, wanted one for each"):
        ArmKinematics(panda_urdf, JOINTS, "panda_grasptarget", np.zeros(6))
