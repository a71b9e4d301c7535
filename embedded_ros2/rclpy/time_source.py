"""use_sim_time: follows the parameter, subscribes to /clock, drives the node's ROS clock."""

from __future__ import annotations

from typing import Any

from rcl_interfaces.msg import ParameterDescriptor, SetParametersResult

from .parameter import Parameter
from .qos import qos_profile_clock

USE_SIM_TIME_NAME = "use_sim_time"
CLOCK_TOPIC = "/clock"


class TimeSource:
    def __init__(self, node: Any) -> None:
        self._node = node
        self._subscription: Any = None
        self._clock = node.get_clock()
        if not node.has_parameter(USE_SIM_TIME_NAME):
            node.declare_parameter(
                USE_SIM_TIME_NAME,
                False,
                ParameterDescriptor(description="Use /clock instead of the system time"),
            )
        value = node.get_parameter(USE_SIM_TIME_NAME)
        if value.type_ is not Parameter.Type.BOOL:
            raise ValueError(
                f"parameter '{USE_SIM_TIME_NAME}' of node '{node.get_name()}' must be a bool, "
                f"got {value.type_.name} {value.value!r}"
            )
        self.ros_time_is_active = False
        self._switch(value.value)
        node.add_on_set_parameters_callback(self._on_set)

    def _on_set(self, parameters: list[Parameter]) -> Any:
        for parameter in parameters:
            if parameter.name == USE_SIM_TIME_NAME:
                if parameter.type_ is not Parameter.Type.BOOL:
                    return SetParametersResult(
                        successful=False, reason=f"parameter '{USE_SIM_TIME_NAME}' must be a bool"
                    )
                self._switch(parameter.value)
        return SetParametersResult(successful=True)

    def _switch(self, active: bool) -> None:
        if active == self.ros_time_is_active:
            return
        self.ros_time_is_active = active
        self._clock._set_ros_time_is_active(active)
        if active:
            from rosgraph_msgs.msg import Clock as ClockMsg

            self._subscription = self._node.create_subscription(
                ClockMsg,
                CLOCK_TOPIC,
                self._on_clock,
                qos_profile_clock,
                callback_group=self._node._rcl_clock_group,
            )
        elif self._subscription is not None:
            self._node.destroy_subscription(self._subscription)
            self._subscription = None

    def _on_clock(self, message: Any) -> None:
        nanoseconds = message.clock.sec * 10**9 + message.clock.nanosec
        if nanoseconds < 0:  # no Time can be made of it: the clock stays where it is
            self._node.get_logger().warning(
                f"ignored the negative time {message.clock.sec} s on {CLOCK_TOPIC}",
                throttle_duration_sec=5.0,
            )
            return
        self._clock._set_override_ns(nanoseconds)
