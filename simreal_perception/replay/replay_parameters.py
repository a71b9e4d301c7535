"""The parameters of replay_node."""

from __future__ import annotations

from dataclasses import dataclass

from simreal_common.block_estimate import BLOCK_EDGE_M
from simreal_common.settings.parameters import check_parameters, parameter
from simreal_perception.node_parameters import PictureParameters


@dataclass(frozen=True, kw_only=True)
class ReplayParameters(PictureParameters):
    """What replay_node can be told."""

    bag: str = parameter(
        description="recording: folder of a rosbag2 (sqlite3, MCAP, compressed), a file of one, or a "
        "ROS 1 .bag"
    )
    out: str = parameter(
        "out/replay",
        "folder for report.html, summary.json, the film and the bag of detections; made if missing",
    )
    rate: float = parameter(
        0.0,
        "recorded seconds a second; 0: as fast as perception_node answers, no image left out",
        range=(0.0, 1000.0),
    )
    loop: int = parameter(1, "how often it is played", range=(1, 1_000_000))
    start: float = parameter(
        0.0, "seconds of the recording that are left out at its beginning", range=(0.0, 1e9)
    )
    image_topic: str = parameter(
        "", "recorded topic of the images; empty: the only one there is of its type"
    )
    camera_info: str = parameter(
        "",
        "recorded topic of the calibration, whose first usable message holds, or a camera file (its "
        "name ends in .yaml or .yml); empty: the topic beside the images, or the only one",
    )
    truth: str = parameter(
        "", "JSON file with the blocks' true poses by number of the image; empty: none are known"
    )
    edge: float = parameter(
        BLOCK_EDGE_M, "edge of the blocks, metres, as perception_node has it", range=(0.005, 1.0)
    )
    film: bool = parameter(True, "put a film into the report; takes time after the playing")
    patience: float = parameter(
        60.0,
        "perception_node may take so long to start, and to answer an image at rate 0, seconds",
        range=(0.1, 3600.0),
    )

    def __post_init__(self) -> None:
        check_parameters(self)

    @property
    def camera_file(self) -> str:
        """Path of the file with the calibration; empty where a topic has it."""
        return self.camera_info if self.camera_info.endswith((".yaml", ".yml")) else ""

    @property
    def info_topic(self) -> str:
        """Recorded topic of the calibration; empty where it is not named."""
        return "" if self.camera_file else self.camera_info
