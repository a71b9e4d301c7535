"""The values of the parameter `gripper.type`: a kind of hand each, and what drives it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from simreal_control.grasping.hands.hand import Hand
from simreal_control.grasping.hands.parallel_gripper import ParallelGripper
from simreal_control.grasping.hands.suction_cup import SuctionCup


class Drive(Enum):
    """What a robot offers to drive a hand by; who speaks it is in `hand_drivers/ros_registry.py`."""

    GRIPPER_COMMAND = "action control_msgs/GripperCommand"
    PARALLEL_GRIPPER_COMMAND = "action control_msgs/ParallelGripperCommand"
    SWITCH_SERVICE = "service std_srvs/SetBool"
    SWITCH_TOPIC = "topic std_msgs/Bool"


@dataclass(frozen=True)
class DrivenHand:
    """A kind of hand, and what drives it; the drive takes the commands that the hand makes."""

    hand: type[Hand]
    drive: Drive


HANDS = {
    "gripper_command": DrivenHand(ParallelGripper, Drive.GRIPPER_COMMAND),
    "parallel_gripper_command": DrivenHand(ParallelGripper, Drive.PARALLEL_GRIPPER_COMMAND),
    "vacuum_service": DrivenHand(SuctionCup, Drive.SWITCH_SERVICE),
    "vacuum_topic": DrivenHand(SuctionCup, Drive.SWITCH_TOPIC),
}
