"""The judge of rows, pyramids and towers: what stands passes, what is a little wrong does not."""

from __future__ import annotations

import numpy as np
import pytest

from simreal_common.errors import ConfigurationError
from simreal_common.geometry import Pose
from simreal_sim.scoring.structure_score import WantedStructure, judge_structure

EDGE, PITCH = 0.05, 0.058


def at(x: float, y: float, level: int = 0) -> Pose:
    return Pose(np.array([x, y, (level + 0.5) * EDGE]), np.array([0.0, 0.0, 0.0, 1.0]))


def named(*poses: Pose) -> dict[str, Pose]:
    return {str(number): pose for number, pose in enumerate(poses)}


TURN = np.array([np.cos(0.6), np.sin(0.6)])
ROW = [at(*(0.4 + PITCH * n * TURN)) for n in range(3)]
PYRAMID = [*(at(0.5, PITCH * n) for n in range(3)), at(0.5, 0.5 * PITCH, 1),
           at(0.5, 1.5 * PITCH, 1), at(0.5, PITCH, 2)]  # fmt: skip
TOWERS = [at(0.4, 0.0), at(0.4, 0.003, 1), at(0.6, 0.0), at(0.6, 0.0, 1), at(0.6, 0.0, 2)]
RGB = ("red", "green", "blue")


@pytest.mark.parametrize(
    ("wanted", "poses", "colors", "good"),
    [
        (WantedStructure("row", 3), ROW, (), True),
        (WantedStructure("row", 3, RGB), ROW, RGB, True),
        (WantedStructure("row", 3, RGB), ROW, RGB[::-1], True),  # read from the other end
        (WantedStructure("row", 3, RGB), ROW, ("green", "red", "blue"), False),
        (WantedStructure("row", 4), ROW, (), False),
        (WantedStructure("row", 3), [*ROW[:2], at(0.5, 0.1)], (), False),
        (WantedStructure("row", 3, gap_m=0.03), ROW, (), False),
        (WantedStructure("pyramid", 6), PYRAMID, (), True),
        (WantedStructure("pyramid", 6), [*PYRAMID[:5], at(0.5, 0.5 * PITCH, 2)], (), False),
        (WantedStructure("pyramid", 3), TOWERS, (), False),
        (WantedStructure("towers", 5), TOWERS, (), True),
        (WantedStructure("towers", 6), TOWERS, (), False),
        (WantedStructure("tower", 3), TOWERS, (), True),
        (WantedStructure("tower", 3, RGB), TOWERS, ("red", "red", *RGB), True),
        (WantedStructure("tower", 3, RGB), TOWERS, ("red", "red", *RGB[::-1]), False),
        (WantedStructure("sort by color", 5), TOWERS, ("red", "red", *["blue"] * 3), True),
        (WantedStructure("sort by color", 5), TOWERS, ("blue", "red", "red", *["blue"] * 2), False),
    ],
)
def test_the_judge(wanted: WantedStructure, poses: list[Pose], colors: tuple, good: bool) -> None:
    names = {str(number): color for number, color in enumerate(colors)}
    verdict = judge_structure(wanted, named(*poses), names, EDGE)
    assert verdict.success == good, verdict


def test_a_structure_that_nobody_can_judge_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="structure 'spiral': wanted tower, towers"):
        judge_structure(WantedStructure("spiral", 3), {}, {}, 0.05)
