"""Timers, clocks, executors, callback groups, logging, signals."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

import rclpy
from rclpy.callback_groups import MutuallyExclusiveCallbackGroup, ReentrantCallbackGroup
from rclpy.clock import Clock, ClockType
from rclpy.duration import Duration
from rclpy.executors import MultiThreadedExecutor, SingleThreadedExecutor
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.time import Time
from rosgraph_msgs.msg import Clock as ClockMsg

GIVE_UP_S = 60.0  # when something is taken for hung


def test_time_arithmetic() -> None:
    a, b = Time(seconds=2), Time(seconds=1, nanoseconds=5)
    assert (a - b) == Duration(nanoseconds=10**9 - 5) and (b + Duration(seconds=1)) > a
    assert Time.from_msg(a.to_msg(), ClockType.SYSTEM_TIME) == a and a.seconds_nanoseconds() == (
        2,
        0,
    )
    assert (
        Duration(seconds=-0.5).to_msg().sec == -1
        and Duration(seconds=-0.5).to_msg().nanosec == 5 * 10**8
    )
    with pytest.raises(TypeError):
        assert a < Time(seconds=1, clock_type=ClockType.ROS_TIME)
    with pytest.raises(ValueError):
        Time(seconds=-1)


def test_timer_period_cancel_reset(ros: None) -> None:
    node, calls = Node("n"), []
    timer = node.create_timer(0.02, lambda: calls.append(time.monotonic()))
    start = time.monotonic()
    while len(calls) < 10:
        rclpy.spin_once(node, timeout_sec=0.05)
        assert time.monotonic() - start < GIVE_UP_S
    assert len(calls) * 0.02 <= time.monotonic() - start + 0.02
    timer.cancel()
    count = len(calls)
    rclpy.spin_once(node, timeout_sec=0.1)
    assert len(calls) == count and timer.is_canceled()
    timer.reset()
    rclpy.spin_once(node, timeout_sec=1.0)
    assert len(calls) == count + 1
    assert node.destroy_timer(timer) and not node.destroy_timer(timer)


def test_spin_once_times_out_and_idle_costs_nothing(ros: None) -> None:
    node = Node("n")
    start, cpu = time.monotonic(), time.process_time()
    rclpy.spin_once(node, timeout_sec=0.5)
    assert 0.45 < time.monotonic() - start < 2.0
    assert time.process_time() - cpu < 0.05


def test_sim_time(ros: None, until: Any) -> None:
    node = Node("n", parameter_overrides=[Parameter("use_sim_time", value=True)])
    source = Node("source")
    publisher = source.create_publisher(ClockMsg, "/clock", 10)
    assert node.get_clock().now().nanoseconds == 0
    fired: list[int] = []
    node.create_timer(1.0, lambda: fired.append(node.get_clock().now().nanoseconds))
    while publisher.get_subscription_count() == 0:
        time.sleep(0.01)

    def tick(seconds: float) -> None:
        message = ClockMsg()
        message.clock.sec, message.clock.nanosec = int(seconds), int(seconds % 1 * 1e9)
        publisher.publish(message)
        assert until(node, lambda: node.get_clock().now().nanoseconds == int(seconds * 1e9))
        until(node, lambda: False, 0.1)

    tick(0.5)
    assert fired == []
    tick(1.25)
    assert fired == [1250000000]
    tick(1.75)
    assert len(fired) == 1
    tick(2.0)
    assert len(fired) == 2
    node.set_parameters([Parameter("use_sim_time", value=False)])
    assert abs(node.get_clock().now().nanoseconds - time.time_ns()) < 10**9


def test_timers_go_on_where_the_clock_goes_back(ros: None, until: Any) -> None:
    node = Node("n", parameter_overrides=[Parameter("use_sim_time", value=True)])
    clock = node.get_clock()
    fired: list[float] = []
    node.create_timer(1.0, lambda: fired.append(clock.now().nanoseconds / 1e9))
    for second in (100.0, 105.5, 106.0, 40.0, 40.9, 41.0, 41.5, 41.2, 42.0):
        clock.set_ros_time_override(Time(seconds=second, clock_type=ClockType.ROS_TIME))
        until(node, lambda: False, 0.1)
    # Back to 40: a period from there. Back to 41.2, which is after the last call: nothing is moved.
    assert fired == [100.0, 105.5, 106.0, 41.0, 42.0]


def test_timers_go_on_where_sim_time_is_switched(ros: None, until: Any) -> None:
    node, fired = Node("n"), []
    node.create_timer(0.3, lambda: fired.append(1))
    node.set_parameters([Parameter("use_sim_time", value=True)])
    until(node, lambda: False, 0.5)
    assert fired == []
    # The first simulated time begins the period.
    node.get_clock().set_ros_time_override(Time(seconds=0.3, clock_type=ClockType.ROS_TIME))
    until(node, lambda: False, 0.2)
    assert fired == []
    node.get_clock().set_ros_time_override(Time(seconds=0.6, clock_type=ClockType.ROS_TIME))
    assert until(node, lambda: len(fired) == 1)
    node.set_parameters([Parameter("use_sim_time", value=False)])
    assert until(node, lambda: len(fired) >= 3)


def test_steady_clock_and_sleep(ros: None) -> None:
    clock = Clock(clock_type=ClockType.STEADY_TIME)
    start = time.monotonic()
    assert clock.sleep_for(Duration(seconds=0.1))
    assert 0.09 < time.monotonic() - start < 1.0


def test_groups_in_many_threads(ros: None) -> None:
    node, lock = Node("n"), threading.Lock()
    running = {"exclusive": 0, "free": 0}
    most = {"exclusive": 0, "free": 0}
    done = {"exclusive": 0, "free": 0}
    executor = MultiThreadedExecutor(4)
    executor.add_node(node)
    finished = rclpy.Future()

    def work(kind: str) -> None:
        with lock:
            running[kind] += 1
            most[kind] = max(most[kind], running[kind])
        time.sleep(0.03)
        with lock:
            running[kind] -= 1
            done[kind] += 1
            if min(done.values()) >= 6 and not finished.done():
                finished.set_result(None)

    exclusive, free = MutuallyExclusiveCallbackGroup(), ReentrantCallbackGroup()
    for _ in range(3):
        node.create_timer(0.005, lambda: work("exclusive"), callback_group=exclusive)
        node.create_timer(0.005, lambda: work("free"), callback_group=free)
    executor.spin_until_future_complete(finished, timeout_sec=10.0)
    assert finished.done() and most["exclusive"] == 1 and most["free"] > 1
    assert executor.shutdown(timeout_sec=5.0)


@pytest.mark.parametrize("kind", [SingleThreadedExecutor, MultiThreadedExecutor])
def test_exceptions_come_out_of_spin(ros: None, kind: Any) -> None:
    node = Node("n")

    def fail() -> None:
        raise ZeroDivisionError("on purpose")

    node.create_timer(0.01, fail)
    executor = kind()
    executor.add_node(node)
    with pytest.raises(ZeroDivisionError, match="on purpose"):
        executor.spin()
    executor.shutdown()


def test_tasks_guards_and_waking_from_threads(ros: None) -> None:
    node, executor, hits = Node("n"), SingleThreadedExecutor(), []
    executor.add_node(node)
    guard = node.create_guard_condition(lambda: hits.append(1))
    future: Any = rclpy.Future()

    async def wait() -> int:
        return (await future) + 1

    task = executor.create_task(wait)
    threading.Timer(0.1, lambda: (guard.trigger(), future.set_result(41))).start()
    start = time.monotonic()
    executor.spin_until_future_complete(task, timeout_sec=5.0)
    assert task.result() == 42 and time.monotonic() - start < 2.0
    executor.spin_once(timeout_sec=0.2)
    assert hits == [1]
    executor.shutdown()


def test_init_twice_and_again(domain: int) -> None:
    for _ in range(3):
        rclpy.init(args=[])
        with pytest.raises(RuntimeError):
            rclpy.init(args=[])
        node = Node("n")
        rclpy.spin_once(node, timeout_sec=0)
        node.destroy_node()
        rclpy.shutdown()
    with pytest.raises(rclpy.exceptions.NotInitializedException):
        Node("n")
    deadline = time.monotonic() + GIVE_UP_S
    while any(thread.name == "rclpy-signals" for thread in threading.enumerate()):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_start_up_is_fast(spawn: Any) -> None:
    process = spawn("""
        import time
        start = time.perf_counter()
        cpu = time.process_time()
        import rclpy
        from rclpy.node import Node
        from sensor_msgs.msg import Image
        rclpy.init()
        node = Node("n")
        node.create_publisher(Image, "i", 1)
        print(time.process_time() - cpu)
        rclpy.shutdown()
    """)
    assert float(process.communicate(timeout=GIVE_UP_S)[0]) < 1.5


def test_log_format_levels_and_filters(spawn: Any) -> None:
    process = spawn("""
        import rclpy
        from rclpy.logging import LoggingSeverity
        rclpy.init()
        node = rclpy.create_node("n", namespace="s")
        log = node.get_logger()
        log.debug("hidden")
        log.set_level(LoggingSeverity.DEBUG)
        log.debug("shown")
        for number in range(3):
            log.warning(f"once {number}", once=True)
            log.error(f"later {number}", skip_first=True)
            log.info(f"slow {number}", throttle_duration_sec=60.0)
        log.get_child("part").fatal("end")
        rclpy.shutdown()
    """)
    lines = process.communicate(timeout=GIVE_UP_S)[0].splitlines()
    assert [line.split("] ", 1)[0] + "]" for line in lines[:1]] == ["[DEBUG]"]
    import re

    assert re.fullmatch(r"\[DEBUG\] \[\d+\.\d{9}\] \[s\.n\]: shown", lines[0])
    assert [line.split(": ", 1)[1] for line in lines[1:]] == [
        "once 0",
        "slow 0",
        "later 1",
        "later 2",
        "end",
    ]
    assert "[s.n.part]" in lines[-1]
