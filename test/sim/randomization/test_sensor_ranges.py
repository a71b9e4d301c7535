"""Ranges of the sensor, as a YAML section gives them."""

from __future__ import annotations

from typing import Any

import pytest

from simreal_common.errors import ConfigurationError
from simreal_common.settings.configuration import from_values
from simreal_sim.randomization.ranges.ranges import Share, Uniform
from simreal_sim.randomization.ranges.sensor_ranges import SensorRanges


def read(section: dict[str, Any]) -> SensorRanges:
    return from_values(SensorRanges, section, "ranges.yaml: sensor")


def test_a_section_replaces_what_it_names_and_nothing_else() -> None:
    ranges = read({"gamma": [2, 2.4], "jpeg_share": 0})
    assert ranges == SensorRanges(gamma=Uniform(2.0, 2.4), jpeg_share=Share(0))
    assert ranges != SensorRanges()
    assert read({}) == SensorRanges()


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ({"gamma": [2.4, 2.0]}, r"gamma: got \[2.4, 2.0\], wanted \[low, high\]"),
        ({"gamma": 2.0}, r"gamma: got 2.0, wanted two numbers \[low, high\]"),
        ({"gamma": ["a", "b"]}, "gamma: got 'a', wanted a number"),
        ({"gamma": [float("nan"), 2.0]}, "gamma: got"),
        ({"gamma": [0.2, 2.0]}, "from 1 to 3"),
        ({"jpeg_share": 1.5}, "jpeg_share: got 1.5, wanted a share from 0 to 1"),
        ({"jpeg_share": True}, "jpeg_share: got True"),
        ({"jpeg_share": [0, 1]}, "jpeg_share: got"),
        ({"blur": [0, 1]}, "blur is not known; the keys are exposure, balance"),
    ],
)
def test_an_impossible_section_is_refused_in_one_line(
    section: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigurationError, match=message) as caught:
        read(section)
    assert "\n" not in str(caught.value)
