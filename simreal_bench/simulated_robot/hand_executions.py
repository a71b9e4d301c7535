"""Commands of hands carried out in a physics world: when each has ended."""

from __future__ import annotations

from abc import ABC, abstractmethod

from simreal_control.planning.finger_mapping import FingerMapping
from simreal_control.robot_interface.task_io import HandCommand, MoveGripper, SwitchSuction
from simreal_sim.physics.gripper_execution import GripperExecution
from simreal_sim.physics.world import World

VACUUM_S = 0.3  # until a driver says that a cup holds or has let go


class HandExecution(ABC):
    """One command of a hand under way; a kind for each of commands, entered in `EXECUTIONS`.

    Args:
        command: of that kind.
        world: is told it.
        fingers: what control takes openings of the hand for.
    """

    @abstractmethod
    def __init__(self, command: HandCommand, world: World, fingers: FingerMapping) -> None: ...

    @abstractmethod
    def ended(self) -> bool:
        """Whether it is over; after every step of the physics."""


class FingerExecution(HandExecution):
    """Fingers on their way."""

    def __init__(self, command: HandCommand, world: World, fingers: FingerMapping) -> None:
        assert isinstance(command, MoveGripper)
        position, self._world = fingers.position(command.opening_m), world
        world.command_hand(position, command.effort_n)
        self._execution = GripperExecution(position, world.time, world.arm.finger_lever_m)

    def ended(self) -> bool:
        world = self._world
        states, first = world.joint_states(), world.finger_part.start
        ended = self._execution.update(
            world.time, states.positions[first], states.velocities[first], states.efforts[first]
        )
        return ended is not None


class SuctionExecution(HandExecution):
    """A cup that has been switched."""

    def __init__(self, command: HandCommand, world: World, fingers: FingerMapping) -> None:
        assert isinstance(command, SwitchSuction)
        arm = world.arm
        world.command_hand(arm.finger_closed if command.on else arm.finger_open, 0.0)
        self._world, self._began = world, world.time

    def ended(self) -> bool:
        return self._world.time - self._began >= VACUUM_S


EXECUTIONS: dict[type[HandCommand], type[HandExecution]] = {
    MoveGripper: FingerExecution,
    SwitchSuction: SuctionExecution,
}
