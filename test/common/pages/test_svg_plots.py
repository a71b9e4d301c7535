"""Plots as SVG: points within the frame, bars as long as they last."""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simreal_common.pages.svg_plots import Bar, Series, bars, scatter

NUMBERS = st.floats(-1e9, 1e9) | st.sampled_from([math.nan, math.inf, -math.inf])


@given(
    st.lists(
        st.lists(st.tuples(NUMBERS, NUMBERS), max_size=20).map(lambda p: Series("<a>", p)),
        max_size=3,
    )
)
def test_points_are_drawn_within_the_frame(series: list[Series]) -> None:
    plot = scatter(series, "x <", "y")
    finite = [p for one in series for p in one.points if all(map(math.isfinite, p))]
    if not finite:
        assert "nothing to draw" in plot
        return
    root = ET.fromstring(plot)
    circles = root.findall("circle")
    assert len(circles) == len(finite)
    for circle in circles:
        assert 0 <= float(circle.get("cx") or "nan") <= float(root.get("width") or "nan")
        assert 0 <= float(circle.get("cy") or "nan") <= float(root.get("height") or "nan")


def test_bars_are_as_long_as_they_last() -> None:
    root = ET.fromstring(bars([Bar("a", 0.0, 1.0), Bar("b", 1.0, 4.0)], "s"))
    lengths = [float(r.get("width") or 0) for r in root.findall("rect") if r.get("height") == "12"]
    assert lengths[1] == pytest.approx(3 * lengths[0], rel=0.01)
    assert "nothing to draw" in bars([], "s")
