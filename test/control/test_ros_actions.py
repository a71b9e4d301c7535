"""A command of the task to a gripper's controller and back, in both ways that grippers are asked."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

import numpy as np
import pytest

rclpy = pytest.importorskip("rclpy", reason="needs ROS 2 or the embedded runtime")
pytest.importorskip("pybullet", reason="the simulation needs PyBullet")

from action_msgs.msg import GoalStatus, GoalStatusArray
from action_msgs.srv import CancelGoal
from control_msgs.action import GripperCommand
from rclpy.action import ActionClient
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from sensor_msgs.msg import JointState

from simreal_control.grasping.hands.registry import Drive
from simreal_control.hand_drivers.hand_connection import HandConnection
from simreal_control.planning.finger_mapping import FingerMapping
from simreal_control.planning.trajectory import JointTrajectory
from simreal_control.robot_interface.command_dispatcher import ARM_TIME_EXTRA_S
from simreal_control.robot_interface.task_io import (
    ActionOutcome,
    ActionResult,
    Cancel,
    MoveArm,
    MoveGripper,
)
from simreal_control.ros_actions import GOAL_TIME_S, RobotActions, flaw_of, trajectory_goal
from simreal_sim.physics.arms.panda import PANDA
from simreal_sim.physics.world import World
from simreal_sim.physics.world_randomization import SceneOptions, draw_scene
from simreal_sim.ros_controllers import (
    ControllerParameters,
    GripperController,
    GripperSpeech,
    ParallelGripperSpeech,
)

TIMEOUT_S = 20.0
NAME = "hand/move"
FINGERS = [Drive.GRIPPER_COMMAND, Drive.PARALLEL_GRIPPER_COMMAND]


class Hand:
    """A gripper's controller on physics, and the client that control_node uses."""

    def __init__(self, context: Context, drive: Drive) -> None:
        self.world = World(
            draw_scene(np.random.default_rng(1), SceneOptions(blocks=1, distractors=0))
        )
        self.node = Node("hand", context=context)
        parallel = drive is Drive.PARALLEL_GRIPPER_COMMAND
        self.speech = ParallelGripperSpeech(PANDA.finger_joints[0]) if parallel else GripperSpeech()
        self.controller = GripperController(
            self.node, self.world, ControllerParameters(), NAME, self.speech
        )
        # What the controller says of its goals, as `ros2 action` shows it.
        self.goals: list[int] = []
        self.node.create_subscription(
            GoalStatusArray, f"{NAME}/_action/status", self._on_status, 10
        )
        self.taken_over: list[str] = []
        self.actions = RobotActions(
            self.node, PANDA.joints, "nobody", drive, HandConnection(NAME, PANDA.finger_joints),
            time.monotonic, taken_over=self.taken_over.append,
        )  # fmt: skip
        self.executor = SingleThreadedExecutor(context=context)
        self.executor.add_node(self.node)

    def run(self) -> ActionResult:
        """Physics and callbacks, until a result is there."""
        end = time.monotonic() + TIMEOUT_S
        while time.monotonic() < end:
            self.executor.spin_once(timeout_sec=0.001)
            self.world.step()
            self.controller.after_step(self.world.joint_states())
            results = self.actions.take_results()
            if results:
                (result,) = results
                return result
        raise AssertionError(f"no result within {TIMEOUT_S} s")

    def _on_status(self, message: GoalStatusArray) -> None:
        self.goals = [one.status for one in message.status_list]

    def wait_for_goal(self, status: int) -> None:
        """Callbacks alone, until a goal is in that state."""
        end = time.monotonic() + TIMEOUT_S
        while status not in self.goals:
            assert time.monotonic() < end, f"goals are in states {self.goals}"
            self.executor.spin_once(timeout_sec=0.01)

    def opening(self) -> float:
        return float(self.world.joint_states().positions[self.world.finger_part].sum())


@pytest.fixture(params=FINGERS, ids=[drive.name.lower() for drive in FINGERS])
def hand(request: pytest.FixtureRequest) -> Iterator[Hand]:
    context = Context()
    rclpy.init(context=context, domain_id=1 + os.getpid() % 100)
    hand = Hand(context, request.param)
    end = time.monotonic() + TIMEOUT_S
    while NAME in hand.actions.missing_servers():
        assert time.monotonic() < end, "the action is not offered"
        hand.executor.spin_once(timeout_sec=0.01)
    try:
        yield hand
    finally:
        hand.actions.destroy()
        hand.controller.destroy()
        hand.node.destroy_node()
        hand.executor.shutdown()
        rclpy.shutdown(context=context)
        hand.world.close()


