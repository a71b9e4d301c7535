"""Every subscription of every node, with messages in which something is wrong: no node ends.

The callbacks are called as an executor would call them; what travels is another suite's concern.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import strategies as st

rclpy = pytest.importorskip("rclpy", reason="needs ROS 2 or the embedded runtime")

from action_msgs.msg import GoalStatus, GoalStatusArray
from rclpy.node import Node
from rclpy.parameter import Parameter
from sensor_msgs.msg import CameraInfo, CompressedImage, JointState, PointCloud2, PointField
from std_msgs.msg import Header, String
from tf2_msgs.msg import TFMessage
from vision_msgs.msg import Detection3DArray

from simreal_common.block_estimate import BlockEstimate
from simreal_common.camera import Camera
from simreal_common.geometry import Pose, look_at
from simreal_common.imaging.ros_camera_info import camera_to_camera_info
from simreal_common.imaging.ros_images import rgb_to_image
from simreal_common.lenses.equidistant_lens import EQUIDISTANT
from simreal_common.ros_guard import MessageGuard
from simreal_common.ros_messages import estimates_to_detections, pose_to_transform_stamped, to_stamp
from simreal_control.control_configuration import ControlParameters
from simreal_control.control_node import ControlNode
from simreal_control.parameters import PANDA_FINGERS, PANDA_JOINTS
from simreal_control.world_model.block_map import fuse
from simreal_perception.perception_node import PerceptionNode
from simreal_perception.pose_estimation.detection import Detections
from simreal_perception.recorder_node import RecorderNode
from simreal_perception.tags.aruco_node import ArucoNode
from simreal_perception.view_node import ViewNode

ABSURD_FLOATS = (float("nan"), float("inf"), float("-inf"), 0.0, -0.0, 1e308, -1e308, 1e-320, 1e7)
INTEGER = re.compile(r"(u?)int(8|16|32|64)")
ARRAY = re.compile(r"(.+)\[(\d+)\]")
SEQUENCE = re.compile(r"sequence<([^,]+)(, \d+)?>")

floats = st.sampled_from(ABSURD_FLOATS) | st.floats()
# Lone surrogates cannot travel: a string of a message is UTF-8.
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.sampled_from(
    ["", "block", "camera", "\0", "\x1b[2J", "x" * 3000, "/", "panda_link0", "rgb8", "32FC1"]
)


def spoilt(make: Callable[[], Any]) -> st.SearchStrategy[Any]:
    """Messages as `make` makes them, with one to three values changed."""

    @st.composite
    def draw_one(draw: st.DrawFn) -> Any:
        message = make()
        for _ in range(draw(st.integers(1, 3))):
            _spoil(draw, message)
        return message

    return draw_one()


def _spoil(draw: st.DrawFn, message: Any) -> None:
    fields = message.get_fields_and_field_types()
    name = draw(st.sampled_from(sorted(fields)))
    kind, value = fields[name], getattr(message, name)
    array, sequence = ARRAY.fullmatch(kind), SEQUENCE.fullmatch(kind)
    if array or sequence:
        element = (array or sequence)[1]  # type: ignore[index]
        items = value.tolist() if isinstance(value, np.ndarray) else list(value)
        if sequence and draw(st.booleans()):
            items = _resized(draw, items)
        if items:
            place = draw(st.integers(0, len(items) - 1))
            if "/" in element:
                _spoil(draw, items[place])
            else:
                items[place] = draw(_values(element))
        setattr(message, name, items)
    elif "/" in kind:
        _spoil(draw, value)
    else:
        setattr(message, name, draw(_values(kind)))


def _resized(draw: st.DrawFn, items: list[Any]) -> list[Any]:
    """Cut off, or longer by some of itself."""
    count = draw(st.integers(0, len(items) + 2))
    return (items * 3)[:count]


def _values(kind: str) -> st.SearchStrategy[Any]:
    integer = INTEGER.fullmatch(kind)
    if integer:
        bits = int(integer[2])
        low, high = (0, 2**bits - 1) if integer[1] else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
        return st.sampled_from([low, high]) | st.integers(low, high)
    if kind in ("octet", "byte"):
        return st.integers(0, 255)
    if kind == "boolean":
        return st.booleans()
    if kind in ("double", "float"):
        return floats if kind == "double" else st.floats(width=32)
    assert kind.startswith("string"), kind
    return texts


CAMERA = Camera.pinhole(64, 48, 1.0)
PLACE = look_at([1.15, 0.0, 0.62], [0.47, 0.0, 0.03])
OPTICAL = "camera_optical_frame"


def header(frame: str = OPTICAL) -> Header:
    return Header(stamp=to_stamp(5.0), frame_id=frame)


def detections(frame: str = OPTICAL) -> Detection3DArray:
    camera_in_frame = PLACE if frame == OPTICAL else Pose.identity()
    on_table = [Pose(np.array([0.45, y, 0.025]), np.array([0.0, 0.0, 0.0, 1.0])) for y in (0, 0.2)]
    estimates = [
        BlockEstimate(
            camera_in_frame.inverse() @ pose, 1e-4 * np.eye(6), 0.9, 0.05, "red", str(number)
        )
        for number, pose in enumerate(on_table)
    ]
    return estimates_to_detections(estimates, header(frame))


def transforms() -> TFMessage:
    return TFMessage(
        transforms=[
            pose_to_transform_stamped(PLACE, "panda_link0", OPTICAL, to_stamp(5.0)),
            pose_to_transform_stamped(Pose.identity(), "world", "panda_link0", to_stamp(5.0)),
        ]
    )


def joint_states() -> JointState:
    names = [*PANDA_JOINTS, *PANDA_FINGERS]
    return JointState(
        header=header(""), name=names, position=[0.1] * len(names), velocity=[0.0] * len(names)
    )


def image() -> Any:
    return rgb_to_image(np.zeros((48, 64, 3), dtype=np.uint8), header())


def raw_image(encoding: str, size: int) -> Any:
    message = image()
    message.encoding, message.step, message.data = encoding, 64 * size, bytes(64 * size * 72)
    return message


def compressed_image() -> Any:
    _, content = cv2.imencode(".png", np.zeros((48, 64, 3), dtype=np.uint8))
    return CompressedImage(
        header=header(), format="rgb8; png compressed bgr8", data=content.tobytes()
    )


def annotated_image() -> Any:
    _, content = cv2.imencode(".jpg", np.zeros((48, 64, 3), dtype=np.uint8))
    return CompressedImage(
        header=header(), format="rgb8; jpeg compressed bgr8", data=content.tobytes()
    )


def camera_info() -> CameraInfo:
    return camera_to_camera_info(CAMERA, header())


def fisheye_info() -> CameraInfo:
    camera = Camera(64, 48, CAMERA.matrix, np.array([0.01, 0.02, -0.01, 0.0]), EQUIDISTANT)
    message = camera_to_camera_info(camera, header())
    message.roi.width, message.roi.height = 64, 48
    return message


def depth() -> Any:
    message = image()
    message.encoding, message.step = "32FC1", 4 * 64
    message.data = bytes(4 * 64 * 48)
    return message


def points() -> PointCloud2:
    fields = [
        PointField(name=name, offset=4 * number, datatype=PointField.FLOAT32, count=1)
        for number, name in enumerate("xyz")
    ]
    data = np.random.default_rng(0).uniform(0.3, 0.9, (60, 3)).astype("<f4").tobytes()
    return PointCloud2(
        header=header(), height=1, width=60, fields=fields, point_step=12, row_step=720, data=data
    )


def goals() -> GoalStatusArray:
    return GoalStatusArray(status_list=[GoalStatus(status=GoalStatus.STATUS_EXECUTING)] * 2)


STATUS = {"state": "look", "message": "as it is", "placed": 1, "goal": 3, "finished": False}
strings: st.SearchStrategy[str] = texts | st.sampled_from(
    [json.dumps(STATUS), "{build: tower, blocks: 2}", "[" * 3000, "!!int abc", "a: 2020-99-99",
     "&a [*a]", "x" * 200_000, json.dumps({**STATUS, "placed": float("inf")}), '"\\ud800"',
     json.dumps({**STATUS, "message": "\x1b[2J" * 900})]
)  # fmt: skip

# One that is no better than a node's own: a better one is meant to end it.
CLAIM = {"node": "/a", "rank": "~", "owns": False}
claims: st.SearchStrategy[str] = strings | st.sampled_from(
    [json.dumps(CLAIM), json.dumps({**CLAIM, "rank": 3}), json.dumps({**CLAIM, "node": "x" * 9000})]
)

CASES: dict[str, st.SearchStrategy[Any]] = {
    "/panda_arm_controller/follow_joint_trajectory/_owner": claims.map(lambda t: String(data=t)),
    "/ground_truth/blocks/_owner": claims.map(lambda t: String(data=t)),
    "/detections": spoilt(detections),
    "/ground_truth/blocks": spoilt(lambda: detections("world")),
    "/joint_states": spoilt(joint_states),
    "/camera/image_raw": st.sampled_from(
        [("rgb8", 3), ("mono16", 2), ("bayer_rggb16", 2), ("yuyv", 2), ("nv12", 1), ("8UC1", 1)]
    ).flatmap(lambda form: spoilt(lambda: raw_image(*form))),
    "/camera/image_raw/compressed": spoilt(compressed_image),
    "/camera/camera_info": spoilt(camera_info) | spoilt(fisheye_info),
    "/annotated/image_raw/compressed": spoilt(annotated_image) | spoilt(compressed_image),
    "/depth/image_raw": spoilt(depth),
    "/depth/camera_info": spoilt(camera_info) | spoilt(fisheye_info),
    "/depth/points": spoilt(points),
    "/stacking/status": strings.map(lambda text: String(data=text)),
    "/stacking/goal": strings.map(lambda text: String(data=text)),
    "/panda_arm_controller/follow_joint_trajectory/_action/status": spoilt(goals),
    "/panda_hand_controller/gripper_cmd/_action/status": spoilt(goals),
    "/tf": spoilt(transforms),
    "/tf_static": spoilt(transforms),
}
# Theirs who set the cell up, not the other programs'; see doc/threat_model.md.
TRUSTED = {"/robot_description", "/clock"}


class NothingFound:
    """Stands in for the networks: the messages are the matter here."""

    def detect(self, *_: Any) -> Detections:
        return Detections(np.zeros((0, 2)), np.zeros(0), np.zeros(0))

    def estimate(self, *_: Any) -> list[BlockEstimate]:
        return []

    def blocks(self, *_: Any, **__: Any) -> list[BlockEstimate]:
        return []


def parameters(**values: Any) -> list[Parameter]:
    return [Parameter(name, value=value) for name, value in values.items()]


def make_control(_: Path) -> Node:
    return ControlNode(parameter_overrides=parameters(wait_for_goal=True))


def make_control_with_depth(_: Path) -> Node:
    topic = {"depth.topic": "depth/image_raw"}
    return ControlNode(parameter_overrides=parameters(wait_for_goal=True, **topic))


def make_control_with_points(_: Path) -> Node:
    topic = {"depth.topic": "depth/points", "depth.type": "points"}
    return ControlNode(parameter_overrides=parameters(wait_for_goal=True, **topic))


def make_perception(_: Path) -> Node:
    return PerceptionNode(
        lambda _: NothingFound(),
        parameter_overrides=parameters(
            **{"fixed_frame": "world", "use_depth": True, "support_plane.enabled": True,
               "support_plane.frame": "world"}
        ),
    )  # fmt: skip


def make_compressed_perception(_: Path) -> Node:
    return PerceptionNode(
        lambda _: NothingFound(), parameter_overrides=parameters(image_transport="compressed")
    )


def make_aruco(_: Path) -> Node:
    return ArucoNode()


def make_view(_: Path) -> Node:
    return ViewNode(parameter_overrides=parameters(port=0))


def make_recorder(folder: Path) -> Node:
    pytest.importorskip("av", reason="filming needs PyAV")
    return _with_arguments(RecorderNode, folder)


def make_scorer(folder: Path) -> Node:
    pytest.importorskip("pybullet", reason="the scorer knows the simulated arms")
    from simreal_sim.scorer_node import ScorerNode

    return _with_arguments(ScorerNode, folder)


def _with_arguments(kind: type[Node], folder: Path) -> Node:
    """A node without a constructor's arguments takes its parameters from the command line."""
    rclpy.try_shutdown()
    rclpy.init(args=["--ros-args", "-p", f"out:={folder}"])
    return kind()


