"""A hand that reaches into the way: it comes from beside, stays, and leaves."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

pytest.importorskip("pybullet", reason="the simulation needs PyBullet")

from simreal_bench.stacking_faults.fault_context import FaultContext
from simreal_bench.stacking_faults.registry import make_fault
from simreal_control.task.state import StateName
from simreal_sim.physics.world import World
from simreal_sim.physics.world_randomization import SceneOptions, draw_scene

TICK = 12  # steps of the physics


@pytest.fixture
def world() -> Iterator[World]:
    with World(draw_scene(np.random.default_rng(3), SceneOptions(blocks=2))) as world:
        yield world


def reach(world: World, way: np.ndarray, seconds: float = 25.0) -> tuple[Any, list[float]]:
    """The fault, and how far its hand was from the arm, which stands; where there was one."""
    fault: Any = make_fault("hand", 1)
    fault.trigger = SimpleNamespace(is_due=lambda context: True)
    state = SimpleNamespace(name=StateName.CARRYING)
    task: Any = SimpleNamespace(state=state, moving=True, ways=(way,))
    context = FaultContext(
        world, SimpleNamespace(), task, lambda: task, 0.05, np.random.default_rng(1)  # type: ignore[arg-type]
    )  # fmt: skip
    away: list[float] = []
    for _ in range(int(20 * seconds)):
        fault.disturb(context)
        hands = [body for body, name in world.obstacles.items() if name == "a hand"]
        for body in hands:
            near = world.bullet.getClosestPoints(
                world.robot, body, 1.0, physicsClientId=world.client
            )
            away.append(min((point[8] for point in near), default=1.0))
        for _ in range(TICK):
            world.step()
    return fault, away


def test_it_comes_near_stays_and_is_gone_again(world: World) -> None:
    tool = world.link_poses()[world.arm.tool_link].position
    way = np.linspace(tool, [0.45, -0.25, 0.3], 40)
    fault, away = reach(world, way)
    assert fault.injected and fault.depth
    assert away[0] > 0.25  # it comes from beside
    assert 0.0 < min(away) < 0.35
    assert 20 * 2.0 < len(away) < 20 * 20.0
    assert "a hand reaches for" in fault.words and "m from the arm" in fault.words
    assert "a hand" not in world.obstacles.values()


def test_without_room_ahead_it_waits_for_another_motion(world: World) -> None:
    tool = world.link_poses()[world.arm.tool_link].position
    fault, away = reach(world, np.array([tool, tool + 0.05]), seconds=1.0)
    assert not fault.injected and not away
