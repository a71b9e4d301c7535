"""Who speaks to each kind of drive."""

from __future__ import annotations

from simreal_control.grasping.hands.registry import Drive
from simreal_control.hand_drivers.ros_gripper_actions import (
    GripperCommandDriver,
    ParallelGripperCommandDriver,
)
from simreal_control.hand_drivers.ros_hand_driver import HandDriver
from simreal_control.hand_drivers.ros_vacuum_switch import VacuumService, VacuumTopic

DRIVERS: dict[Drive, type[HandDriver]] = {
    Drive.GRIPPER_COMMAND: GripperCommandDriver,
    Drive.PARALLEL_GRIPPER_COMMAND: ParallelGripperCommandDriver,
    Drive.SWITCH_SERVICE: VacuumService,
    Drive.SWITCH_TOPIC: VacuumTopic,
}
