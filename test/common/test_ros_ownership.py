"""One node alone drives a resource: who came later sees the first, whenever the two meet."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import pytest

rclpy = pytest.importorskip("rclpy", reason="needs ROS 2 or the embedded runtime")

from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.task import Future
from std_msgs.msg import String

from simreal_common import ros_ownership
from simreal_common.errors import MessageError, OwnershipError
from simreal_common.ros_ownership import DISCOVERY_S, Ownership, OwnershipClaim, read_claim

RESOURCE, DEED = "arm/move", "commands the arm"
# Owns or ends, as an own process; what it does stands in its last line.
ASKER = """
import sys, time
import rclpy
from rclpy.node import Node
from simreal_common import ros_ownership
from simreal_common.errors import OwnershipError
ros_ownership.DISCOVERY_S = float(sys.argv[1])
rclpy.init(args=[])
node = Node("asker")
print("up", flush=True)
sys.stdin.readline()
try:
    ros_ownership.Ownership(node, "arm/move", "commands the arm").settle()
    print("owns", flush=True)
    end = time.monotonic() + float(sys.argv[2])
    while time.monotonic() < end:
        rclpy.spin_once(node, timeout_sec=0.05)
except OwnershipError as error:
    print(f"refused: {error}", flush=True)
"""


class Process:
    """A process that asks for the resource as soon as it is told to."""

    def __init__(self, environment: dict[str, str], discovery_s: float, then_s: float) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", ASKER, str(discovery_s), str(then_s)],
            env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self.line() == "up"

    def line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def begin(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def last_line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.read().strip().rpartition("\n")[2]


@pytest.fixture
def asker(child_environment: dict[str, str]) -> Iterator[Callable[..., Process]]:
    started: list[Process] = []

    def start(discovery_s: float = DISCOVERY_S, then_s: float = 30.0) -> Process:
        started.append(Process(child_environment, discovery_s, then_s))
        return started[-1]

    yield start
    for one in started:
        one.process.kill()
        one.process.communicate()


def test_alone_it_owns_after_a_moment(ros: None) -> None:
    began = time.monotonic()
    Ownership(Node("first"), RESOURCE, DEED).settle()
    assert DISCOVERY_S <= time.monotonic() - began < DISCOVERY_S + 0.5


def test_a_second_one_names_the_first_and_the_domain(
    ros: None, domain: int, asker: Callable[..., Process]
) -> None:
    first = asker()
    first.begin()
    assert first.line() == "owns"
    node = Node("second")
    with pytest.raises(OwnershipError) as refused:
        Ownership(node, RESOURCE, DEED).settle()
    words = str(refused.value)
    assert words.startswith(f"/asker (process {first.process.pid} on ")
    assert f"commands the arm (arm/move) in ROS_DOMAIN_ID {domain}," in words
    assert "\n" not in words
    # Another robot of the domain is nobody's business.
    Ownership(node, "other_arm/move", DEED).settle()


def test_of_two_in_one_process_one_owns(ros: None) -> None:
    first, second = Node("same"), Node("same")
    owner = Ownership(first, RESOURCE, DEED)
    owner.settle()
    with pytest.raises(OwnershipError, match="/same"):
        Ownership(second, RESOURCE, DEED).settle()


def test_after_a_kill_the_next_one_owns(ros: None, asker: Callable[..., Process]) -> None:
    first = asker()
    first.begin()
    assert first.line() == "owns"
    first.process.kill()
    first.process.wait()
    Ownership(Node("next"), RESOURCE, DEED).settle()


# 0: both own before they could have heard of each other, and settle it when they do.
@pytest.mark.parametrize("discovery_s", [DISCOVERY_S, 0.0])
def test_of_those_who_ask_at_once_one_owns(
    asker: Callable[..., Process], discovery_s: float
) -> None:
    askers = [asker(discovery_s, 3.0) for _ in range(3)]
    for one in askers:
        one.begin()
    ends = [one.last_line() for one in askers]
    assert ends.count("owns") == 1, ends
    assert sum(end.startswith("refused: /asker (process ") for end in ends) == 2, ends


def test_claims_are_ordered_by_owning_then_by_rank() -> None:
    early, late = OwnershipClaim("a", "1"), OwnershipClaim("b", "2")
    owner = OwnershipClaim("c", "3", owns=True)
    assert early.better_than(late)
    assert not late.better_than(early)
    assert owner.better_than(early)
    assert not early.better_than(owner)
    assert not early.better_than(early)


def test_what_belongs_to_one_launch_has_the_same_place_in_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Two launches at once: not the control of one and the scorer of the other may win."""
    started = {100: 7, 200: 5}
    monkeypatch.setattr(ros_ownership, "process_start", started.__getitem__)
    ranks = []
    for parent in (100, 200, 100, 200):
        monkeypatch.setattr(ros_ownership.os, "getppid", lambda parent=parent: parent)
        ranks.append(ros_ownership.launch_rank())
    assert max(ranks[1], ranks[3]) < min(ranks[0], ranks[2])
    assert len(set(ranks)) == 4


