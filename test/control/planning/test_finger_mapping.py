"""A hand's opening and the positions of its joints: by the URDF's kinematics or a table, both ways."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simreal_common.errors import ConfigurationError
from simreal_control.planning.finger_kinematics import finger_mapping
from simreal_control.planning.finger_mapping import FingerMapping

LEVER_M, TIP_M, PAD_M = 0.057, 0.038, 0.010
SPREAD_M = 0.0135  # of the knuckles from the middle


def turning_hand(
    opens: float = -1.0, upper: float = 0.8, begin: float = 0.815, shapes: bool = True
) -> str:
    """Two fingers on parallel cranks, in radians: `opens` -1 for a hand that 0 opens."""
    parts = []
    for side, sign in (("left", 1.0), ("right", -1.0)):
        mimic = "" if side == "left" else '<mimic joint="left_knuckle" multiplier="-1"/>'
        box = (
            f'<collision><origin xyz="0 {sign * (PAD_M / 2 - SPREAD_M)} {TIP_M / 2}"/><geometry>'
            f'<box size="0.02 {PAD_M} {TIP_M}"/></geometry></collision>'
        )
        # The crank leans outward by `begin` at position 0, and by less the more it turns.
        parts.append(
            f'<link name="{side}_crank"/><joint name="{side}_knuckle" type="revolute">'
            f'<parent link="palm"/><child link="{side}_crank"/>'
            f'<origin xyz="0 {sign * SPREAD_M} 0.05" rpy="{-sign * begin} 0 0"/>'
            f'<axis xyz="{-opens} 0 0"/><limit lower="0" upper="{upper}" velocity="2" effort="9"/>'
            f"{mimic}</joint>"
            f'<link name="{side}_pad">{box if shapes else ""}</link>'
            f'<joint name="{side}_tip" type="continuous"><parent link="{side}_crank"/>'
            f'<child link="{side}_pad"/><origin xyz="0 0 {LEVER_M}" rpy="{sign * begin} 0 0"/>'
            f'<axis xyz="{-opens} 0 0"/><mimic joint="{side}_knuckle" multiplier="-1"/></joint>'
        )
    return (
        '<robot name="hand"><link name="palm"/><link name="tool"/><joint name="tool_joint" '
        'type="fixed"><parent link="palm"/><child link="tool"/><origin xyz="0 0 0.12"/></joint>'
        f"{''.join(parts)}</robot>"
    )


def sliding_hand(mimic: bool, upper: float = 0.04, axis: str = "0 1 0", spread: float = 0.0) -> str:
    opposite = " ".join(str(-float(word)) for word in axis.split())
    follow = '<mimic joint="one" multiplier="1"/>' if mimic else ""
    return "".join(
        [
            '<robot name="hand"><link name="palm"/><link name="tool"/>'
            '<joint name="tool_joint" type="fixed"><parent link="palm"/><child link="tool"/></joint>'
        ]
        + [
            f'<link name="finger_{name}"/><joint name="{name}" type="prismatic">'
            f'<parent link="palm"/><child link="finger_{name}"/>'
            f'<origin xyz="0 {side} 0"/><axis xyz="{way}"/>'
            f'<limit lower="0" upper="{upper}" velocity="1" effort="9"/>{tail}</joint>'
            for name, way, tail, side in (
                ("one", axis, "", spread),
                ("two", opposite, follow, -spread),
            )
        ]
        + ["</robot>"]
    )


def true_opening(position: float, begin: float = 0.815) -> float:
    return float(2.0 * LEVER_M * (np.sin(begin - position) - np.sin(begin - 0.8)))


def test_a_turning_hand_is_open_at_0_and_closed_in_radians() -> None:
    wide = true_opening(0.0)
    hand = finger_mapping(turning_hand(), ["left_knuckle"], "tool", 0.08, ())
    assert hand.position(wide) == pytest.approx(0.0, abs=1e-6)
    assert hand.position(0.0) == pytest.approx(0.8, abs=1e-6)
    for position in np.linspace(0.0, 0.8, 50):
        assert hand.opening(position) == pytest.approx(true_opening(position), abs=1e-4)
    followers = hand.joints_at(0.0)
    assert followers == pytest.approx(
        {"left_knuckle": 0.8, "left_tip": -0.8, "right_knuckle": -0.8, "right_tip": 0.8}, abs=1e-9
    )


def test_a_hand_that_goes_on_once_its_pads_have_met_is_closed_there() -> None:
    hand = finger_mapping(turning_hand(upper=1.3), ["left_knuckle"], "tool", 0.08)
    assert hand.position(0.0) == pytest.approx(0.815, abs=1e-3)


@pytest.mark.parametrize("mimic", [True, False])
@pytest.mark.parametrize("listed", [["one"], ["one", "two"]])
def test_sliding_fingers_add_up_mimics_too(mimic: bool, listed: Sequence[str]) -> None:
    hand = finger_mapping(sliding_hand(mimic), listed, "tool", 0.08 if mimic else 0.04)
    both = mimic or len(listed) == 2
    assert hand.position(0.04) == pytest.approx(0.02 if both else 0.04)
    assert hand.opening_at(dict.fromkeys(listed, 0.03)) == pytest.approx(0.06 if both else 0.03)


def test_sliding_fingers_that_are_open_at_0() -> None:
    hand = finger_mapping(sliding_hand(True, axis="0 -1 0", spread=0.05), ["one"], "tool", 0.08)
    assert hand.position(0.08) == pytest.approx(0.0)
    assert hand.position(0.0) == pytest.approx(0.04)


@pytest.mark.parametrize(
    ("urdf", "names", "table", "words"),
    [
        (turning_hand(opens=1.0), ["left_knuckle"], (), "never nearer than .* would not close"),
        (turning_hand(shapes=False), ["left_knuckle"], (), "no collision shapes on both sides"),
        (turning_hand(upper=0.3), ["left_knuckle"], (), "would not close"),
        (turning_hand(), ["nobody"], (), "no joint nobody; wanted some of left_knuckle"),
        (sliding_hand(True, axis="1 0 0"), ["one"], (), "open the finger tips by 0.0000 m along y"),
        (sliding_hand(True, upper=0.02), ["one"], (), "open the finger tips by 0.0400 m"),
        (sliding_hand(True), ["one"], (0.0, 0.08, 0.8), "got 3 numbers, wanted pairs"),
        (sliding_hand(True), ["one"], (0.0, 0.08, 0.4, 0.0, 0.8, 0.03), "do not rise or fall"),
        (sliding_hand(True), ["one"], (0.0, 0.0, 0.8, 0.05), "openings from 0 to 0.05 m"),
    ],
)
def test_what_cannot_be_a_hand_is_refused_in_one_line(
    urdf: str, names: list[str], table: tuple[float, ...], words: str
) -> None:
    with pytest.raises(ConfigurationError, match=words) as refused:
        finger_mapping(urdf, names, "tool", 0.08, table)
    assert "\n" not in str(refused.value)


def test_a_table_stands_for_a_gripper_that_the_description_lacks() -> None:
    hand = finger_mapping(turning_hand(), ["robotiq"], "tool", 0.085, (0.8, 0.0, 0.0, 0.085))
    assert hand.position(0.085) == pytest.approx(0.0)
    assert hand.position(0.0) == pytest.approx(0.8)
    assert hand.opening_at({"robotiq": 0.4}) == pytest.approx(0.0425)


@given(
    st.lists(st.floats(0.01, 0.3), min_size=1, max_size=6),
    st.lists(st.floats(0.001, 0.03), min_size=6, max_size=6),
    st.booleans(),
    st.floats(-0.1, 0.3),
)
def test_position_and_opening_are_each_others_inverse(
    steps: list[float], widths: list[float], falling: bool, opening: float
) -> None:
    positions = np.concatenate([[0.0], np.cumsum(steps)])
    openings = np.concatenate([[0.0], np.cumsum(widths[: len(steps)])])
    table = np.stack([positions, openings[::-1] if falling else openings], axis=1).ravel()
    hand = FingerMapping.from_table(["one"], table.tolist())
    assert hand.opening(hand.position(opening)) == pytest.approx(opening, abs=1e-9)
