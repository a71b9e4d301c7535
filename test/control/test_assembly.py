"""Parameters and a robot description become a task, the same for everybody."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from simreal_common.errors import ConfigurationError
from simreal_common.geometry import Pose
from simreal_common.settings.obstacles import Obstacle
from simreal_control.assembly import assemble
from simreal_control.control_configuration import ControlParameters
from simreal_control.task.task_planning.goal import Build, Goal


@pytest.fixture(scope="module")
def parameters(panda_folder: Path) -> ControlParameters:
    return ControlParameters(mesh_folders=("", str(panda_folder)))


def test_what_the_parameters_say_is_what_the_task_gets(
    parameters: ControlParameters, panda_urdf: str
) -> None:
    told = replace(parameters, blocks=2, edge=0.04, velocity_scaling=0.25, table_height=0.1)
    made = assemble(told, panda_urdf)
    assert made.task().status.goal == 2
    assert made.config.map.edge_m == 0.04
    assert made.motions.config.floor_m == pytest.approx(0.1 + told.floor_margin)
    np.testing.assert_allclose(made.motions.config.limits.velocity, made.arm.limits.velocity / 4)
    np.testing.assert_array_equal(made.config.home, told.home)


def test_a_goal_of_its_own_changes_no_other_task(
    parameters: ControlParameters, panda_urdf: str
) -> None:
    made = assemble(replace(parameters, blocks=2), panda_urdf)
    assert made.task(Goal(Build.ROW, 4)).status.goal == 4
    assert made.task().status.goal == 2


def test_joints_tend_to_home_where_a_pose_leaves_them_free(
    parameters: ControlParameters, panda_urdf: str
) -> None:
    elbow = replace(parameters, home=(0.6, *parameters.home[1:]))
    hand = assemble(parameters, panda_urdf).arm.forward(np.array(parameters.home))
    far = np.array([-0.6, *parameters.home[1:]])
    shoulder = [
        assemble(told, panda_urdf).arm.inverse(hand, far)[0] for told in (parameters, elbow)
    ]
    assert shoulder[0] < shoulder[1] - 0.01


def test_motions_know_what_the_arm_could_hit(
    parameters: ControlParameters, panda_urdf: str
) -> None:
    made = assemble(parameters, panda_urdf)
    home = np.array(parameters.home)
    ghost = Obstacle("a ghost", made.arm.forward(home), np.full(3, 0.12))
    aside = Pose(np.array([0.5, 0.3, 0.025]), np.array([0.0, 0.0, 0.0, 1.0]))
    block = Obstacle("a block", aside, np.full(3, 0.05))
    assert made.motions.set_scene(home, [ghost, block]) == ["a ghost"]


def test_meshes_lie_where_the_parameters_say_or_are_installed(
    parameters: ControlParameters, panda_folder: Path, panda_urdf: str
) -> None:
    nowhere = replace(parameters, mesh_folders=("",))
    with pytest.raises(ConfigurationError, match="link0.obj.*'mesh_folders'"):
        assemble(nowhere, panda_urdf)
    assert assemble(nowhere, panda_urdf, [str(panda_folder)]).arm.base_frame == "panda_link0"


def test_another_robot_than_the_parameters_say(
    parameters: ControlParameters, panda_urdf: str
) -> None:
    told = replace(parameters, base_frame="world")
    with pytest.raises(ConfigurationError, match=r"'base_frame': got 'world', wanted .*link0'"):
        assemble(told, panda_urdf)


def test_obstacles_that_cannot_be_are_refused_before_the_robot_is_there(
    parameters: ControlParameters, panda_urdf: str, tmp_path: Path
) -> None:
    with pytest.raises(ConfigurationError, match="obstacles: .*nowhere.yaml"):
        replace(parameters, obstacles_file=str(tmp_path / "nowhere.yaml"))
    path = tmp_path / "cell.yaml"
    path.write_text("obstacles: [{name: the lamp, size: [0.1, 0.1, 1.0], position: [0.3, 0.0]}]")
    with pytest.raises(ConfigurationError, match="'obstacles_file': at home .* touch the lamp"):
        assemble(replace(parameters, obstacles_file=str(path)), panda_urdf)
