"""A robot with a camera, as its drivers show it: what `robot.launch.xml` meets, and no more of it.

joint_states, robot_description, TF of the camera, actions of arm and gripper, images. Real time, no
/clock, no truth. With habits of real controllers: joint states come late, a trajectory that starts
elsewhere is refused, one that the arm cannot follow is aborted. Worse habits on request. On SIGINT it
says whether a tower stands.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import time

import numpy as np
import rclpy
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node
from sensor_msgs.msg import CameraInfo, Image, JointState
from stand_in_camera import StandInCamera
from std_msgs.msg import Header, String
from tf2_ros import StaticTransformBroadcaster
from vision_msgs.msg import Detection3DArray

from simreal_common.block_estimate import BlockEstimate
from simreal_common.imaging.ros_camera_info import camera_to_camera_info
from simreal_common.imaging.ros_images import rgb_to_image
from simreal_common.ros_messages import estimates_to_detections, pose_to_transform_stamped
from simreal_common.ros_qos import DETECTION_QOS, IMAGE_QOS, LATCHED_QOS, STATE_QOS
from simreal_sim.physics.arms.panda import PANDA
from simreal_sim.physics.trajectory_execution import ErrorCode, TrajectoryOutcome
from simreal_sim.physics.world import STEP_S, World
from simreal_sim.physics.world_camera import WorldCamera
from simreal_sim.physics.world_randomization import SceneOptions, draw_scene
from simreal_sim.ros_controllers import (
    SUCCEEDED,
    ArmController,
    ControllerParameters,
    GripperController,
    ParallelGripperSpeech,
)
from simreal_sim.scoring.stack_score import judge_tower

EDGE = 0.05
TICK_S = 0.01
MOST_STEPS = 24  # at once; a machine that is too slow has a slow robot
JOINT_PERIOD_S, PICTURE_PERIOD_S = 0.02, 0.4
OPTICAL = "my_camera_optical_frame"
PARALLEL_ACTION = "panda_hand_controller/parallel_gripper_cmd"


class EarlyArmController(ArmController):
    """Says "succeeded" halfway, as controllers without goal tolerances may; the arm goes on."""

    def before_step(self) -> None:
        super().before_step()
        motion, goal = self._motion, self._goal
        if motion is None or goal is None:
            return
        if motion.elapsed(self._world.time) > motion.trajectory.duration / 2:
            self._goal = None
            goal.done.set_result((SUCCEEDED, TrajectoryOutcome(ErrorCode.SUCCESSFUL)))


class StandInRobot(Node):
    """Steps the physics with the wall clock."""

    def __init__(
        self, seed: int, blocks: int, late_s: float, eyes: str = "camera", early: bool = False
    ) -> None:
        super().__init__("stand_in_robot")
        scene = draw_scene(np.random.default_rng(seed), SceneOptions(blocks=blocks))
        self.world = World(scene)
        self._view = WorldCamera(self.world)  # where the camera is, and its lens
        self._camera = StandInCamera(scene) if eyes == "camera" else None
        self._exposed = Header()  # of the image that is being drawn
        controllers = ControllerParameters(path_tolerance=0.1)
        self._arm = (EarlyArmController if early else ArmController)(self, self.world, controllers)
        # One hand, two ways to ask for it; a person's robot has one of them.
        parallel = ParallelGripperSpeech(PANDA.finger_joints[0])
        self._grippers = (
            GripperController(self, self.world, controllers),
            GripperController(self, self.world, controllers, PARALLEL_ACTION, parallel),
        )
        self._late: list[tuple[float, JointState]] = []
        self._late_s = late_s
        self._joints = self.create_publisher(JointState, "joint_states", STATE_QOS)
        self._images = self.create_publisher(Image, "my_camera/image_raw", IMAGE_QOS)
        self._detections = self.create_publisher(Detection3DArray, "detections", DETECTION_QOS)
        self._infos = self.create_publisher(CameraInfo, "my_camera/camera_info", IMAGE_QOS)
        description = self.create_publisher(String, "robot_description", LATCHED_QOS)
        description.publish(String(data=self.world.robot_description()))
        self._static_tf = StaticTransformBroadcaster(self)
        stamp = self.get_clock().now().to_msg()
        self._static_tf.sendTransform(
            [pose_to_transform_stamped(self._view.pose_in_world, PANDA.base_link, OPTICAL, stamp)]
        )
        self._last = time.monotonic()
        self._next_joints = 0.0
        self._next_picture = np.inf if eyes == "none" else 0.0
        self._timer = self.create_timer(TICK_S, self._tick)

    def _tick(self) -> None:
        now = time.monotonic()
        steps = min(int((now - self._last) / STEP_S), MOST_STEPS)
        self._last = now if steps == MOST_STEPS else self._last + steps * STEP_S
        for _ in range(steps):
            self._arm.before_step()
            self.world.step()
            states = self.world.joint_states()
            self._arm.after_step(states.positions[:7])
            for gripper in self._grippers:
                gripper.after_step(states)
        header = Header(stamp=self.get_clock().now().to_msg(), frame_id=OPTICAL)
        if now >= self._next_joints:
            self._next_joints = now + JOINT_PERIOD_S
            states = self.world.joint_states()
            message = JointState(
                header=Header(stamp=header.stamp),
                name=list(states.names),
                position=states.positions.tolist(),
                velocity=states.velocities.tolist(),
            )
            self._late.append((now + self._late_s, message))
        while self._late and self._late[0][0] <= now:
            self._joints.publish(self._late.pop(0)[1])
        if self._camera is not None and (image := self._camera.image()) is not None:
            self._infos.publish(camera_to_camera_info(self._view.camera, self._exposed))
            self._images.publish(rgb_to_image(image, self._exposed))
        if now < self._next_picture:
            return
        if self._camera is None:
            self._detections.publish(estimates_to_detections(self._true_estimates(), header))
        elif self._camera.idle:
            self._camera.expose(self.world)
            self._exposed = header
        else:
            return  # the image before is not drawn yet
        self._next_picture = now + PICTURE_PERIOD_S

    def _true_estimates(self) -> list[BlockEstimate]:
        world_in_camera = self._view.pose_in_world.inverse()
        covariance = np.diag([1e-6] * 3 + [1e-4] * 3)
        return [
            BlockEstimate(world_in_camera @ pose, covariance, 0.95, EDGE)
            for pose in self.world.block_poses().values()
        ]

    def verdict(self, edge: float, blocks: int) -> dict[str, object]:
        """Whether a tower stands, a second later too."""
        earlier = self.world.block_poses()
        for _ in range(round(1.0 / STEP_S)):
            self.world.step()
        tool = self.world.link_poses()[PANDA.tool_link].position
        found = judge_tower(self.world.block_poses(), earlier, tool, edge, blocks)
        return {"success": found.success, "placed": found.placed, "reason": found.reason}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--blocks", type=int, default=2)
    parser.add_argument("--late-s", type=float, default=0.08)
    parser.add_argument("--early", action="store_true", help="motions succeed halfway, it says")
    parser.add_argument(
        "--eyes", choices=("camera", "truth", "none"), default="camera",
        help="pictures, which take time to draw and look at; detections of where its blocks are",
    )  # fmt: skip
    args = parser.parse_args()
    rclpy.init(args=[])
    node = StandInRobot(args.seed, args.blocks, args.late_s, args.eyes, args.early)
    print("the robot is ready", flush=True)
    with contextlib.suppress(KeyboardInterrupt, ExternalShutdownException):
        rclpy.spin(node)
    print(json.dumps(node.verdict(EDGE, args.blocks)), flush=True)


if __name__ == "__main__":
    main()
