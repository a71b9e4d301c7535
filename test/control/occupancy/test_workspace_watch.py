"""The workspace watch: robot, blocks and table are nothing new; what comes into the way is told."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from simreal_common.geometry import Pose, cube_corners
from simreal_common.settings.obstacles import Obstacle
from simreal_control.assembly import Assembly
from simreal_control.occupancy.workspace_watch import WorkspaceWatch
from simreal_control.planning.trajectory import JointTrajectory, point_to_point
from simreal_control.robot_interface.depth_frame import DepthFrame
from simreal_control.robot_interface.task_io import ArmState

UPRIGHT = np.array([0.0, 0.0, 0.0, 1.0])
# The hand points down, 0.2 m above the table: the camera sees it. HIGH: a little higher.
HOME = np.array([0.0, 0.0, 0.0, -2.4, 0.0, 2.4, 0.785])
HIGH = np.array([0.0, -0.3, 0.0, -2.4, 0.0, 2.1, 0.785])
ASIDE = HOME + 1.5 * np.eye(7)[0]
ABOVE = np.array([0.0, 0.0, 0.10])  # the tool point: the hand's middle
Make = Callable[..., DepthFrame]


def thing(x: float, y: float, z: float = 0.05, size: float = 0.1) -> Obstacle:
    return Obstacle("thing", Pose(np.array([x, y, z]), UPRIGHT), np.full(3, size))


class Rig:
    """A watch, and what it is shown: a frame each tenth of a second."""

    def __init__(self, seeing: Assembly, make_depth: Make) -> None:
        assert seeing.hulls is not None
        self.watch = WorkspaceWatch(seeing.config.depth, seeing.hulls)
        self._make, self.now = make_depth, 0.0

    def see(
        self, *things: Obstacle, frames: int = 3, joints: np.ndarray = HOME, lack: str = ""
    ) -> None:
        for _ in range(frames):
            self.now += 0.1
            self.watch.hear(ArmState(self.now, joints, np.zeros(7), 0.08))
            self.watch.look([self._make(things, self.now)], None, lack)


@pytest.fixture
def rig(seeing: Assembly, make_depth: Make) -> Rig:
    return Rig(seeing, make_depth)


@pytest.fixture
def swing(assembly: Assembly) -> JointTrajectory:
    return point_to_point(HOME, ASIDE, assembly.motions.config.limits)


def test_what_stands_there_is_an_obstacle_and_a_known_block_is_none(rig: Rig) -> None:
    rig.see(thing(0.5, 0.3), frames=6)
    boxes = rig.watch.obstacles()
    assert 0 < len(boxes) <= 5
    assert all(thing(0.5, 0.3).distance(box.pose.position) < 0.02 for box in boxes)
    inside = thing(0.5, 0.3).pose.transform_points(cube_corners(0.06))  # above what counts as table
    assert all(min(box.distance(corner) for box in boxes) == 0.0 for corner in inside)
    rig.watch.know([thing(0.5, 0.3)])
    assert rig.watch.obstacles() == ()
    assert not len(rig.watch.arrived(rig.now))


def test_the_robot_is_no_obstacle_to_itself(rig: Rig, assembly: Assembly) -> None:
    tool = assembly.arm.forward(HOME).position
    hand = Obstacle("hand", Pose(tool + ABOVE, UPRIGHT), np.full(3, 0.06))
    rig.see(hand, frames=6)
    assert rig.watch.obstacles() == ()
    rig.see(hand, frames=3, joints=ASIDE)  # and without the arm there it is something else
    assert rig.watch.obstacles() != ()
    assert len(rig.watch.arrived(rig.now))


def test_the_robot_is_where_it_was_when_the_image_was_taken(
    rig: Rig, assembly: Assembly, make_depth: Make
) -> None:
    """The image comes late: meanwhile the arm has gone on."""
    for number in range(11):
        joints = HOME + (ASIDE - HOME) * number / 10
        rig.watch.hear(ArmState(0.05 * number, joints, np.zeros(7), 0.08))
    half = assembly.arm.forward((HOME + ASIDE) / 2).position
    hand = Obstacle("hand", Pose(half + ABOVE, UPRIGHT), np.full(3, 0.06))
    for number in range(6):
        rig.watch.look([make_depth([hand], 0.25 + 1e-3 * number)])
    assert rig.watch.obstacles() == ()


def test_what_comes_into_the_way_is_told_and_what_comes_elsewhere_is_not(
    rig: Rig, assembly: Assembly, swing: JointTrajectory
) -> None:
    rig.see(frames=6)
    assert rig.watch.in_the_way(rig.now, swing, HOME, None) is None
    on_the_way = assembly.arm.forward((HOME + ASIDE) / 2).position
    rig.see(thing(*on_the_way, 0.08), frames=2)
    place = rig.watch.in_the_way(rig.now, swing, HOME, None)
    assert place is not None and np.linalg.norm(place - on_the_way) < 0.1
    # Once the arm has passed it is behind.
    passed = HOME + 0.99 * (ASIDE - HOME)
    rig.see(thing(*on_the_way, 0.08), frames=1)
    assert rig.watch.in_the_way(rig.now, swing, passed, None) is None
    rig.see(frames=4)
    assert rig.watch.in_the_way(rig.now, swing, HOME, None) is None
    rig.see(thing(0.5, -0.4), frames=3)
    assert len(rig.watch.arrived(rig.now))
    assert rig.watch.in_the_way(rig.now, swing, HOME, None) is None


def test_a_block_in_the_hand_reaches_farther(rig: Rig, assembly: Assembly) -> None:
    end = HIGH + 0.6 * np.eye(7)[0]
    swing = point_to_point(HIGH, end, assembly.motions.config.limits)
    x, y, height = assembly.arm.forward(end).position
    rig.see(frames=6, joints=HIGH)
    rig.see(thing(x, y, 0.03, 0.06), frames=3, joints=HIGH)
    assert len(rig.watch.arrived(rig.now))
    assert rig.watch.in_the_way(rig.now, swing, HIGH, None) is None
    held = Obstacle("block", Pose(np.array([0.0, 0.0, 0.05]), UPRIGHT), np.full(3, 0.1))
    assert height > 0.27
    assert rig.watch.in_the_way(rig.now, swing, HIGH, held) is not None


def test_what_has_stood_still_for_long_is_in_nobodys_way_but_an_obstacle(rig: Rig) -> None:
    rig.see(frames=6)
    rig.see(thing(0.5, 0.3), frames=3)
    assert len(rig.watch.arrived(rig.now))
    rig.see(thing(0.5, 0.3), frames=52)
    assert not len(rig.watch.arrived(rig.now))
    assert rig.watch.obstacles() != ()


def test_what_lacks_is_told_by_name_and_age(rig: Rig) -> None:
    assert rig.watch.lack(0.0) == "no depth image on depth/image yet"
    rig.watch.look([], None, "no transform from lens to base")
    assert rig.watch.lack(0.0).endswith("yet (no transform from lens to base)")
    rig.see(frames=1)
    assert "waited for" in rig.watch.lack(rig.now)
    rig.see(frames=5)
    assert rig.watch.lack(rig.now) == ""
    assert rig.watch.lack(rig.now + 1.3) == "the latest depth image on depth/image is 1.3 s old"


def test_an_image_of_a_time_without_joint_states_tells_nothing(rig: Rig, make_depth: Make) -> None:
    rig.see(frames=6)
    rig.watch.look([make_depth([thing(0.5, 0.3)], rig.now + 0.5)])
    assert not len(rig.watch.arrived(rig.now + 0.5))
    assert rig.watch.lack(rig.now + 1.0) != ""
