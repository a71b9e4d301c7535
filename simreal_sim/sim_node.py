"""The simulated robot cell as a ROS node: arm, gripper, camera, clock, truth for the scorer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from rclpy.clock import Clock, ClockType
from rclpy.node import Node
from rclpy.publisher import Publisher
from rosgraph_msgs.msg import Clock as ClockMessage
from scipy.spatial.transform import Rotation
from sensor_msgs.msg import CameraInfo, Image, JointState
from std_msgs.msg import Header, String
from tf2_ros import StaticTransformBroadcaster, TransformBroadcaster
from vision_msgs.msg import Detection3DArray

from simreal_common.block_estimate import BlockEstimate
from simreal_common.geometry import Pose
from simreal_common.imaging.ros_camera_info import camera_to_camera_info
from simreal_common.imaging.ros_images import depth_to_image, rgb_to_image
from simreal_common.ros_messages import estimates_to_detections, pose_to_transform_stamped, to_stamp
from simreal_common.ros_ownership import Ownership
from simreal_common.ros_process import run_node
from simreal_common.ros_qos import IMAGE_QOS, LATCHED_QOS, STATE_QOS, TRUTH_QOS
from simreal_common.settings.obstacles import read_obstacles
from simreal_common.settings.parameters import check_parameters, parameter
from simreal_common.settings.ros_parameters import declare_all
from simreal_sim.physics.arms.panda import PANDA
from simreal_sim.physics.arms.registry import SIMULATED_ARMS, simulated_arm
from simreal_sim.physics.pacing import Pacer, Schedule
from simreal_sim.physics.world import STEP_S, World
from simreal_sim.physics.world_camera import CAMERAS, CameraMount, WorldCamera
from simreal_sim.physics.world_depth import DepthCamera
from simreal_sim.physics.world_randomization import (
    MAX_BLOCKS,
    MAX_DISTRACTORS,
    WORLD_GROUPS,
    SceneOptions,
    draw_scene,
)
from simreal_sim.ros_controllers import ArmController, ControllerParameters
from simreal_sim.ros_hand_controllers import HAND_CONTROLLERS

WORLD_FRAME = "world"
# Of a camera by where it is: a prefix of its topics, and of its frames.
PREFIXES = {CameraMount.FIXED: ("", ""), CameraMount.WRIST: ("wrist/", "wrist_")}
CAMERA_FRAME = "camera_link"
OPTICAL_FRAME = "camera_optical_frame"
DEPTH_FRAME = "camera_depth_optical_frame"
DEPTH_BINNING = 2  # of a side of the fixed camera's image; drawing takes long

# REP 103: camera_link looks along x with z up, the optical frame along z with y down.
POSE_OPTICAL_IN_CAMERA = Pose(
    np.zeros(3), Rotation.from_euler("xyz", [-np.pi / 2, 0.0, -np.pi / 2]).as_quat()
)

TICK_S = 0.005  # real seconds between looks at what is due
CHUNK_S = 0.05  # simulated seconds a tick at most, so that other callbacks get their turn
SLOW_S = 3.0  # simulated seconds of delay that are worth a word
NO_RANDOMIZATION = "none"


@dataclass(frozen=True)
class SimParameters:
    """What is simulated, and how fast."""

    seed: int = parameter(1, "fixes the scene; the same seed, the same scene", range=(0, 2**31 - 1))
    robot: str = parameter(PANDA.name, "which arm", choices=tuple(SIMULATED_ARMS))
    blocks: int = parameter(SceneOptions.blocks, "number of blocks", range=(1, MAX_BLOCKS))
    edge: float = parameter(SceneOptions.edge, "edge of the blocks, metres", range=(0.02, 0.07))
    distractors: int = parameter(
        SceneOptions.distractors, "largest number of distractors", range=(0, MAX_DISTRACTORS)
    )
    randomization: tuple[str, ...] = parameter(
        WORLD_GROUPS,
        "what the seed varies; 'none' for a nominal scene",
        choices=(*WORLD_GROUPS, NO_RANDOMIZATION),
    )
    camera: str = parameter(
        CameraMount.FIXED.value,
        "fixed: opposite the robot; wrist: on its hand, with topics below wrist/; or both",
        choices=tuple(CAMERAS),
    )
    obstacles_file: str = parameter(
        "", "YAML file of what stands about the arm, as control_node reads it; empty for nothing"
    )
    real_time_factor: float = parameter(
        1.0, "simulated seconds a real second; 0 is as fast as it goes", range=(0.0, 100.0)
    )
    image_width: int = parameter(
        SceneOptions.width, "width of the camera's image, pixels", range=(64, 1920)
    )
    image_height: int = parameter(
        SceneOptions.height, "height of the camera's image, pixels", range=(48, 1080)
    )
    shadows: bool = parameter(True, "whether the camera sees shadows; they cost time")
    camera_rate_hz: float = parameter(5.0, "images a simulated second", range=(0.1, 60.0))
    depth_rate_hz: float = parameter(
        0.0,
        "depth images of the fixed camera (camera/depth/image_raw, 16UC1, half as wide and high) a "
        "simulated second; 0: none",
        range=(0.0, 60.0),
    )
    joint_state_rate_hz: float = parameter(
        100.0, "joint_states and /clock a simulated second", range=(1.0, 240.0)
    )
    tf_rate_hz: float = parameter(50.0, "/tf of the links a simulated second", range=(1.0, 240.0))
    truth_rate_hz: float = parameter(
        10.0, "ground_truth/blocks a simulated second, beside those at images", range=(0.1, 240.0)
    )
    publish_truth: bool = parameter(True, "whether ground_truth/blocks is published at all")

    def __post_init__(self) -> None:
        check_parameters(self)

    def scene_options(self) -> SceneOptions:
        return SceneOptions(
            blocks=self.blocks,
            edge=self.edge,
            distractors=self.distractors,
            width=self.image_width,
            height=self.image_height,
            randomized_groups=tuple(n for n in self.randomization if n != NO_RANDOMIZATION),
        )


class SimNode(Node):
    """Steps the world in a timer, paced by real time; publishes between the steps."""

    def __init__(self) -> None:
        super().__init__("sim_node")
        p, controllers = declare_all(self, SimParameters, ControllerParameters)
        self._settings: SimParameters = p
        self._ownership = Ownership(self, "/clock", "simulates the cell")
        scene = draw_scene(np.random.default_rng(p.seed), p.scene_options())
        arm = simulated_arm(p.robot)
        self._world = World(
            scene, arm, obstacles=read_obstacles(p.obstacles_file, arm.table_height_m)
        )
        self._cameras = {
            mount: WorldCamera(self._world, p.shadows, mount) for mount in CAMERAS[p.camera]
        }
        self._ownership.settle()  # what takes time lies before, what others see behind it
        self._arm = ArmController(self, self._world, controllers)
        self._hand = HAND_CONTROLLERS[arm.hand](self, self._world, controllers)

        self._clock_publisher = self.create_publisher(ClockMessage, "/clock", STATE_QOS)
        self._joint_publisher = self.create_publisher(JointState, "joint_states", STATE_QOS)
        self._image_publishers = {
            mount: (
                self.create_publisher(Image, f"{PREFIXES[mount][0]}camera/image_raw", IMAGE_QOS),
                self.create_publisher(
                    CameraInfo, f"{PREFIXES[mount][0]}camera/camera_info", IMAGE_QOS
                ),
            )
            for mount in self._cameras
        }
        self._depth: tuple[DepthCamera, Publisher, Publisher] | None = None
        if p.depth_rate_hz > 0:
            self._depth = (
                DepthCamera(self._world, DEPTH_BINNING, p.seed),
                self.create_publisher(Image, "camera/depth/image_raw", IMAGE_QOS),
                self.create_publisher(CameraInfo, "camera/depth/camera_info", IMAGE_QOS),
            )
            self._depth_schedule = Schedule(p.depth_rate_hz)
        self._truth_publisher = None
        if p.publish_truth:
            self._truth_publisher = self.create_publisher(
                Detection3DArray, "ground_truth/blocks", TRUTH_QOS
            )
        self._tf = TransformBroadcaster(self)
        self._static_tf = StaticTransformBroadcaster(self)
        self._publish_fixed_frames()
        description = self.create_publisher(String, "robot_description", LATCHED_QOS)
        description.publish(String(data=self._world.robot_description()))

        self._joint_schedule = Schedule(p.joint_state_rate_hz)
        self._tf_schedule = Schedule(p.tf_rate_hz)
        self._truth_schedule = Schedule(p.truth_rate_hz)
        self._camera_schedule = Schedule(p.camera_rate_hz)
        self._pacer = Pacer(p.real_time_factor)
        # Real time: this node makes the simulated one.
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        self._timer = self.create_timer(TICK_S, self._tick, clock=steady)
        self.get_logger().info(
            f"seed {p.seed}: {p.robot}, {p.blocks} blocks, {len(scene.distractors)} distractors, "
            f"{p.image_width}x{p.image_height} at {p.camera_rate_hz:g} Hz"
        )

    def destroy_node(self) -> None:
        self._arm.destroy()
        self._hand.destroy()
        super().destroy_node()
        self._world.close()

    def _tick(self) -> None:
        due = self._pacer.due(CHUNK_S)
        steps = int(due / STEP_S)
        for done in range(1, steps + 1):
            self._step()
            # An image takes as long as some thousand steps: let others run after it.
            if self._publish():
                steps = done
                break
        self._pacer.ran(steps * STEP_S)
        if self._pacer.given_up_s > SLOW_S:
            self._pacer.given_up_s = 0.0
            self.get_logger().info(
                "this machine is too slow for the real_time_factor of "
                f"{self._settings.real_time_factor:g}: simulated time runs slower than that",
                throttle_duration_sec=60.0,
            )

    def _step(self) -> None:
        self._arm.before_step()
        self._world.step()
        self._joints = self._world.joint_states()
        self._arm.after_step(self._joints.positions[self._world.arm_part])
        self._hand.after_step(self._joints)

    def _publish(self) -> bool:
        """Publish what is due; whether an image was made."""
        now = self._world.time
        stamp = to_stamp(now)
        if self._joint_schedule.is_due(now):
            self._clock_publisher.publish(ClockMessage(clock=stamp))
            self._publish_joints(stamp)
        if self._tf_schedule.is_due(now):
            self._publish_links(stamp)
        image = self._camera_schedule.is_due(now)
        if self._truth_schedule.is_due(now) or image:
            self._publish_truth(stamp)
        if image:
            for mount, camera in self._cameras.items():
                self._publish_image(mount, camera, stamp)
        if self._depth is not None and self._depth_schedule.is_due(now):
            self._publish_depth(stamp)
            return True
        return image

    def _publish_joints(self, stamp: object) -> None:
        joints = self._joints
        self._joint_publisher.publish(
            JointState(
                header=Header(stamp=stamp),
                name=list(joints.names),
                position=joints.positions.tolist(),
                velocity=joints.velocities.tolist(),
                effort=joints.efforts.tolist(),
            )
        )

    def _publish_links(self, stamp: object) -> None:
        poses = self._world.link_poses_in_parents()
        self._tf.sendTransform(
            [
                pose_to_transform_stamped(pose, parent, child, stamp)
                for (parent, child), pose in poses.items()
            ]
        )

    def _publish_truth(self, stamp: object) -> None:
        if self._truth_publisher is None:
            return
        poses = self._world.block_poses()
        exact, edge = np.zeros((6, 6)), self._settings.edge
        message = estimates_to_detections(
            [BlockEstimate(pose, exact, 1.0, edge) for pose in poses.values()],
            Header(stamp=stamp, frame_id=WORLD_FRAME),
        )
        for detection, name in zip(message.detections, poses):
            detection.id = name
        self._truth_publisher.publish(message)

    def _publish_image(self, mount: CameraMount, camera: WorldCamera, stamp: object) -> None:
        header = Header(stamp=stamp, frame_id=PREFIXES[mount][1] + OPTICAL_FRAME)
        images, infos = self._image_publishers[mount]
        infos.publish(camera_to_camera_info(camera.camera, header))
        if images.get_subscription_count():
            images.publish(rgb_to_image(camera.render(), header))

    def _publish_depth(self, stamp: object) -> None:
        assert self._depth is not None
        camera, images, infos = self._depth
        header = Header(stamp=stamp, frame_id=DEPTH_FRAME)
        infos.publish(camera_to_camera_info(camera.camera, header))
        if images.get_subscription_count():
            images.publish(depth_to_image(camera.capture(), header))

    def _publish_fixed_frames(self) -> None:
        arm, stamp = self._world.arm, to_stamp(0.0)
        frames = [
            pose_to_transform_stamped(arm.pose_base_in_world, WORLD_FRAME, arm.base_link, stamp)
        ]
        for mount, camera in self._cameras.items():
            wrist, prefix = mount is CameraMount.WRIST, PREFIXES[mount][1]
            parent = arm.tool_link if wrist else WORLD_FRAME
            optical = camera.pose_in_tool if wrist else camera.pose_in_world
            link, lens = prefix + CAMERA_FRAME, prefix + OPTICAL_FRAME
            pose = optical @ POSE_OPTICAL_IN_CAMERA.inverse()
            frames += [
                pose_to_transform_stamped(pose, parent, link, stamp),
                pose_to_transform_stamped(POSE_OPTICAL_IN_CAMERA, link, lens, stamp),
            ]
        if self._depth is not None:
            pose = self._depth[0].pose_in_world
            frames.append(pose_to_transform_stamped(pose, WORLD_FRAME, DEPTH_FRAME, stamp))
        self._static_tf.sendTransform(frames)


def main(args: Sequence[str] | None = None) -> int:
    """Entry point of `ros2 run simreal sim_node`."""
    return run_node(SimNode, args)


if __name__ == "__main__":
    raise SystemExit(main())
