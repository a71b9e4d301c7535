"""The action of the long task: accepted, told of, ended, cancelled and rejected as ROS knows it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

rclpy = pytest.importorskip("rclpy")
pytest.importorskip(
    "simreal_interfaces.action", reason="no action: pip install --editable ./simreal_interfaces"
)

from action_msgs.msg import GoalStatus
from rclpy.action import ActionClient
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.parameter import Parameter
from std_msgs.msg import String
from std_srvs.srv import Trigger

from simreal_common.ros_qos import GOAL_QOS, LATCHED_QOS
from simreal_control import control_node
from simreal_control.control_node import ControlNode
from simreal_control.planning.finger_mapping import FingerMapping
from simreal_control.robot_interface.task_io import Inputs, Outputs, Status
from simreal_control.ros_stack_action import goal_values
from simreal_control.task.task_planning.goal import Goal, goal_from
from simreal_interfaces.action import Stack
from simreal_interfaces.msg import Place

WAIT_S = 20.0
CANCEL_S = 2.0


class Task:
    """A task that a test leads; it says what it is told to say."""

    scene: tuple[Any, ...] = ()
    ways: tuple[Any, ...] = ()
    obstacles: tuple[Any, ...] = ()

    def __init__(self, goal: Goal) -> None:
        self.goal = goal
        self.status = Status("looking", "looking for blocks", 0, 3, False, False)

    @property
    def finished(self) -> bool:
        return self.status.finished

    def tick(self, _: Inputs) -> Outputs:
        return Outputs((), (), self.status)

    def stop(self) -> str:
        if not self.finished:
            self.status = Status("finished", "stopped by request", 1, 3, True, False)
        return self.status.message

    def pause(self) -> str:
        return "paused"

    resume = pause

    def take_commands(self) -> tuple[Any, ...]:
        return ()


class Assembly:
    """Makes such tasks."""

    remarks: tuple[str, ...] = ()
    hand = "two fingers"
    fingers = FingerMapping.sliding(("finger",))
    continuous: frozenset[str] = frozenset()
    config = type("Config", (), {"obstacles": ()})

    def __init__(self) -> None:
        self.tasks: list[Task] = []

    def task(self, goal: Goal) -> Task:
        self.tasks.append(Task(goal))
        return self.tasks[-1]


def hear(node: ControlNode, topic: str, text: str) -> None:
    """As an executor does."""
    (callback,) = [s.callback for s in node.subscriptions if s.topic_name == topic]
    callback(String(data=text))


class Cell:
    """control_node, and a client beside it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.assembly = Assembly()
        monkeypatch.setattr(control_node, "assemble", lambda *_: self.assembly)
        self.node = ControlNode(parameter_overrides=[Parameter("wait_for_goal", value=True)])
        monkeypatch.setattr(self.node.robot, "missing_servers", list)
        self.halted: list[float] = []
        monkeypatch.setattr(self.node.robot, "halt", lambda: self.halted.append(time.monotonic()))
        self.person = Node("person")
        self.client = ActionClient(self.person, Stack, "stack")
        self.feedback: list[Any] = []
        self.answers: list[dict[str, Any]] = []
        self.person.create_subscription(
            String,
            "stacking/goal_answer",
            lambda message: self.answers.append(json.loads(message.data)),
            LATCHED_QOS,
        )
        self.topic = self.person.create_publisher(String, "stacking/goal", GOAL_QOS)
        self.stop = self.person.create_client(Trigger, "stacking/stop")
        self.executor = SingleThreadedExecutor()
        self.executor.add_node(self.node)
        self.executor.add_node(self.person)
        self.until(self.client.server_is_ready, "no server")

    def until(self, true: Callable[[], Any], otherwise: str) -> None:
        end = time.monotonic() + WAIT_S
        while not true():
            assert time.monotonic() < end, otherwise
            self.executor.spin_once(timeout_sec=0.02)

    def result_of(self, future: Any) -> Any:
        self.until(future.done, "no answer")
        return future.result()

    def robot_is_there(self) -> None:
        hear(self.node, "/robot_description", "<robot/>")

    def send(self, **fields: Any) -> Any:
        return self.result_of(
            self.client.send_goal_async(
                Stack.Goal(**fields), lambda message: self.feedback.append(message.feedback)
            )
        )

    def close(self) -> None:
        self.executor.shutdown()
        self.client.destroy()
        self.person.destroy_node()
        self.node.destroy_node()


