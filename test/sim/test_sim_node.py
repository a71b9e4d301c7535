"""The simulated cell as other nodes see it: a process of its own, spoken to over ROS."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

rclpy = pytest.importorskip("rclpy", reason="needs ROS 2 or the embedded runtime")
pytest.importorskip("pybullet", reason="the simulation needs PyBullet")

from action_msgs.msg import GoalStatus
from builtin_interfaces.msg import Duration
from control_msgs.action import FollowJointTrajectory, GripperCommand
from control_msgs.msg import JointTolerance
from rclpy.action import ActionClient
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.time import Time
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import CameraInfo, Image, JointState
from std_msgs.msg import String
from tf2_ros import Buffer, TransformListener
from trajectory_msgs.msg import JointTrajectoryPoint
from vision_msgs.msg import Detection3DArray

from simreal_common.imaging.ros_camera_info import camera_info_to_camera
from simreal_common.imaging.ros_images import image_to_depth, image_to_rgb
from simreal_common.ros_messages import message_to_pose, stamp_nanoseconds, transform_to_pose
from simreal_common.ros_qos import LATCHED_QOS, RECORD_IMAGE_QOS, STATE_QOS, TRUTH_QOS
from simreal_sim.physics.arms.panda import PANDA
from simreal_sim.physics.world_randomization import SceneOptions, draw_scene

SEED = 3
TIMEOUT_S = 20.0
RESULT = FollowJointTrajectory.Result
# An own domain: other runs on this machine must not be heard.
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1"}


def sim_command(**parameters: object) -> list[str]:
    options = [word for key, value in parameters.items() for word in ("-p", f"{key}:={value}")]
    return [sys.executable, "-m", "simreal_sim.sim_node", "--ros-args", *options]


class Client(Node):
    """Listens to everything, asks for motions."""

    def __init__(self, context: Any) -> None:
        super().__init__("test_client", context=context)
        self.executor_ = SingleThreadedExecutor(context=context)
        self.executor_.add_node(self)
        self.heard: dict[str, list[Any]] = {}
        for kind, topic, qos in (
            (Clock, "/clock", STATE_QOS),
            (JointState, "joint_states", STATE_QOS),
            (Image, "camera/image_raw", RECORD_IMAGE_QOS),
            (CameraInfo, "camera/camera_info", RECORD_IMAGE_QOS),
            (Image, "camera/depth/image_raw", RECORD_IMAGE_QOS),
            (CameraInfo, "camera/depth/camera_info", RECORD_IMAGE_QOS),
            (Image, "wrist/camera/image_raw", RECORD_IMAGE_QOS),
            (CameraInfo, "wrist/camera/camera_info", RECORD_IMAGE_QOS),
            (Detection3DArray, "ground_truth/blocks", TRUTH_QOS),
            (String, "robot_description", LATCHED_QOS),
        ):
            messages = self.heard.setdefault(topic, [])
            self.create_subscription(kind, topic, messages.append, qos)
        self.tf = Buffer()
        self.tf_listener = TransformListener(self.tf, self)
        self.arm = ActionClient(
            self, FollowJointTrajectory, "panda_arm_controller/follow_joint_trajectory"
        )
        self.hand = ActionClient(self, GripperCommand, "panda_hand_controller/gripper_cmd")

    def wait(self, condition: Callable[[], Any], what: str) -> Any:
        end = time.monotonic() + TIMEOUT_S
        while time.monotonic() < end:
            if value := condition():
                return value
            self.executor_.spin_once(timeout_sec=0.05)
        raise AssertionError(f"no {what} within {TIMEOUT_S} s")

    def positions(self) -> np.ndarray:
        """Of the arm, from a joint state that is yet to come."""
        states = self.heard["joint_states"]
        count = len(states)
        self.wait(lambda: len(states) > count + 5, "joint_states")
        return np.array(states[-1].position[:7])

    def send(self, client: ActionClient, goal: Any) -> Any:
        assert client.wait_for_server(timeout_sec=TIMEOUT_S)
        sent = client.send_goal_async(goal)
        self.wait(sent.done, "answer to the goal")
        handle = sent.result()
        assert handle.accepted
        return handle

    def result(self, handle: Any) -> Any:
        future = handle.get_result_async()
        self.wait(future.done, "result")
        return future.result()


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    process = subprocess.Popen(
        sim_command(
            seed=SEED,
            image_width=160,
            image_height=120,
            real_time_factor=3.0,
            camera="both",
            depth_rate_hz=2.0,
        ),
        env=ENVIRONMENT,
    )
    context = Context()
    rclpy.init(context=context, domain_id=int(ENVIRONMENT["ROS_DOMAIN_ID"]))
    node = Client(context)
    try:
        node.wait(lambda: node.heard["joint_states"], "joint_states")
        yield node
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=10) == 0, "SIGINT is a clean end"
    finally:
        process.kill()
        node.destroy_node()
        node.executor_.shutdown()
        rclpy.shutdown(context=context)


def trajectory(
    change: list[float], seconds: float, start: np.ndarray, names: tuple[str, ...] = PANDA.joints
) -> Any:
    goal = FollowJointTrajectory.Goal()
    goal.trajectory.joint_names = list(names)
    order = [PANDA.joints.index(name) if name in PANDA.joints else 0 for name in names]
    whole, nanoseconds = divmod(round(seconds * 1e9), 10**9)
    point = JointTrajectoryPoint(
        positions=(start + np.array(change))[order].tolist(),
        velocities=[0.0] * len(names),
        time_from_start=Duration(sec=whole, nanosec=nanoseconds),
    )
    goal.trajectory.points = [point]
    return goal


TURN = [0.3, 0.0, 0.0, 0.0, 0.0, 0.0, -0.2]
BACK = [-0.3, 0.0, 0.0, 0.0, 0.0, 0.0, 0.2]


def test_it_says_what_a_robot_cell_says(client: Client) -> None:
    heard = client.heard
    for topic in heard:
        client.wait(lambda topic=topic: heard[topic], topic)
    client.wait(lambda: len(heard["camera/image_raw"]) > 2, "images")
    assert '<joint name="panda_joint1"' in heard["robot_description"][0].data
    assert list(heard["joint_states"][0].name) == [*PANDA.joints, *PANDA.finger_joints]
    np.testing.assert_allclose(client.positions(), PANDA.home, atol=1e-3)

    image = heard["camera/image_raw"][-1]
    assert image.encoding == "rgb8"
    assert image.header.frame_id == "camera_optical_frame"
    assert image_to_rgb(image).shape == (120, 160, 3)
    stamp = stamp_nanoseconds(image.header.stamp)
    scene = draw_scene(np.random.default_rng(SEED), SceneOptions(width=160, height=120))
    client.wait(lambda: heard["camera/camera_info"], "camera_info")
    info = next(
        i for i in heard["camera/camera_info"] if stamp_nanoseconds(i.header.stamp) == stamp
    )
    np.testing.assert_allclose(camera_info_to_camera(info).matrix, scene.camera.matrix)
    np.testing.assert_allclose(np.reshape(info.p, (3, 4))[:, :3], scene.camera.matrix)

    truth = next(
        t for t in heard["ground_truth/blocks"] if stamp_nanoseconds(t.header.stamp) == stamp
    )
    assert truth.header.frame_id == "world"
    for block, detection in zip(scene.blocks, truth.detections, strict=True):
        assert detection.id == block.name
        assert detection.results[0].hypothesis.class_id == "block"
        assert detection.bbox.size.x == pytest.approx(0.05)
        pose = message_to_pose(detection.bbox.center)
        np.testing.assert_allclose(pose.position, block.pose.position, atol=1e-3)


def test_depth_images_show_the_table_where_their_frame_says(client: Client) -> None:
    image = client.wait(lambda: client.heard["camera/depth/image_raw"], "a depth image")[-1]
    info = client.wait(lambda: client.heard["camera/depth/camera_info"], "its calibration")[-1]
    assert (image.encoding, image.header.frame_id) == ("16UC1", info.header.frame_id)
    depth, camera = image_to_depth(image), camera_info_to_camera(info)
    assert depth.shape == (camera.height, camera.width) == (60, 80)
    frame = image.header.frame_id
    client.wait(lambda: client.tf.can_transform("world", frame, Time()), f"frame {frame}")
    pose = transform_to_pose(client.tf.lookup_transform("world", frame, Time()).transform)
    pixels = np.stack(np.meshgrid(np.arange(80), np.arange(60)), axis=-1).astype(float)
    rays = np.concatenate([camera.normalize(pixels), np.ones((60, 80, 1))], axis=-1)
    points = pose.transform_points(rays * depth[..., None])[depth > 0]
    before = points[(np.abs(points[:, 0] - 0.5) < 0.2) & (np.abs(points[:, 1]) < 0.3)]
    assert len(before) > 200
    assert abs(np.median(before[:, 2])) < 0.003


def test_frames_lead_from_the_world_to_camera_and_tool(client: Client) -> None:
    def lookup(target: str) -> np.ndarray:
        client.wait(lambda: client.tf.can_transform("world", target, Time()), f"frame {target}")
        return transform_to_pose(
            client.tf.lookup_transform("world", target, Time()).transform
        ).matrix

    scene = draw_scene(np.random.default_rng(SEED), SceneOptions(width=160, height=120))
    expected = scene.pose_camera_in_world.matrix
    np.testing.assert_allclose(lookup("camera_optical_frame"), expected, atol=1e-6)
    on_hand = lookup("wrist_camera_optical_frame")
    np.testing.assert_allclose(on_hand[:3, 3], [0.382, 0.0, 0.575], atol=0.01)
    assert on_hand[2, 2] < -0.9  # it looks down
    info = client.heard["wrist/camera/camera_info"][-1]
    assert info.header.frame_id == "wrist_camera_optical_frame"
    np.testing.assert_allclose(camera_info_to_camera(info).matrix, scene.wrist_camera.matrix)
    tool = lookup("panda_grasptarget")
    np.testing.assert_allclose(tool[:3, 3], [0.307, 0.0, 0.485], atol=2e-3)
    np.testing.assert_allclose(tool[:3, 2], [0.0, 0.0, -1.0], atol=1e-2)


def test_a_trajectory_with_joints_in_any_order_is_followed_to_its_end(client: Client) -> None:
    start = client.positions()
    handle = client.send(client.arm, trajectory(TURN, 1.0, start, PANDA.joints[::-1]))
    answer = client.result(handle)
    assert answer.status == GoalStatus.STATUS_SUCCEEDED
    assert answer.result.error_code == RESULT.SUCCESSFUL
    np.testing.assert_allclose(client.positions(), start + TURN, atol=1e-2)
    back = client.result(client.send(client.arm, trajectory(BACK, 1.0, start + TURN)))
    assert back.result.error_code == RESULT.SUCCESSFUL


@pytest.mark.parametrize(
    ("change", "seconds", "names", "code", "words"),
    [
        (TURN, 1.0, ("joint1", *PANDA.joints[1:]), RESULT.INVALID_JOINTS, "panda_joint1"),
        (TURN, 1.0, PANDA.joints[:6], RESULT.INVALID_JOINTS, "panda_joint7"),
        ([9.0] * 7, 1.0, PANDA.joints, RESULT.INVALID_GOAL, "limits"),
        (TURN, 0.0, PANDA.joints, RESULT.INVALID_GOAL, "from where panda_joint1 is"),
        ([1.2] + [0.0] * 6, 0.1, PANDA.joints, RESULT.PATH_TOLERANCE_VIOLATED, "panda_joint1"),
    ],
)
def test_what_cannot_be_followed_is_aborted_with_code_and_reason(
    client: Client,
    change: list[float],
    seconds: float,
    names: tuple[str, ...],
    code: int,
    words: str,
) -> None:
    start = client.positions()
    answer = client.result(client.send(client.arm, trajectory(change, seconds, start, names)))
    assert answer.status == GoalStatus.STATUS_ABORTED
    assert answer.result.error_code == code
    assert words in answer.result.error_string


def test_a_goal_tolerance_that_cannot_be_met_is_said(client: Client) -> None:
    goal = trajectory([0.0] * 6 + [0.1], 0.3, client.positions())
    goal.goal_tolerance = [JointTolerance(name="panda_joint7", position=1e-12)]
    goal.goal_time_tolerance = Duration(sec=0, nanosec=10**8)
    answer = client.result(client.send(client.arm, goal))
    assert answer.result.error_code == RESULT.GOAL_TOLERANCE_VIOLATED


def test_canceling_stops_the_arm_where_it_is(client: Client) -> None:
    start = client.positions()
    handle = client.send(client.arm, trajectory([0.5] + [0.0] * 6, 3.0, start))
    client.wait(lambda: client.positions()[0] > start[0] + 0.1, "motion")
    canceling = handle.cancel_goal_async()
    client.wait(canceling.done, "answer to cancel")
    assert len(canceling.result().goals_canceling) == 1
    assert client.result(handle).status == GoalStatus.STATUS_CANCELED
    time.sleep(0.2)
    stopped = client.positions()
    assert stopped[0] < start[0] + 0.45
    time.sleep(0.5)
    np.testing.assert_allclose(client.positions(), stopped, atol=1e-3)


def test_a_new_goal_takes_over_from_the_old_one(client: Client) -> None:
    start = client.positions()
    old = client.send(client.arm, trajectory([0.6] + [0.0] * 6, 6.0, start))
    client.wait(lambda: client.positions()[0] > start[0] + 0.02, "motion")
    new = client.send(client.arm, trajectory([0.0] * 7, 1.0, np.array(PANDA.home)))
    assert client.result(old).status == GoalStatus.STATUS_ABORTED
    assert "taken over" in client.result(old).result.error_string
    assert client.result(new).result.error_code == RESULT.SUCCESSFUL
    np.testing.assert_allclose(client.positions(), PANDA.home, atol=1e-2)


def test_the_gripper_closes_in_the_air_and_opens_again(client: Client) -> None:
    for position in (0.0, 0.04):
        goal = GripperCommand.Goal()
        goal.command.position = position
        answer = client.result(client.send(client.hand, goal))
        assert answer.status == GoalStatus.STATUS_SUCCEEDED
        assert answer.result.reached_goal
        assert not answer.result.stalled
        assert answer.result.position == pytest.approx(position, abs=1e-3)
    goal.command.position = 0.08  # the whole width: a common mistake
    assert client.result(client.send(client.hand, goal)).status == GoalStatus.STATUS_ABORTED


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"edge": 0.0}, "edge"),
        ({"blcks": 2, "randomization": "[colours]"}, "blcks"),
    ],
)
def test_a_wrong_parameter_is_one_line_and_exit_code_2(
    parameters: dict[str, object], words: str
) -> None:
    ended = subprocess.run(
        sim_command(**parameters), env=ENVIRONMENT, capture_output=True, text=True, timeout=30
    )
    assert ended.returncode == 2
    errors = [line for line in ended.stderr.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1
    assert words in errors[0]
    assert "Traceback" not in ended.stderr
