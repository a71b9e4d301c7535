"""Topics between processes: delivery, QoS, late joiners, a killed peer, graph."""

from __future__ import annotations

import array
import collections
import inspect
import signal
import time
from typing import Any

import pytest

import rclpy
from rclpy._rclpy_pybind11 import InvalidHandle
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy, qos_profile_sensor_data
from rclpy.serialization import deserialize_message
from sensor_msgs.msg import Image
from std_msgs.msg import String

GIVE_UP_S = 60.0  # when something is taken for hung

TALKER = """
    import sys, time, rclpy
    from rclpy.qos import *
    from std_msgs.msg import String
    rclpy.init()
    node = rclpy.create_node("talker")
    qos = QoSProfile(depth=5, durability=DurabilityPolicy[sys.argv[1]])
    publisher = node.create_publisher(String, "chatter", qos)
    for number in range(3):
        publisher.publish(String(data=str(number)))
    print("ready")
    rclpy.spin(node)
"""


def test_late_joiner_gets_latched_samples(spawn: Any, ros: None, until: Any) -> None:
    talker = spawn(TALKER, "TRANSIENT_LOCAL")
    assert talker.stdout.readline() == "ready\n"
    node, got = rclpy.create_node("listener"), []
    qos = QoSProfile(depth=5, durability=DurabilityPolicy.TRANSIENT_LOCAL)
    node.create_subscription(String, "chatter", lambda m: got.append(m.data), qos)
    assert until(node, lambda: len(got) == 3)
    assert got == ["0", "1", "2"]


def test_volatile_writer_does_not_match_a_latched_reader(spawn: Any, ros: None, until: Any) -> None:
    spawn(TALKER, "VOLATILE").stdout.readline()
    node, got = rclpy.create_node("listener"), []
    qos = QoSProfile(depth=5, durability=DurabilityPolicy.TRANSIENT_LOCAL)
    subscription = node.create_subscription(String, "chatter", got.append, qos)
    assert node.wait_for_node("talker", GIVE_UP_S)
    assert not until(node, lambda: bool(got), 0.3)
    assert subscription.get_publisher_count() == 0


def test_nothing_is_lost_reliable_and_in_order(spawn: Any, ros: None) -> None:
    counter = spawn("""
        import rclpy
        from std_msgs.msg import String
        rclpy.init()
        node = rclpy.create_node("counter")
        got = []
        def take(message):
            got.append(int(message.data))
            if got[-1] == 1999:
                print(got == list(range(2000)))
                rclpy.shutdown()
        node.create_subscription(String, "numbers", take, 2000)
        rclpy.spin(node)
    """)
    node = rclpy.create_node("source")
    publisher = node.create_publisher(String, "numbers", 2000)
    deadline = time.monotonic() + GIVE_UP_S
    while publisher.get_subscription_count() == 0 and time.monotonic() < deadline:
        time.sleep(0.01)
    for number in range(2000):
        publisher.publish(String(data=str(number)))
    assert counter.communicate(timeout=GIVE_UP_S)[0].splitlines() == ["True"]
    assert counter.returncode == 0


def test_image_arrives_whole(spawn: Any, ros: None, until: Any) -> None:
    spawn("""
        import rclpy
        from rclpy.qos import qos_profile_sensor_data
        from sensor_msgs.msg import Image
        rclpy.init()
        node = rclpy.create_node("camera")
        publisher = node.create_publisher(Image, "image", qos_profile_sensor_data)
        pixels = bytes(i % 251 for i in range(640 * 480 * 3))
        node.create_timer(0.05, lambda: publisher.publish(
            Image(height=480, width=640, encoding="rgb8", step=1920, data=pixels)))
        rclpy.spin(node)
    """)
    node, got = rclpy.create_node("viewer"), []
    node.create_subscription(Image, "image", got.append, qos_profile_sensor_data)
    assert until(node, lambda: bool(got))
    assert got[0].data == array.array("B", bytes(i % 251 for i in range(640 * 480 * 3)))


def test_killed_peer_is_harmless_and_a_new_one_is_found(spawn: Any, ros: None, until: Any) -> None:
    source = """
        import rclpy
        from std_msgs.msg import String
        rclpy.init()
        node = rclpy.create_node("beat")
        publisher = node.create_publisher(String, "beat", 10)
        node.create_timer(0.02, lambda: publisher.publish(String(data="x")))
        rclpy.spin(node)
    """
    node, got = rclpy.create_node("listener"), []
    node.create_subscription(String, "beat", got.append, 10)
    echo = node.create_publisher(String, "echo", 10)
    first = spawn(source)
    assert until(node, lambda: len(got) > 3)
    first.kill()
    first.wait()
    echo.publish(String(data="still alive"))
    until(node, lambda: False, 0.2)
    count = len(got)
    spawn(source)
    assert until(node, lambda: len(got) > count + 3)


