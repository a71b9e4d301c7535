"""The suction cup of the simulated cell, as drivers offer one: a switch, and what it holds."""

from __future__ import annotations

from typing import Any

from rclpy.node import Node
from std_msgs.msg import Bool
from std_srvs.srv import SetBool

from simreal_common.ros_qos import STATE_QOS
from simreal_sim.physics.pacing import Schedule
from simreal_sim.physics.world import JointStates, World
from simreal_sim.ros_controllers import ControllerParameters

FEEDBACK_RATE_HZ = 20.0


class SuctionController:
    """Serves std_srvs/SetBool, and publishes std_msgs/Bool: whether the cup holds something.

    Args:
        node, world, parameters: see there; names are those of the world's arm.
    """

    def __init__(self, node: Node, world: World, parameters: ControllerParameters) -> None:
        self._node, self._world = node, world
        self._service = node.create_service(SetBool, world.arm.gripper_action, self._on_switch)
        self._publisher = node.create_publisher(Bool, world.arm.vacuum_feedback, STATE_QOS)
        self._schedule = Schedule(FEEDBACK_RATE_HZ)

    def destroy(self) -> None:
        self._node.destroy_service(self._service)

    def after_step(self, states: JointStates) -> None:
        """Say whether the cup holds something, where that is due."""
        if self._schedule.is_due(self._world.time):
            self._publisher.publish(Bool(data=bool(self._world.grip_sensed)))

    def _on_switch(self, request: SetBool.Request, answer: SetBool.Response) -> Any:
        arm = self._world.arm
        self._world.command_hand(arm.finger_closed if request.data else arm.finger_open, 0.0)
        answer.success, answer.message = True, f"the vacuum is {'on' if request.data else 'off'}"
        return answer
