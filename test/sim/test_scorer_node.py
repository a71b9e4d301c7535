"""The judge as a process: a staged run is played to it, its exit code and result.json are read."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

rclpy = pytest.importorskip("rclpy", reason="needs ROS 2 or the embedded runtime")

from rclpy.context import Context
from rclpy.node import Node
from rosgraph_msgs.msg import Clock
from std_msgs.msg import Header, String
from tf2_ros import StaticTransformBroadcaster, TransformBroadcaster
from vision_msgs.msg import Detection3DArray

from simreal_common.block_estimate import BlockEstimate
from simreal_common.geometry import Pose, look_at
from simreal_common.ros_messages import (
    estimates_to_detections,
    pose_to_transform_stamped,
    to_stamp,
)
from simreal_common.ros_qos import DETECTION_QOS, LATCHED_QOS, STATE_QOS, TRUTH_QOS
from simreal_sim.scoring.exit_codes import EXIT_NO_VERDICT

ENVIRONMENT = dict(os.environ)
DOMAIN = ENVIRONMENT["ROS_DOMAIN_ID"]
OTHER_DOMAIN = str(int(DOMAIN) + 101)  # that no other test has
TIMEOUT_S = 30.0

CAMERA = look_at([1.15, 0.0, 0.62], [0.47, 0.0, 0.03])
TOOL = Pose(np.array([0.3, 0.0, 0.5]), np.array([1.0, 0.0, 0.0, 0.0]))


def stack(*heights: float) -> list[Pose]:
    return [
        Pose(np.array([0.5, 0.0, z]), Rotation.from_euler("z", 0.2 * k).as_quat())
        for k, z in enumerate(heights)
    ]


class Stage(Node):
    """Plays simulation, perception (4 mm off) and controller."""

    def __init__(self, context: Any) -> None:
        super().__init__("stage", context=context)
        self.clock_ = self.create_publisher(Clock, "/clock", STATE_QOS)
        self.truth = self.create_publisher(Detection3DArray, "ground_truth/blocks", TRUTH_QOS)
        self.seen = self.create_publisher(Detection3DArray, "detections", DETECTION_QOS)
        self.status = self.create_publisher(String, "stacking/status", LATCHED_QOS)
        self.tf = TransformBroadcaster(self)
        self.static_tf = StaticTransformBroadcaster(self)
        self.static_tf.sendTransform(
            [pose_to_transform_stamped(CAMERA, "world", "camera_optical_frame", to_stamp(0.0))]
        )

    def play(self, now: float, blocks: list[Pose], tool: Pose, with_truth: bool) -> None:
        stamp = to_stamp(now)
        self.clock_.publish(Clock(clock=stamp))
        self.tf.sendTransform(
            [pose_to_transform_stamped(tool, "world", "panda_grasptarget", stamp)]
        )

        def message(frame: str, poses: list[Pose]) -> Any:
            estimates = [BlockEstimate(pose, np.zeros((6, 6)), 1.0, 0.05) for pose in poses]
            return estimates_to_detections(estimates, Header(stamp=stamp, frame_id=frame))

        if with_truth:
            truth = message("world", blocks)
            for index, detection in enumerate(truth.detections):
                detection.id = f"block_{index}"
            self.truth.publish(truth)
        off = Pose(np.array([0.004, 0.0, 0.0]), np.array([0.0, 0.0, 0.0, 1.0]))
        self.seen.publish(
            message("camera_optical_frame", [CAMERA.inverse() @ (off @ pose) for pose in blocks])
        )

    def talk_nonsense(self, now: float) -> None:
        """What other programs may send on the same topics."""
        header = Header(stamp=to_stamp(now), frame_id="camera_optical_frame")
        estimate = BlockEstimate(Pose.identity(), np.zeros((6, 6)), 1.0, 0.05)
        for spoil in (
            lambda pose: setattr(pose.orientation, "w", 0.0),
            lambda pose: setattr(pose.position, "x", float("nan")),
        ):
            message = estimates_to_detections([estimate], header)
            spoil(message.detections[0].bbox.center)
            self.seen.publish(message)
            self.truth.publish(message)
        for text in ("", "[" * 3000, '{"state": Infinity}', '"\\ud800"', "x" * 200_000):
            self.status.publish(String(data=text))

    def say(self, finished: bool) -> None:
        status = {"state": "done" if finished else "grasp", "message": "as it is", "placed": 2,
                  "goal": 3, "finished": finished, "success": finished}  # fmt: skip
        self.status.publish(String(data=json.dumps(status)))


def run(
    tmp_path: Path,
    blocks: list[Pose],
    *,
    tool: Pose = TOOL,
    with_truth: bool = True,
    finishes: bool = True,
    nonsense: bool = False,
    **parameters: object,
) -> tuple[int, dict[str, Any], str]:
    """Exit code, result.json and what was printed."""
    options = [w for key, value in parameters.items() for w in ("-p", f"{key}:={value}")]
    command = [
        *(sys.executable, "-m", "simreal_sim.scorer_node", "--ros-args"),
        *("-p", "use_sim_time:=true", "-p", f"out:={tmp_path}", *options),
    ]
    process = subprocess.Popen(command, env=ENVIRONMENT, stdout=subprocess.PIPE, text=True)
    context = Context()
    rclpy.init(context=context, domain_id=int(ENVIRONMENT["ROS_DOMAIN_ID"]))
    node = Stage(context)
    try:
        end, now = time.monotonic() + TIMEOUT_S, 0.0
        while not node.status.get_subscription_count() and time.monotonic() < end:
            time.sleep(0.02)
        while process.poll() is None and time.monotonic() < end:
            now += 0.1
            if nonsense:
                node.talk_nonsense(now)
            node.play(now, blocks, tool, with_truth)
            node.say(finished=finishes and now > 1.5)
            time.sleep(0.02)
        printed, _ = process.communicate(timeout=5)
    finally:
        process.kill()
        node.destroy_node()
        rclpy.shutdown(context=context)
    result = json.loads((tmp_path / "result.json").read_text(encoding="utf-8"))
    return process.returncode, result, printed


def test_a_tower_is_exit_code_0_and_errors_of_perception_are_in_the_result(tmp_path: Path) -> None:
    code, result, printed = run(tmp_path, stack(0.025, 0.075, 0.125), seed=7)
    assert code == 0
    assert result["success"] is True
    assert (result["seed"], result["blocks"], result["placed"]) == (7, 3, 3)
    assert result["perception"]["mean_mm"] == pytest.approx(4.0, abs=0.01)
    assert result["perception"]["matched"] > 0
    assert result["perception"]["missed"] == 0
    assert result["sim_seconds"] > 2
    assert "VERDICT: success" in printed
    assert "grasp: as it is (2 of 3 placed)" in printed


def test_nonsense_of_others_changes_no_verdict(tmp_path: Path) -> None:
    code, result, printed = run(tmp_path, stack(0.025, 0.075, 0.125), nonsense=True)
    assert code == 0
    assert result["success"] is True
    assert result["perception"]["mean_mm"] == pytest.approx(4.0, abs=0.01)
    assert "Traceback" not in printed


def test_no_tower_is_exit_code_1_whatever_the_controller_believes(tmp_path: Path) -> None:
    code, result, printed = run(tmp_path, stack(0.025, 0.075, 0.14))
    assert code == 1
    assert result["success"] is False
    assert result["placed"] == 2
    assert result["reason"].startswith("2 of 3 blocks are stacked")
    assert "VERDICT: FAILURE" in printed


def test_a_hand_at_the_tower_is_no_success(tmp_path: Path) -> None:
    hand = Pose(np.array([0.5, 0.0, 0.16]), TOOL.orientation)
    code, result, _ = run(tmp_path, stack(0.025, 0.075, 0.125), tool=hand)
    assert code == 1
    assert "the hand is still at block_2" in result["reason"]


def test_without_truth_nothing_is_a_success(tmp_path: Path) -> None:
    code, result, _ = run(tmp_path, stack(0.025, 0.075, 0.125), with_truth=False)
    assert code == 1
    assert result["reason"].startswith("no truth received")
    assert result["perception"]["mean_mm"] is None


def test_a_controller_that_never_ends_is_given_up(tmp_path: Path) -> None:
    blocks = stack(0.025, 0.075, 0.125)
    code, result, _ = run(tmp_path, blocks, finishes=False, sim_time_limit_s=3.0)
    assert code == 1
    assert result["reason"].startswith("not finished within 3 simulated seconds")
    code, result, _ = run(tmp_path, blocks, finishes=False, wall_time_limit_s=1.0)
    assert code == 1
    assert result["reason"].startswith("not finished within 1 real seconds")


def test_an_older_verdict_does_not_outlive_the_start_of_a_new_run(tmp_path: Path) -> None:
    old = tmp_path / "result.json"
    old.write_text('{"success": true}')
    process = subprocess.Popen(
        [sys.executable, "-m", "simreal_sim.scorer_node", "--ros-args", "-p", f"out:={tmp_path}"],
        env=ENVIRONMENT,
    )
    try:
        end = time.monotonic() + TIMEOUT_S
        while old.exists() and time.monotonic() < end:
            time.sleep(0.05)
        assert not old.exists()
        # In the same domain the two would meet; here it is the folder alone that they share.
        elsewhere = {**ENVIRONMENT, "ROS_DOMAIN_ID": OTHER_DOMAIN}
        second = subprocess.run(
            process.args, env=elsewhere, stderr=subprocess.PIPE, text=True, timeout=TIMEOUT_S
        )
        assert second.returncode == 2
        assert f"error: another run is writing {old}: wait" in second.stderr
        assert second.stderr.count("\n") == 1
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=TIMEOUT_S) == EXIT_NO_VERDICT
        assert list(tmp_path.iterdir()) == []
    finally:
        process.kill()
        process.wait()
