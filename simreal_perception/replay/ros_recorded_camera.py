"""What a recording holds for perception: images of one camera, its calibration, transforms."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from rclpy.serialization import deserialize_message
from sensor_msgs.msg import CameraInfo, CompressedImage, Image
from std_msgs.msg import Header
from tf2_msgs.msg import TFMessage

from simreal_common.camera import Camera
from simreal_common.errors import CalibrationError, ImageError, MessageError, SimrealError
from simreal_common.imaging.camera_files import load_camera
from simreal_common.imaging.pixel_formats import RgbImage
from simreal_common.imaging.ros_camera_info import camera_info_to_camera, camera_to_camera_info
from simreal_common.imaging.ros_images import compressed_to_rgb, image_to_rgb
from simreal_common.resources import named_path
from simreal_common.ros_messages import stamp_nanoseconds
from simreal_perception.recordings.recorded_bag import RecordedBag
from simreal_perception.recordings.stored_message import StoredMessage
from simreal_perception.recordings.topics import COMPRESSED, choose_topics
from simreal_perception.replay.camera_choice import CameraChoice
from simreal_perception.replay.replay_film import Shot
from simreal_perception.replay.replay_log import NANOSECONDS, PlayedFrame
from simreal_perception.video.image_io import check_size

TF, TF_STATIC = "/tf", "/tf_static"


@dataclass(frozen=True, eq=False)
class RecordedFrame:
    """An image.

    Args:
        number: in the recording, from 0.
        time_ns: when it was recorded.
        header: of its message.
        stamp_ns: of its header.
        rgb: uint8, shape (height, width, 3); None where it cannot be used.
        problem: why not; empty where it can.
    """

    number: int
    time_ns: int
    header: Header
    stamp_ns: int
    rgb: RgbImage | None
    problem: str = ""


@dataclass(frozen=True, eq=False)
class RecordedTransforms:
    """Transforms as they went over /tf, and when."""

    time_ns: int
    message: TFMessage


class RecordedCamera:
    """One camera of a recording.

    Args:
        choice: which recording, topics, calibration.

    Attributes:
        bag: the recording.
        camera: calibration of its images; None where a damaged recording breaks off before any.
        info: the same as a message; None as well.
        calibration: where it is from, in words.
        image_topic: the recorded topic of the images.
        start_ns: when the recording begins, the images' and calibrations' part of it; 0 without any.

    Raises:
        ConfigurationError: no recording, or topics that do not fit.
        CalibrationError: no usable calibration in a recording that is whole, or in the file.
        MissingDependencyError: `rosbags` is not installed.
    """

    def __init__(self, choice: CameraChoice) -> None:
        self._choice = choice
        self.bag = RecordedBag(named_path("bag", choice.bag))
        self.camera: Camera | None = None
        self.info: CameraInfo | None = None
        self.calibration = "none: the recording breaks off before any"
        self.image_topic = ""
        self.start_ns = 0
        if self.bag.broken is not None and not self.bag.topics:
            return
        topics = choose_topics(self.bag, choice.image_topic, choice.info_topic)
        self.image_topic, self._is_compressed = topics.image.name, topics.image.type == COMPRESSED
        info_topic = topics.info.name if topics.info is not None else ""
        first = next(self.bag.messages([self.image_topic, info_topic]), None)
        self.start_ns = 0 if first is None else first.time_ns
        self._calibrate(info_topic)

    def fixed_transforms(self) -> list[Any]:
        """All transforms of /tf_static, whenever they were recorded."""
        found: list[Any] = []
        for message in self.bag.messages([TF_STATIC]):
            transforms = _read(message, TFMessage)
            found += [] if transforms is None else list(transforms.transforms)
        return found

    def items(self) -> Iterator[RecordedFrame | RecordedTransforms]:
        """Images and transforms in order, from `start` on. Ends where the recording does or breaks."""
        begin_ns = self.start_ns + round(self._choice.start * NANOSECONDS)
        number = -1
        for message in self.bag.messages([self.image_topic, TF]):
            if message.topic == self.image_topic:
                number += 1
                if message.time_ns >= begin_ns:
                    yield self._frame(number, message)
            elif message.time_ns >= begin_ns:
                transforms = _read(message, TFMessage)
                if transforms is not None:
                    yield RecordedTransforms(message.time_ns, transforms)

    def _calibrate(self, topic: str) -> None:
        rectified = self._choice.rectified
        if self._choice.camera_file:
            path = named_path("camera_info", self._choice.camera_file)
            self.camera = load_camera(path, rectified=rectified)
            self.info = camera_to_camera_info(self.camera, Header())
            self.calibration = f"file {path}"
            return
        refused, why = 0, ""
        for message in self.bag.messages([topic]):
            info = _read(message, CameraInfo)
            try:
                if info is None:
                    raise MessageError("it is no CameraInfo")
                self.camera = camera_info_to_camera(info, rectified=rectified)
            except SimrealError as error:
                refused, why = refused + 1, why or str(error)
                continue
            self.info = info
            self.calibration = f"message {refused + 1} on {topic}"
            return
        if self.bag.broken is None:
            got = f"{refused} on {topic}, none usable: {why}" if topic else "no CameraInfo in it"
            raise CalibrationError(
                f"bag {self.bag.path.name} has no usable calibration ({got}); give a camera file: "
                "camera_info:=camera.yaml"
            )

    def _frame(self, number: int, message: StoredMessage) -> RecordedFrame:
        kind, to_rgb = (
            (CompressedImage, compressed_to_rgb) if self._is_compressed else (Image, image_to_rgb)
        )
        image = _read(message, kind)
        if image is None:
            problem = f"it is no {kind.__name__}"
            return RecordedFrame(number, message.time_ns, Header(), 0, None, problem)
        try:
            stamp_ns = stamp_nanoseconds(image.header.stamp)
        except MessageError as error:
            return RecordedFrame(number, message.time_ns, image.header, 0, None, str(error))
        try:
            rgb = to_rgb(image, self._choice.bit_depth)
            if self.camera is not None:
                check_size(rgb, self.camera, "image", "camera_info")
        except (ImageError, CalibrationError) as error:
            return RecordedFrame(number, message.time_ns, image.header, stamp_ns, None, str(error))
        return RecordedFrame(number, message.time_ns, image.header, stamp_ns, rgb)


def shots(recorded: RecordedCamera, frames: Sequence[PlayedFrame]) -> Iterator[Shot]:
    """The images of some frames once more, with what was found in them, for the film."""
    camera, wanted = recorded.camera, {frame.number: frame for frame in frames}
    if camera is None:
        return
    for item in recorded.items():
        frame = wanted.get(item.number) if isinstance(item, RecordedFrame) else None
        if frame is None or not isinstance(item, RecordedFrame) or item.rgb is None:
            continue
        seconds = (item.time_ns - recorded.start_ns) / NANOSECONDS
        text = f"{seconds:6.2f} s   image {item.number}"
        if frame.latency_s is None:
            text += "   not looked at"
        yield item.rgb, camera, frame.estimates, text, seconds


def _read(message: StoredMessage, kind: type[Any]) -> Any:
    """The message of a recorded one; None where its bytes are of no such message."""
    if message.type.rpartition("/")[2] != kind.__name__:
        return None
    try:
        return deserialize_message(message.data, kind)
    except Exception:  # which one differs between runtimes
        return None