def test_how_long_this_process_has_run_is_known() -> None:
    own, parent = (ros_ownership.process_start(number) for number in (os.getpid(), os.getppid()))
    if own == 0:
        pytest.skip("the system does not tell")
    assert 0 < parent <= own
    assert ros_ownership.process_start(2**31 - 1) == 0


GOOD = {"node": "/a", "rank": "1", "owns": True}


@pytest.mark.parametrize(
    "text",
    ["", "[", "null", "[]", json.dumps({**GOOD, "owns": 1}), json.dumps({**GOOD, "rank": 3}),
     json.dumps({"node": "/a", "rank": "1"}), json.dumps({**GOOD, "more": ""})],
)  # fmt: skip
def test_what_is_no_claim_is_refused(text: str) -> None:
    with pytest.raises(MessageError):
        read_claim(text)


def test_what_is_no_claim_ends_no_node(ros: None) -> None:
    node, other = Node("first"), Node("other")
    Ownership(node, RESOURCE, DEED).settle()
    sent = other.create_publisher(String, f"{RESOURCE}/_owner", ros_ownership.OWNERSHIP_QOS)
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    sent.publish(String(data="nonsense"))
    executor.spin_until_future_complete(Future(), timeout_sec=0.5)
    executor.remove_node(node)
    executor.shutdown()


@pytest.fixture
def owner(ros: None) -> Iterator[tuple[Node, SingleThreadedExecutor]]:
    """A node that has the resource, and what spins it."""
    node, executor = Node("first"), SingleThreadedExecutor()
    node.ownership = Ownership(node, RESOURCE, DEED)
    node.ownership.settle()
    executor.add_node(node)
    yield node, executor
    executor.remove_node(node)
    executor.shutdown()


@pytest.mark.parametrize("named", ["/a", "/first"])
def test_a_message_alone_ends_no_owner(
    owner: tuple[Node, SingleThreadedExecutor], named: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As of a bag that is played: the node of the claim is not there, or is the owner itself."""
    monkeypatch.setattr(ros_ownership, "BELIEVE_S", 0.3)
    node, executor = owner
    warnings: list[str] = []
    monkeypatch.setattr(
        type(node.get_logger()), "warning", lambda _, text, **more: warnings.append(text)
    )
    sent = Node("player").create_publisher(
        String, f"{RESOURCE}/_owner", ros_ownership.OWNERSHIP_QOS
    )
    sent.publish(String(data=json.dumps({**GOOD, "node": f"{named} (process 1)", "rank": ""})))
    end = time.monotonic() + 10.0
    while not warnings:
        assert time.monotonic() < end
        executor.spin_once(timeout_sec=0.1)
    assert warnings[0].startswith(f"a claim that {named} (process 1) commands the arm")
    assert f"no node {named} publishes /{RESOURCE}/_owner" in warnings[0]


def test_a_better_claim_of_a_node_that_is_there_ends_the_owner(
    owner: tuple[Node, SingleThreadedExecutor],
) -> None:
    sent = Node("a").create_publisher(String, f"{RESOURCE}/_owner", ros_ownership.OWNERSHIP_QOS)
    sent.publish(String(data=json.dumps({**GOOD, "rank": ""})))
    with pytest.raises(OwnershipError, match="/a already commands the arm"):
        owner[1].spin_until_future_complete(Future(), timeout_sec=10.0)


def test_who_only_asks_believes_a_message(ros: None) -> None:
    sent = Node("player").create_publisher(
        String, f"{RESOURCE}/_owner", ros_ownership.OWNERSHIP_QOS
    )
    sent.publish(String(data=json.dumps({**GOOD, "rank": ""})))
    with pytest.raises(OwnershipError, match="/a already commands the arm"):
        Ownership(Node("second"), RESOURCE, DEED).settle()
