"""The parameters of the perception, recorder and replay nodes."""

from __future__ import annotations

import math
from dataclasses import dataclass

from simreal_common.block_estimate import BLOCK_EDGE_M
from simreal_common.errors import ConfigurationError
from simreal_common.settings.parameters import check_parameters, parameter, to_text
from simreal_perception.model_files.onnx_session import CPU, PROVIDERS
from simreal_perception.pose_estimation.calibration import MIN_SCORE
from simreal_perception.pose_estimation.image_pyramid import PyramidLimits
from simreal_perception.pose_estimation.support_plane import DEFAULT_PLANE_SIGMA_M
from simreal_perception.replay.camera_choice import CameraChoice

RAW, COMPRESSED = "raw", "compressed"
BEST_EFFORT, RELIABLE = "best_effort", "reliable"


@dataclass(frozen=True)
class ImageParameters:
    """What the nodes that read a camera's images, or recorded ones, can be told of them."""

    bit_depth: int = parameter(
        0,
        "of images with 16 bits a value, how many are used; 0: the fewest of 10, 12, 14 and 16 that "
        "hold an image's brightest value",
        range=(0, 16),
    )
    rectified: bool = parameter(
        False,
        "images are rectified (image_rect): P of camera_info holds, and no distortion",
    )


@dataclass(frozen=True)
class CameraParameters(ImageParameters):
    """What the nodes that read a camera can be told of it."""

    image_transport: str = parameter(
        RAW,
        "how images come: raw, or compressed (JPEG, PNG) on the image topic's name with /compressed",
        choices=(RAW, COMPRESSED),
    )
    image_reliability: str = parameter(
        BEST_EFFORT,
        "QoS of the subscription to images: best_effort (sensor data) hears every publisher; "
        "reliable asks for lost parts again, and hears reliable publishers alone",
        choices=(BEST_EFFORT, RELIABLE),
    )
    camera_info_latched: bool = parameter(
        False,
        "camera_info was published once, for late comers (transient local), not with each image",
    )


@dataclass(frozen=True)
class PerceptionParameters(CameraParameters):
    """What perception_node can be told."""

    model: str = parameter("block", "installed model, or the path of a model's card (.json)")
    provider: str = parameter(
        CPU,
        "what computes the networks; others than cpu want another build of ONNX Runtime",
        choices=tuple(PROVIDERS),
    )
    autostart: bool = parameter(
        True,
        "configured and active from its start; false: others do that, with ros2 lifecycle set or a "
        "lifecycle manager",
    )
    edge: float = parameter(
        BLOCK_EDGE_M,
        "edge of the blocks, metres; of a model of other things than cubes its card's measures hold",
        range=(0.005, 1.0),
        read_only=False,
    )
    min_score: float = parameter(
        MIN_SCORE,
        "existence score, 0 to 1, below which estimates are not published",
        range=(0.0, 1.0),
        read_only=False,
    )
    max_distance: float = parameter(
        PyramidLimits.max_distance,
        "of the farthest blocks that are looked for, metres",
        range=(0.05, 100.0),
        read_only=False,
    )
    max_width: int = parameter(
        PyramidLimits.max_width,
        "widest copy of an image that is looked at, pixels: small and far blocks want a wide one, "
        "time grows with its square",
        range=(64, 8192),
    )
    max_rate: float = parameter(
        0.0, "most images looked at per second of image time; 0: all", range=(0.0, 1000.0)
    )
    plane_frame: str = parameter(
        "",
        "frame that support_plane.normal and offset are given in, known to TF, for example the "
        "robot's base; empty: nobody knows where blocks stand",
        read_only=False,
        name="support_plane.frame",
    )
    plane_normal: tuple[float, ...] = parameter(
        (0.0, 0.0, 1.0),
        "normal of the plane that blocks stand on, in support_plane.frame, 3 numbers",
        read_only=False,
        name="support_plane.normal",
    )
    plane_offset: float = parameter(
        0.0,
        "metres from the frame's origin to that plane, along its normal: the table's height",
        range=(-10.0, 10.0),
        read_only=False,
        name="support_plane.offset",
    )
    plane_sigma: float = parameter(
        DEFAULT_PLANE_SIGMA_M,
        "how well the plane's height is known where blocks stand, hand-eye calibration included, "
        "metres",
        range=(1e-5, 10.0),
        read_only=False,
        name="support_plane.sigma",
    )
    plane_enabled: bool = parameter(
        True,
        "false: as if support_plane.frame were empty",
        read_only=False,
        name="support_plane.enabled",
    )
    plane_from_blocks: bool = parameter(
        True,
        "without such a plane: use the one that two or more blocks of an image agree on",
        read_only=False,
        name="support_plane.from_blocks",
    )
    use_depth: bool = parameter(
        False,
        "use depth/image_raw (16UC1, 32FC1), aligned with the images and of their stamps, for range",
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
    target_frame: str = parameter(
        "",
        "frame known to TF in which blocks are told a second time, on detections_in_target, for "
        "example the robot's base; empty: none",
    )
    publish_tf: bool = parameter(
        False,
        "tell TF a frame block_ID for each block with an id, below the camera's optical frame",
    )

    monitor_enabled: bool = parameter(
        True,
        "watch what the camera shows and how sure the network is, and say in /diagnostics what is "
        "wrong: covered lens, exposure, focus, moved camera, drift",
        name="monitor.enabled",
    )
    monitor_report: str = parameter(
        "",
        "HTML page of what was watched, written now and then; empty: none",
        name="monitor.report",
    )

    def __post_init__(self) -> None:
        check_parameters(self)
        length = math.hypot(*self.plane_normal)
        if len(self.plane_normal) != 3 or length < 1e-6:
            raise ConfigurationError(
                f"parameter 'support_plane.normal': got {to_text(self.plane_normal)}, wanted 3 "
                "numbers that are not all 0; write for example support_plane.normal:=[0.0, 0.0, 1.0]"
            )

    @property
    def listens_to_tf(self) -> bool:
        """Whether a frame is named that only TF knows."""
        plane = self.plane_enabled and self.plane_frame
        return bool(plane or self.fixed_frame or self.target_frame)

    @property
    def search(self) -> PyramidLimits:
        """How far blocks are looked for, and what it may cost."""
        return PyramidLimits(self.max_distance, self.max_width)


@dataclass(frozen=True)
class RecorderParameters(CameraParameters):
    """What recorder_node can be told."""

    out: str = parameter("out", "folder for demo.mp4 and detections.png; made if missing")
    speed: float = parameter(2.0, "how much faster than life the film plays", range=(0.1, 100.0))

    def __post_init__(self) -> None:
        check_parameters(self)


@dataclass(frozen=True, kw_only=True)
class ReplayParameters(ImageParameters):
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
    def camera(self) -> CameraChoice:
        """Which camera of which recording is played."""
        return CameraChoice(
            self.bag, self.image_topic, self.camera_info, self.rectified, self.bit_depth, self.start
        )
