"""Rigid transforms, and those that static_transform_publisher is told."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tf2_ros.rigid import IDENTITY, compose, interpolate, inverse, rotate
from tf2_ros.static_transform_publisher import read_transform

# Products of a few unit quaternions built from angles: rounding alone
TOLERANCE = 1e-9
COORDINATE = st.floats(-10, 10)


@st.composite
def rigid(draw: Any) -> Any:
    axis = [draw(st.floats(-1, 1)) for _ in range(3)]
    norm = math.sqrt(sum(a * a for a in axis)) or 1.0
    half = draw(st.floats(-3, 3)) / 2
    x, y, z = (a / norm * math.sin(half) for a in axis)
    w = math.cos(half) if any(axis) else 1.0
    length = math.sqrt(x * x + y * y + z * z + w * w)
    return tuple(draw(COORDINATE) for _ in range(3)), (
        x / length,
        y / length,
        z / length,
        w / length,
    )


def same(a: Any, b: Any) -> bool:
    sign = 1 if sum(p * q for p, q in zip(a[1], b[1])) >= 0 else -1
    return all(abs(p - q) < 1e-7 for p, q in zip(a[0], b[0])) and all(
        abs(p - sign * q) < 1e-7 for p, q in zip(a[1], b[1])
    )


@given(rigid(), rigid(), rigid())
def test_group_axioms(a: Any, b: Any, c: Any) -> None:
    assert same(compose(a, inverse(a)), IDENTITY) and same(compose(a, IDENTITY), a)
    assert same(compose(compose(a, b), c), compose(a, compose(b, c)))


@given(rigid(), rigid())
def test_interpolation_meets_its_ends(a: Any, b: Any) -> None:
    assert same(interpolate(a, b, 0.0), a) and same(interpolate(a, b, 1.0), b)


def test_rotation_by_a_quarter_turn_about_z() -> None:
    half = math.sqrt(0.5)
    assert rotate((0.0, 0.0, half, half), (1.0, 0.0, 0.0)) == pytest.approx(
        (0.0, 1.0, 0.0), abs=TOLERANCE
    )


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ("--x 1", "--frame-id, --child-frame-id"),
        ("--frame-id a --child-frame-id a", "are both 'a'"),
        ("--frame-id a --child-frame-id b --qw 1 --yaw 1", "not both"),
        ("--frame-id a --child-frame-id b --qw 0", "quaternion is zero"),
        ("--frame-id a --child-frame-id b --x nan", "invalid"),
    ],
)
def test_static_transforms_that_are_none(
    words: str, problem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        read_transform(words.split())
    assert ended.value.code == 2
    assert problem in capsys.readouterr().err


@given(st.floats(-3, 3), st.floats(-1.5, 1.5), st.floats(-3, 3))
def test_angles_are_about_fixed_axes(roll: float, pitch: float, yaw: float) -> None:
    words = f"--roll={roll} --pitch={pitch} --yaw={yaw} --frame-id a --child-frame-id b"
    turn = read_transform(words.split()).transform.rotation
    # x, then y, then z: the x axis ends where pitch and yaw alone take it.
    x, y, z = rotate((turn.x, turn.y, turn.z, turn.w), (1.0, 0.0, 0.0))
    wanted = (math.cos(yaw) * math.cos(pitch), math.sin(yaw) * math.cos(pitch), -math.sin(pitch))
    assert (x, y, z) == pytest.approx(wanted, abs=TOLERANCE)
