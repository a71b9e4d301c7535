"""ROS messages <-> the values that the libraries work with.

Here messages of other programs become values, and here they are checked: what comes out is finite and
bounded, poses are poses. One that is not raises a SimrealError that says which; see `ros_guard`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from builtin_interfaces.msg import Duration, Time
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from geometry_msgs.msg import Pose as PoseMessage
from geometry_msgs.msg import Transform, TransformStamped
from std_msgs.msg import Header
from vision_msgs.msg import Detection3D, Detection3DArray, ObjectHypothesisWithPose

from simreal_common.block_estimate import COLORS, BlockEstimate
from simreal_common.errors import MessageError
from simreal_common.geometry import Pose
from simreal_common.untrusted_text import shortened

NANOSECONDS = 1_000_000_000
BLOCK_CLASS = "block"

# tf2 takes quaternions whose length is this far from 1; so do we, and normalize them.
QUATERNION_TOLERANCE = 1e-2
FARTHEST_M = 1e7  # frames of maps have their origin that far away; nothing is farther
LARGEST_EDGE_M = 100.0
LARGEST_VARIANCE = 1e6  # m^2 or rad^2
COVARIANCE_SLACK = 1e-6  # rounding: of negative eigenvalues, as a share of the largest
MOST_DETECTIONS = 1000  # of one image
LONGEST_ID = 100

# Level, words and values of one entry in /diagnostics.
DiagnosticEntry = tuple[Any, str, dict[str, str]]


def stamp_nanoseconds(stamp: Time) -> int:
    """Time stamp -> nanoseconds, exact.

    Raises:
        MessageError: before the epoch, or more than a second of nanoseconds.
    """
    if stamp.sec < 0 or not 0 <= stamp.nanosec < NANOSECONDS:
        raise MessageError(
            f"stamp of {stamp.sec} s and {stamp.nanosec} ns: wanted no time before the epoch, and "
            "less than a second of nanoseconds"
        )
    return int(stamp.sec) * NANOSECONDS + int(stamp.nanosec)


def stamp_seconds(stamp: Time) -> float:
    """Time stamp -> seconds.

    Raises:
        MessageError: as `stamp_nanoseconds`.
    """
    return stamp_nanoseconds(stamp) * 1e-9


def duration_seconds(duration: Duration) -> float:
    """Duration -> seconds, negative ones too."""
    return int(duration.sec) + int(duration.nanosec) * 1e-9


def to_stamp(seconds: float) -> Time:
    """Seconds -> time stamp, to the nearest nanosecond."""
    sec, nanosec = divmod(round(seconds * NANOSECONDS), NANOSECONDS)
    return Time(sec=sec, nanosec=nanosec)


def pose_to_message(pose: Pose) -> PoseMessage:
    message = PoseMessage()
    _fill(message.position, message.orientation, pose)
    return message


def message_to_pose(message: PoseMessage) -> Pose:
    """Pose message -> pose.

    Raises:
        MessageError: not finite, far too far away, or a quaternion that is not of unit length.
    """
    return _read(message.position, message.orientation)


def pose_to_transform(pose: Pose) -> Transform:
    """Pose of the child in the parent -> the Transform that tf keeps for the child."""
    message = Transform()
    _fill(message.translation, message.rotation, pose)
    return message


def transform_to_pose(message: Transform) -> Pose:
    """Transform as tf gives it -> pose of the child (source) in the parent (target).

    Raises:
        MessageError: as `message_to_pose`.
    """
    return _read(message.translation, message.rotation)


def pose_to_transform_stamped(pose: Pose, parent: str, child: str, stamp: Time) -> TransformStamped:
    """Pose of `child` in `parent` -> TransformStamped for a tf broadcaster."""
    header = Header(stamp=stamp, frame_id=parent)
    return TransformStamped(header=header, child_frame_id=child, transform=pose_to_transform(pose))


def estimates_to_detections(estimates: Iterable[BlockEstimate], header: Header) -> Detection3DArray:
    """Estimates in the optical frame -> detections with the header of their image."""
    return Detection3DArray(
        header=header, detections=[_detection(estimate, header) for estimate in estimates]
    )


def detections_to_estimates(message: Detection3DArray) -> list[BlockEstimate]:
    """Detections of blocks -> estimates in the frame of the message; other classes left out.

    The colour is a second hypothesis of a detection, its name the class.

    Raises:
        MessageError: one of them is no estimate. Then none is taken: an image in which a block is
            missing would show free space where it stands.
    """
    _check_detections(message)
    return [
        _estimate(detection, detection.results[0])
        for detection in message.detections
        if detection.results and detection.results[0].hypothesis.class_id == BLOCK_CLASS
    ]


def detections_to_poses(message: Detection3DArray) -> list[tuple[str, Pose]]:
    """Detections of any class -> the id and the box's pose of each, in the frame of the message.

    Raises:
        MessageError: one of them has no pose.
    """
    _check_detections(message)
    return [
        (str(detection.id), message_to_pose(detection.bbox.center))
        for detection in message.detections
    ]


def _check_detections(message: Detection3DArray) -> None:
    count = len(message.detections)
    if count > MOST_DETECTIONS:
        raise MessageError(f"{count} detections: wanted at most {MOST_DETECTIONS} in an image")
    for detection in message.detections:
        if len(detection.id) > LONGEST_ID:
            raise MessageError(
                f"detection '{shortened(detection.id, 20)}': wanted an id of at most {LONGEST_ID} "
                "characters"
            )


def _estimate(detection: Detection3D, result: ObjectHypothesisWithPose) -> BlockEstimate:
    score, edge = float(result.hypothesis.score), float(detection.bbox.size.x)
    covariance = np.array(result.pose.covariance, dtype=np.float64).reshape(6, 6)
    # Comparisons written so that NaN is refused too.
    if not 0.0 <= score <= 1.0:
        raise MessageError(f"a detection with score {score:g}: wanted 0 to 1")
    if not 0.0 < edge <= LARGEST_EDGE_M:
        raise MessageError(f"a detection of a block of edge {edge:g} m: wanted above 0")
    if not bool((np.abs(covariance) <= LARGEST_VARIANCE).all()):
        raise MessageError("a detection with a covariance that is not finite, or beyond reason")
    covariance = 0.5 * (covariance + covariance.T)
    least, *_, largest = np.linalg.eigvalsh(covariance)
    if least < -COVARIANCE_SLACK * max(largest, 0.0):
        raise MessageError(
            "a detection with a covariance that is none: wanted a matrix without negative "
            f"eigenvalues, got {least:g}"
        )
    return BlockEstimate(
        pose=message_to_pose(result.pose.pose),
        covariance=covariance,
        score=score,
        edge=edge,
        color=_color(detection),
        id=str(detection.id),
    )


def _color(detection: Detection3D) -> str:
    names = [result.hypothesis.class_id for result in list(detection.results)[1:]]
    return next((name for name in names if name in COLORS), "")


def _detection(estimate: BlockEstimate, header: Header) -> Detection3D:
    result = ObjectHypothesisWithPose()
    result.hypothesis.class_id = BLOCK_CLASS
    result.hypothesis.score = float(estimate.score)
    result.pose.pose = pose_to_message(estimate.pose)
    covariance = np.asarray(estimate.covariance, dtype=np.float64)
    result.pose.covariance = covariance.reshape(-1).tolist()
    detection = Detection3D(header=header, results=[result], id=estimate.id)
    if estimate.color:
        color = ObjectHypothesisWithPose(pose=result.pose)
        color.hypothesis.class_id = estimate.color
        color.hypothesis.score = float(estimate.score)
        detection.results = [result, color]
    detection.bbox.center = pose_to_message(estimate.pose)
    size = detection.bbox.size
    size.x, size.y, size.z = estimate.extents
    return detection


def _fill(vector: Any, quaternion: Any, pose: Pose) -> None:
    vector.x, vector.y, vector.z = map(float, pose.position)
    quaternion.x, quaternion.y, quaternion.z, quaternion.w = map(float, pose.orientation)


def _read(vector: Any, quaternion: Any) -> Pose:
    position = np.array([vector.x, vector.y, vector.z], dtype=np.float64)
    orientation = np.array(
        [quaternion.x, quaternion.y, quaternion.z, quaternion.w], dtype=np.float64
    )
    # Comparisons written so that NaN is refused too.
    if not bool((np.abs(position) <= FARTHEST_M).all()):
        raise MessageError(f"no pose: position {position}, wanted finite metres")
    norm = math.hypot(*orientation)
    if not abs(norm - 1.0) < QUATERNION_TOLERANCE:
        raise MessageError(f"no pose: a quaternion of length {norm:.4g}, wanted 1")
    return Pose(position, orientation / norm)


def diagnostics(
    node_name: str, stamp: Time, entries: Mapping[str, DiagnosticEntry]
) -> DiagnosticArray:
    """The message, an entry each by its name."""
    return DiagnosticArray(
        header=Header(stamp=stamp),
        status=[
            DiagnosticStatus(
                level=level,
                name=f"{node_name}: {name}",
                message=message,
                hardware_id="",
                values=[KeyValue(key=key, value=value) for key, value in values.items()],
            )
            for name, (level, message, values) in entries.items()
        ],
    )
