"""What perception_node does while it is configured: images in, poses of blocks out."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from diagnostic_msgs.msg import DiagnosticArray
from numpy.typing import NDArray
from rclpy.clock import Clock
from rclpy.clock_type import ClockType
from rclpy.node import Node
from rclpy.qos import QoSProfile
from sensor_msgs.msg import CameraInfo, CompressedImage, Image
from std_msgs.msg import Header

from simreal_common.block_estimate import BlockEstimate
from simreal_common.camera import Camera
from simreal_common.frames.ros_transforms import Transforms
from simreal_common.imaging.ros_images import image_to_depth
from simreal_common.ros_guard import MessageGuard
from simreal_common.ros_messages import NANOSECONDS, diagnostics, stamp_nanoseconds
from simreal_common.ros_qos import LATEST_IMAGE_QOS, RECORD_IMAGE_QOS, SHOWN_QOS
from simreal_perception.health.headers import OTHER_CLOCK_S, ImageHeader, flaws_of
from simreal_perception.health.ros_stream_diagnostics import images_entry, inputs_entry
from simreal_perception.health.throughput import Throughput
from simreal_perception.model_files.ros_model_diagnostics import model_entry
from simreal_perception.monitoring.measures.monitor_config import MonitorConfig
from simreal_perception.monitoring.ros_node_monitor import NodeMonitor
from simreal_perception.monitoring.watch_page import WatchFacts
from simreal_perception.node_parameters import PerceptionParameters
from simreal_perception.pose_estimation.support_plane import SupportPlane
from simreal_perception.ros_calibration import CameraCalibrationTopic
from simreal_perception.ros_camera_pose import CameraPoses
from simreal_perception.ros_complaints import Complaints
from simreal_perception.ros_image_source import ImageSource
from simreal_perception.ros_outputs import DetectionOutputs
from simreal_perception.ros_plane import TransformedPlane
from simreal_perception.tracking.tracked_estimator import Estimator, TrackedEstimator
from simreal_perception.video.image_io import check_size

SILENCE_S = (
    10.0  # a camera or a simulation may take its time to start; after that say what is missing
)
DIAGNOSTICS_S = 1.0
FAINT = 0.5  # of min_score: what scores a little lower now and then is followed all the same
KEPT_DEPTHS = 5  # depth images may come before their image
GONE_BACK = "time has gone back: blocks are followed anew"
RATE_SLACK = 0.9  # stamps jitter: an image that comes a tenth of the period early still counts
SET_BACK_NS = (
    NANOSECONDS  # stamps that go back by more are of a bag or a simulation that began anew
)


class Perception:
    """Publishes `detections` for each image it looks at; works on the newest image, queues none.

    Args:
        node: whose topics, log and clock they are.
        settings: what it was told.
        estimator: finds the blocks.
        complaints, guard: take what is wrong with messages.

    Raises:
        SimrealError: the model's card or the place of the report cannot be used.
    """

    def __init__(
        self,
        node: Node,
        settings: PerceptionParameters,
        estimator: Estimator,
        complaints: Complaints,
        guard: MessageGuard,
    ) -> None:
        self._node, self._complaints, self._guard = node, complaints, guard
        p = self._settings = settings
        self._estimator = estimator
        self._tracked = TrackedEstimator(self._estimator, FAINT * p.min_score)
        self._transforms = Transforms(node) if p.listens_to_tf else None
        self._camera_poses = CameraPoses(self._transforms, self._complaints, p.fixed_frame)
        self._plane = TransformedPlane(self._transforms, self._complaints, p)
        self._throughput = Throughput(time.monotonic())
        self._last_stamp_ns: int | None = None
        self._last_look_ns: int | None = None
        self._has_image = False
        # Depth images that wait for their image, by stamp, and an image that waits for its depth.
        self._depths: dict[int, Image] = {}
        self._waiting: Image | CompressedImage | None = None
        self._images = ImageSource(node, p, "camera/image_raw", LATEST_IMAGE_QOS)
        moves = bool(p.fixed_frame)
        watch = MonitorConfig(moving_camera=moves, min_score=p.min_score)
        self._monitor = NodeMonitor(
            node,
            watch if p.monitor_enabled else None,
            WatchFacts(self._images.topic, p.model),
            p.monitor_report,
            estimator,
        )
        self._calibration = CameraCalibrationTopic(p, self._images.topic, self._complaints)
        self._outputs = DetectionOutputs(node, p, self._transforms, self._complaints)
        self._diagnostics = node.create_publisher(DiagnosticArray, "/diagnostics", SHOWN_QOS)
        self._subscriptions: list[Any] = []
        # Wall time: with use_sim_time and no /clock, no timer of the node's own clock would fire.
        self._steady = Clock(clock_type=ClockType.STEADY_TIME)
        self._silence_timer = node.create_timer(SILENCE_S, self._on_silence, clock=self._steady)
        self._silence_timer.cancel()
        node.create_timer(DIAGNOSTICS_S, self._on_diagnostics, clock=self._steady)

    def listen(self) -> None:
        """Take images from now on."""
        self._subscriptions = self._listen()
        self._silence_timer.reset()

    def stop_listening(self) -> None:
        """Take none until `listen`; blocks are forgotten."""
        self._silence_timer.cancel()
        for subscription in self._subscriptions:
            self._node.destroy_subscription(subscription)
        self._subscriptions = []
        self.start_anew()

    def close(self) -> None:
        """Say the last word: nothing is published after it."""
        self._monitor.write_report()

    def take_settings(self, settings: PerceptionParameters) -> None:
        """Go on with other settings: what may change of them, see `PerceptionParameters`."""
        if settings.listens_to_tf and self._transforms is None:
            self._transforms = Transforms(self._node)
        self._plane = TransformedPlane(self._transforms, self._complaints, settings)
        if settings.search != self._settings.search:
            self._estimator.search = settings.search
            self._tracked.look_everywhere()
        self._tracked.least_score = FAINT * settings.min_score
        self._monitor.set_min_score(settings.min_score)
        self._settings = settings

    def _listen(self) -> list[Any]:
        images = self._images
        listened: list[tuple[Any, str, Callable[[Any], None], QoSProfile]] = [
            (CameraInfo, "camera/camera_info", self._calibration.hear, images.info_qos),
            (images.kind, images.topic, self._on_image, images.qos),
        ]
        if self._settings.use_depth:
            listened.append((Image, "depth/image_raw", self._on_depth, RECORD_IMAGE_QOS))
        return [
            self._node.create_subscription(kind, topic, self._guard(topic, callback), qos)
            for kind, topic, callback, qos in listened
        ]

    def start_anew(self) -> None:
        """A bag that loops, a simulation that was restarted: nothing of before holds any more."""
        self._tracked.reset()
        self._last_stamp_ns = self._last_look_ns = None
        self._depths.clear()
        self._waiting = None

    def _on_image(self, message: Image | CompressedImage) -> None:
        self._has_image = True
        self._throughput.heard(time.monotonic())
        self._check_header(message.header)
        if not self._settings.use_depth:
            self._look(message, None)
            return
        depth = self._depths.pop(stamp_nanoseconds(message.header.stamp), None)
        late, self._waiting = self._waiting, message if depth is None else None
        if late is not None:  # its depth will not come any more
            topic = self._node.resolve_topic_name("depth/image_raw")
            self._complaints.take(
                "depth",
                f"an image without a depth image of its stamp on {topic}: it is looked at without; "
                "wanted one aligned depth image for each image, with the same stamp: switch "
                "alignment and synchronization on in the camera driver, or set use_depth:=false",
            )
            self._look(late, None)
        if depth is not None:
            self._look(message, depth)

    def _on_depth(self, message: Image) -> None:
        stamp_ns = stamp_nanoseconds(message.header.stamp)
        image = self._waiting
        if image is not None and stamp_nanoseconds(image.header.stamp) == stamp_ns:
            self._waiting = None
            self._look(image, message)
            return
        self._depths[stamp_ns] = message
        while len(self._depths) > KEPT_DEPTHS:
            self._depths.pop(next(iter(self._depths)))

    def _check_header(self, header: Header) -> None:
        """Complain of what is wrong with an image's time and frame; begin anew where time goes back.

        A bag that loops without /clock is known by its stamps alone.
        """
        stamp_ns, last_ns = stamp_nanoseconds(header.stamp), self._last_stamp_ns
        if last_ns is not None and 0 < stamp_ns < last_ns - SET_BACK_NS:
            self._node.get_logger().info(GONE_BACK)
            self.start_anew()
            if self._transforms is not None:
                self._transforms.start_anew()
        self._last_stamp_ns = stamp_ns or last_ns
        known = ImageHeader(stamp_ns / NANOSECONDS, header.frame_id, self._calibration.frame)
        clock = self._node.get_clock()
        sim_time = bool(clock.ros_time_is_active)
        for flaw in flaws_of(known, clock.now().nanoseconds / NANOSECONDS, sim_time=sim_time):
            self._complaints.take(flaw.about, flaw.words)
        conflicts = self._transforms.conflicts() if self._transforms is not None else {}
        for child, (first, second) in conflicts.items():
            self._complaints.take(
                f"TF frame {child}",
                f"frame '{child}' has two parents on TF, '{first}' and '{second}': its place jumps "
                "from one to the other; end one of the two that publish it (ros2 topic info "
                "--verbose /tf, /tf_static), or name its frame otherwise",
            )

    def _look(self, message: Image | CompressedImage, depth_message: Image | None) -> None:
        """Find the blocks in an image and publish them.

        Raises:
            SimrealError: of image, depth, calibration or model.
        """
        info = self._calibration.message
        taken_ns = self._taken_ns(message.header)
        if info is None or not self._due(taken_ns):
            return
        started = time.monotonic()
        camera = self._calibration.camera(info)
        rgb = self._images.to_rgb(message)
        check_size(rgb, camera, "image", "camera_info")
        depth = None if depth_message is None else image_to_depth(depth_message)
        plane = self._plane.at(message.header)
        estimates, measured = self._estimate(rgb, camera, message.header, taken_ns, plane, depth)
        good = [e for e in estimates if e.score >= self._settings.min_score]
        self._outputs.publish(good, message.header, rgb, camera)
        late = (
            self._node.get_clock().now().nanoseconds - stamp_nanoseconds(message.header.stamp)
        ) / 1e9
        now = time.monotonic()
        latency = late if abs(late) < OTHER_CLOCK_S else None
        self._throughput.looked(now, now - started, latency, len(good))
        self._monitor.look(rgb, taken_ns / NANOSECONDS, measured)
        self._node.get_logger().debug(f"{len(good)} blocks in {1000 * (now - started):.1f} ms")

    def _estimate(
        self,
        rgb: NDArray[np.uint8],
        camera: Camera,
        header: Header,
        taken_ns: int,
        plane: SupportPlane | None,
        depth: NDArray[np.floating[Any]] | None,
    ) -> tuple[Sequence[BlockEstimate], Sequence[BlockEstimate]]:
        """What is to be published, and what this image alone shows: tracks hide doubt for a while."""
        edge, from_blocks = self._settings.edge, self._settings.plane_from_blocks
        placed = self._camera_poses.at(header)
        if not self._settings.tracking or not placed.known:
            estimates = self._estimator.estimate(rgb, camera, edge, plane, depth, from_blocks)
            return estimates, estimates
        seconds = taken_ns / NANOSECONDS
        estimates = self._tracked.update(
            rgb, camera, edge, seconds, placed.pose, plane=plane, depth=depth,
            plane_from_blocks=from_blocks,
        )  # fmt: skip
        return estimates, self._tracked.measured

    def _taken_ns(self, header: Header) -> int:
        """When an image was taken, as far as is known: one that is not stamped, when it came."""
        return stamp_nanoseconds(header.stamp) or int(self._node.get_clock().now().nanoseconds)

    def _due(self, taken_ns: int) -> bool:
        rate, last_ns = self._settings.max_rate, self._last_look_ns
        # A stamp that goes back is a simulation or a bag that started again.
        if rate > 0 and last_ns is not None and 0 <= taken_ns - last_ns < RATE_SLACK * 1e9 / rate:
            return False
        self._last_look_ns = taken_ns
        return True

    def _on_diagnostics(self) -> None:
        report = self._throughput.report(time.monotonic())
        p, age_s = self._settings, self._calibration.age_s
        entries = {
            "images": images_entry(report, self._images.topic, age_s),
            "inputs": inputs_entry(self._complaints.current(), self._guard.dropped),
            "model": model_entry(self._estimator, p.model),
            **self._monitor.entries(),
        }
        stamp = self._node.get_clock().now().to_msg()
        self._diagnostics.publish(diagnostics(self._node.get_name(), stamp, entries))

    def _on_silence(self) -> None:
        """Once, some seconds after the start: say which input is missing and why it may be."""
        self._silence_timer.cancel()
        images, info = self._images, self._node.resolve_topic_name("camera/camera_info")
        calibrated = self._calibration.message is not None
        for name, topic, kind, remedy, missing in (
            ("camera/image_raw", images.topic, "images", images.remedy, not self._has_image),
            ("camera/camera_info", info, "camera calibration", lambda: None, not calibrated),
        ):
            if not missing:
                continue
            publishers = self._node.count_publishers(topic)
            mend = (
                f"{publishers} publish it, but with a type or QoS that does not fit, or on "
                f"the other side of a network: see ros2 topic info --verbose {topic}"
                if publishers
                else remedy()
                or f"nobody publishes it: start the camera, or name its topic with -r {name}:=/..."
            )
            self._node.get_logger().warning(f"no {kind} on {topic} after {SILENCE_S:g} s; {mend}")