@pytest.fixture
def cell(ros: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cell]:
    made = Cell(monkeypatch)
    yield made
    made.close()


def test_a_goal_is_built_with_feedback_and_ends_in_a_result(cell: Cell) -> None:
    cell.robot_is_there()
    handle = cell.send(build="tower", blocks=3)
    assert handle.accepted
    (task,) = cell.assembly.tasks
    assert task.goal == goal_from({"build": "tower", "blocks": 3})
    result = handle.get_result_async()
    for placed in (1, 2):
        task.status = Status("carrying", f"block {placed} is carried", placed, 3, False, False)
        cell.until(lambda n=placed: any(f.placed == n for f in cell.feedback), "no feedback")
    assert cell.feedback[-1] == Stack.Feedback(
        placed=2, total=3, state="carrying", message="block 2 is carried"
    )
    assert not result.done()
    task.status = Status("finished", "the tower stands", 3, 3, True, True)
    answer = cell.result_of(result)
    assert answer.status == GoalStatus.STATUS_SUCCEEDED
    assert answer.result == Stack.Result(
        success=True, placed=3, total=3, reason="the tower stands", record=""
    )


def test_a_task_that_fails_aborts_its_goal_and_the_next_one_is_taken(cell: Cell) -> None:
    cell.robot_is_there()
    handle = cell.send(blocks=3)
    cell.assembly.tasks[0].status = Status("finished", "given up", 1, 3, True, False)
    answer = cell.result_of(handle.get_result_async())
    assert answer.status == GoalStatus.STATUS_ABORTED
    assert (answer.result.success, answer.result.reason) == (False, "given up")
    assert cell.send(build="row", blocks=2).accepted
    assert cell.assembly.tasks[1].goal.words == "a row of 2"


def test_cancel_halts_the_arm_and_leaves_the_way_free_for_another_goal(cell: Cell) -> None:
    cell.robot_is_there()
    handle = cell.send(blocks=3)
    asked = time.monotonic()
    cell.result_of(handle.cancel_goal_async())
    assert cell.halted
    assert cell.halted[0] - asked < CANCEL_S
    answer = cell.result_of(handle.get_result_async())
    assert answer.status == GoalStatus.STATUS_CANCELED
    assert (answer.result.placed, answer.result.reason) == (1, "stopped by request")
    assert cell.send(blocks=2).accepted


def test_cancel_before_the_robot_is_there(cell: Cell) -> None:
    handle = cell.send(blocks=3)
    assert handle.accepted
    cell.until(lambda: cell.feedback, "no feedback")
    assert "robot_description" in cell.feedback[-1].message
    cell.result_of(handle.cancel_goal_async())
    answer = cell.result_of(handle.get_result_async())
    assert answer.status == GoalStatus.STATUS_CANCELED
    assert answer.result.reason == "cancelled before the task began"
    cell.robot_is_there()
    assert cell.assembly.tasks == []


def test_what_stops_the_task_otherwise_aborts_the_goal(cell: Cell) -> None:
    cell.robot_is_there()
    handle = cell.send(blocks=3)
    cell.until(cell.stop.service_is_ready, "no service")
    assert cell.result_of(cell.stop.call_async(Trigger.Request())).success
    answer = cell.result_of(handle.get_result_async())
    assert answer.status == GoalStatus.STATUS_ABORTED
    assert answer.result.reason == "stopped by request"
    assert not cell.send(blocks=3).accepted
    cell.until(lambda: "resume" in cell.answers[-1]["reason"], "no reason")