def test_the_hand_goes_where_it_is_asked_to(hand: Hand) -> None:
    for number, opening in enumerate((0.03, 0.0, 0.08)):
        hand.actions.execute(MoveGripper(number, opening, 20.0))
        assert hand.run() == ActionResult(number, ActionOutcome.SUCCEEDED)
        assert hand.opening() == pytest.approx(opening, abs=3e-3)


def test_what_the_hand_cannot_do_is_aborted_with_words(hand: Hand) -> None:
    hand.actions.execute(MoveGripper(1, 0.5, 20.0))
    result = hand.run()
    assert result.outcome is ActionOutcome.ABORTED
    assert "fingers at" in result.message
    assert hand.opening() == pytest.approx(0.08, abs=3e-3)


def test_a_cancelled_hand_stops_on_its_way(hand: Hand) -> None:
    hand.actions.execute(MoveGripper(1, 0.0, 20.0))
    hand.actions.execute(Cancel(1))
    assert hand.run().outcome is ActionOutcome.ABORTED
    assert hand.opening() > 0.02


class Stranger:
    """Another node with a client of the same hand."""

    def __init__(self, hand: Hand) -> None:
        self.node = Node("stranger", context=hand.node.context)
        hand.executor.add_node(self.node)
        kind = hand.speech.action
        self.client = ActionClient(self.node, kind, NAME)
        end = time.monotonic() + TIMEOUT_S
        while not self.client.server_is_ready():
            assert time.monotonic() < end, "the action is not offered"
            hand.executor.spin_once(timeout_sec=0.01)
        self.goal = kind.Goal()
        if kind is GripperCommand:
            self.goal.command.position = 0.01
        else:
            self.goal.command = JointState(position=[0.01])


@pytest.fixture
def stranger(hand: Hand) -> Iterator[Stranger]:
    made = Stranger(hand)
    yield made
    hand.executor.remove_node(made.node)
    made.client.destroy()
    made.node.destroy_node()


def test_a_goal_of_somebody_else_while_ours_is_under_way_is_told_with_its_name(
    hand: Hand, stranger: Stranger
) -> None:
    hand.actions.execute(MoveGripper(1, 0.0, 20.0))
    hand.wait_for_goal(GoalStatus.STATUS_EXECUTING)
    stranger.client.send_goal_async(stranger.goal)
    assert hand.run().outcome is ActionOutcome.ABORTED
    end = time.monotonic() + TIMEOUT_S
    while not hand.taken_over and time.monotonic() < end:
        hand.executor.spin_once(timeout_sec=0.01)
    assert hand.taken_over == [f"/stranger has sent a goal to {NAME} while ours is under way"]


def test_a_goal_of_somebody_else_at_another_time_takes_nothing_over(
    hand: Hand, stranger: Stranger
) -> None:
    stranger.client.send_goal_async(stranger.goal)
    hand.wait_for_goal(GoalStatus.STATUS_EXECUTING)
    for _ in range(20):
        hand.executor.spin_once(timeout_sec=0.01)
    assert hand.taken_over == []


def test_a_goal_that_somebody_else_has_cancelled_says_so(hand: Hand, stranger: Stranger) -> None:
    hand.actions.execute(MoveGripper(1, 0.0, 20.0))
    hand.wait_for_goal(GoalStatus.STATUS_EXECUTING)
    cancel_all = stranger.node.create_client(CancelGoal, f"{NAME}/_action/cancel_goal")
    while not cancel_all.service_is_ready():
        hand.executor.spin_once(timeout_sec=0.01)
    cancel_all.call_async(CancelGoal.Request())
    result = hand.run()
    assert result.outcome is ActionOutcome.ABORTED
    assert result.message.startswith("somebody else has cancelled it; fingers at")
    hand.actions.execute(MoveGripper(2, 0.08, 20.0))
    hand.actions.execute(Cancel(2))
    assert "somebody else" not in hand.run().message


def test_the_server_that_is_missing_is_named(hand: Hand) -> None:
    assert hand.actions.missing_servers() == ["nobody"]


def motion(**changes: object) -> JointTrajectory:
    times = np.array([0.0, 0.5, 1.0])
    flat = {name: np.zeros((3, 7)) for name in ("positions", "velocities", "accelerations")}
    return JointTrajectory(**{"times": times, **flat, **changes})


def with_value(row: int, column: int, value: float) -> np.ndarray:
    array = np.zeros((3, 7))
    array[row, column] = value
    return array


