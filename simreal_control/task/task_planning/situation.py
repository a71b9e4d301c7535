"""What is known when it is decided what to do next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simreal_common.settings.obstacles import Obstacle
from simreal_control.grasping.pick_place import PickPlacePlanner
from simreal_control.task.task_planning.placement_site import Ground
from simreal_control.world_model.block_map import Block
from simreal_control.world_model.scene_observation import SceneObservation
from simreal_control.world_model.structure import PlaceTarget, Structure

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Situation:
    """An observation, and what is believed after it.

    Args:
        observation: what was seen.
        scene: the blocks there are.
        structure: what is built; None as long as it has no place.
        elsewhere: whether there is a look pose from which the arm has not looked yet.
        seen: what stands there beside blocks and what stands for good, as a depth camera shows it.
    """

    observation: SceneObservation
    scene: Sequence[Block]
    structure: Structure | None
    elsewhere: bool = False
    seen: tuple[Obstacle, ...] = ()

    @property
    def edge_m(self) -> float:
        return self.observation.blocks.edge_m

    @property
    def planned_places(self) -> list[Array]:
        """From above, metres, shape (2,) each."""
        return [slot.position for slot in self.structure.slots] if self.structure else []

    def ground(self, planner: PickPlacePlanner) -> Ground:
        """What is known of the table."""

        def reachable(target: PlaceTarget) -> None:
            planner.placement(target, [])

        zone = self.observation.zone
        return Ground(
            self.scene,
            self.edge_m,
            zone.lower,
            zone.upper,
            self.observation.camera_positions,
            self.observation.blocks.table_height_m,
            reachable,
            (*zone.obstacles, *self.seen),
        )
