"""perception_node as a managed node: what is there in which state."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("rclpy")

from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.parameter import Parameter
from vision_msgs.msg import Detection3DArray

from simreal_common.errors import ModelError
from simreal_perception.perception_node import PerceptionNode
from simreal_perception.ros_perception import Perception

Make = Callable[..., Any]
SUCCESS, FAILURE = TransitionCallbackReturn.SUCCESS, TransitionCallbackReturn.FAILURE


def topics(node: Any) -> set[str]:
    return {one.topic_name for one in (*node.publishers, *node.subscriptions)}


def test_without_autostart_nothing_is_loaded_until_it_is_told(perception: Make) -> None:
    one = perception(autostart=False)
    assert not {"/detections", "/camera/image_raw"} & topics(one.node)
    assert one.node.trigger_configure() is SUCCESS
    assert "/detections" in topics(one.node) and "/camera/image_raw" not in topics(one.node)
    assert one.node.trigger_activate() is SUCCESS
    heard = one.listen(Detection3DArray, "detections")
    one.calibrate()
    one.see(1.0)
    assert one.spin_until(lambda: len(heard) == 1)


def test_a_deactivated_node_looks_at_nothing_and_goes_on_when_it_is_activated(
    perception: Make,
) -> None:
    one = perception()
    one.calibrate()
    one.see(1.0)
    assert one.estimator.calls == 1
    assert one.node.trigger_deactivate() is SUCCESS
    one.see(2.0)
    assert one.estimator.calls == 1
    assert one.node.trigger_activate() is SUCCESS
    one.see(3.0)
    assert one.estimator.calls == 2


def test_cleanup_frees_the_model_and_it_can_be_configured_again(perception: Make) -> None:
    others = {id(it) for it in gc.get_objects() if type(it) is Perception}  # of other tests
    one = perception()
    before = [it for it in gc.get_objects() if type(it) is Perception and id(it) not in others]
    assert before
    lasting = [weakref.ref(it) for it in before]
    del before
    assert one.node.trigger_deactivate() is SUCCESS
    assert one.node.trigger_cleanup() is SUCCESS
    assert not {"/detections", "/camera/image_raw", "/diagnostics"} & topics(one.node)
    for _ in range(3):
        one.spin_until(lambda: False, 0.1)
    gc.collect()
    assert all(it() is None for it in lasting)
    (result,) = one.node.set_parameters([Parameter("min_score", value=0.3)])
    assert result.successful
    assert one.node.trigger_configure() is SUCCESS
    assert one.node.trigger_activate() is SUCCESS
    one.calibrate()
    one.see(1.0)
    assert one.estimator.calls == 1


def test_a_model_that_cannot_be_used_is_told_in_configure(
    ros: None, capfd: pytest.CaptureFixture[str]
) -> None:
    def load(name: str) -> Any:
        raise ModelError(f"no model '{name}'")

    node = PerceptionNode(load, parameter_overrides=[Parameter("autostart", value=False)])
    try:
        assert node.trigger_configure() is FAILURE
        assert "no model 'block'" in "".join(capfd.readouterr())
        assert "/detections" not in topics(node)
    finally:
        node.destroy_node()
    with pytest.raises(ModelError, match="no model 'block'"):
        PerceptionNode(load)


def test_a_mistake_in_configure_is_told_and_ends_a_node_that_starts_itself(
    ros: None, capfd: pytest.CaptureFixture[str]
) -> None:
    def load(name: str) -> Any:
        raise ZeroDivisionError("a mistake")

    node = PerceptionNode(load, parameter_overrides=[Parameter("autostart", value=False)])
    try:
        assert node.trigger_configure() is TransitionCallbackReturn.ERROR
        # rclpy itself says nothing of an exception in a transition.
        assert "ZeroDivisionError: a mistake" in "".join(capfd.readouterr())
        assert "/detections" not in topics(node)
    finally:
        node.destroy_node()
    with pytest.raises(ZeroDivisionError, match="a mistake"):
        PerceptionNode(load)
