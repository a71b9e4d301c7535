"""Faults of people: somebody reaches into the workspace while the arm moves."""

from __future__ import annotations

import numpy as np
from scipy.spatial.transform import Rotation

from simreal_bench.stacking_faults.fault import Fault
from simreal_bench.stacking_faults.fault_context import FaultContext, Trigger
from simreal_common.geometry import Pose
from simreal_control.task.state import StateName
from simreal_sim.physics.intruder import Intruder
from simreal_sim.physics.world_ranges import ZONE_X

MOVES = (StateName.APPROACHING, StateName.CARRYING, StateName.HOMING)
SIZE_M = np.array([0.09, 0.60, 0.09])  # a hand and a forearm, held out along y
FROM_Y_M = 0.60  # beside the workspace
SPEED_M_S = (0.2, 0.5)
STAYS_S = (2.0, 9.0)
AHEAD_M = 0.22  # somebody reaches for where the tool will be, this far from where it is
ABOVE_M = 0.24  # over blocks and tower
TREMBLE_M = 0.003
LOOKED_M = 0.5
KEPT_M = (
    0.06  # a person sees the arm and does not push into it: the arm has to stop before the hand
)


class Reached(Fault):
    """A hand enters the way of the moving arm from the side, stays for some seconds, and leaves.

    It goes on towards the arm only as long as it is not near; it does not give way either.
    """

    kind = "hand"
    depth = True

    def __init__(self, rng: np.random.Generator, seed: int) -> None:
        super().__init__(rng, seed)
        self.trigger = Trigger(MOVES, int(rng.integers(1, 6)), 0.05)
        self._speed = rng.uniform(*SPEED_M_S)
        self._stays_s = rng.uniform(*STAYS_S)
        self._hand: Intruder | None = None
        self._target = np.zeros(3)
        self._side = 1.0
        self._y = 0.0
        self._there_at: float | None = None
        self._before = 0.0
        self._nearest_m = np.inf

    def disturb(self, context: FaultContext) -> None:
        if self._hand is None:
            if not self.injected and self.trigger.is_due(context):
                self._reach(context)
            return
        passed, self._before = context.now - self._before, context.now
        away_m = self._hand.distance_m(LOOKED_M)
        self._nearest_m = min(self._nearest_m, away_m)
        goal = self._target[1] if away_m > KEPT_M else self._y
        if self._there_at is not None and context.now - self._there_at > self._stays_s:
            goal = self._side * (FROM_Y_M + 0.2)
        step = np.clip(goal - self._y, -self._speed * passed, self._speed * passed)
        self._y += float(step)
        if self._there_at is None and abs(self._y - goal) < 1e-6:
            self._there_at = context.now
        if abs(self._y) >= FROM_Y_M + 0.19:
            self._hand.remove()
            self._hand = None
            self.words += f", away by {context.now:.1f} s, {self._nearest_m:.3f} m from the arm"
            return
        self._hand.move(self._pose(context.rng))

    def _reach(self, context: FaultContext) -> None:
        """Begin, where what is left of the way leads far enough ahead."""
        if not context.task.moving or not context.task.ways:
            return
        world_from_base = context.world.arm.pose_base_in_world
        way = world_from_base.transform_points(context.task.ways[0])
        here = int(np.linalg.norm(way - context.tool, axis=1).argmin())
        ahead = [point for point in way[here:] if context.away_from_tool(point) > AHEAD_M]
        if not ahead or not ZONE_X[0] <= ahead[0][0]:
            return
        self._target = np.array([*ahead[0][:2], max(ahead[0][2], ABOVE_M)])
        self._side = float(np.sign(self._target[1] - context.tool[1]) or 1.0)
        self._y = self._side * FROM_Y_M
        self._before = context.now
        self._hand = Intruder(context.world, "a hand", SIZE_M, self._pose(context.rng))
        x, y, z = self._target
        self.inject(
            context,
            f"a hand reaches for ({x:.2f}, {y:.2f}, {z:.2f}) m at {self._speed:.2f} m/s, stays for "
            f"{self._stays_s:.1f} s",
        )

    def _pose(self, rng: np.random.Generator) -> Pose:
        """Of the centre, the finger tips at `_y`."""
        x, _, z = self._target + rng.normal(0.0, TREMBLE_M, 3)
        return Pose(
            np.array([x, self._y + self._side * SIZE_M[1] / 2, z]), Rotation.identity().as_quat()
        )
