"""A suction cup's driver, by service or topic, with and without feedback; one that refuses."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

rclpy = pytest.importorskip("rclpy")

from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.parameter import Parameter
from std_msgs.msg import Bool
from std_srvs.srv import SetBool

from simreal_common.ros_qos import STATE_QOS
from simreal_control.control_configuration import ControlParameters
from simreal_control.control_node import ControlNode
from simreal_control.hand_drivers.hand_connection import HandConnection
from simreal_control.hand_drivers.ros_vacuum_switch import VacuumService, VacuumTopic
from simreal_control.robot_interface.ros_action_goals import ActionGoals
from simreal_control.robot_interface.task_io import ActionOutcome, ActionResult, SwitchSuction
from simreal_control.ros_robot_graph import RobotGraph

WAIT_S = 20.0
SETTLE_S = 0.6
SWITCH, HOLDING = "vacuum/switch", "vacuum/holding"


class Driver(Node):
    """A vacuum gripper's; a block is at the cup unless a test takes it away."""

    def __init__(self, by_topic: bool, tells: bool) -> None:
        super().__init__("driver")
        self.on = False
        self.block = True
        self.broken = False
        if by_topic:
            self.create_subscription(Bool, SWITCH, lambda message: self.switch(message.data), 10)
        else:
            self.create_service(SetBool, SWITCH, self._on_switch)
        self._holding = self.create_publisher(Bool, HOLDING, STATE_QOS) if tells else None

    def switch(self, on: bool) -> None:
        self.on = on

    def tell(self) -> None:
        if self._holding is not None:
            self._holding.publish(Bool(data=self.on and self.block))

    def _on_switch(self, request: SetBool.Request, answer: SetBool.Response) -> Any:
        answer.success, answer.message = not self.broken, "no air" if self.broken else ""
        if answer.success:
            self.switch(request.data)
        return answer


class Bench:
    """The switch that control_node uses, and a driver."""

    def __init__(self, by_topic: bool = False, tells: bool = True) -> None:
        self.driver = Driver(by_topic, tells)
        self.node = Node("client")
        connection = HandConnection(SWITCH, (), HOLDING if tells else "", SETTLE_S)
        kind = VacuumTopic if by_topic else VacuumService
        self.switch = kind(self.node, connection, ActionGoals(self.node), time.monotonic)
        self.executor = SingleThreadedExecutor()
        self.executor.add_node(self.driver)
        self.executor.add_node(self.node)
        self.until(lambda: not self.switch.missing_servers(), "no driver")
        if tells:
            self.until(lambda: self.switch.grip_sensed is not None, "no feedback")

    def until(self, true: Callable[[], Any], otherwise: str) -> None:
        end = time.monotonic() + WAIT_S
        while not true():
            assert time.monotonic() < end, otherwise
            self.driver.tell()
            self.executor.spin_once(timeout_sec=0.02)

    def ask(self, number: int, on: bool) -> tuple[ActionResult, float]:
        """How it ended, and after how many seconds."""
        began = time.monotonic()
        self.switch.execute(SwitchSuction(number, on))
        results: list[ActionResult] = []
        self.until(lambda: results.extend(self.switch.take_results()) or results, "no result")
        (result,) = results
        return result, time.monotonic() - began

    def close(self) -> None:
        self.executor.shutdown()
        self.driver.destroy_node()
        self.node.destroy_node()


@pytest.fixture
def bench(ros: None) -> Iterator[Callable[..., Bench]]:
    made: list[Bench] = []

    def make(**options: bool) -> Bench:
        made.append(Bench(**options))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.mark.parametrize("by_topic", [False, True])
def test_a_command_ends_as_soon_as_the_feedback_agrees(
    bench: Callable[..., Bench], by_topic: bool
) -> None:
    cell = bench(by_topic=by_topic)
    for number, on in enumerate((True, False), 1):
        result, seconds = cell.ask(number, on)
        assert result == ActionResult(number, ActionOutcome.SUCCEEDED)
        assert seconds < SETTLE_S
        assert cell.driver.on is on
        assert cell.switch.grip_sensed is on


def test_a_cup_on_nothing_ends_after_its_time_and_holds_nothing(
    bench: Callable[..., Bench],
) -> None:
    cell = bench()
    cell.driver.block = False
    result, seconds = cell.ask(1, True)
    assert result.outcome is ActionOutcome.SUCCEEDED  # the task judges what it holds
    assert seconds >= SETTLE_S
    assert cell.switch.grip_sensed is False


@pytest.mark.parametrize("by_topic", [False, True])
def test_without_feedback_it_takes_its_time_and_nothing_is_known(
    bench: Callable[..., Bench], by_topic: bool
) -> None:
    cell = bench(by_topic=by_topic, tells=False)
    result, seconds = cell.ask(1, True)
    assert result.outcome is ActionOutcome.SUCCEEDED
    assert seconds >= SETTLE_S
    assert cell.switch.grip_sensed is None
    cell.until(lambda: cell.driver.on, "not switched")


def test_a_driver_that_refuses_says_why(bench: Callable[..., Bench]) -> None:
    cell = bench()
    cell.driver.broken = True
    result, _ = cell.ask(3, True)
    assert result == ActionResult(3, ActionOutcome.REJECTED, "no air")


def test_a_command_that_is_given_up_leaves_the_vacuum_on(bench: Callable[..., Bench]) -> None:
    cell = bench()
    cell.ask(1, True)
    cell.driver.block = False
    cell.switch.execute(SwitchSuction(2, True))
    cell.switch.give_up()
    end = time.monotonic() + 2 * SETTLE_S
    cell.until(lambda: time.monotonic() > end, "")
    assert cell.switch.take_results() == ()
    assert cell.driver.on


def test_control_node_drives_a_cup(ros: None) -> None:
    """By its parameters alone: no gripper's action, no finger joints, what lacks is named."""
    options = {
        "gripper.type": "vacuum_service",
        "gripper.action": SWITCH,
        "gripper.vacuum_feedback": HOLDING,
    }
    parameters = ControlParameters(
        **{
            name.replace(".", "_").replace("gripper_vacuum", "vacuum"): v
            for name, v in options.items()
        }
    )
    overrides = [Parameter(name, value=value) for name, value in options.items()]
    node = ControlNode(parameter_overrides=overrides)
    missing = node.robot.missing_servers()
    driver = Driver(by_topic=False, tells=True)
    executor = SingleThreadedExecutor()
    try:
        assert missing == ["panda_arm_controller/follow_joint_trajectory", SWITCH]
        executor.add_node(driver)
        executor.add_node(node)
        end = time.monotonic() + WAIT_S
        while SWITCH in node.robot.missing_servers():
            assert time.monotonic() < end, "the driver is not seen"
            executor.spin_once(timeout_sec=0.02)
        node.robot.execute(SwitchSuction(1, True))
        while not (results := node.robot.step().results):
            assert time.monotonic() < end, "no result"
            driver.tell()
            executor.spin_once(timeout_sec=0.02)
        assert results == (ActionResult(1, ActionOutcome.SUCCEEDED),)
        assert driver.on
        words = {one.what: one for one in RobotGraph(node, parameters).findings()}
        assert words["gripper.action"].verdict.value == "fits"
        assert words["gripper.vacuum_feedback"].verdict.value == "fits"
    finally:
        executor.shutdown()
        driver.destroy_node()
        node.destroy_node()