def test_a_goal_that_is_none_is_rejected_and_the_reason_is_told(cell: Cell) -> None:
    cell.robot_is_there()
    bad: list[tuple[dict[str, Any], str]] = [
        ({"build": "castle"}, "goal: got build 'castle', wanted one of tower"),
        ({"blocks": 1}, "goal: got 1 blocks"),
        ({"colors": ["no color", "red"]}, "goal: got color 'no color'"),
        ({"build": "row", "blocks": 2, "gap": float("nan")}, "goal: got gap nan m"),
        ({"structure": [Place(at=[float("nan"), 0.0])] * 2}, "goal: got place"),
        ({"structure": [Place()] * 200}, "goal: got 200 blocks"),
    ]
    for number, (fields, reason) in enumerate(bad, 1):
        assert not cell.send(**fields).accepted
        cell.until(lambda count=number: len(cell.answers) == count, "no reason")
        answer = cell.answers[-1]
        assert not answer["accepted"]
        assert answer["reason"].startswith(reason)
        assert answer["reason"].isprintable()
    assert cell.assembly.tasks == []


def test_one_goal_at_a_time_whichever_way_they_come(cell: Cell) -> None:
    cell.robot_is_there()
    handle = cell.send(blocks=3)
    assert not cell.send(blocks=2).accepted
    cell.until(lambda: len(cell.answers) == 2, "no reason")
    assert cell.answers[-1]["reason"].startswith("a tower of 3 is not finished")
    cell.until(lambda: cell.topic.get_subscription_count() > 0, "nobody listens")
    cell.topic.publish(String(data="{build: row, blocks: 2}"))
    cell.until(lambda: len(cell.answers) == 3, "no reason")
    assert not cell.answers[-1]["accepted"]
    (task,) = cell.assembly.tasks
    task.status = Status("finished", "the tower stands", 3, 3, True, True)
    assert cell.result_of(handle.get_result_async()).result.success
    cell.topic.publish(String(data="{build: row, blocks: 2}"))
    cell.until(lambda: len(cell.answers) == 4, "no answer")
    assert cell.answers[-1]["accepted"]
    assert not cell.send(blocks=2).accepted
    assert len(cell.assembly.tasks) == 2


def test_the_fields_are_the_keys_of_a_goal_with_its_defaults() -> None:
    assert goal_values(Stack.Goal()) == {}
    goal, blank = Goal(), Stack.Goal()
    assert (blank.towers, blank.gap, blank.width) == (goal.towers, goal.gap_m, goal.width)
    request = Stack.Goal(
        gap=0.01,
        structure=[
            Place(at=[0.0, 0.0], color="red"),
            Place(at=[0.0, 0.0], level=1, color="blue"),
        ],
    )
    assert goal_from(goal_values(request)) == goal_from(
        {
            "gap": 0.01,
            "structure": [{"at": [0, 0], "color": "red"},
                          {"at": [0, 0], "level": 1, "color": "blue"}],
        }
    )  # fmt: skip
    sort = Stack.Goal(build="sort by color", colors=["red", "green"])
    assert goal_from(goal_values(sort)).words == "a tower of each color (red, green)"


def test_without_the_interfaces_the_topics_work_and_one_line_says_so(
    ros: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr(control_node, "INSTALLED", False)
    assembly = Assembly()
    monkeypatch.setattr(control_node, "assemble", lambda *_: assembly)
    monkeypatch.setattr(
        "rclpy.impl.rcutils_logger.RcutilsLogger.info", lambda self, words, **_: said.append(words)
    )
    node = ControlNode(parameter_overrides=[Parameter("wait_for_goal", value=True)])
    try:
        (words,) = [words for words in said if "simreal_interfaces" in words]
        assert "goals come on the topic stacking/goal" in words
        assert "\n" not in words
        assert not any("/stack/_action" in service.srv_name for service in node.services)
        hear(node, "/robot_description", "<robot/>")
        hear(node, "/stacking/goal", "{build: row, blocks: 2}")
        assert [task.goal.words for task in assembly.tasks] == ["a row of 2"]
    finally:
        node.destroy_node()
