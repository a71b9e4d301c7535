"""The judge: waits until the controller says it is done, then looks at the truth and decides.

It is not part of the controller and tells it nothing. The process ends with exit code 0 exactly
when `result.json` says success, with 1 when it says something else, and with 3 when it was told to end
before there was a verdict.
"""

from __future__ import annotations

import sys
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rclpy.clock import Clock, ClockType
from rclpy.node import Node
from rclpy.time import Time
from std_msgs.msg import String
from tf2_ros import TransformException
from vision_msgs.msg import Detection3DArray

from simreal_common.errors import ConfigurationError, MessageError
from simreal_common.frames.ros_transforms import Transforms
from simreal_common.geometry import Pose
from simreal_common.output_files import Claim, named_folder
from simreal_common.ros_guard import MessageGuard
from simreal_common.ros_messages import detections_to_poses, stamp_seconds, transform_to_pose
from simreal_common.ros_ownership import Ownership
from simreal_common.ros_process import NodeFinished, run_node
from simreal_common.ros_qos import DETECTION_QOS, LATCHED_QOS, TRUTH_QOS
from simreal_common.settings.parameters import check_parameters, parameter
from simreal_common.settings.ros_parameters import declare
from simreal_common.stacking_status import StackingStatus, read_status
from simreal_sim.physics.arms.panda import PANDA
from simreal_sim.physics.arms.registry import SIMULATED_ARMS, simulated_arm
from simreal_sim.physics.world_randomization import MAX_BLOCKS, SceneOptions
from simreal_sim.scoring.exit_codes import EXIT_FAILURE, EXIT_NO_VERDICT, EXIT_SUCCESS
from simreal_sim.scoring.stack_score import PerceptionScore, RunResult, TowerVerdict, judge_tower

WORLD_FRAME = "world"

TICK_S = 0.1  # real seconds
# Truth is published at every image; a detection whose image is further off is not scored.
SAME_TIME_S = 0.06
TRUTH_KEPT_S = 5.0
REST_WINDOW_S = 1.0  # "at rest" compares with the truth of that long ago


@dataclass(frozen=True)
class ScorerParameters:
    """What is to be judged, when, and where the result goes."""

    blocks: int = parameter(
        SceneOptions.blocks, "number of blocks that the tower should have", range=(1, MAX_BLOCKS)
    )
    edge: float = parameter(SceneOptions.edge, "edge of the blocks, metres", range=(0.005, 0.5))
    robot: str = parameter(PANDA.name, "which arm", choices=tuple(SIMULATED_ARMS))
    seed: int = parameter(1, "seed of the scene, for the record", range=(0, 2**31 - 1))
    out: str = parameter("out/demo", "folder that result.json is written to")
    settle_s: float = parameter(
        1.5, "simulated seconds between the controller's end and the verdict", range=(0.0, 60.0)
    )
    sim_time_limit_s: float = parameter(
        240.0, "simulated seconds until the run is given up", range=(1.0, 1e6)
    )
    wall_time_limit_s: float = parameter(
        600.0, "real seconds until the run is given up", range=(1.0, 1e6)
    )

    def __post_init__(self) -> None:
        check_parameters(self)


@dataclass(frozen=True)
class Truth:
    """Where the blocks were, in the world."""

    time_s: float
    poses: dict[str, Pose]


