"""Meshes that are not installed: named, or by choice simplified or left out; and said."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

from simreal_common.errors import ConfigurationError
from simreal_common.geometry import Pose
from simreal_common.settings.obstacles import Obstacle
from simreal_control.planning.collision_world import CollisionWorld
from simreal_control.planning.link_meshes import MissingMeshes, find_meshes

MESH = "package://somebodys_arm/meshes/upper.stl"
URDF = f"""
<robot name="arm">
  <link name="base"><collision><geometry><box size="0.1 0.1 0.1"/></geometry></collision></link>
  <link name="upper">
    <inertial><origin xyz="0.2 0.1 0"/><mass value="3"/>
      <inertia ixx="0.1" ixy="0" ixz="0" iyy="0.1" iyz="0" izz="0.1"/></inertial>
    <visual><geometry><mesh filename="package://nobody/reads/this.dae"/></geometry></visual>
    <collision><geometry><mesh filename="{MESH}"/></geometry></collision>
  </link>
  <link name="tool"/>
  <joint name="shoulder" type="revolute"><parent link="base"/><child link="upper"/>
    <origin xyz="0 0 0.3"/><axis xyz="0 0 1"/>
    <limit lower="-3" upper="3" velocity="1" effort="50"/></joint>
  <joint name="wrist" type="fixed"><parent link="upper"/><child link="tool"/>
    <origin xyz="0.4 0 0"/></joint>
</robot>
"""


def test_a_mesh_that_is_not_there_is_named_with_what_helps() -> None:
    with pytest.raises(ConfigurationError) as refused:
        find_meshes(URDF, ["/opt/ros/share"])
    said = str(refused.value)
    for words in (MESH, "link upper", "/opt/ros/share", "mesh_folders", "missing_meshes"):
        assert words in said
    assert "\n" not in said
    assert "nobody" not in said


def world(urdf: str) -> CollisionWorld:
    return CollisionWorld(urdf, ["shoulder"], "tool")


def test_a_simplified_link_is_where_its_joints_and_its_mass_are() -> None:
    found = find_meshes(URDF, [], MissingMeshes.SIMPLIFY, radius_m=0.05)
    assert "upper taken for cylinders of radius 0.05 m" in found.remark
    assert found.missing == (("upper", MESH),)
    arm = world(found.urdf)
    for place, near in (((0.2, 0.1), True), ((0.4, 0.0), True), ((0.3, 0.05), True),
                        ((0.1, 0.05), True), ((0.2, -0.1), False), ((0.5, 0.1), False)):  # fmt: skip
        box = Obstacle(
            "a box", Pose(np.array([*place, 0.3]), np.array([0, 0, 0, 1.0])), np.full(3, 0.02)
        )
        arm.set_scene([box])
        assert (arm.contact(np.zeros(1)) is not None) is near, place


def test_a_link_that_is_left_out_hits_nothing_and_that_is_said() -> None:
    found = find_meshes(URDF, [], MissingMeshes.LEAVE_OUT)
    assert "nothing is known of what upper could hit" in found.remark
    arm = world(found.urdf)
    arm.set_scene(
        [
            Obstacle(
                "a box", Pose(np.array([0.2, 0.1, 0.3]), np.array([0, 0, 0, 1.0])), np.full(3, 0.02)
            )
        ]
    )
    assert arm.contact(np.zeros(1)) is None


@pytest.mark.parametrize("name", [MESH, "file://{folder}/somebodys_arm/meshes/upper.stl"])
def test_a_mesh_that_is_there_is_taken(tmp_path: Path, name: str) -> None:
    mesh = tmp_path / "somebodys_arm" / "meshes" / "upper.stl"
    mesh.parent.mkdir(parents=True)
    mesh.write_text("solid")
    name = name.format(folder=tmp_path)
    found = find_meshes(URDF.replace(MESH, name), ["/nowhere", str(tmp_path)])
    assert not found.remark
    assert f'filename="{mesh}"' in found.urdf


@pytest.mark.parametrize(
    "corners",
    [np.full((4, 9), np.nan), np.full((4, 9), np.inf), np.zeros((1, 9)), np.zeros((0, 9))],
    ids=["nan", "infinite", "a point", "nothing"],
)
def test_a_mesh_that_is_no_solid_is_named(tmp_path: Path, corners: np.ndarray) -> None:
    mesh = tmp_path / "upper.stl"
    triangles = b"".join(struct.pack("<12fH", 0, 0, 1, *one, 0) for one in corners)
    mesh.write_bytes(bytes(80) + struct.pack("<I", len(corners)) + triangles)
    with pytest.raises(ConfigurationError, match=r"upper\.stl"):
        world(URDF.replace(MESH, str(mesh)))
