"""What this runtime says of its endpoints to others."""

from __future__ import annotations

import pytest

import rclpy
from std_msgs.msg import String


def test_every_endpoint_carries_its_type_hash_and_the_participant_its_enclave(ros: None) -> None:
    """What rmw_cyclonedds looks for in USER_DATA, and warns of where it lacks."""
    node = rclpy.create_node("n")
    node.create_publisher(String, "t", 1)
    graph = node.context.graph
    endpoints = [*graph.publications(), *graph.subscriptions()]
    assert {info.is_reader for info in endpoints if info.topic == "ros_discovery_info"} == {
        True,
        False,
    }
    for info in endpoints:
        if info.topic.startswith("DCPS"):  # DDS's own
            continue
        assert b"typehash=RIHS01_" in info.qos.user_data, info.topic
    assert graph.enclaves() == {node.context.participant.guid: "/"}


def test_a_callback_that_takes_no_message_is_refused(ros: None) -> None:
    node = rclpy.create_node("n")
    with pytest.raises(RuntimeError, match="one argument"):
        node.create_subscription(String, "t", lambda: None, 1)
    assert not list(node.subscriptions)


def test_there_are_no_rates(ros: None) -> None:
    with pytest.raises(NotImplementedError):
        rclpy.create_node("n").create_rate(1.0)
