"""Services and actions between processes."""

from __future__ import annotations

import signal
import time
from typing import Any

import pytest

import rclpy
from action_msgs.msg import GoalStatus
from action_msgs.srv import CancelGoal
from control_msgs.action import FollowJointTrajectory
from rclpy.action import ActionClient
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.executors import MultiThreadedExecutor
from std_srvs.srv import SetBool, Trigger

GIVE_UP_S = 60.0  # when something is taken for hung

SERVER = """
    import rclpy
    from std_srvs.srv import SetBool
    rclpy.init()
    node = rclpy.create_node("server")
    def answer(request, response):
        response.success, response.message = request.data, "done"
        return response
    node.create_service(SetBool, "switch", answer)
    print("ready")
    rclpy.spin(node)
"""

ACTION_SERVER = """
    import time, rclpy
    from control_msgs.action import FollowJointTrajectory as Follow
    from rclpy.action import ActionServer, CancelResponse, GoalResponse
    from rclpy.callback_groups import ReentrantCallbackGroup
    from rclpy.executors import MultiThreadedExecutor
    rclpy.init()
    node = rclpy.create_node("arm")
    def execute(goal):
        for number in range(20):
            if goal.is_cancel_requested:
                goal.canceled()
                return Follow.Result(error_string="cancelled")
            goal.publish_feedback(Follow.Feedback(joint_names=[str(number)]))
            time.sleep(0.01)
        if goal.request.trajectory.joint_names == ["fail"]:
            goal.abort()
            return Follow.Result(error_code=Follow.Result.PATH_TOLERANCE_VIOLATED)
        if goal.request.trajectory.joint_names == ["raise"]:
            raise RuntimeError("on purpose")
        goal.succeed()
        return Follow.Result(error_string="fine")
    ActionServer(
        node, Follow, "follow", execute, callback_group=ReentrantCallbackGroup(),
        goal_callback=lambda goal: GoalResponse.ACCEPT if goal.trajectory.joint_names else GoalResponse.REJECT,
        cancel_callback=lambda goal: CancelResponse.ACCEPT)
    executor = MultiThreadedExecutor(4)
    executor.add_node(node)
    executor.spin()
"""


def complete(node: Any, future: Any) -> Any:
    rclpy.spin_until_future_complete(node, future, timeout_sec=GIVE_UP_S)
    assert future.done()
    return future.result()


def test_first_request_is_answered(spawn: Any, ros: None) -> None:
    """As soon as wait_for_service returns, a call must get through: for several fresh clients."""
    spawn(SERVER)
    for number in range(5):
        node = rclpy.create_node(f"client{number}")
        client = node.create_client(SetBool, "switch")
        assert client.wait_for_service(timeout_sec=GIVE_UP_S)
        response = complete(node, client.call_async(SetBool.Request(data=bool(number % 2))))
        assert (response.success, response.message) == (bool(number % 2), "done")
        node.destroy_node()


def test_no_server_and_gone_server(spawn: Any, ros: None) -> None:
    node = rclpy.create_node("client")
    client = node.create_client(SetBool, "switch")
    start = time.monotonic()
    assert not client.wait_for_service(timeout_sec=0.2)
    assert 0.15 < time.monotonic() - start < 1.0
    server = spawn(SERVER)
    assert client.wait_for_service(timeout_sec=GIVE_UP_S)
    server.send_signal(signal.SIGINT)  # of SIGTERM an idle rclpy does not always hear
    server.wait(timeout=GIVE_UP_S)
    deadline = time.monotonic() + GIVE_UP_S
    while client.service_is_ready() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not client.service_is_ready()
    with pytest.raises(TypeError):
        client.call_async(Trigger.Request())


def test_two_clients_get_their_own_answers(ros: None) -> None:
    node = rclpy.create_node("both")
    group = ReentrantCallbackGroup()

    def answer(request: Any, response: Any) -> Any:
        response.message = str(request.data)
        return response

    node.create_service(SetBool, "echo", answer, callback_group=group)
    clients = [node.create_client(SetBool, "echo", callback_group=group) for _ in range(2)]
    futures = [client.call_async(SetBool.Request(data=i == 1)) for i, client in enumerate(clients)]
    assert [complete(node, future).message for future in futures] == ["False", "True"]


def test_coroutines_await_services_and_sync_calls_work_from_threads(ros: None) -> None:
    node = rclpy.create_node("chain")
    group = ReentrantCallbackGroup()
    inner = node.create_client(Trigger, "inner", callback_group=group)
    outer = node.create_client(Trigger, "outer", callback_group=group)

    def answer_inner(_: Any, response: Any) -> Any:
        response.message = "deep"
        return response

    async def answer_outer(_: Any, response: Any) -> Any:
        found = await inner.call_async(Trigger.Request())
        response.message = found.message + "er"
        return response

    node.create_service(Trigger, "inner", answer_inner, callback_group=group)
    node.create_service(Trigger, "outer", answer_outer, callback_group=group)
    assert complete(node, outer.call_async(Trigger.Request())).message == "deeper"

    # a blocking call inside a callback of a multi-threaded executor
    done = rclpy.Future()
    executor = MultiThreadedExecutor(4)
    executor.add_node(node)

    def once() -> None:
        timer.cancel()
        done.set_result(outer.call(Trigger.Request(), timeout_sec=GIVE_UP_S).message)

    timer = node.create_timer(0.0, once, callback_group=group)
    executor.spin_until_future_complete(done, timeout_sec=GIVE_UP_S)
    assert done.result() == "deeper"
    executor.shutdown()


