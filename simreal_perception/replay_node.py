"""replay_node: plays a recording to perception_node, and keeps and reports what it answers."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any

from builtin_interfaces.msg import Time
from rclpy.clock import Clock, ClockType
from rclpy.node import Node
from rclpy.serialization import serialize_message
from rosgraph_msgs.msg import Clock as ClockMessage
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import Header
from tf2_msgs.msg import TFMessage
from tf2_ros import StaticTransformBroadcaster
from vision_msgs.msg import Detection3DArray

from simreal_common.errors import ConfigurationError
from simreal_common.imaging.ros_images import rgb_to_image
from simreal_common.output_files import make_folder
from simreal_common.resources import named_path
from simreal_common.ros_guard import MessageGuard
from simreal_common.ros_messages import detections_to_estimates, stamp_nanoseconds
from simreal_common.ros_ownership import Ownership
from simreal_common.ros_process import NodeFinished, run_node
from simreal_common.ros_qos import DETECTION_QOS, IMAGE_QOS, STATE_QOS, TRANSFORM_QOS
from simreal_common.settings.ros_parameters import declare
from simreal_perception.node_parameters import ReplayParameters
from simreal_perception.replay.replay_film import film_html
from simreal_perception.replay.replay_log import NANOSECONDS, PlayedFrame, ReplayLog
from simreal_perception.replay.report import ReplayFacts, digest, write_report
from simreal_perception.replay.ros_detections_bag import DetectionsBag
from simreal_perception.replay.ros_recorded_camera import (
    RecordedCamera,
    RecordedFrame,
    RecordedTransforms,
    shots,
)
from simreal_perception.replay.truths import read_truths

EXIT_BROKEN, EXIT_EARLY = 1, 3  # the recording breaks off; somebody ended the replay
TICK_S = 0.005  # between looks at what is due
GREETING_S = 0.5  # the calibration is told so long before the first image
DRAIN_S = 2.0  # the last answers may take so long, where none is waited for
SILENT = 3  # images in a row without an answer: there is nobody to play to
LOOP_GAP_NS = 1_000_000_000  # between two loops in the bag of detections, beyond the recording


class ReplayNode(Node):
    """Publishes images, camera_info, transforms and /clock of a recording; hears `detections`.

    Ends with exit code 0 when the recording was read and played to its end, 1 when it breaks off.

    Args:
        node_options: keyword arguments of rclpy's Node.

    Raises:
        SimrealError: a parameter, the recording or the folder cannot be used.
    """

    def __init__(self, **node_options: Any) -> None:
        super().__init__("replay_node", **node_options)
        self._settings = declare(self, ReplayParameters)
        p = self._settings
        self._recorded = RecordedCamera(p.camera)
        self._truths = read_truths(named_path("truth", p.truth), p.edge) if p.truth else {}
        self._out = make_folder(p.out)
        self._log = ReplayLog()
        self._messages: list[bytes] = []
        # Claimed only by whom nothing else keeps from playing.
        self._ownership = Ownership(self, "/clock", "plays a recording")
        self._ownership.settle()
        self._bag: DetectionsBag | None = DetectionsBag(
            self._out / "detections", self.resolve_topic_name("detections")
        )
        self._clock_publisher = self.create_publisher(ClockMessage, "/clock", STATE_QOS)
        self._images = self.create_publisher(Image, "camera/image_raw", IMAGE_QOS)
        self._infos = self.create_publisher(CameraInfo, "camera/camera_info", IMAGE_QOS)
        self._tf = self.create_publisher(TFMessage, "/tf", TRANSFORM_QOS)
        self._static_tf = StaticTransformBroadcaster(self)
        fixed = self._recorded.fixed_transforms()
        if fixed:
            self._static_tf.sendTransform(fixed)
        self._items: Iterator[RecordedFrame | RecordedTransforms] = self._recorded.items()
        self._next: RecordedFrame | RecordedTransforms | None = None
        self._loop = 0
        self._span_ns = 0
        self._began_s = (
            time.monotonic()
        )  # of what is waited for: perception, a loop, the last answers
        self._greeted_s: float | None = None
        self._playing = self._all_played = False
        self._silent = 0
        guard = MessageGuard(self)
        self._subscription = self.create_subscription(
            Detection3DArray, "detections", guard("detections", self._on_detections), DETECTION_QOS
        )
        # Real time: this node makes the recorded one.
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        self._timer = self.create_timer(TICK_S, self._tick, clock=steady)
        self.get_logger().info(
            f"{p.bag}: images on {self._recorded.image_topic or '(none)'}, calibration from "
            f"{self._recorded.calibration}"
        )

    def destroy_node(self) -> None:
        """Report what there is, if it was not played to its end."""
        if self._bag is not None:
            self._conclude("the replay was ended")
        super().destroy_node()

    def _tick(self) -> None:
        now = time.monotonic()
        if not self._playing and not self._greet(now):
            return
        if self._settings.rate > 0:
            self._play_timed(now)
        else:
            self._play_in_step(now)
        if self._all_played:
            self._end(now)

    def _greet(self, now: float) -> bool:
        """Wait for perception and tell it the calibration; whether it may begin."""
        info = self._recorded.info
        if info is None:  # damaged before anything could be played
            self._playing = self._all_played = True
            return True
        listens = self._images.get_subscription_count() and self._infos.get_subscription_count()
        topic = self._subscription.topic_name
        if self._greeted_s is None:
            if listens and self.count_publishers(topic):
                self._greeted_s = now
            elif now - self._began_s > self._settings.patience:
                raise ConfigurationError(
                    f"nobody listens on {self._images.topic_name} and answers on {topic} after "
                    f"{self._settings.patience:g} s: wanted perception_node; start it, or give it "
                    "more time with patience"
                )
            return False
        self._set_clock(self._recorded.start_ns)
        self._infos.publish(info)
        self._playing = now - self._greeted_s > GREETING_S
        self._began_s = now
        return self._playing

    def _play_in_step(self, now: float) -> None:
        """The next image once the last one is answered."""
        waiting = self._log.waiting
        if waiting:
            if now - waiting[0].sent_s < self._settings.patience:
                return
            self._on_silence(waiting[0])
        while self._playing and not self._log.waiting and not self._all_played:
            self._take_next()
            if self._next is None:
                self._all_played = self._turn(now)
            else:
                self._publish(self._next)
                self._next = None

    def _play_timed(self, now: float) -> None:
        """All that is due by the clock."""
        if self._all_played:
            return
        begin_ns = self._recorded.start_ns + round(self._settings.start * NANOSECONDS)
        due_ns = begin_ns + round((now - self._began_s) * self._settings.rate * NANOSECONDS)
        self._take_next()
        while self._next is not None and self._next.time_ns <= due_ns:
            self._publish(self._next)
            self._next = None
            self._take_next()
        self._set_clock(due_ns)
        if self._next is None:
            self._all_played = self._turn(now)

    def _take_next(self) -> None:
        if self._next is None:
            self._next = next(self._items, None)

    def _turn(self, now: float) -> bool:
        """At the end of the recording: begin anew, or say that all was played."""
        if not any(frame.loop == self._loop for frame in self._log.frames[-1:]):
            if self._recorded.bag.broken is None:
                raise ConfigurationError(
                    f"no image on {self._recorded.image_topic} from second "
                    f"{self._settings.start:g} on: the recording is shorter; give a smaller start"
                )
            return True
        if self._loop + 1 >= self._settings.loop:
            self._began_s = now
            return True
        # Where each image has its time the last answers belong to the loop that ends.
        if self._log.waiting and now - self._log.waiting[-1].sent_s < DRAIN_S:
            return False
        self._log.give_up()
        last_ns = max(frame.time_ns for frame in self._log.frames)
        self._span_ns = last_ns - self._log.start_ns + LOOP_GAP_NS
        self._loop += 1
        self._items = self._recorded.items()
        # The clock goes back before the images do: who follows it begins anew.
        self._playing, self._greeted_s = False, now
        return False

    def _publish(self, item: RecordedFrame | RecordedTransforms) -> None:
        self._set_clock(item.time_ns)
        if isinstance(item, RecordedTransforms):
            self._tf.publish(item.message)
            return
        frame = PlayedFrame(self._loop, item.number, item.time_ns, item.stamp_ns, item.problem)
        info = self._recorded.info
        if item.rgb is not None and info is not None:
            info.header = Header(stamp=item.header.stamp, frame_id=item.header.frame_id)
            self._infos.publish(info)
            frame.sent_s = time.monotonic()
            self._images.publish(rgb_to_image(item.rgb, item.header))
        else:
            self.get_logger().warning(
                f"image {item.number} is left out: {item.problem}", throttle_duration_sec=5.0
            )
        self._log.add(frame)

    def _set_clock(self, time_ns: int) -> None:
        seconds, nanoseconds = divmod(time_ns, int(NANOSECONDS))
        self._clock_publisher.publish(ClockMessage(clock=Time(sec=seconds, nanosec=nanoseconds)))

    def _on_detections(self, message: Detection3DArray) -> None:
        now = time.monotonic()
        if self._bag is None:
            return
        stamp_ns = stamp_nanoseconds(message.header.stamp)
        frame = self._log.answer(stamp_ns, now, detections_to_estimates(message))
        if frame is None:
            return
        self._silent = 0
        self._messages.append(bytes(serialize_message(message)))
        self._bag.write(self._messages[-1], frame.time_ns + frame.loop * self._span_ns)
        if self._playing and self._settings.rate == 0:
            self._play_in_step(now)

    def _on_silence(self, frame: PlayedFrame) -> None:
        self._log.give_up()
        self._silent += 1
        message = (
            f"perception_node gave no answer to image {frame.number} within "
            f"{self._settings.patience:g} s"
        )
        if self._silent >= SILENT or not self._log.answered:
            raise ConfigurationError(
                f"{message}: see what it says; give it more time with patience, and no max_rate"
            )
        self.get_logger().warning(message)

    def _end(self, now: float) -> None:
        if self._log.waiting and now - self._log.waiting[-1].sent_s < DRAIN_S:
            return
        self._log.give_up()
        broken = self._conclude("")
        raise NodeFinished(EXIT_BROKEN if broken else 0)

    def _conclude(self, ended: str) -> bool:
        """Write the bag and the report; whether the recording breaks off."""
        bag, self._bag = self._bag, None
        assert bag is not None
        self._timer.cancel()
        bag.close()
        p, recorded = self._settings, self._recorded
        facts = ReplayFacts(
            p.bag, recorded.image_topic, recorded.calibration, p.edge, p.rate, ended,
            recorded.bag.broken, digest(self._messages),
        )  # fmt: skip
        film = '<p class="none">film: false</p>'
        shown = [f for f in self._log.frames if f.loop == 0 and not f.problem] if p.film else []
        if p.film:
            film = film_html(shots(recorded, shown), len(shown), self._out / "replay.mp4")
        told = write_report(self._out, self._log, facts, self._truths, film)
        logger = self.get_logger()
        if facts.broken is not None:
            logger.error(
                f"{p.bag}: {facts.broken}; {self._last_number() + 1} images came before, the last at "
                f"{self._last_s():.2f} s"
            )
        logger.info(
            f"{told['answered']} of {told['images']} images answered, {told['detections']} "
            f"detections {facts.digest[:12]}; {self._out / 'report.html'}"
        )
        return facts.broken is not None

    def _last_number(self) -> int:
        return max((frame.number for frame in self._log.frames), default=-1)

    def _last_s(self) -> float:
        """When the last image was recorded, seconds from the recording's beginning."""
        last_ns = max((frame.time_ns for frame in self._log.frames), default=0)
        return max(last_ns - self._recorded.start_ns, 0) / NANOSECONDS


def main(args: Sequence[str] | None = None) -> int:
    return run_node(ReplayNode, args, told_to_end=EXIT_EARLY)
