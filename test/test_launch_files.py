"""What a launch file is told of a camera reaches every node that reads the camera."""

from __future__ import annotations

import dataclasses
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from simreal_perception.node_parameters import CameraParameters

LAUNCH = Path(__file__).resolve().parents[1] / "launch"
READERS = {"perception_node", "recorder_node"}
OF_A_CAMERA = {field.name for field in dataclasses.fields(CameraParameters)}


@pytest.mark.parametrize("name", ["robot.launch.xml", "camera.launch.xml"])
def test_every_reader_of_a_camera_is_told_of_it(name: str) -> None:
    root = ET.parse(LAUNCH / name).getroot()
    told = OF_A_CAMERA & {argument.get("name") for argument in root.findall("arg")}
    assert told >= {"image_transport", "image_reliability", "bit_depth", "rectified"}
    readers = [node for node in root.findall("node") if node.get("exec") in READERS]
    assert readers
    for node in readers:
        handed_on = {p.get("name"): p.get("value") for p in node.findall("param")}
        for parameter in told:
            assert handed_on.get(parameter) == f"$(var {parameter})", node.get("exec")
        remapped = {r.get("from"): r.get("to") for r in node.findall("remap")}
        assert remapped["camera/image_raw"] == "$(var image)"
        assert remapped["camera/camera_info"] == "$(var camera_info)"