@pytest.mark.parametrize(
    ("command", "says"),
    [
        (MoveArm(1, motion(positions=with_value(1, 2, np.nan))),
         "positions of panda_joint3 after 0.50 s: nan"),
        (MoveArm(1, motion(velocities=with_value(2, 0, np.inf))), "velocities of panda_joint1"),
        (MoveArm(1, motion(accelerations=with_value(0, 6, -np.inf))), "accelerations of"),
        (MoveArm(1, motion(times=np.array([0.0, np.nan, 1.0]))), "times do not rise"),
        (MoveArm(1, motion(times=np.array([0.0, 0.5, 0.5]))), "times do not rise"),
        (MoveArm(1, motion(times=np.array([0.0, 0.5, np.inf]))), "wanted times from 0 to"),
        (MoveArm(1, motion(times=np.array([np.nan, 0.5, 1.0]))), "wanted times from 0 to"),
        (MoveArm(1, motion(times=np.zeros(0), positions=np.zeros((0, 7)))), "0 points"),
        (MoveArm(1, motion(positions=np.zeros((3, 6)))), "positions of shape (3, 6)"),
        (MoveGripper(1, np.nan, 20.0), "opening nan"),
        (MoveGripper(1, 0.02, np.inf), "effort inf"),
    ],
)  # fmt: skip
def test_nothing_that_is_not_finite_is_sent(
    hand: Hand, monkeypatch: pytest.MonkeyPatch, command: MoveArm | MoveGripper, says: str
) -> None:
    sent: list[object] = []
    monkeypatch.setattr(ActionClient, "send_goal_async", lambda *args: sent.append(args))
    hand.actions.execute(command)
    (result,) = hand.actions.take_results()
    assert sent == []
    assert result.outcome is ActionOutcome.REJECTED
    assert says in result.message


def test_a_motion_of_finite_numbers_has_no_flaw() -> None:
    assert flaw_of(MoveArm(1, motion()), PANDA.joints) == ""
    assert flaw_of(MoveGripper(1, 0.02, 20.0), PANDA.joints) == ""


def test_at_its_end_it_cancels_what_moves_and_sends_nothing_more(
    hand: Hand, monkeypatch: pytest.MonkeyPatch
) -> None:
    hand.actions.execute(MoveGripper(1, 0.0, 20.0))
    hand.executor.remove_node(hand.node)
    hand.actions.end()  # was sent, but not even accepted yet
    hand.executor.add_node(hand.node)
    hand.wait_for_goal(GoalStatus.STATUS_CANCELING)
    monkeypatch.setattr(ActionClient, "send_goal_async", lambda *_: pytest.fail("sent"))
    hand.actions.execute(MoveGripper(2, 0.0, 20.0))


def test_what_an_older_task_has_sent_is_cancelled_and_not_told_to_the_next(hand: Hand) -> None:
    hand.actions.execute(MoveGripper(1, 0.0, 20.0))
    hand.actions.start_anew()
    hand.actions.execute(MoveGripper(2, 0.06, 20.0))
    assert hand.run() == ActionResult(2, ActionOutcome.SUCCEEDED)
    hand.actions.execute(MoveGripper(1, 0.05, 20.0))
    assert hand.run() == ActionResult(1, ActionOutcome.SUCCEEDED)
    assert hand.opening() == pytest.approx(0.05, abs=3e-3)


def test_where_nothing_moves_it_ends_at_once(hand: Hand) -> None:
    began = time.monotonic()
    hand.actions.end()
    assert time.monotonic() - began < 0.1


def test_tolerances_go_with_a_trajectory_for_controllers_that_have_none() -> None:
    rest = np.zeros((2, 2))
    motion = JointTrajectory(np.array([0.0, 1.0]), np.array([[0.0, 0.0], [0.1, 0.2]]), rest, rest)
    goal = trajectory_goal(motion, ["a", "b"], 0.015)
    assert [(one.name, one.position) for one in goal.goal_tolerance] == [("a", 0.015), ("b", 0.015)]
    assert goal.goal_time_tolerance.sec == GOAL_TIME_S
    # A controller that is late has to say so before the command's own time is over.
    assert goal.goal_time_tolerance.sec < ARM_TIME_EXTRA_S


@pytest.mark.parametrize("hand", [Drive.GRIPPER_COMMAND], indirect=True)
def test_a_hand_that_turns_is_told_positions_of_its_joint(hand: Hand) -> None:
    """Here the table is of a hand that 0.04 closes: the physics' own joints go the other way."""
    hand.actions.know(FingerMapping.from_table(PANDA.finger_joints, [0.0, 0.08, 0.04, 0.0]))
    for number, (opening, position) in enumerate(((0.0, 0.04), (0.08, 0.0), (0.03, 0.025))):
        hand.actions.execute(MoveGripper(number, opening, 20.0))
        assert hand.run().outcome is ActionOutcome.SUCCEEDED
        assert hand.opening() / 2 == pytest.approx(position, abs=2e-3)
