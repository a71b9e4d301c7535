"""A table, blocks and an arm without physics: trajectories are followed, time is counted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from simreal_common.block_estimate import BlockEstimate
from simreal_common.camera import Camera
from simreal_common.geometry import Pose, cube_symmetries, look_at
from simreal_common.settings.obstacles import Obstacle
from simreal_control.assembly import Assembly, assemble
from simreal_control.control_configuration import robot_parameters
from simreal_control.planning.kinematics import ArmKinematics
from simreal_control.planning.motion import StationPlanner
from simreal_control.planning.trajectory import MotionLimits
from simreal_control.robot_interface.depth_frame import DepthFrame
from simreal_control.robot_interface.robot import Robot
from simreal_control.robot_interface.task_io import (
    ActionOutcome,
    ActionResult,
    ArmState,
    Cancel,
    Command,
    DetectionFrame,
    Inputs,
    MoveArm,
    MoveGripper,
    Outputs,
)
from simreal_control.task.stacking_task import StackingTask
from simreal_control.task.task_planning.goal import Goal
from simreal_control.world_model.block_map import BlockMapConfig, estimate_in_base

EDGE = 0.05
HOME = np.array([0.0, -0.785, 0.0, -2.356, 0.0, 1.571, 0.785])
CAMERA = look_at([1.15, 0.0, 0.62], [0.47, 0.0, 0.03])
TICK = 0.05
WIDE = 0.08
OVERLAP = 0.7  # a block rests on those whose centres are nearer than this, in edges


def noisy_estimate(
    truth: Pose,
    rng: np.random.Generator,
    ray_sigma: float = 0.010,
    lateral_sigma: float = 0.002,
    score: float = 0.9,
    color: str = "",
    camera: Pose = CAMERA,
) -> BlockEstimate:
    """What a network would say of a block, in the base frame: off along the ray, any symmetry."""
    in_camera = camera.inverse() @ truth
    ray = in_camera.position / np.linalg.norm(in_camera.position)
    error = rng.normal(0, ray_sigma) * ray + rng.normal(0, lateral_sigma, 3)
    symmetry = cube_symmetries()[rng.integers(24)]
    turned = (
        in_camera.rotation @ symmetry @ Rotation.from_rotvec(rng.normal(0, 0.03, 3)).as_matrix()
    )
    covariance = np.diag([lateral_sigma**2] * 3 + [0.03**2] * 3)
    covariance[:3, :3] += ray_sigma**2 * np.outer(ray, ray)
    estimate = BlockEstimate(
        Pose.from_rotation(turned, in_camera.position + error), covariance, score, EDGE, color
    )
    config = BlockMapConfig()
    return estimate_in_base(estimate, camera, config.ray_sigma_m, config.lateral_sigma_m)


DEPTH_CAMERA = Camera.pinhole(160, 120, 1.0)


def depth_of(
    boxes: Sequence[Obstacle],
    stamp: float = 0.0,
    pose: Pose = CAMERA,
    camera: Camera = DEPTH_CAMERA,
) -> DepthFrame:
    """What a depth camera without errors sees of boxes on an endless table, by slabs."""
    u, v = np.meshgrid(np.arange(camera.width), np.arange(camera.height))
    flat = camera.normalize(np.stack([u, v], axis=-1).astype(float)).reshape(-1, 2)
    rays = np.concatenate([flat, np.ones((len(flat), 1))], axis=1) @ pose.rotation.T
    down = rays[:, 2] < -1e-6
    nearest = np.where(down, -pose.position[2] / np.where(down, rays[:, 2], -1.0), np.inf)
    for box in boxes:
        turn = box.pose.rotation
        eye, way = (pose.position - box.pose.position) @ turn, rays @ turn
        way = np.where(np.abs(way) < 1e-12, 1e-12, way)
        bounds = np.sort([(-box.size / 2 - eye) / way, (box.size / 2 - eye) / way], axis=0)
        enters, leaves = bounds[0].max(axis=1), bounds[1].min(axis=1)
        nearest = np.where((enters < leaves) & (enters > 0), np.minimum(nearest, enters), nearest)
    depth = np.where(np.isfinite(nearest), nearest, 0.0).reshape(camera.height, camera.width)
    return DepthFrame(stamp, depth, camera, pose)


def block_pose(x: float, y: float, level: int = 0, yaw: float = 0.0) -> Pose:
    return Pose(np.array([x, y, (level + 0.5) * EDGE]), Rotation.from_euler("z", yaw).as_quat())


@dataclass
class FakeCamera:
    """A camera, opposite the arm or on its hand.

    Args:
        name: as frames have it.
        on_hand: looks along the hand.
        misplaced: its transform is off by so much, metres.
        stops_at: from then on it gives no pictures.
        transform_stopped_at: its transform is of then.
        only_from: blocks that it sees from one arm configuration alone.
    """

    name: str = ""
    on_hand: bool = False
    misplaced: np.ndarray = field(default_factory=lambda: np.zeros(3))
    stops_at: float = np.inf
    transform_stopped_at: float | None = None
    only_from: dict[int, np.ndarray] = field(default_factory=dict)

    def pose(self, tool: Pose) -> Pose:
        """In the base frame."""
        if not self.on_hand:
            return CAMERA
        return tool @ Pose(np.array([0.07, 0.0, -0.09]), np.array([0.0, 0.0, 0.0, 1.0]))

    def hides(self, block: int, joints: np.ndarray) -> bool:
        """Whether a block is not seen by an arm that stands so."""
        there = self.only_from.get(block)
        return there is not None and bool(np.abs(joints - there).max() > 0.05)


@dataclass
class FakeWorld(Robot):
    """Blocks that are held, let go and fall; faults on request. `faults` counts down."""

    arm: ArmKinematics
    rng: np.random.Generator
    blocks: list[Pose]
    faults: dict[str, int] = field(default_factory=dict)
    colors: tuple[str, ...] = ()
    false_at: Pose | None = None
    low_confidence: int | None = None  # this block's score is low
    vague: int | None = None  # of this block perception says that it may be 30 mm off
    blind_spots: bool = True
    now: float = 10.0
    joints: np.ndarray = field(default_factory=lambda: HOME.copy())
    opening: float = 0.0
    held: int | None = None
    history: list[str] = field(default_factory=list)
    unseen: set[int] = field(default_factory=set)  # blocks that no picture shows
    away: set[int] = field(default_factory=set)  # blocks that somebody has taken
    fixed: set[int] = field(
        default_factory=set
    )  # that slip out of the hand, and stay where they are
    cameras: list[FakeCamera] = field(default_factory=lambda: [FakeCamera()])
    transform_stopped_at: float | None = None
    velocity_offset: float = 0.0  # of those that it tells; NaN: it tells none
    # What a depth camera sees beside the blocks, by the time; None: there is no such camera.
    things: Callable[[float], Sequence[Obstacle]] | None = None
    depth_stops_at: float = np.inf
    hand_speeds: list[float] = field(
        default_factory=list
    )  # of the arm, as the hand was told to move

    def __post_init__(self) -> None:
        self._motion: tuple[int, MoveArm, float] | None = None
        self._fingers: tuple[int, float, float] | None = None
        self._results: list[ActionResult] = []
        self._next_picture = 0.0
        self._odd = False
        self._early_at = self._short_at = np.inf
        self._speed = 0.0
        self._abort_at: float | None = None
        self._grip = Pose.identity()

    def _fault(self, name: str) -> bool:
        if self.faults.get(name, 0) > 0:
            self.faults[name] -= 1
            self.history.append(name)
            return True
        return False

    def execute(self, command: Command) -> None:
        if isinstance(command, Cancel):
            self._motion = self._fingers = None
        elif isinstance(command, MoveArm):
            start = command.trajectory.start
            if self._fault("reject") or np.max(np.abs(start - self.joints)) > 0.05:
                self._results.append(ActionResult(command.number, ActionOutcome.REJECTED, "no"))
            elif not self._fault("swallow"):
                self._motion = (command.number, command, self.now)
                halfway = self.now + 0.6 * command.trajectory.duration
                self._abort_at = halfway if self._fault("abort") else None
                self._early_at = halfway if self._fault("early") else np.inf
                third = self.now + 0.3 * command.trajectory.duration
                self._short_at = third if self._fault("short") else np.inf
        elif isinstance(command, MoveGripper):
            self.hand_speeds.append(self._speed)
            self._fingers = (command.number, command.opening_m, self.now + 0.4)

    def set_clock_back(self, seconds: float) -> None:
        """Time goes back, as `Robot.start_anew` has it: what moves is cancelled and forgotten."""
        self.now -= seconds
        self._next_picture = self.now
        self._motion = self._fingers = None
        self._results = []

    def step(self) -> Inputs:
        self.now += TICK
        velocities = np.zeros(7)
        if self._motion is not None:
            number, command, began = self._motion
            times = command.trajectory.times
            t = min(self.now - began, times[-1])
            before = self.joints
            self.joints = np.array(
                [np.interp(t, times, column) for column in command.trajectory.positions.T]
            )
            velocities = (self.joints - before) / TICK
            if self._early_at <= self.now:
                self._early_at = np.inf
                self._results.append(ActionResult(number, ActionOutcome.SUCCEEDED))
            if self._abort_at is not None and self.now >= self._abort_at:
                self._end_motion(number, ActionOutcome.ABORTED)
            elif self.now >= min(began + times[-1], self._short_at):
                self._end_motion(number, ActionOutcome.SUCCEEDED)
                velocities = np.zeros(7)
        self._speed = float(np.abs(velocities).max())
        tool = self.arm.forward(self.joints)
        if self.held in self.fixed:
            if self.blocks[self.held].position[2] < (tool @ self._grip).position[2] - 0.01:
                self.held, self.opening = None, 0.0
        elif self.held is not None:
            if tool.position[2] > 0.12 and self._fault("drop"):
                self._let_go(tool)
                self.opening = 0.0
            else:
                self.blocks[self.held] = tool @ self._grip
        if self._fingers is not None and self.now >= self._fingers[2]:
            number, opening, _ = self._fingers
            self._fingers = None
            self._move_fingers(tool, opening)
            self._results.append(ActionResult(number, ActionOutcome.SUCCEEDED))
        results, self._results = tuple(self._results), []
        stamp = self.now - (10.0 if self._fault("stale") else 0.0)
        told = velocities + self.velocity_offset
        state = ArmState(stamp, self.joints.copy(), told, self.opening)
        return Inputs(self.now, state, self._pictures(), results, "", self._depth_frames())

    def _end_motion(self, number: int, outcome: ActionOutcome) -> None:
        self._motion = None
        self._abort_at = None
        self._results.append(ActionResult(number, outcome))

    def _move_fingers(self, tool: Pose, opening: float) -> None:
        if opening > EDGE:
            if self.held is not None:
                self._let_go(tool)
            self.opening = opening
            return
        self.opening = opening
        for i, pose in enumerate(self.blocks):
            offset = (tool.inverse() @ pose).position
            if np.all(np.abs(offset) < [0.02, 0.014, 0.015]) and not self._fault("slip"):
                self.held, self.opening = i, EDGE
                # The fingers centre the block along their closing axis.
                centred = tool.inverse() @ pose
                self._grip = Pose(centred.position * [1.0, 0.0, 1.0], centred.orientation)

    def _let_go(self, tool: Pose) -> None:
        assert self.held is not None
        pose, self_index = self.blocks[self.held], self.held
        self.held = None
        x, y, z = pose.position
        if self._fault("topple"):
            x, y = x - 0.09, y + 0.06
        below = [
            other.position[2] + EDGE
            for i, other in enumerate(self.blocks)
            if i != self_index
            and np.linalg.norm(other.position[:2] - [x, y]) < OVERLAP * EDGE
            and other.position[2] < z
        ]
        height = max([EDGE / 2, *below])
        assert height <= z + 1e-3, "a block was pressed into another"
        self.blocks[self_index] = Pose(np.array([x, y, height]), pose.orientation)

    def _depth_frames(self) -> tuple[DepthFrame, ...]:
        """What stands there but the arm and what it holds, every other tick."""
        self._odd = not self._odd
        if self.things is None or not self._odd or self.now >= self.depth_stops_at:
            return ()
        size = np.full(3, EDGE)
        blocks = [
            Obstacle("block", pose, size)
            for number, pose in enumerate(self.blocks)
            if number not in {self.held, *self.away}
        ]
        return (depth_of([*blocks, *self.things(self.now)], self.now),)

    def _pictures(self) -> tuple[DetectionFrame, ...]:
        if self.now < self._next_picture:
            return ()
        self._next_picture = self.now + 0.2
        if self._fault("no picture"):
            return ()
        return tuple(self._picture(one) for one in self.cameras if self.now < one.stops_at)

    def _picture(self, camera: FakeCamera) -> DetectionFrame:
        eye = camera.pose(self.arm.forward(self.joints))
        seen = [
            noisy_estimate(
                pose,
                self.rng,
                score=0.3 if i == self.low_confidence else 0.9,
                color=self.colors[i] if self.colors else "",
                camera=eye,
            )
            for i, pose in enumerate(self.blocks)
            if i not in {self.held, *self.unseen, *self.away}
            and not (self.blind_spots and self.rng.random() < 0.1)
            and not camera.hides(i, self.joints)
        ]
        if self.vague is not None:
            place = self.blocks[self.vague].position
            seen = [
                replace(one, covariance=one.covariance + np.diag([0.03**2] * 3 + [0.0] * 3))
                if np.linalg.norm(one.pose.position - place) < EDGE
                else one
                for one in seen
            ]
        if self.false_at is not None:
            seen.append(noisy_estimate(self.false_at, self.rng, score=0.5))
        stamp = self.now - 0.15  # perception takes its time
        stopped_at = camera.transform_stopped_at or self.transform_stopped_at
        placed = stamp if stopped_at is None else stopped_at
        told = tuple(
            replace(one, pose=Pose(one.pose.position + camera.misplaced, one.pose.orientation))
            for one in seen
        )
        return DetectionFrame(stamp, told, eye.position, placed, camera.name)

    def tower(self) -> int:
        """Height of the highest stack, blocks."""
        return int(max(round(pose.position[2] / EDGE + 0.5) for pose in self.blocks))


@dataclass
class Rig:
    """A task in a fake world."""

    world: FakeWorld
    assembly: Assembly
    task: StackingTask = field(init=False)
    log: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """Begin anew with a task that knows nothing."""
        self.task = self.assembly.task()

    def run(self, seconds: float = 200.0) -> Outputs:
        deadline = self.world.now + seconds
        while True:
            outputs = self.task.tick(self.world.step())
            self.log += [line.text for line in outputs.log]
            for command in outputs.commands:
                self.world.execute(command)
            if outputs.status.finished or self.world.now > deadline:
                return outputs


@pytest.fixture(scope="session")
def panda_folder() -> Path:
    data = pytest.importorskip("pybullet_data", reason="it brings the Panda's description")
    return Path(data.getDataPath()) / "franka_panda"


@pytest.fixture(scope="session")
def panda_urdf(panda_folder: Path) -> str:
    return (panda_folder / "panda.urdf").read_text()


@pytest.fixture(scope="session")
def assembly(panda_folder: Path, panda_urdf: str) -> Assembly:
    """The Panda that PyBullet brings, with its parameters."""
    parameters = replace(robot_parameters("panda"), mesh_folders=(str(panda_folder),))
    return assemble(parameters, panda_urdf)


@pytest.fixture(scope="session")
def panda(assembly: Assembly) -> ArmKinematics:
    return assembly.arm


@pytest.fixture(scope="session")
def motion_limits(station_planner: StationPlanner) -> MotionLimits:
    return station_planner.config.limits


@pytest.fixture(scope="session")
def station_planner(assembly: Assembly) -> StationPlanner:
    return assembly.motions


@pytest.fixture(scope="session")
def make_depth() -> Callable[..., DepthFrame]:
    return depth_of


@pytest.fixture(scope="session")
def seeing(panda_folder: Path, panda_urdf: str) -> Assembly:
    """The same robot beside a depth camera."""
    parameters = replace(
        robot_parameters("panda"), mesh_folders=(str(panda_folder),), depth_topic="depth/image"
    )
    return assemble(parameters, panda_urdf)


@pytest.fixture
def make_camera() -> type[FakeCamera]:
    return FakeCamera


@pytest.fixture
def make_rig(assembly: Assembly) -> Callable[..., Rig]:
    def make(
        blocks: list[Pose],
        seed: int = 0,
        goal: int | Goal = 3,
        plan_only: bool = False,
        planner: StationPlanner | None = None,
        confirm: bool = False,
        look_poses: tuple[np.ndarray, ...] = (),
        early_look_rad: float = 0.0,
        **options: object,
    ) -> Rig:
        world = FakeWorld(
            assembly.arm,
            np.random.default_rng(seed),
            blocks,
            **options,  # type: ignore[arg-type]
        )
        config = replace(
            assembly.config,
            goal=goal if isinstance(goal, Goal) else Goal(blocks=goal),
            plan_only=plan_only,
            confirm=confirm,
            look_poses=look_poses,
            early_look_rad=early_look_rad,
            cameras=tuple(camera.name for camera in world.cameras),
        )
        return Rig(world, replace(assembly, config=config, motions=planner or assembly.motions))

    return make
