"""Times perception_node as its users meet it: images of a camera in, detections out, by the minute."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import Header
from vision_msgs.msg import Detection3DArray

from simreal_bench.endurance.soak import sample_of
from simreal_bench.image_faults.moving_scene import MovingScene
from simreal_common.camera import Camera
from simreal_common.errors import SimrealError
from simreal_common.imaging.ros_camera_info import camera_to_camera_info
from simreal_common.imaging.ros_images import rgb_to_image
from simreal_common.ros_messages import stamp_nanoseconds
from simreal_common.ros_qos import CAMERA_INFO_QOS, DETECTION_QOS, LATEST_IMAGE_QOS, reliably

FRAME = "camera"
IMAGES, INFO, DETECTIONS = "camera/image_raw", "camera/camera_info", "detections"
START_S, LAST_S = 90.0, 2.0  # for the node to load and answer; for the last answers
WARM_UP_S = 3.0  # images that are not counted: memory is allocated, the background is learned
MEMORY_EVERY_S = 5.0
MEMORY_WARM_SHARE = 0.1  # of the time, before memory is compared
START = "from simreal_perception.perception_node import main; raise SystemExit(main())"


@dataclass(frozen=True, eq=False)
class LatencyResult:
    """What was measured.

    Args:
        latencies_s: from an image's stamp, when it was published, to its detections; (N,).
        sent: images published after the warm-up.
        found: blocks in an answer, on average.
        memory_mib: resident, of the node, a value every five seconds, (M,).
        core_share: of one core, the node's.
    """

    latencies_s: np.ndarray
    sent: int
    found: float
    memory_mib: np.ndarray
    core_share: float

    def percentile_ms(self, percent: float) -> float:
        """Of the latencies."""
        return 1e3 * float(np.percentile(self.latencies_s, percent))

    @property
    def memory_growth(self) -> float:
        """From the mean of the first tenth of values after the warm-up to that of the last, a share."""
        kept = self.memory_mib[int(MEMORY_WARM_SHARE * len(self.memory_mib)) :]
        some = max(len(kept) // 10, 1)
        return float(kept[-some:].mean() / kept[:some].mean() - 1.0)


def bench_latency(
    log: Path,
    seconds: float,
    rate: float,
    seed: int,
    domain: int,
    parameters: list[str],
    tell: Callable[[float], object],
) -> LatencyResult:
    """Start the node, show it a scene in which an arm and blocks move, and time its answers.

    Args:
        log: file that gets what the node says.
        seconds: how long, after the warm-up.
        rate: images a second.
        seed: of scene and noise.
        domain: ROS_DOMAIN_ID, used by nobody else on this machine.
        parameters: of the node, as "tracking:=false".
        tell: called with the seconds that have gone by since the last call.

    Raises:
        SimrealError: the node ended, or answered nothing.
    """
    scene = MovingScene(seed)
    words = [f"edge:={scene.edge}", *parameters]
    command = [sys.executable, "-c", START, "--ros-args"]
    command += [word for one in words for word in ("-p", one)]
    context = rclpy.Context()
    rclpy.init(args=[], context=context, domain_id=domain)
    camera = _Camera(context, scene.camera)
    with log.open("wb") as file:
        process = subprocess.Popen(
            command,
            env={**os.environ, "ROS_DOMAIN_ID": str(domain)},
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
        )
    try:
        return _measured(camera, scene, process, seconds, rate, seed, log, tell)
    finally:
        process.terminate()
        process.wait()
        camera.close()
        rclpy.try_shutdown(context=context)


class _Camera:
    """Publishes images and hears what is found in them."""

    def __init__(self, context: rclpy.Context, camera: Camera) -> None:
        self._node = Node("bench_latency", context=context)
        self._executor = SingleThreadedExecutor(context=context)
        self._executor.add_node(self._node)
        self._images = self._node.create_publisher(Image, IMAGES, reliably(LATEST_IMAGE_QOS))
        self._infos = self._node.create_publisher(CameraInfo, INFO, CAMERA_INFO_QOS)
        self._node.create_subscription(
            Detection3DArray, DETECTIONS, self._hear, reliably(DETECTION_QOS)
        )
        self._camera = camera
        self.answers: list[tuple[int, int, int]] = []  # stamp, when it came, ns; blocks

    def _hear(self, message: Detection3DArray) -> None:
        now = int(self._node.get_clock().now().nanoseconds)
        stamp = stamp_nanoseconds(message.header.stamp)
        self.answers.append((stamp, now, len(message.detections)))

    def show(self, rgb: np.ndarray) -> int:
        """Publish an image; returns its stamp, nanoseconds."""
        message = rgb_to_image(rgb, Header(frame_id=FRAME))
        stamp = self._node.get_clock().now()
        message.header.stamp = stamp.to_msg()
        self._infos.publish(camera_to_camera_info(self._camera, message.header))
        self._images.publish(message)
        return int(stamp.nanoseconds)

    def hear_until(self, deadline: float) -> None:
        """Take answers until a time of `time.monotonic`."""
        left = deadline - time.monotonic()
        self._executor.spin_once(timeout_sec=max(left, 0.0))  # what has come is taken, late or not
        while (left := deadline - time.monotonic()) > 0:
            self._executor.spin_once(timeout_sec=left)

    def close(self) -> None:
        self._executor.remove_node(self._node)
        self._node.destroy_node()
        self._executor.shutdown()


def _measured(
    camera: _Camera,
    scene: MovingScene,
    process: subprocess.Popen[bytes],
    seconds: float,
    rate: float,
    seed: int,
    log: Path,
    tell: Callable[[float], object],
) -> LatencyResult:
    def alive() -> None:
        if process.poll() is not None:
            raise SimrealError(f"perception_node ended with {process.returncode}: see {log}")

    started = time.monotonic()
    shots = scene.shots(rate, WARM_UP_S + seconds, seed)
    first = next(shots).image
    while not camera.answers:
        alive()
        if time.monotonic() - started > START_S:
            raise SimrealError(f"perception_node answered nothing within {START_S:g} s: see {log}")
        camera.show(first)
        camera.hear_until(time.monotonic() + 0.2)
    began = time.monotonic()
    stamps: list[int] = []
    memory: list[float] = []
    busy_s = told = 0.0
    for shot in shots:
        camera.hear_until(began + shot.time)
        stamp = camera.show(shot.image)
        if shot.time < WARM_UP_S:
            continue
        if not stamps:
            busy_s = _busy_s(process.pid)
        stamps.append(stamp)
        if shot.time >= WARM_UP_S + len(memory) * MEMORY_EVERY_S:
            alive()
            sample = sample_of(process.pid, "perception_node", shot.time)
            memory.append(np.nan if sample is None else sample.memory_mib)
            tell(shot.time - WARM_UP_S - told)
            told = shot.time - WARM_UP_S
    share = (_busy_s(process.pid) - busy_s) / seconds
    camera.hear_until(time.monotonic() + LAST_S)
    tell(seconds - told)
    counted = set(stamps)
    answers = [answer for answer in camera.answers if answer[0] in counted]
    if not answers:
        raise SimrealError(f"perception_node answered none of {len(stamps)} images: see {log}")
    return LatencyResult(
        np.array([1e-9 * (came - stamp) for stamp, came, _ in answers]),
        len(stamps),
        float(np.mean([count for *_, count in answers])),
        np.array(memory),
        share,
    )


def _busy_s(number: int) -> float:
    """Seconds of processors that a process has used so far, all its threads; 0 if it has ended."""
    try:
        fields = Path(f"/proc/{number}/stat").read_text("utf-8").rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
