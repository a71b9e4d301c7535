"""Faults of blocks: what falls, slips, or is moved by somebody."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from simreal_bench.simulated_robot.stack_result import StackResult
from simreal_bench.stacking_faults.fault import Fault
from simreal_bench.stacking_faults.fault_context import FaultContext, Trigger
from simreal_common.geometry import Pose
from simreal_control.task.state import StateName
from simreal_sim.physics.world_bodies import BLOCK_FRICTION

GRAVITY_M_S2 = 9.81
OUT_OF_HAND_M = 0.05  # farther from the tool point than this, no finger touches a block
NOT_OVER_EDGES = 1.1  # seen from above; let go over another block it would only be placed early
HAND_GONE_M = 0.12
SLIP_M = (0.012, 0.040)  # how far the upper block slips, of an edge of 0.05 m
TOPPLE_RAD_S = (4.0, 7.0)
ACTING = (StateName.APPROACHING, StateName.CARRYING)
PLACED = (StateName.RELEASING,)


class Dropped(Fault):
    """The block slips out of the closed fingers on the way, or the cup leaks."""

    kind = "dropped"

    def __init__(self, rng: np.random.Generator, seed: int) -> None:
        super().__init__(rng, seed)
        self.trigger = Trigger(
            (StateName.CARRYING,), int(rng.integers(1, 3)), rng.uniform(0.0, 0.5)
        )
        self._slippery = ""

    def disturb(self, context: FaultContext) -> None:
        if self._slippery:
            position = context.world.block_poses()[self._slippery].position
            if context.away_from_tool(position) > OUT_OF_HAND_M:
                context.world.set_block_friction(self._slippery)
                self.inject(context, f"{self._slippery} dropped from {position[2]:.2f} m")
                self._slippery = ""
        elif self.trigger.is_due(context) and not self.injected:
            held = context.robot.held()
            if held is not None and context.alone(held, NOT_OVER_EDGES):
                self._slippery = held
                context.world.lose_block(held)


class _OnTheTower(Fault):
    """Something that happens to the tower when a block was let go and the hand is away."""

    def __init__(self, rng: np.random.Generator, seed: int) -> None:
        super().__init__(rng, seed)
        self.trigger = Trigger((StateName.HOMING,), int(rng.integers(1, 3)), 0.0, PLACED)

    def _its_blocks(self, context: FaultContext) -> Sequence[str]:
        """The tower, lowest block first; empty as long as the moment has not come."""
        if self.injected or not self.trigger.is_due(context):
            return ()
        tower = context.tower
        return tower if tower and _hand_gone(context, tower[-1]) else ()


class Slipped(_OnTheTower):
    """The upper block slips aside once it was let go."""

    kind = "slipped"

    def __init__(self, rng: np.random.Generator, seed: int) -> None:
        super().__init__(rng, seed)
        self._far_m = rng.uniform(*SLIP_M)
        self._direction = rng.uniform(-np.pi, np.pi)

    def disturb(self, context: FaultContext) -> None:
        tower = self._its_blocks(context)
        if not tower:
            return
        # Friction brakes it over the distance v^2 / (2 mu g).
        speed = np.sqrt(2 * BLOCK_FRICTION**2 * GRAVITY_M_S2 * self._far_m)
        context.world.push_block(tower[-1], speed * _towards(self._direction))
        self.inject(context, f"{tower[-1]} on level {len(tower) - 1} shoved by {self._far_m:.3f} m")


class Fell(_OnTheTower):
    """The tower is pushed over."""

    kind = "fell"

    def __init__(self, rng: np.random.Generator, seed: int) -> None:
        super().__init__(rng, seed)
        self._rate = rng.uniform(*TOPPLE_RAD_S)
        self._direction = rng.uniform(-np.pi, np.pi)

    def disturb(self, context: FaultContext) -> None:
        tower = self._its_blocks(context)
        if not tower:
            return
        along = _towards(self._direction)
        turning = self._rate * np.cross([0.0, 0.0, 1.0], along)
        poses = context.world.block_poses()
        for name in tower[1:]:  # as one body that turns about its foot
            speed = self._rate * poses[name].position[2]
            context.world.push_block(name, speed * along, turning)
        self.inject(context, f"the tower of {len(tower)} pushed over at {self._rate:.1f} rad/s")


class Meddled(Fault):
    """A person moves a block, or takes it: with one to spare, or the last that is needed."""

    kind = "meddled"

    def __init__(self, rng: np.random.Generator, seed: int) -> None:
        super().__init__(rng, seed)
        self._takes = seed % 2 == 1
        self.extra_blocks = int(seed % 4 == 1)
        number = int(rng.integers(1, 4))
        self.trigger = Trigger((*ACTING, StateName.OBSERVING), number, rng.uniform(0.1, 1.0))

    def disturb(self, context: FaultContext) -> None:
        if self.injected or not self.trigger.is_due(context):
            return
        choice = context.movable
        if not choice:
            return
        name = str(context.rng.choice(choice))
        where = "off the tower" if name in context.tower else "off the table"
        if self._takes:
            context.world.remove_block(name)
            self.inject(context, f"{name} taken {where}")
            return
        pose = context.free_pose()
        if pose is not None:
            context.world.place_block(name, pose)
            x, y = pose.position[:2]
            self.inject(context, f"{name} moved {where} to ({x:.3f}, {y:.3f}) m")

    def recovered(self, result: StackResult) -> bool:
        if not self._takes or self.extra_blocks:
            return result.success
        # It cannot be finished: the arm has stopped and said what is lacking.
        named = "seen" in result.last_words
        said = result.finished and not result.claimed and named
        return said and result.placed == result.blocks - 1


class Appeared(Fault):
    """A person puts a new block on the table."""

    kind = "appeared"

    def __init__(self, rng: np.random.Generator, seed: int) -> None:
        super().__init__(rng, seed)
        number = int(rng.integers(1, 4))
        self.trigger = Trigger((*ACTING, StateName.OBSERVING), number, rng.uniform(0.1, 1.0))

    def disturb(self, context: FaultContext) -> None:
        if self.injected or not self.trigger.is_due(context):
            return
        pose = context.free_pose()
        if pose is None:
            return
        model = context.world.scene.blocks[0]
        rgb = tuple(float(c) for c in context.rng.uniform(0.2, 0.9, 3))
        new = replace(model, name="new_block", pose=pose, rgb=(rgb[0], rgb[1], rgb[2]))
        context.world.add_block(new)
        x, y = pose.position[:2]
        self.inject(context, f"a new block at ({x:.3f}, {y:.3f}) m")


def _hand_gone(context: FaultContext, name: str) -> bool:
    pose: Pose = context.world.block_poses()[name]
    return context.away_from_tool(pose.position) > HAND_GONE_M


def _towards(direction: float) -> np.ndarray:
    return np.array([np.cos(direction), np.sin(direction), 0.0])
