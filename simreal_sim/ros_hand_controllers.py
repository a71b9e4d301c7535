"""What drives the hand of the simulated cell, by its kind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from rclpy.node import Node

from simreal_sim.physics.arms.simulated_arm import HandKind
from simreal_sim.physics.world import JointStates, World
from simreal_sim.ros_controllers import ControllerParameters, GripperController
from simreal_sim.ros_suction import SuctionController


class HandController(Protocol):
    """Serves what control asks a hand by."""

    def after_step(self, states: JointStates) -> None:
        """Look at what a step of the physics has led to."""
        ...

    def destroy(self) -> None:
        """Serve no longer."""
        ...


HAND_CONTROLLERS: dict[HandKind, Callable[[Node, World, ControllerParameters], HandController]] = {
    HandKind.PARALLEL_GRIPPER: GripperController,
    HandKind.SUCTION_CUP: SuctionController,
}