class ScorerNode(Node):
    """Collects truth, detections and the controller's status; decides once."""

    def __init__(self) -> None:
        super().__init__("scorer_node")
        self._settings = declare(self, ScorerParameters)
        self._ownership = Ownership(self, "ground_truth/blocks", "judges the run")
        self._ownership.settle()
        self._truths: deque[Truth] = deque()
        self._perception = PerceptionScore()
        self._unscored = 0
        self._status: StackingStatus | None = None
        self._finished_s: float | None = None
        self._started_wall = time.monotonic()
        self._started_s: float | None = None
        self._claim = _clear(self._path)
        self._tf = Transforms(self)
        guard = MessageGuard(self)
        for kind, topic, callback, qos in (
            (Detection3DArray, "ground_truth/blocks", self._on_truth, TRUTH_QOS),
            (Detection3DArray, "detections", self._on_detections, DETECTION_QOS),
            (String, "stacking/status", self._on_status, LATCHED_QOS),
        ):
            self.create_subscription(kind, topic, guard(topic, callback), qos)
        # The time limits hold even when no simulated time arrives.
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        self.create_timer(TICK_S, self._tick, clock=steady)

    def destroy_node(self) -> None:
        self._claim.close()
        super().destroy_node()

    def _now(self) -> float:
        return float(self.get_clock().now().nanoseconds) * 1e-9

    def _elapsed(self) -> float:
        """Simulated seconds since the first that was heard of."""
        if self._started_s is None:
            if self._now() <= 0:
                return 0.0
            self._started_s = self._now()
        return self._now() - self._started_s

    def _on_truth(self, message: Detection3DArray) -> None:
        poses = dict(detections_to_poses(message))
        self._truths.append(Truth(stamp_seconds(message.header.stamp), poses))
        while self._truths[-1].time_s - self._truths[0].time_s > TRUTH_KEPT_S:
            self._truths.popleft()

    def _on_detections(self, message: Detection3DArray) -> None:
        stamp, found = stamp_seconds(message.header.stamp), detections_to_poses(message)
        truth = self._truth_at(stamp)
        try:
            # At the time of the picture: the camera may be on the arm.
            at = Time.from_msg(message.header.stamp)
            transform = self._tf.lookup_transform(WORLD_FRAME, message.header.frame_id, at)
        except TransformException:
            truth = None
        if truth is None or abs(truth.time_s - stamp) > SAME_TIME_S:
            self._unscored += 1
            return
        pose_camera_in_world = transform_to_pose(transform.transform)
        seen = [pose.position for _, pose in found]
        there = [pose.position for pose in truth.poses.values()]
        self._perception.add(
            pose_camera_in_world.transform_points(np.reshape(seen, (-1, 3))), np.array(there)
        )

    def _on_status(self, message: String) -> None:
        status, before = read_status(message.data), self._status
        if before is None or (
            (status.state, status.message, status.placed)
            != (before.state, before.message, before.placed)
        ):
            placed = f"({status.placed} of {status.goal} placed)"
            _say(f"[{self._elapsed():6.1f} s] {status.state}: {status.message} {placed}")
        self._status = status
        if status.finished and self._finished_s is None:
            self._finished_s = self._elapsed()

    def _truth_at(self, time_s: float) -> Truth | None:
        return min(self._truths, key=lambda truth: abs(truth.time_s - time_s), default=None)

    def _tick(self) -> None:
        p, elapsed = self._settings, self._elapsed()
        wall = time.monotonic() - self._started_wall
        if self._finished_s is not None and elapsed >= self._finished_s + p.settle_s:
            self._conclude("")
        elif elapsed > p.sim_time_limit_s:
            self._conclude(f"not finished within {p.sim_time_limit_s:g} simulated seconds")
        elif wall > p.wall_time_limit_s:
            self._conclude(f"not finished within {p.wall_time_limit_s:g} real seconds")

    def _judge(self) -> TowerVerdict:
        p = self._settings
        if not self._truths:
            return TowerVerdict(False, 0, "no truth received", ())
        latest = self._truths[-1]
        earlier = self._truth_at(latest.time_s - REST_WINDOW_S)
        tool: np.ndarray | None = None
        tool_link = simulated_arm(self._settings.robot).tool_link
        try:
            transform = self._tf.lookup_transform(WORLD_FRAME, tool_link, Time())
            tool = transform_to_pose(transform.transform).position
        except (TransformException, MessageError) as error:
            self.get_logger().warning(f"no pose of {tool_link}: {error}")
        # Without an older truth nobody knows whether the blocks are at rest.
        known = earlier is not None and latest.time_s - earlier.time_s > 0.5 * REST_WINDOW_S
        before = earlier.poses if earlier is not None and known else {}
        return judge_tower(latest.poses, before, tool, p.edge, p.blocks)

    def _conclude(self, overdue: str) -> None:
        """Judge, write, say, end the process."""
        p, verdict = self._settings, self._judge()
        reason = verdict.reason
        if overdue:
            reason = f"{overdue}; {reason}"
        elif not verdict.success and self._status is not None and self._status.message:
            reason = f"{reason}; the controller's last word: {self._status.message}"
        result = RunResult(
            success=verdict.success and not overdue,
            seed=p.seed,
            blocks=p.blocks,
            placed=verdict.placed,
            blocks_detail=verdict.blocks,
            perception={**self._perception.summary(), "unscored_images": self._unscored},
            sim_seconds=round(self._elapsed(), 3),
            wall_seconds=round(time.monotonic() - self._started_wall, 3),
            reason=reason,
        )
        result.write(self._path)
        for line in [*result.lines(), f"  written to {self._path}"]:
            _say(line)
        raise NodeFinished(EXIT_SUCCESS if result.success else EXIT_FAILURE)

    @property
    def _path(self) -> Path:
        return named_folder(self._settings.out) / "result.json"


def _clear(path: Path) -> Claim:
    """Claim the place of the verdict. If this run ends early, an older one must not pass for its own.

    Raises:
        ConfigurationError: another run is about to write there, or nothing can be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        claim = Claim(path)
        path.unlink(missing_ok=True)
    except OSError as error:
        raise ConfigurationError(
            f"parameter 'out': cannot write {path}: {error.strerror}; give a folder that can be "
            "written"
        ) from error
    return claim


def _say(line: str) -> None:
    print(line, file=sys.stdout, flush=True)


def main(args: Sequence[str] | None = None) -> int:
    """Entry point of `ros2 run simreal scorer_node`; 0: success, 1: failure, 3: no verdict."""
    code = run_node(ScorerNode, args, told_to_end=EXIT_NO_VERDICT)
    if code == EXIT_NO_VERDICT:
        _say("no verdict: the run was ended before it was over")
    return code


if __name__ == "__main__":
    raise SystemExit(main())
