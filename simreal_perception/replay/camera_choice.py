"""Which camera of which recording is played."""

from __future__ import annotations

from dataclasses import dataclass

CAMERA_FILES = (".yaml", ".yml")


@dataclass(frozen=True)
class CameraChoice:
    """What somebody says of it; see `node_parameters.ReplayParameters`.

    Args:
        bag: path of the recording.
        image_topic: recorded topic of the images; empty: the only one.
        camera_info: recorded topic of the calibration, or a camera file; empty: the one beside the
            images, or the only one.
        rectified: the images are rectified.
        bit_depth: see `ros_images.image_to_rgb`.
        start: seconds that are left out at the beginning.
    """

    bag: str
    image_topic: str = ""
    camera_info: str = ""
    rectified: bool = False
    bit_depth: int = 0
    start: float = 0.0

    @property
    def camera_file(self) -> str:
        """Path of the file with the calibration; empty where a topic has it."""
        return self.camera_info if self.camera_info.endswith(CAMERA_FILES) else ""

    @property
    def info_topic(self) -> str:
        """Recorded topic of the calibration; empty where it is not named."""
        return "" if self.camera_file else self.camera_info