def test_service_callback_must_return_a_response(ros: None) -> None:
    node = rclpy.create_node("bad")
    node.create_service(Trigger, "bad", lambda request, response: None)
    client = node.create_client(Trigger, "bad")
    client.call_async(Trigger.Request())
    with pytest.raises(TypeError):
        for _ in range(20):
            rclpy.spin_once(node, timeout_sec=0.1)


def goal_for(*names: str) -> Any:
    goal = FollowJointTrajectory.Goal()
    goal.trajectory.joint_names = list(names)
    return goal


def test_action_succeeds_fails_is_rejected_and_cancelled(spawn: Any, ros: None) -> None:
    spawn(ACTION_SERVER)
    node = rclpy.create_node("client")
    client = ActionClient(node, FollowJointTrajectory, "follow")
    assert client.wait_for_server(timeout_sec=GIVE_UP_S)

    feedback: list[str] = []
    goal = complete(
        node,
        client.send_goal_async(
            goal_for("a"), feedback_callback=lambda m: feedback.append(m.feedback.joint_names[0])
        ),
    )
    assert goal.accepted
    result = complete(node, goal.get_result_async())
    assert (result.status, result.result.error_string) == (GoalStatus.STATUS_SUCCEEDED, "fine")
    # The topic keeps ten: a client on a busy machine misses some, and none comes out of order.
    numbers = [int(name) for name in feedback]
    assert numbers and numbers == sorted(set(numbers)) and set(numbers) <= set(range(20))

    goal = complete(node, client.send_goal_async(goal_for("fail")))
    result = complete(node, goal.get_result_async())
    assert result.status == GoalStatus.STATUS_ABORTED
    assert result.result.error_code == FollowJointTrajectory.Result.PATH_TOLERANCE_VIOLATED

    goal = complete(node, client.send_goal_async(goal_for("raise")))
    assert complete(node, goal.get_result_async()).status == GoalStatus.STATUS_ABORTED

    assert not complete(node, client.send_goal_async(goal_for())).accepted

    goal = complete(node, client.send_goal_async(goal_for("a")))
    answer = complete(node, goal.cancel_goal_async())
    assert answer.return_code == CancelGoal.Response.ERROR_NONE and len(answer.goals_canceling) == 1
    result = complete(node, goal.get_result_async())
    assert (result.status, result.result.error_string) == (GoalStatus.STATUS_CANCELED, "cancelled")
    again = complete(node, goal.cancel_goal_async())
    assert again.return_code == CancelGoal.Response.ERROR_GOAL_TERMINATED


def test_result_asked_late_and_async_execute(ros: None) -> None:
    from control_msgs.action import GripperCommand
    from rclpy.action import ActionServer

    node = rclpy.create_node("gripper")
    group = ReentrantCallbackGroup()

    async def execute(goal: Any) -> Any:
        wait = rclpy.Future()
        timer = node.create_timer(
            0.05, lambda: wait.done() or wait.set_result(None), callback_group=group
        )
        await wait
        node.destroy_timer(timer)
        goal.succeed()
        return GripperCommand.Result(position=goal.request.command.position, reached_goal=True)

    server = ActionServer(node, GripperCommand, "grip", execute, callback_group=group)
    client = ActionClient(node, GripperCommand, "grip", callback_group=group)
    assert client.wait_for_server(timeout_sec=GIVE_UP_S)
    request = GripperCommand.Goal()
    request.command.position = 0.04
    goal = complete(node, client.send_goal_async(request))
    deadline = time.monotonic() + GIVE_UP_S
    while goal.status != GoalStatus.STATUS_SUCCEEDED and time.monotonic() < deadline:
        rclpy.spin_once(node, timeout_sec=0.05)
    assert goal.status == GoalStatus.STATUS_SUCCEEDED
    result = complete(node, goal.get_result_async()).result
    assert result.reached_goal and result.position == 0.04
    server.destroy()
    client.destroy()


def test_default_cancel_is_refused_and_transitions_are_checked(ros: None) -> None:
    from control_msgs.action import GripperCommand
    from rclpy._rclpy_pybind11 import RCLError
    from rclpy.action import ActionServer

    node, kept = rclpy.create_node("gripper"), []
    ActionServer(
        node, GripperCommand, "grip", lambda goal: None, handle_accepted_callback=kept.append
    )
    client = ActionClient(node, GripperCommand, "grip")
    assert client.wait_for_server(timeout_sec=GIVE_UP_S)
    goal = complete(node, client.send_goal_async(GripperCommand.Goal()))
    answer = complete(node, goal.cancel_goal_async())
    # rclpy of Jazzy leaves the code at ERROR_NONE
    assert not answer.goals_canceling
    with pytest.raises(RCLError, match="invalid transition"):
        kept[0].succeed()
