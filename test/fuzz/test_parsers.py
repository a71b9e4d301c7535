"""Texts of others: whatever they are, a value comes out or one short line."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st

from simreal_common.errors import ConfigurationError, SimrealError
from simreal_common.imaging.camera_files import parse_camera
from simreal_common.settings.configuration import load_yaml
from simreal_common.stacking_status import read_status
from simreal_common.untrusted_text import LARGEST_INTEGER, LIMITS, parse_json, parse_yaml
from simreal_control.planning.robot_description import read_model
from simreal_control.task.task_planning.goal import parse_goal

LONGEST_REFUSAL = 500
STATUS = {"state": "look", "message": "as it is", "placed": 1, "goal": 3, "finished": False}
URDF = """<robot name="arm"><link name="base"/><link name="upper"><inertial><mass value="1.5"/>
<inertia ixx="0.1" ixy="0" ixz="0" iyy="0.1" iyz="0" izz="0.1"/></inertial></link>
<joint name="shoulder" type="revolute"><parent link="base"/><child link="upper"/>
<origin xyz="0 0 0.2" rpy="0 0 0"/><axis xyz="0 1 0"/>
<limit lower="-2" upper="2" effort="50" velocity="1.5"/></joint></robot>"""

CAMERA_FILES = [
    "image_width: 640\nimage_height: 480\ndistortion_model: plumb_bob\n"
    "camera_matrix: {rows: 3, cols: 3, data: [610.0, 0, 321.5, 0, 611.0, 238.2, 0, 0, 1]}\n"
    "distortion_coefficients: {rows: 1, cols: 5, data: [-0.2, 0.1, 0.0, 0.0, 0.0]}\n",
    "width: 640\nheight: 480\ndistortion_model: ''\nd: []\nbinning_x: 2\nbinning_y: 2\n"
    "k: [610.0, 0, 321.5, 0, 611.0, 238.2, 0, 0, 1]\n"
    "roi: {x_offset: 4, y_offset: 6, width: 630, height: 470}\n---\n",
    "%YAML:1.0\n---\nimage_width: 640\nimage_height: 480\nfisheye_model: 1\n"
    "camera_matrix: !!opencv-matrix\n   data: [ 610., 0., 321., 0., 611., 238., 0., 0., 1. ]\n"
    "distortion_coefficients: !!opencv-matrix\n   data: [ -0.02, 0.01, 0., 0. ]\n",
    "cam0:\n  camera_model: pinhole\n  distortion_coeffs: [0.01, 0.02, 0.0, 0.0]\n"
    "  distortion_model: radtan\n  intrinsics: [380.5, 381.5, 370.0, 241.0]\n"
    "  resolution: [752, 480]\n",
]

PIECES = ["[", "]", "{", "}", ":", ": ", ",", "-", "- ", "?", "? ", "&a ", "*a", "!", "!!int ",
          "!!timestamp ", "|", ">", "#", "%YAML 1.1\n", "---\n", "...\n", "'", '"', "\\", "\\ud800",
          "\\U00110000", "\n", "\n  ", "\t", "\0", "\ud800", "\ufeff", "2020-99-99", "1e999",
          "9" * 50, ".inf", "NaN", "Infinity", "null", "~", "<<", "=", "build", "blocks", "tower",
          "colors", "red", "placed", "é", "<", ">", "/>", "<!DOCTYPE a>", "&#0;", "&lt;", "<link>",
          "nan", "1e308", "-5"]  # fmt: skip
pieces = st.lists(st.sampled_from(PIECES) | st.text(max_size=3), max_size=40).map("".join)
repeated = st.tuples(st.sampled_from(PIECES), st.integers(1, 20_000)).map(lambda p: p[0] * p[1])
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner),
    max_leaves=20,
)
documents = (values | st.dictionaries(st.sampled_from(sorted(STATUS)), values)).map(json.dumps)


def with_pieces(good: str) -> st.SearchStrategy[str]:
    """A good text, in which something is put in the place of something."""
    return st.tuples(
        st.integers(0, len(good)), st.integers(0, 12), pieces | repeated
    ).map(lambda p: good[: p[0]] + p[2] + good[p[0] + p[1] :])  # fmt: skip


texts = (
    st.text(max_size=200) | pieces | repeated | documents | with_pieces(json.dumps(STATUS))
    | with_pieces("{build: tower, blocks: 3, colors: [red, blue]}")
)  # fmt: skip


def check_plain(value: Any) -> None:
    """Nothing but what the module promises."""
    level, depth = [value], 0
    while level:
        for one in level:
            assert one is None or type(one) in (bool, int, float, str, list, dict)
            if isinstance(one, float):
                assert math.isfinite(one)
            if isinstance(one, int):
                assert abs(one) <= LARGEST_INTEGER
            if isinstance(one, str):
                assert "\0" not in one
                one.encode("utf-8")
        level = [
            inner
            for one in level
            if isinstance(one, (list, dict))
            for inner in ([*one, *one.values()] if isinstance(one, dict) else one)
        ]
        depth += 1
    assert depth <= LIMITS.depth + 1


@pytest.mark.parametrize(
    "parse", [parse_yaml, parse_json, read_status, parse_goal, read_model, parse_camera]
)
def test_a_value_or_one_short_line(fuzz: Any, parse: Callable[[str], Any]) -> None:
    taken = refused = 0

    def check(text: str) -> None:
        nonlocal taken, refused
        said = None
        try:
            value = parse(text)
        except SimrealError as error:
            said = str(error)
        if said is not None:
            refused += 1
            assert said.isprintable()
            assert len(said) < LONGEST_REFUSAL
            return
        taken += 1
        if parse in (parse_yaml, parse_json):
            check_plain(value)

    good = {read_model: [URDF], parse_camera: CAMERA_FILES}.get(parse, [])
    fuzz(st.one_of(texts, *map(with_pieces, good)), check)
    assert taken > 0
    assert refused > 0
    print(f"{parse.__name__}: {taken} taken, {refused} refused")


SETTINGS = [
    "edge_m: [0.02, 0.08]\ncolors: &c {red: 1.0, blue: 2e-1}\nagain: *c\nsince: 2020-01-31\n",
    "/**/control_node:\n  ros__parameters:\n    edge: 0.05\n    home: [0.0, 1.0]\n",
]
ABSURD_SETTINGS = [
    "a: 2020-99-99", "a: !!int abc", "a: !!timestamp x", "a: !!binary x", "[" * 3000, "{a: " * 3000,
    "a: &a [*a]", "a: " + "9" * 5000, '"\\U7fffffff": 1', "a: 2001-01-01T00:00:00+99:99",
    "&a [x, x]".join(["{a: ", "}"]) + ", b: *a",
    "a: &a [x, x, x, x, x, x, x, x]\n" + "".join(
        f"{new}: &{new} [{', '.join(['*' + old] * 8)}]\n" for old, new in pairwise("abcdefgh")
    ),
]  # fmt: skip


def test_settings_are_a_value_or_one_short_line(fuzz: Any, tmp_path: Path) -> None:
    """Files of people, in full YAML: whatever PyYAML does with them, and in a time that is nothing."""
    path = tmp_path / "settings.yaml"
    taken = refused = 0

    def check(text: str) -> None:
        nonlocal taken, refused
        path.write_bytes(text.encode("utf-8", "surrogatepass"))
        said = ""
        try:
            load_yaml(path, "cannot read {path}: {reason}")
        except ConfigurationError as error:
            said = str(error)
        taken, refused = taken + (not said), refused + bool(said)
        assert said.isprintable()
        assert len(said) < LONGEST_REFUSAL + len(str(path))

    absurd = st.sampled_from(ABSURD_SETTINGS)
    fuzz(st.one_of(absurd, texts, *map(with_pieces, SETTINGS)), check)
    assert taken > 0
    assert refused > 0


def test_what_json_writes_is_read_as_it_was(fuzz: Any) -> None:
    plain = st.recursive(
        st.none() | st.booleans() | st.integers(-LARGEST_INTEGER, LARGEST_INTEGER)
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("ab"), inner),
        max_leaves=20,
    )  # fmt: skip

    def check(value: Any) -> None:
        assert parse_json(json.dumps(value)) == value

    fuzz(plain, check)