def test_graph(spawn: Any, ros: None) -> None:
    talker = spawn(
        TALKER.replace('create_node("talker")', 'create_node("talker", namespace="robot")'),
        "TRANSIENT_LOCAL",
    )
    talker.stdout.readline()
    node = rclpy.create_node("looker")
    assert node.wait_for_node("/robot/talker", GIVE_UP_S)
    assert ("talker", "/robot") in node.get_node_names_and_namespaces()
    assert ("/robot/chatter", ["std_msgs/msg/String"]) in node.get_topic_names_and_types()
    assert (
        node.count_publishers("/robot/chatter") == 1
        and node.count_subscribers("/robot/chatter") == 0
    )
    info = node.get_publishers_info_by_topic("/robot/chatter")[0]
    assert (info.node_name, info.node_namespace, info.topic_type) == (
        "talker",
        "/robot",
        "std_msgs/msg/String",
    )
    assert info.qos_profile.durability is DurabilityPolicy.TRANSIENT_LOCAL
    assert info.qos_profile.reliability is ReliabilityPolicy.RELIABLE
    assert str(info.topic_type_hash).startswith("RIHS01_df668c74")
    topics = node.get_publisher_names_and_types_by_node("talker", "/robot")
    assert ("/robot/chatter", ["std_msgs/msg/String"]) in topics
    services = [name for name, _ in node.get_service_names_and_types_by_node("talker", "/robot")]
    assert "/robot/talker/get_parameters" in services
    talker.send_signal(signal.SIGINT)  # of SIGTERM an idle rclpy does not always hear
    talker.wait(timeout=GIVE_UP_S)
    deadline = time.monotonic() + GIVE_UP_S
    while "talker" in node.get_node_names() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert "talker" not in node.get_node_names()


def has_no_signature(function: Any) -> bool:
    try:
        inspect.signature(function)
    except ValueError:
        return True
    return False


def test_a_builtin_without_a_signature_is_no_callback(ros: None) -> None:
    node = rclpy.create_node("n")
    # Which have none differs by version of Python.
    builtins = [collections.deque().clear, collections.deque().append, set().add, max, iter, type]
    refused = [builtin for builtin in builtins if has_no_signature(builtin)]
    assert refused
    for builtin in refused:
        with pytest.raises(ValueError, match="signature|lambda"):
            node.create_subscription(String, "t", builtin, 1)
    assert not list(node.subscriptions)


def test_remaps_namespaces_and_private_names(ros: None) -> None:
    node = Node(
        "a",
        namespace="s",
        cli_args=["--ros-args", "-r", "x:=/y", "-r", "__node:=b", "-r", "~/p:=q"],
    )
    assert node.get_fully_qualified_name() == "/s/b" and node.get_logger().name == "s.b"
    assert node.create_publisher(String, "x", 1).topic_name == "/y"
    assert node.create_publisher(String, "~/p", 1).topic_name == "/s/q"
    assert node.create_publisher(String, "~/other", 1).topic_name == "/s/b/other"
    assert node.resolve_topic_name("x", only_expand=True) == "/s/x"


def test_wrong_use_is_told(ros: None) -> None:
    node = rclpy.create_node("wrong")
    with pytest.raises(rclpy.exceptions.InvalidTopicNameException):
        node.create_publisher(String, "a b", 1)
    with pytest.raises(TypeError):
        node.create_publisher(String, "a", "ten")
    with pytest.raises((TypeError, AttributeError)):
        node.create_publisher(str, "a", 1)
    publisher = node.create_publisher(String, "a", 1)
    with pytest.raises(TypeError):
        publisher.publish("text")
    node.destroy_publisher(publisher)
    with pytest.raises(InvalidHandle):
        publisher.publish(String())
    with pytest.raises(rclpy.exceptions.InvalidNodeNameException):
        rclpy.create_node("a/b")


def test_raw_subscription_and_message_info(ros: None, until: Any) -> None:
    node, raw, infos = rclpy.create_node("raw"), [], []
    node.create_subscription(String, "t", raw.append, 10, raw=True)
    node.create_subscription(String, "t", lambda m, info: infos.append((m.data, info)), 10)
    publisher = node.create_publisher(String, "t", 10)
    publisher.publish(String(data="hi"))
    assert until(node, lambda: bool(raw and infos))
    assert deserialize_message(raw[0], String).data == "hi"
    assert infos[0][0] == "hi" and abs(infos[0][1]["source_timestamp"] - time.time_ns()) < 10**10


def test_two_contexts_in_one_process(domain: int) -> None:
    from rclpy.context import Context
    from rclpy.executors import SingleThreadedExecutor

    first, second = Context(), Context()
    first.init([])
    second.init([])
    a, b = Node("a", context=first), Node("b", context=second)
    got: list[str] = []
    b.create_subscription(String, "t", lambda m: got.append(m.data), 10)
    publisher = a.create_publisher(String, "t", 10)
    executor = SingleThreadedExecutor(context=second)
    executor.add_node(b)
    deadline = time.monotonic() + GIVE_UP_S
    while not got and time.monotonic() < deadline:
        publisher.publish(String(data="across"))
        executor.spin_once(timeout_sec=0.05)
    assert got and got[0] == "across"
    first.shutdown()
    second.shutdown()
    assert not first.ok() and not second.ok()
