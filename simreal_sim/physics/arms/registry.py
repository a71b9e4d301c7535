"""The arms that can be simulated, by the names that the command line takes."""

from __future__ import annotations

from simreal_common.errors import ConfigurationError
from simreal_sim.physics.arms.kuka import KUKA
from simreal_sim.physics.arms.kuka_suction import KUKA_SUCTION
from simreal_sim.physics.arms.panda import PANDA
from simreal_sim.physics.arms.simulated_arm import SimulatedArm
from simreal_sim.physics.arms.ur5e import UR5E
from simreal_sim.physics.arms.xarm6 import XARM6

SIMULATED_ARMS = {arm.name: arm for arm in (PANDA, KUKA, KUKA_SUCTION, XARM6, UR5E)}


def simulated_arm(name: str) -> SimulatedArm:
    """The robot of that name.

    Raises:
        ConfigurationError: there is none.
    """
    if name not in SIMULATED_ARMS:
        raise ConfigurationError(f"robot '{name}': wanted one of {', '.join(SIMULATED_ARMS)}")
    return SIMULATED_ARMS[name]
