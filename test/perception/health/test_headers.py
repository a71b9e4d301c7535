"""Stamps and frames that cannot be trusted are told, with cause and remedy; good ones are not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simreal_perception.health.headers import OTHER_CLOCK_S, ImageHeader, flaws_of

NOW = 1_700_000_000.0


@given(late=st.floats(-OTHER_CLOCK_S, OTHER_CLOCK_S), sim_time=st.booleans())
def test_a_good_header_has_no_flaw(late: float, sim_time: bool) -> None:
    header = ImageHeader(NOW - 0.99 * late, "optical", "optical")
    assert flaws_of(header, NOW, sim_time=sim_time) == []


@pytest.mark.parametrize(
    ("header", "now", "sim_time", "about", "says"),
    [
        (ImageHeader(0.0, "optical"), NOW, False, "stamp", "let the camera driver stamp its images"),
        (ImageHeader(NOW - 9e7, "a"), NOW, False, "clock", "1041.7 days before the clock of this"),
        (ImageHeader(NOW - 9e7, "a"), NOW, False, "clock", "use_sim_time:=true"),
        (ImageHeader(NOW + 60.0, "a"), NOW, False, "clock", "60.0 s after the clock of this node"),
        (ImageHeader(NOW, "a"), 12.0, True, "clock", "use_sim_time is set here"),
        (ImageHeader(5.0, "a"), 0.0, True, "clock", "nobody publishes /clock"),
        (ImageHeader(NOW, ""), NOW, False, "frame", "without a frame_id"),
        (ImageHeader(NOW, "/cam"), NOW, False, "frame", "without the slash in front"),
        (ImageHeader(NOW, "left", "right"), NOW, False, "frame", "their camera_info is in 'right'"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(
    header: ImageHeader, now: float, sim_time: bool, about: str, says: str
) -> None:
    (flaw,) = flaws_of(header, now, sim_time=sim_time)
    assert flaw.about == about
    assert says in flaw.words


def test_each_flaw_counts() -> None:
    flaws = flaws_of(ImageHeader(0.0, ""), NOW, sim_time=False)
    assert [flaw.about for flaw in flaws] == ["stamp", "frame"]
