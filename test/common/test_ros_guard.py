"""The guard between a node's subscriptions and its callbacks."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

rclpy = pytest.importorskip("rclpy")

from rclpy.node import Node

from simreal_common import ros_guard
from simreal_common.errors import ImageError, MessageError
from simreal_common.ros_guard import LONGEST_COMPLAINT, MessageGuard
from simreal_common.ros_process import NodeFinished


@pytest.fixture
def guard(ros: None) -> Iterator[MessageGuard]:
    node = Node("guarded")
    yield MessageGuard(node)
    node.destroy_node()


def raising(error: BaseException) -> Callable[[object], None]:
    def callback(_: object) -> None:
        raise error

    return callback


def test_what_a_message_can_cause_is_counted_and_said_once(
    guard: MessageGuard, capfd: pytest.CaptureFixture[str]
) -> None:
    heard: list[object] = []
    guard("a", heard.append)(5)
    bad = guard("b", raising(MessageError("got x,\n wanted y")))
    for _ in range(3):
        bad(None)
    guard("c", raising(ImageError("x" * 10_000)))(None)
    said = "".join(capfd.readouterr())
    assert heard == [5]
    assert guard.dropped == {"b": 3, "c": 1}
    assert said.count("a message on b is left out: got x, wanted y") == 1
    assert said.count("a message on c is left out: xxx") == 1
    assert len(said) < 2 * (LONGEST_COMPLAINT + 200)


def test_a_later_complaint_says_how_many_there_were(
    guard: MessageGuard, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ros_guard, "REPEAT_S", 0.0)
    bad = guard("b", raising(MessageError("no")))
    for _ in range(3):
        bad(None)
    said = "".join(capfd.readouterr())
    assert said.count("left out: no") == 1
    assert "left out (2 so far): no" in said
    assert "left out (3 so far): no" in said


@pytest.mark.parametrize("error", [ValueError("ours"), NodeFinished(1), KeyboardInterrupt()])
def test_everything_else_goes_on_its_way(guard: MessageGuard, error: BaseException) -> None:
    with pytest.raises(type(error)):
        guard("a", raising(error))(None)
    assert not guard.dropped
