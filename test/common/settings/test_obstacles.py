"""Obstacles from YAML: what boxes, walls and trays become, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from simreal_common.errors import ConfigurationError, MessageError
from simreal_common.geometry import Pose
from simreal_common.settings.obstacles import (
    Obstacle,
    obstacles_text,
    parse_obstacles,
    read_obstacles,
)

BOX = "{name: box, size: [0.2, 0.1, 0.3], position: [0.5, 0.1]}"


def parse(*entries: str, table: float = 0.0) -> tuple[Obstacle, ...]:
    return parse_obstacles("obstacles:\n" + "".join(f"  - {entry}\n" for entry in entries), table)


def test_a_box_stands_on_the_table_unless_it_has_a_height() -> None:
    (box,) = parse(BOX, table=-0.4)
    assert box.pose.position == pytest.approx([0.5, 0.1, -0.25])
    assert box.size == pytest.approx([0.2, 0.1, 0.3])
    assert box.top_m == pytest.approx(-0.1)
    (shelf,) = parse("{name: shelf, size: [0.2, 0.1, 0.3], position: [0.5, 0.1, 0.6]}")
    assert shelf.pose.position[2] == pytest.approx(0.75)


def test_a_wall_goes_from_one_end_to_the_other() -> None:
    (wall,) = parse("{name: w, kind: wall, from: [0.2, 0.0], to: [0.5, 0.4], height: 0.6}")
    ends = wall.pose.transform_points(np.array([[-0.25, 0, -0.3], [0.25, 0, 0.3]]))
    assert ends == pytest.approx(np.array([[0.2, 0.0, 0.0], [0.5, 0.4, 0.6]]))
    assert wall.size[1] == pytest.approx(0.02)


def test_a_tray_is_hollow() -> None:
    tray = "{name: t, kind: tray, size: [0.3, 0.2, 0.05], position: [0.4, 0, 0], yaw: 0.5}"
    parts = parse(tray)
    assert len(parts) == 5
    inside, rim = np.array([0.4, 0.0, 0.02]), [0.149, 0.0, 0.0]
    assert min(part.distance(inside) for part in parts) > 0.01
    turned = np.array([0.4, 0.0, 0.03]) + Rotation.from_euler("z", 0.5).apply(rim)
    assert min(part.distance(turned) for part in parts) == 0.0


def test_the_floor_of_a_tray_that_blocks_lie_in_is_a_part_of_the_table() -> None:
    tray = "{name: t, kind: tray, size: [0.3, 0.2, 0.05], position: [0.4, 0, 0], thickness: 0.003}"
    assert len(parse(tray, table=0.003)) == 4


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ("3", "obstacle 1: got '3'"),
        ("{size: [1, 1, 1], position: [0, 0]}", "obstacle 1: got name 'None', wanted one in words"),
        ("{name: a, kind: ball}", "got kind 'ball', wanted one of box, wall, tray"),
        ("{name: a, size: [1, 1, 1]}", "got a box without 'position'"),
        (
            "{name: a, size: [1, 1, 1], position: [0, 0], radius: 1}",
            "got 'radius', wanted of a box",
        ),
        ("{name: a, size: [1, 1], position: [0, 0]}", "got size [1, 1], wanted 3 numbers"),
        ("{name: a, size: [1, 1, 0], position: [0, 0]}", "got size [1, 1, 0], wanted metres"),
        ("{name: a, size: [1, 1, 1], position: [0]}", "wanted 2 or 3 numbers"),
        ("{name: a, size: [1, 1, 500], position: [0, 0]}", "wanted metres up to 10"),
        ("{name: a, size: [1, 1, 1], position: [0, 0], yaw: east}", "got yaw ['east']"),
        ("{name: a, size: [1, 1, 1], position: [0, 0, -1.5]}", "ends below the table top (0 m)"),
        ("{name: a, kind: wall, from: [0, 0], to: [0, 0], height: 1}", "ends where it begins"),
        (
            "{name: a, kind: tray, size: [0.1, 0.1, 0.1], position: [0, 0], thickness: 0.05}",
            "a tray with sides of 0.05 m",
        ),
    ],
)
def test_what_cannot_be_is_named(entry: str, says: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        parse(entry)
    assert says in str(raised.value)


def test_two_of_one_name_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="obstacle 'box': got a name that another has"):
        parse(BOX, BOX)


@pytest.mark.parametrize("text", ["", "obstacles: 3", "things: []", "obstacles: []\nmore: 1"])
def test_a_text_without_a_list_of_obstacles_is_refused(text: str) -> None:
    with pytest.raises((ConfigurationError, MessageError), match="wanted one list 'obstacles:'"):
        parse_obstacles(text)


def test_a_file_is_named_in_what_is_wrong_with_it(tmp_path: Path) -> None:
    assert read_obstacles("") == ()
    path = tmp_path / "cell.yaml"
    with pytest.raises(ConfigurationError, match="obstacles: .*cell.yaml"):
        read_obstacles(str(path))
    path.write_text("obstacles: [{name: a}]")
    with pytest.raises(ConfigurationError, match="cell.yaml: obstacle 'a': got a box without"):
        read_obstacles(str(path))
    path.write_text(f"obstacles: [{BOX}]")
    assert [one.name for one in read_obstacles(str(path))] == ["box"]


COORDINATE = st.floats(-1.0, 1.0)
POINT = st.tuples(COORDINATE, COORDINATE, COORDINATE).map(np.array)
SIZE = st.tuples(*[st.floats(0.02, 0.8)] * 3).map(np.array)


@given(POINT, SIZE, st.floats(-3.1, 3.1))
def test_upright_boxes_are_written_as_they_are_read(at: np.ndarray, size: np.ndarray, yaw: float):
    turn = Rotation.from_euler("z", yaw)
    box = Obstacle("box 1", Pose(at, turn.as_quat()), size)
    (read,) = parse_obstacles(obstacles_text([box]), -5.0)
    assert read.name == "box 1"
    assert read.size == pytest.approx(size, abs=1e-5)
    assert read.pose.position == pytest.approx(at, abs=1e-5)
    assert read.pose.rotation == pytest.approx(turn.as_matrix(), abs=1e-5)


@given(POINT, SIZE, st.floats(-3.1, 3.1), POINT, POINT)
def test_what_hides_a_point_lies_on_the_line_to_it(
    at: np.ndarray, size: np.ndarray, yaw: float, eye: np.ndarray, point: np.ndarray
) -> None:
    box = Obstacle("box", Pose(at, Rotation.from_euler("z", yaw).as_quat()), size)
    away = [box.distance(eye + share * (point - eye)) for share in np.linspace(0.0, 1.0, 400)]
    step = float(np.linalg.norm(point - eye)) / 399
    if box.hides(eye, point):
        assert min(away) <= step
    elif min(away) == 0.0:  # it may graze an edge between two steps
        inner = Obstacle("box", box.pose, np.maximum(size - 1e-6, 0.0))
        assert all(inner.distance(eye + s * (point - eye)) > 0 for s in np.linspace(0, 1, 400))
