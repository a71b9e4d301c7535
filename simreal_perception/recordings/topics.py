"""Which topics of a recording are a camera's images and calibration, and an arm's joint states."""

from __future__ import annotations

from dataclasses import dataclass

from simreal_common.errors import ConfigurationError
from simreal_perception.recordings.recorded_bag import RecordedBag, Topic

RAW = "sensor_msgs/msg/Image"
COMPRESSED = "sensor_msgs/msg/CompressedImage"
INFO = "sensor_msgs/msg/CameraInfo"
JOINTS = "sensor_msgs/msg/JointState"
SUFFIX = "/compressed"  # image_transport's, behind the name of the raw images
COMPRESSED_DEPTH = "/compressedDepth"  # of image_transport: CompressedImage, but no picture


@dataclass(frozen=True)
class CameraTopics:
    """Topics of one camera; `info` is None where no calibration was recorded."""

    image: Topic
    info: Topic | None


def choose_topics(bag: RecordedBag, image: str = "", info: str = "") -> CameraTopics:
    """The camera's topics, found by type where they are not named.

    Of several calibrations the one beside the images is taken.

    Args:
        image, info: names of topics, of compressed images also that of the raw ones; empty where
            there is only one that can be meant.

    Raises:
        ConfigurationError: none fits, or several do; it lists them.
    """
    pictures = [
        topic
        for topic in bag.topics.values()
        if topic.type in (RAW, COMPRESSED) and not topic.name.endswith(COMPRESSED_DEPTH)
    ]
    chosen = _only(
        bag, pictures, image, "images (Image, CompressedImage)", "image:=TOPIC, or --topic"
    )
    infos = [topic for topic in bag.topics.values() if topic.type == INFO]
    if not infos and not info:
        return CameraTopics(chosen, None)
    namespace = _namespace(chosen.name)
    beside = [topic for topic in infos if _namespace(topic.name) == namespace]
    wanted = infos if info else beside or infos
    info_topic = _only(bag, wanted, info, "calibrations (CameraInfo)", "camera_info:=TOPIC")
    return CameraTopics(chosen, info_topic)


def choose_joint_states(bag: RecordedBag, name: str = "") -> Topic:
    """The arm's joint states, found by type where they are not named.

    Raises:
        ConfigurationError: there are none, or several topics of them; it lists them.
    """
    topics = [topic for topic in bag.topics.values() if topic.type == JOINTS]
    return _only(bag, topics, name, "joint states (JointState)", "--joint-states TOPIC")


def _only(bag: RecordedBag, topics: list[Topic], name: str, what: str, argument: str) -> Topic:
    names = {f"/{name.strip('/')}{suffix}" for suffix in ("", SUFFIX)}
    fitting = [topic for topic in topics if not name or topic.name in names]
    if len(fitting) > 1 and name:  # raw and compressed images: the name says raw
        fitting = [topic for topic in fitting if not topic.name.endswith(SUFFIX)]
    if len(fitting) == 1:
        return fitting[0]
    have = ", ".join(f"{topic.name} ({topic.count})" for topic in topics) or "none"
    named = f" called {name}" if name else ""
    remedy = f"name one with {argument}" if topics else f"wanted a bag with {what}"
    raise ConfigurationError(
        f"bag {bag.path.name} has {len(fitting)} topics of {what}{named}: {have}; {remedy}"
    )


def _namespace(topic: str) -> str:
    """Of a camera: what stands before image_raw, image_raw/compressed, camera_info."""
    return topic.removesuffix(SUFFIX).rpartition("/")[0]
