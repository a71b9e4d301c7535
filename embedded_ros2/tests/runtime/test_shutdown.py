"""Ends that come from another thread: a shutdown ends the context it was called on, no later one."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

import rclpy
from rclpy._rclpy_pybind11 import RCLError
from rclpy.context import Context
from rclpy.exceptions import NotInitializedException
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node
from std_msgs.msg import String

END_S = 20.0
ROUNDS = 150


@pytest.fixture
def aside() -> Iterator[Callable[[Callable[[], Any]], threading.Thread]]:
    """Runs functions in threads; what one raises fails the test, at its end all have ended."""
    failures: list[BaseException] = []
    threads: list[threading.Thread] = []

    def run(function: Callable[[], Any]) -> threading.Thread:
        def guarded() -> None:
            try:
                function()
            except BaseException as error:
                failures.append(error)

        threads.append(threading.Thread(target=guarded))
        threads[-1].start()
        return threads[-1]

    yield run
    for thread in threads:
        thread.join(END_S)
        assert not thread.is_alive()
    assert not failures, failures


def test_it_ends_spin(ros: None, aside: Any) -> None:
    node, begun = Node("n"), threading.Event()
    node.create_timer(0.0, begun.set)

    def end() -> None:
        assert begun.wait(END_S)
        rclpy.shutdown()

    aside(end)
    # As in rclpy: between two waits spin returns, in the middle of one it raises.
    with contextlib.suppress(ExternalShutdownException):
        rclpy.spin(node)
    assert not rclpy.ok()
    with pytest.raises(RuntimeError):
        rclpy.shutdown()
    rclpy.try_shutdown()


def test_a_waiting_spin_is_told(domain: int, aside: Any) -> None:
    told = 0
    for _ in range(20):
        rclpy.init(args=[])
        node = Node("n")
        aside(lambda: (time.sleep(0.05), rclpy.shutdown()))
        try:
            rclpy.spin(node)
        except ExternalShutdownException:
            told += 1
            break
        finally:
            rclpy.try_shutdown()
    assert told


def test_a_spin_that_comes_too_late_is_told(ros: None) -> None:
    node = Node("n")
    rclpy.shutdown()
    with pytest.raises(ExternalShutdownException):
        rclpy.spin(node)


def test_rounds_with_threads_that_nobody_waits_for(domain: int, aside: Any) -> None:
    for number in range(ROUNDS):
        rclpy.init(args=[])
        assert rclpy.ok()
        node = Node("n")
        publisher = node.create_publisher(String, "t", 10)
        node.create_timer(0.0005, lambda publisher=publisher: publisher.publish(String(data="x")))
        pause_s = number % 10 / 1000
        aside(lambda pause_s=pause_s: (time.sleep(pause_s), rclpy.shutdown()))
        # RCLError: the context went away while the callback published
        with contextlib.suppress(ExternalShutdownException, RCLError):
            rclpy.spin(node)
        deadline = time.monotonic() + END_S
        while rclpy.ok():  # the publishing ended the spin, not yet the shutdown
            assert time.monotonic() < deadline
        node.destroy_node()
        with contextlib.suppress(RuntimeError):
            rclpy.shutdown()


def test_a_late_shutdown_ends_its_own_context(domain: int) -> None:
    rclpy.init(args=[])
    old, reached, go = rclpy.get_default_context(), threading.Event(), threading.Event()

    def dawdle() -> None:
        reached.set()
        assert go.wait(END_S)

    old.on_shutdown(dawdle)
    thread = threading.Thread(target=rclpy.shutdown)
    thread.start()
    assert reached.wait(END_S)  # it is in the middle of its shutdown
    rclpy.init(args=[])
    node, calls = Node("n"), []
    node.create_timer(0.001, lambda: calls.append(1))
    go.set()
    thread.join(END_S)
    assert rclpy.ok() and not old.ok() and rclpy.get_default_context() is not old
    deadline = time.monotonic() + END_S
    while not calls:
        assert time.monotonic() < deadline
        rclpy.spin_once(node, timeout_sec=0.1)
    node.create_publisher(String, "t", 10).publish(String(data="alive"))
    rclpy.shutdown()


def test_an_ended_context_takes_no_executor(domain: int) -> None:
    context = Context()
    context.init([])
    context.shutdown()
    with pytest.raises(NotInitializedException):
        SingleThreadedExecutor(context=context)


def test_publishing_and_looking_while_another_thread_ends_it(domain: int, aside: Any) -> None:
    for _ in range(20):
        context = Context()
        context.init([])
        node = Node("n", context=context)
        publisher = node.create_publisher(String, "t", 10)
        subscription = node.create_subscription(String, "t", lambda message: None, 10)
        aside(lambda context=context: (time.sleep(0.005), context.shutdown()))
        with pytest.raises(RCLError, match="context is invalid"):
            while True:
                publisher.publish(String(data="x" * 1000))
        assert publisher.get_subscription_count() == 0
        assert subscription.get_publisher_count() == 0
        node.get_logger().debug("nobody hears it")
        node.destroy_node()


def test_contexts_begin_while_others_of_their_domain_end(domain: int) -> None:
    def come_and_go(name: str) -> None:
        for _ in range(15):
            context = Context()
            context.init([])
            node = Node(name, context=context)
            publisher = node.create_publisher(String, "t", 10)
            publisher.publish(String(data="x"))
            node.destroy_node()
            context.shutdown()

    with ThreadPoolExecutor(3) as pool:
        ended = [pool.submit(come_and_go, f"n{number}") for number in range(3)]
    for one in ended:
        one.result()
