"""perception_node: images of a calibrated camera in, poses of blocks out; a managed node."""

from __future__ import annotations

import dataclasses
import traceback
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn

from simreal_common.errors import SimrealError
from simreal_common.frames.ros_clock import on_clock_set_back
from simreal_common.ros_guard import MessageGuard
from simreal_common.ros_process import run_node
from simreal_common.settings.ros_parameters import declare, on_change
from simreal_common.shapes.shape import CUBE
from simreal_perception.node_parameters import PerceptionParameters
from simreal_perception.ros_complaints import Complaints
from simreal_perception.ros_perception import GONE_BACK, Perception
from simreal_perception.tracking.tracked_estimator import Estimator

SUCCESS, FAILURE = TransitionCallbackReturn.SUCCESS, TransitionCallbackReturn.FAILURE
ERROR = TransitionCallbackReturn.ERROR


class PerceptionNode(LifecycleNode):
    """Loads and checks the model in configure, takes images while active, frees all in cleanup.

    With `autostart` it is active when it is made.

    Args:
        load: gives the estimator for a model's name or path.
        node_options: keyword arguments of rclpy's Node.

    Raises:
        SimrealError: a parameter cannot be used; with `autostart`, the model neither.
    """

    def __init__(self, load: Callable[[str], Estimator] | None = None, **node_options: Any) -> None:
        super().__init__("perception_node", **node_options)
        self._load = load
        self._settings = declare(self, PerceptionParameters)
        self._complaints, self._guard = Complaints(self), MessageGuard(self)
        self._perception: Perception | None = None
        self._shape = CUBE
        self._refusal: Exception | None = None
        self._set_back = on_clock_set_back(self, self._on_set_back)
        # What is there whatever the state; all else is of Perception.
        self._lasting = {*self.publishers, *self.subscriptions, *self.timers}
        on_change(self, lambda: self._settings, self._take_settings)
        if self._settings.autostart:
            self.trigger_configure()
            if self._refusal is not None:
                raise self._refusal
            self.trigger_activate()

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Load and check the model."""
        p, self._refusal = self._settings, None
        load = self._load or partial(_load_estimator, settings=p)
        try:
            estimator = load(p.model)
            self._shape = getattr(estimator, "shape", CUBE)
            p = self._measured(p)
            self._perception = Perception(self, p, estimator, self._complaints, self._guard)
        except SimrealError as error:
            self._free()
            self._refusal = error
            if not p.autostart:
                self.get_logger().error(" ".join(str(error).split()))
            return FAILURE
        except Exception as error:
            # A mistake of ours, of which rclpy says nothing.
            self._free()
            self._refusal = error
            if not p.autostart:
                self.get_logger().error(traceback.format_exc())
            return ERROR
        blocks = f"blocks of {1000 * p.edge:g} mm" if self._shape.is_cube else self._shape.words
        self.get_logger().info(f"model {p.model}, {blocks}")
        return SUCCESS

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Take images."""
        if self._perception is not None:
            self._perception.listen()
        return SUCCESS

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Take none."""
        if self._perception is not None:
            self._perception.stop_listening()
        return SUCCESS

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Free the model."""
        self._free()
        return SUCCESS

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Free the model, whatever the state."""
        self._free()
        return SUCCESS

    def destroy_node(self) -> None:
        if self._perception is not None:
            self._perception.close()
        super().destroy_node()

    def _free(self) -> None:
        """Back to what a node is that was not configured."""
        if self._perception is not None:
            self._perception.close()
        self._perception = None
        for timer in set(self.timers) - self._lasting:
            self.destroy_timer(timer)
        for subscription in set(self.subscriptions) - self._lasting:
            self.destroy_subscription(subscription)
        for publisher in set(self.publishers) - self._lasting:
            self.destroy_publisher(publisher)

    def _take_settings(self, settings: PerceptionParameters) -> None:
        if self._perception is not None:
            self._perception.take_settings(self._measured(settings))
        self._settings = settings

    def _measured(self, settings: PerceptionParameters) -> PerceptionParameters:
        """With the edge that the model's card says, where it finds other things than cubes."""
        if self._shape.is_cube:
            return settings
        return dataclasses.replace(settings, edge=self._shape.edge_m)

    def _on_set_back(self) -> None:
        if self._perception is not None:
            self.get_logger().info(GONE_BACK)
            self._perception.start_anew()


def _load_estimator(model: str, settings: PerceptionParameters) -> Estimator:
    from simreal_perception.pose_estimation.estimator import BlockEstimator

    return BlockEstimator.load(model, search=settings.search, provider=settings.provider)


def main(args: Sequence[str] | None = None) -> int:
    return run_node(PerceptionNode, args)
