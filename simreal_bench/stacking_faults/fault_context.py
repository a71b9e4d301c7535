"""Fault context: a run as a fault sees it, with the truth of the world and what can be done to it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from simreal_bench.simulated_robot.robot_in_physics import RobotInPhysics
from simreal_common.geometry import Pose
from simreal_control.task.stacking_task import StackingTask
from simreal_control.task.state import StateName
from simreal_sim.physics.world import World
from simreal_sim.physics.world_ranges import ZONE_X, ZONE_Y
from simreal_sim.scoring.stack_score import judge_tower

Array = NDArray[np.float64]

# A person keeps this far from the tool, metres, and puts blocks down so far from all others, edges.
AWAY_FROM_TOOL_M = 0.16
FREE_EDGES = 2.2
TRIES = 2000


@dataclass(eq=False)
class FaultContext:
    """The fault context is a run under way.

    Args:
        world: in which it takes place.
        robot: the arm in it.
        task: what commands the arm; another one after a restart.
        make_task: a fresh task, that knows nothing.
        edge_m: of the blocks.
        rng: of the fault.
    """

    world: World
    robot: RobotInPhysics
    task: StackingTask
    make_task: Callable[[], StackingTask]
    edge_m: float
    rng: np.random.Generator

    @property
    def now(self) -> float:
        """Simulated seconds."""
        return self.world.time

    @property
    def tool(self) -> Array:
        """The tool point, metres, shape (3,)."""
        return np.asarray(self.world.link_poses()[self.world.arm.tool_link].position)

    def away_from_tool(self, position: Array) -> float:
        """How far a point is from the tool point, metres."""
        return float(np.linalg.norm(self.tool - position))

    @property
    def tower(self) -> list[str]:
        """Blocks of the tower, from the bottom up; empty as long as nothing lies on anything."""
        poses = self.world.block_poses()
        verdict = judge_tower(poses, poses, None, self.edge_m, len(poses))
        return [block.name for block in verdict.blocks if block.on_top]

    @property
    def movable(self) -> list[str]:
        """Blocks that a person can take: nothing on them, and the hand is not near."""
        poses, below = self.world.block_poses(), self.tower[:-1]
        return [
            name
            for name, pose in poses.items()
            if name not in below and self.away_from_tool(pose.position) > AWAY_FROM_TOOL_M
        ]

    def alone(self, name: str, edges: float) -> bool:
        """Whether all other blocks are that far from one, in edges, seen from above."""
        poses = self.world.block_poses()
        here = poses.pop(name).position[:2]
        away = [float(np.linalg.norm(pose.position[:2] - here)) for pose in poses.values()]
        return min(away, default=np.inf) > edges * self.edge_m

    def free_pose(self) -> Pose | None:
        """Where a person puts a block down, any yaw: in the zone, away from blocks and hand."""
        others = [pose.position[:2] for pose in self.world.block_poses().values()]
        tool = self.tool[:2]
        for _ in range(TRIES):
            spot = np.array([self.rng.uniform(*ZONE_X), self.rng.uniform(*ZONE_Y)])
            room = min(float(np.linalg.norm(spot - other)) for other in others)
            if room < FREE_EDGES * self.edge_m or np.linalg.norm(spot - tool) < AWAY_FROM_TOOL_M:
                continue
            yaw = self.rng.uniform(-np.pi, np.pi)
            turn = Rotation.from_euler("z", yaw).as_quat()
            return Pose(np.array([*spot, self.edge_m / 2]), turn)
        return None


class Trigger:
    """Triggers a fault some time after the task has entered one of some states.

    Args:
        states: any of these.
        number: at this entry (from 1) or, where the state did not last long enough, a later one.
        delay_s: so long after the entry, still in that state.
        after: counts only entries from one of these states; any where empty.
    """

    def __init__(
        self,
        states: Collection[StateName],
        number: int,
        delay_s: float,
        after: Collection[StateName] = (),
    ) -> None:
        self._states, self._number, self._delay_s = states, number, delay_s
        self._after = after
        self._last: StateName | None = None
        self._entries = 0
        self._entered: float | None = None

    def is_due(self, context: FaultContext) -> bool:
        """Whether the fault is due; ask at each tick."""
        state = context.task.state.name
        if state is not self._last:
            self._entered = None
            if state in self._states and (not self._after or self._last in self._after):
                self._entries += 1
                self._entered = context.now
            self._last = state
        return (
            self._entered is not None
            and self._entries >= self._number
            and context.now - self._entered >= self._delay_s
        )
