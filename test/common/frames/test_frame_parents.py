"""Frames with two parents are told from frames that were attached elsewhere."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from simreal_common.frames.frame_parents import MOST_FRAMES, FrameParents


def test_two_publishers_in_turns() -> None:
    parents = FrameParents()
    for number in range(10):
        parents.hear("camera", ("base", "tool")[number % 2], static=False, now=0.1 * number)
        parents.hear("base", "world", static=False, now=0.1 * number)
    assert set(parents.conflicts(1.0)) == {"camera"}
    assert set(parents.conflicts(1.0)["camera"]) == {"base", "tool"}
    assert parents.conflicts(30.0) == {}


def test_what_was_grasped_and_let_go_has_one_parent_at_a_time() -> None:
    parents = FrameParents()
    for number in range(300):
        parent = "hand" if 100 <= number < 200 else "table"
        parents.hear("block", parent, static=False, now=0.1 * number)
        assert parents.conflicts(0.1 * number) == {}


def test_static_parents_exclude_others_for_good() -> None:
    parents = FrameParents()
    parents.hear("camera", "base", static=True, now=0.0)
    parents.hear("camera", "base", static=True, now=1.0)
    assert parents.conflicts(1.0) == {}
    parents.hear("camera", "mount", static=True, now=2.0)
    assert parents.conflicts(1e6) == {"camera": ("base", "mount")}
    parents.forget()
    assert parents.conflicts(1e6) == {"camera": ("base", "mount")}


@given(st.lists(st.tuples(st.sampled_from("abc"), st.booleans())))
def test_one_parent_is_no_conflict(heard: list[tuple[str, bool]]) -> None:
    parents = FrameParents()
    for number, (child, static) in enumerate(heard):
        parents.hear(child, "world", static=static, now=float(number))
    assert parents.conflicts(float(len(heard))) == {}


def test_a_publisher_that_invents_frames_costs_no_memory() -> None:
    parents = FrameParents()
    for number in range(3 * MOST_FRAMES):
        for parent in ("a", "b", "a"):
            parents.hear(f"frame{number}", parent, static=False, now=0.0)
    assert len(parents.conflicts(0.0)) == MOST_FRAMES