@pytest.fixture(
    params=[
        make_control,
        make_control_with_depth,
        make_control_with_points,
        make_perception,
        make_compressed_perception,
        make_aruco,
        make_view,
        make_recorder,
        make_scorer,
    ]
)
def node(
    ros: None, request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Node, MessageGuard]]:
    guards: list[MessageGuard] = []
    made = MessageGuard.__init__

    def remember(self: MessageGuard, owner: Node) -> None:
        made(self, owner)
        guards.append(self)

    monkeypatch.setattr(MessageGuard, "__init__", remember)
    node = request.param(tmp_path)
    (guard,) = guards
    yield node, guard
    node.destroy_node()


def test_no_message_ends_a_node(fuzz: Any, node: tuple[Node, MessageGuard]) -> None:
    one, guard = node
    callbacks: dict[str, list[Callable[[Any], None]]] = {}
    for subscription in one.subscriptions:
        # rclpy's own, behind its action clients, are not ours.
        if not subscription.topic_name.endswith("/_action/feedback"):
            callbacks.setdefault(subscription.topic_name, []).append(subscription.callback)
    topics = sorted(set(callbacks) - TRUSTED)
    assert set(topics) <= set(CASES), "a subscription that nobody fuzzes"
    # What makes others useful: a camera whose place is known.
    for topic, message in (
        ("/tf_static", transforms()),
        ("/camera/camera_info", camera_info()),
        ("/depth/camera_info", camera_info()),
    ):
        for callback in callbacks.get(topic, []):
            callback(message)
    sent = 0

    def check(case: tuple[str, Any]) -> None:
        nonlocal sent
        sent += 1
        topic, message = case
        for callback in callbacks[topic]:
            callback(message)

    fuzz(
        st.sampled_from(topics).flatmap(lambda topic: st.tuples(st.just(topic), CASES[topic])),
        check,
    )
    dropped = sum(guard.dropped.values())
    print(f"{one.get_name()}: {sent} messages on {len(topics)} topics, {dropped} left out")
    assert 0 < dropped < sent


def test_what_is_taken_for_detections_makes_a_map_of_numbers(fuzz: Any, ros: None) -> None:
    """Estimates that pass the boundary do no harm behind it."""
    control = ControlNode(parameter_overrides=parameters(wait_for_goal=True))
    callbacks = {s.topic_name: s.callback for s in control.subscriptions}
    callbacks["/tf_static"](transforms())
    config = ControlParameters().stacking_config().map

    blocks = 0

    def check(message: Detection3DArray) -> None:
        nonlocal blocks
        control.robot.step()
        callbacks["/detections"](message)
        for block in fuse([s.estimates for s in control.robot.step().detection_frames], config):
            blocks += 1
            assert np.isfinite(block.position).all()
            assert np.isfinite(block.covariance).all()
            assert np.isfinite(block.yaw)

    try:
        with np.errstate(invalid="raise", divide="raise"):
            fuzz(spoilt(detections), check)
    finally:
        control.destroy_node()
    print(f"{blocks} blocks")
    assert blocks > 0
