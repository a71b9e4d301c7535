"""The parameters of aruco_node."""

from __future__ import annotations

from dataclasses import dataclass

from simreal_common.block_estimate import BLOCK_EDGE_M
from simreal_common.settings.parameters import check_parameters, parameter
from simreal_perception.node_parameters import CameraParameters
from simreal_perception.tags.tag_layout import DEFAULT_DICTIONARY, DICTIONARIES


@dataclass(frozen=True)
class ArucoParameters(CameraParameters):
    """What aruco_node can be told."""

    edge: float = parameter(
        BLOCK_EDGE_M, "edge of the blocks that the tags stick on, metres", range=(0.005, 1.0)
    )
    dictionary: str = parameter(
        DEFAULT_DICTIONARY,
        "of the tags, by OpenCV's names; the faces -x, +x, -y, +y, -z, +z of block n have the tags 6 n "
        "to 6 n + 5, each with one white cell around it up to the block's edges",
        choices=tuple(DICTIONARIES),
    )
    target_frame: str = parameter(
        "",
        "frame known to TF in which blocks are told a second time, on detections_in_target, for "
        "example the robot's base; empty: none",
    )
    publish_tf: bool = parameter(
        False, "tell TF a frame block_N for each block, below the camera's optical frame"
    )

    def __post_init__(self) -> None:
        check_parameters(self)
