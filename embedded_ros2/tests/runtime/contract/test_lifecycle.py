"""Managed nodes: their states, their services, and who is silent when."""

from __future__ import annotations

from typing import Any

import pytest

from lifecycle_msgs.msg import TransitionEvent
from lifecycle_msgs.srv import ChangeState, GetAvailableTransitions, GetState
from rclpy._rclpy_pybind11 import RCLError
from rclpy.executors import SingleThreadedExecutor
from rclpy.lifecycle import (
    LifecycleNode,
    LifecycleState,
    SimpleManagedEntity,
    TransitionCallbackReturn,
)
from rclpy.node import Node
from std_msgs.msg import String

SUCCESS, FAILURE = TransitionCallbackReturn.SUCCESS, TransitionCallbackReturn.FAILURE


class Managed(LifecycleNode):
    def __init__(self, **answers: Any) -> None:
        super().__init__("managed")
        self.answers, self.called = answers, []
        self.words = self.create_lifecycle_publisher(String, "words", 10)

    def _answer(self, name: str, state: LifecycleState) -> Any:
        self.called.append((name, state.label, state.state_id))
        answer = self.answers.get(name, SUCCESS)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def on_configure(self, state: LifecycleState) -> Any:
        return self._answer("configure", state)

    def on_cleanup(self, state: LifecycleState) -> Any:
        return self._answer("cleanup", state)

    def on_error(self, state: LifecycleState) -> Any:
        return self._answer("error", state)


class Bench:
    def __init__(self, node: LifecycleNode) -> None:
        self.node, self.other = node, Node("other")
        self.executor = SingleThreadedExecutor()
        for one in (self.node, self.other):
            self.executor.add_node(one)

    def call(self, kind: Any, name: str, **fields: Any) -> Any:
        client = self.other.create_client(kind, f"/managed/{name}")
        assert client.wait_for_service(timeout_sec=5.0)
        request = kind.Request()
        for key, value in fields.items():
            setattr(request.transition, key, value)
        future = client.call_async(request)
        self.executor.spin_until_future_complete(future, 5.0)
        return future.result()

    @property
    def state(self) -> str:
        return str(self.call(GetState, "get_state").current_state.label)

    def close(self) -> None:
        self.executor.shutdown()
        self.node.destroy_node()
        self.other.destroy_node()


@pytest.fixture
def make(ros: None) -> Any:
    made: list[Bench] = []

    def one(**answers: Any) -> Bench:
        made.append(Bench(Managed(**answers)))
        return made[-1]

    yield one
    for bench in made:
        bench.close()


def test_states_are_changed_by_service_by_number_or_label(make: Any) -> None:
    bench = make()
    heard: list[TransitionEvent] = []
    bench.other.create_subscription(TransitionEvent, "/managed/transition_event", heard.append, 10)
    assert bench.state == "unconfigured"
    assert bench.call(ChangeState, "change_state", id=1).success
    assert bench.state == "inactive"
    assert bench.call(ChangeState, "change_state", label="activate").success
    assert bench.state == "active"
    assert not bench.call(ChangeState, "change_state", label="cleanup").success
    assert bench.state == "active"
    assert bench.call(ChangeState, "change_state", label="deactivate").success
    assert bench.call(ChangeState, "change_state", label="cleanup").success
    assert bench.node.called == [("configure", "unconfigured", 1), ("cleanup", "inactive", 2)]
    assert bench.call(ChangeState, "change_state", label="shutdown").success
    assert bench.state == "finalized"
    assert [(e.start_state.label, e.goal_state.label) for e in heard][-2:] == [
        ("unconfigured", "shuttingdown"),
        ("shuttingdown", "finalized"),
    ]


def test_a_refusal_leaves_the_state_and_an_error_is_processed(make: Any) -> None:
    bench = make(configure=FAILURE)
    assert bench.node.trigger_configure() is FAILURE
    assert bench.state == "unconfigured"
    bench.node.answers = {"configure": RuntimeError("broken")}
    assert bench.node.trigger_configure() is TransitionCallbackReturn.ERROR
    assert bench.state == "unconfigured"  # on_error has mended it
    bench.node.answers["error"] = FAILURE
    bench.node.trigger_configure()
    assert bench.state == "finalized"


def test_what_is_no_transition_raises(make: Any) -> None:
    with pytest.raises(RCLError, match="transition"):
        make().node.trigger_activate()


def test_the_transitions_from_a_state_are_told(make: Any) -> None:
    bench = make()
    told = bench.call(GetAvailableTransitions, "get_available_transitions").available_transitions
    assert [one.transition.label for one in told] == ["configure", "shutdown"]
    graph = bench.call(GetAvailableTransitions, "get_transition_graph").available_transitions
    # Those inside of a transition (on_configure_success) too, on ROS 2.
    named = {one.transition.label for one in graph}
    assert {"configure", "cleanup", "activate", "deactivate", "shutdown"} <= named


def test_a_lifecycle_publisher_is_silent_until_its_node_is_active(make: Any) -> None:
    bench = make()
    heard: list[str] = []
    bench.other.create_subscription(String, "words", lambda m: heard.append(m.data), 10)
    bench.node.trigger_configure()
    for _ in range(20):
        bench.executor.spin_once(timeout_sec=0.02)
    bench.node.words.publish(String(data="too early"))
    bench.node.trigger_activate()
    assert bench.node.words.is_activated
    bench.node.words.publish(String(data="now"))
    for _ in range(200):
        bench.executor.spin_once(timeout_sec=0.02)
        if heard:
            break
    assert heard == ["now"]


def test_without_a_callback_of_its_own_a_node_recovers_from_errors(ros: None) -> None:
    class Failing(LifecycleNode):
        def on_configure(self, state: LifecycleState) -> Any:
            raise RuntimeError("broken")

    node = Failing("failing")
    for _ in range(2):  # unconfigured again: it may be tried again
        assert node.trigger_configure() is TransitionCallbackReturn.ERROR
    node.destroy_node()


def test_a_managed_entity_is_switched_with_its_node(ros: None) -> None:
    node, entity = LifecycleNode("managed"), SimpleManagedEntity()
    node.add_managed_entity(entity)
    assert not entity.is_activated
    for trigger, active in (("configure", False), ("activate", True), ("deactivate", False)):
        assert getattr(node, f"trigger_{trigger}")() is SUCCESS
        assert entity.is_activated is active
    words = node.create_lifecycle_publisher(String, "words", 10)
    assert words in set(node.publishers)
    node.destroy_lifecycle_publisher(words)
    assert words not in set(node.publishers)
    node.destroy_node()
