"""Distances to all links at once: never more than the true ones, and not much less."""

from __future__ import annotations

from pathlib import Path

import coal
import numpy as np
import pinocchio as pin
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simreal_common.geometry import Pose
from simreal_common.settings.obstacles import Obstacle
from simreal_control.control_configuration import robot_parameters
from simreal_control.planning.link_hulls import LinkHulls
from simreal_control.planning.link_meshes import find_meshes
from simreal_control.planning.robot_geometry import read_geometry

P = robot_parameters("panda")
HOME = np.array(P.home)
UPRIGHT = np.array([0.0, 0.0, 0.0, 1.0])
FAR = 0.5


@pytest.fixture(scope="module")
def urdf(panda_folder: Path, panda_urdf: str) -> str:
    return find_meshes(panda_urdf, [str(panda_folder)]).urdf


@pytest.fixture(scope="module")
def hulls(urdf: str) -> LinkHulls:
    return LinkHulls(urdf, P.arm_joints, P.tool_frame)


def true_distance(urdf: str, point: np.ndarray, joints: np.ndarray) -> float:
    model, geometry = read_geometry(urdf, P.arm_joints)
    data, shapes = model.createData(), geometry.createData()
    pin.updateGeometryPlacements(model, data, geometry, shapes, joints)
    ball, place = coal.Sphere(1e-4), coal.Transform3s(np.eye(3), point)
    away = [
        coal.distance(
            one.geometry, coal.Transform3s(pose.rotation, pose.translation), ball, place,
            coal.DistanceRequest(), coal.DistanceResult(),
        )
        for one, pose in zip(geometry.geometryObjects, shapes.oMg, strict=True)
    ]  # fmt: skip
    return min(away) + 1e-4


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_no_point_is_nearer_than_told(hulls: LinkHulls, urdf: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    joints = HOME + rng.uniform(-0.4, 0.4, 7)
    point = rng.uniform([-0.2, -0.5, 0.0], [0.8, 0.5, 1.0])
    told = float(hulls.distances(point[None], joints, FAR)[0])
    true = true_distance(urdf, point, joints)
    if true > FAR:
        assert not told < 0.8 * FAR
    else:
        assert told <= max(true, 0.0) + 1e-4
        assert told > true - 0.03 - 0.1 * true  # and it is no much larger robot


def test_what_is_far_is_not_told(hulls: LinkHulls) -> None:
    points = np.array([[2.0, 0.0, 0.5], [0.0, 0.0, 0.3]])
    far, inside = hulls.distances(points, HOME, 0.1)
    assert far == np.inf
    assert inside < 0.0
    assert hulls.distances(np.zeros((0, 3)), HOME, 0.1).shape == (0,)


def test_a_block_in_the_hand_is_a_part_of_the_arm(hulls: LinkHulls) -> None:
    rotation, tool = hulls.tool(HOME)
    below = tool + rotation @ [0.0, 0.0, 0.05]
    held = Obstacle("block", Pose(np.array([0.0, 0.0, 0.05]), UPRIGHT), np.full(3, 0.04))
    assert hulls.distances(below[None], HOME, 0.2)[0] > 0.0
    assert hulls.distances(below[None], HOME, 0.2, held)[0] == pytest.approx(-0.02, abs=1e-6)


def test_fingers_are_where_they_may_be(urdf: str) -> None:
    between = dict.fromkeys(P.gripper_joints, 0.0)
    apart = dict.fromkeys(P.gripper_joints, 0.04)
    names = P.arm_joints, P.tool_frame
    closed, opened, both = (
        LinkHulls(urdf, *names, hands) for hands in ([between], [apart], [between, apart])
    )
    rotation, tool = both.tool(HOME)
    points = tool + np.linspace(-0.06, 0.06, 25)[:, None] * rotation[:, 1]
    each = [one.distances(points, HOME, 0.5) for one in (closed, opened)]
    np.testing.assert_allclose(both.distances(points, HOME, 0.5), np.minimum(*each))
    assert (each[0] != each[1]).any()


def test_the_base_counts_where_it_is_asked_for(hulls: LinkHulls) -> None:
    foot = np.array([[-0.08, 0.0, 0.05]])
    assert hulls.distances(foot, HOME, 0.1)[0] < 0.0
    assert hulls.distances(foot, HOME, 0.1, base=False)[0] > 0.0
