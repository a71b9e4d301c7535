"""The parameters of the perception and recorder nodes."""

from __future__ import annotations

from dataclasses import dataclass

from simreal_common.parameters import check_parameters, parameter
from simreal_perception.calibration import MIN_SCORE
from simreal_perception.image_pyramid import Search


@dataclass(frozen=True)
class PerceptionParameters:
    """What perception_node can be told."""

    model: str = parameter("block", "installed model, or the path of a model's card (.json)")
    edge: float = parameter(0.05, "edge of the blocks, metres", range=(0.005, 1.0))
    min_score: float = parameter(
        MIN_SCORE, "estimates with a lower score are not published", range=(0.0, 1.0)
    )
    max_distance: float = parameter(
        Search.max_distance,
        "of the farthest blocks that are looked for, metres",
        range=(0.05, 100.0),
    )
    max_width: int = parameter(
        Search.max_width,
        "widest copy of an image that is looked at, pixels: small and far blocks want a wide one, "
        "time grows with its square",
        range=(64, 8192),
    )
    max_rate: float = parameter(
        0.0, "most images looked at per second of image time; 0: all", range=(0.0, 1000.0)
    )

    tracking: bool = parameter(
        True,
        "follow blocks from image to image: detections get ids and are fused with those before, "
        "and only what changed is searched; false: each image by itself",
    )
    fixed_frame: str = parameter(
        "",
        "with tracking, of a camera that moves: frame known to TF in which blocks rest; empty: the "
        "camera rests, too",
    )

    def __post_init__(self) -> None:
        check_parameters(self)

    @property
    def search(self) -> Search:
        """How far blocks are looked for, and what it may cost."""
        return Search(self.max_distance, self.max_width)


@dataclass(frozen=True)
class RecorderParameters:
    """What recorder_node can be told."""

    out: str = parameter("out", "folder for demo.mp4 and detections.png; made if missing")
    speed: float = parameter(2.0, "how much faster than life the film plays", range=(0.1, 100.0))

    def __post_init__(self) -> None:
        check_parameters(self)
