"""What is no message of its type costs that sample: it is counted, told, dropped; the node goes on."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

import pytest

import rclpy
from action_msgs.srv import CancelGoal
from builtin_interfaces.msg import Time
from control_msgs.action import FollowJointTrajectory
from embedded_ros2_core.codec import serialize
from rcl_interfaces.msg import Parameter, ParameterValue
from rcl_interfaces.srv import SetParameters
from rclpy.action import ActionClient, ActionServer, CancelResponse
from rclpy.service import HEADER
from rosgraph_msgs.msg import Clock
from std_msgs.msg import String
from std_srvs.srv import SetBool

OTHER_ENCAPSULATION = b"\x00\x07\x00\x00"  # XCDR2, which the DDS library takes and we do not read
NEGATIVE = Time(sec=-5, nanosec=1)


@pytest.fixture
def node(ros: None) -> Any:
    return rclpy.create_node("node")


def text(raw: bytes) -> bytes:
    """A std_msgs/String of these bytes, on the wire."""
    return b"\x00\x01\x00\x00" + struct.pack("<I", len(raw) + 1) + raw + b"\0"


def foreign(message: Any, prefix: bytes = b"") -> bytes:
    """The message in an encapsulation that is not read here."""
    return OTHER_ENCAPSULATION + bytes(serialize(message, prefix=prefix))[4:]


def complete(node: Any, future: Any, until: Callable[..., bool]) -> Any:
    assert until(node, future.done)
    return future.result()


def test_a_topic(node: Any, until: Any, capfd: Any) -> None:
    got: list[str] = []
    subscription = node.create_subscription(String, "words", lambda m: got.append(m.data), 10)
    publisher = node.create_publisher(String, "words", 10)
    assert until(node, lambda: publisher.get_subscription_count() > 0)
    for _ in range(3):
        publisher.publish(foreign(String(data="other")))
    publisher.publish(text(b"a\xffb"))
    publisher.publish(text(b"cut\0off"))
    assert until(node, lambda: len(got) == 2)
    assert got == ["a\N{REPLACEMENT CHARACTER}b", "cut"]
    assert subscription._reader.malformed == 3
    told = capfd.readouterr().err
    assert told.count("dropped a malformed message on topic '/words'") == 1, told
    assert "encapsulation 00070000" in told


def test_requests_and_replies_of_a_service(node: Any, until: Any, capfd: Any) -> None:
    def answer(request: Any, response: Any) -> Any:
        response.message = str(request.data)
        return response

    service = node.create_service(SetBool, "switch", answer)
    client = node.create_client(SetBool, "switch")
    assert client.wait_for_service(timeout_sec=10.0)
    client._writer.write(foreign(SetBool.Request(), HEADER.pack(client._id, 99)))
    assert complete(node, client.call_async(SetBool.Request(data=True)), until).message == "True"
    assert service._reader.malformed == 1
    header = HEADER.pack(client._id, 2)
    pending = client.call_async(SetBool.Request())
    service._writer.write(foreign(SetBool.Response(), header))
    service._writer.write(text(b"")[:4] + header + b"\1" + bytes(3) + text(b"\xff")[4:])
    assert complete(node, pending, until).message == "\N{REPLACEMENT CHARACTER}"
    assert client._reader.malformed == 1
    told = capfd.readouterr().err
    assert "dropped a malformed request to service '/switch'" in told
    assert "dropped a malformed reply of service '/switch'" in told


def test_an_action(node: Any, until: Any) -> None:
    def execute(goal: Any) -> Any:
        goal.succeed()
        return FollowJointTrajectory.Result()

    server = ActionServer(
        node,
        FollowJointTrajectory,
        "follow",
        execute,
        cancel_callback=lambda _: CancelResponse.ACCEPT,
    )
    client = ActionClient(node, FollowJointTrajectory, "follow")
    assert client.wait_for_server(timeout_sec=10.0)
    for end, request in (
        (client._result_client, FollowJointTrajectory.Impl.GetResultService.Request()),
        (client._cancel_client, CancelGoal.Request()),
    ):
        end._writer.write(foreign(request, HEADER.pack(end._id, 99)))
    handle = complete(node, client.send_goal_async(FollowJointTrajectory.Goal()), until)
    assert complete(node, handle.get_result_async(), until).status == 4
    assert {service.srv_name: service._reader.malformed for service in server._services} == {
        "/follow/_action/send_goal": 0,
        "/follow/_action/get_result": 1,
        "/follow/_action/cancel_goal": 1,
    }
    server._status_publisher.publish(OTHER_ENCAPSULATION + struct.pack("<II", 4, 0))
    assert until(node, lambda: client._status_subscription._reader.malformed == 1)


@pytest.mark.parametrize("known", [True, False], ids=["of a goal that runs", "of no goal"])
def test_a_cancel_request_from_before_the_epoch(node: Any, until: Any, known: bool) -> None:
    """As rcl_action: no goal is as old, so that the one which is named is meant, if any."""
    server = ActionServer(
        node,
        FollowJointTrajectory,
        "follow",
        lambda goal: FollowJointTrajectory.Result(),
        handle_accepted_callback=lambda _: None,
        cancel_callback=lambda _: CancelResponse.ACCEPT,
    )
    client = ActionClient(node, FollowJointTrajectory, "follow")
    assert client.wait_for_server(timeout_sec=10.0)
    goal = complete(node, client.send_goal_async(FollowJointTrajectory.Goal()), until)
    request = CancelGoal.Request()
    request.goal_info.stamp = NEGATIVE
    if known:
        request.goal_info.goal_id = goal.goal_id
    answer = complete(node, client._cancel_client.call_async(request), until)
    assert len(answer.goals_canceling) == known
    assert [handle.is_cancel_requested for handle in server._goals.values()] == [known]


def test_a_negative_clock(node: Any, until: Any) -> None:
    node.set_parameters([rclpy.Parameter("use_sim_time", value=True)])
    publisher = node.create_publisher(Clock, "/clock", 10)
    assert until(node, lambda: publisher.get_subscription_count() > 0)
    publisher.publish(Clock(clock=Time(sec=7)))
    assert until(node, lambda: node.get_clock().now().nanoseconds == 7 * 10**9)
    publisher.publish(Clock(clock=NEGATIVE))
    publisher.publish(Clock(clock=Time(sec=8)))
    assert until(node, lambda: node.get_clock().now().nanoseconds == 8 * 10**9)


def test_parameters_of_no_type(node: Any, until: Any) -> None:
    client = node.create_client(SetParameters, "/node/set_parameters")
    assert client.wait_for_service(timeout_sec=10.0)
    wrong = [Parameter(name="use_sim_time", value=ParameterValue(type=kind)) for kind in (2, 200)]
    answer = complete(node, client.call_async(SetParameters.Request(parameters=wrong)), until)
    assert [result.successful for result in answer.results] == [False, False]


def test_what_no_encoding_can_write_is_logged_with_escapes(node: Any, until: Any) -> None:
    got: list[str] = []
    from rcl_interfaces.msg import Log

    node.create_subscription(Log, "/rosout", lambda m: got.append(m.msg), 10)
    assert until(node, lambda: node.count_subscribers("/rosout") > 0)
    node.get_logger().info("a lone \ud800")
    assert until(node, lambda: "a lone \\ud800" in got)
