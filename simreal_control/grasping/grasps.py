"""Grasps of a cube from above, and what they leave free around them.

The tool frame follows the Panda's: its origin between the finger tips, or in the lip of a suction cup,
z out of the hand (down in a top grasp), the fingers closing along y. A cube offers four top grasps, a
quarter turn apart; two pairs of them differ only by the half turn of the hand, which reach and joint
limits tell apart. Each of the four may be tilted about the closing axis, but for a cup's: the pads stay
flat on the block, and the hand leans away from what stands beside it. The block is then carried, and
put down, by the same tilt.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from simreal_common.errors import KinematicsError
from simreal_common.geometry import Pose
from simreal_control.grasping.hands.hand import Hand
from simreal_control.grasping.hands.hand_clearance import clearance
from simreal_control.planning.kinematics import ArmKinematics
from simreal_control.planning.trajectory import line_waypoints
from simreal_control.world_model.block_map import QUARTER_TURN, Block

Array = NDArray[np.float64]

# More clearance than this is not worth a worse reach: it is several times the error of a block's
# pose after fusion.
ENOUGH_CLEARANCE_M = 0.02
# How much a good clearance, a joint margin and a short way are worth against each other.
CLEARANCE_WEIGHT, MARGIN_WEIGHT, TRAVEL_WEIGHT = 1.0, 0.7, 0.15
# And room between fingers and block, in sigmas of where the block's faces are; the tilt, a radian.
STRADDLE_WEIGHT, ENOUGH_SIGMAS = 0.5, 3.0
# With less room than this, in sigmas, a finger comes down on the block one time in seven: it is
# observed again before it is tried.
LEAST_SIGMAS = 1.5
TILT_WEIGHT = 0.5

UPRIGHT = (0.0,)
TILTS = (np.radians(15.0), -np.radians(15.0), np.radians(30.0), -np.radians(30.0))


@dataclass(frozen=True, eq=False)
class Grasp:
    """One way to hold a block.

    Args:
        pose_tool_in_base: pose of the tool when the fingers close.
        joints: arm configuration that reaches it, radians, shape (n,).
        clearance_m: of fingers and hand, on their way down, to the nearest other block.
        score: higher is better; comparable between the grasps of one block only.
        tilt: of the hand about the closing axis, radians; 0 is upright.
    """

    pose_tool_in_base: Pose
    joints: Array
    clearance_m: float
    score: float
    tilt: float = 0.0


@dataclass(frozen=True)
class GraspConfig:
    """What all grasps and placements have in common.

    Args:
        edge_m: of the blocks.
        gripper: see there.
        approach_m: height from which the gripper comes straight down.
        min_clearance_m: grasps with less to other blocks are left out.
        above_centre_m: height of the tool point above the centre of the block that is held.
    """

    edge_m: float
    gripper: Hand
    approach_m: float
    min_clearance_m: float
    above_centre_m: float = 0.0


@dataclass(frozen=True, eq=False)
class GraspProblem:
    """Says what the grasps, or the placements, of one block are sought for and ranked by.

    Args:
        arm: that shall reach them.
        seed: arm configuration to stay near, radians, shape (n,).
        config: what all grasps and placements have in common.
        others: blocks that must not be touched; of a placement without the one that is held and
            the one below it (the fingers end above it).
    """

    arm: ArmKinematics
    seed: Array
    config: GraspConfig
    others: Sequence[Block] = ()


def well_placed(block: Block, config: GraspConfig) -> bool:
    """Whether it is known well enough where a block is for an open hand to be put about it."""
    poses = _quarter_turns(block.position, block.yaw, 0.0)
    rooms = [config.gripper.room_sigmas(pose, block, config.edge_m) for pose in poses]
    return max(rooms) >= LEAST_SIGMAS


def tool_pose(position: Array, yaw: float, tilt: float = 0.0) -> Pose:
    """Tool pointing down at `position`, its x axis at `yaw` from the base's x axis, seen from above.

    Args:
        tilt: turn about its own y axis, along which the fingers close.
    """
    turn = (
        Rotation.from_euler("z", yaw)
        * Rotation.from_euler("x", np.pi)
        * Rotation.from_euler("y", tilt)
    )
    return Pose(position, turn.as_quat())


def tool_yaw(pose_tool_in_base: Pose) -> float:
    """Angle of the tool's x axis about the vertical, radians in (-pi, pi]."""
    x_axis = pose_tool_in_base.rotation[:, 0]
    return float(np.arctan2(x_axis[1], x_axis[0]))


def rank_grasps(
    block: Block, problem: GraspProblem, tilts: Sequence[float] = UPRIGHT
) -> list[Grasp]:
    """The top grasps of a block that reach and touch nothing else, best first.

    Args:
        block: what to grasp.
        problem: with every other block of the scene.
        tilts: of the hand, radians.

    Raises:
        KinematicsError: no grasp is left; the message says why for each.
    """
    config, hand = problem.config, problem.config.gripper
    position = block.position + np.array([0.0, 0.0, config.above_centre_m])
    ways = [
        _Way(pose, tilt, hand.room_sigmas(pose, block, config.edge_m))
        for tilt in tilts
        if hand.tilts_about_closing_axis or not tilt
        for pose in _quarter_turns(position, block.yaw, tilt)
        if hand.fits(pose, block)
    ]
    return _rank(
        ways,
        block,
        problem,
        f"the block at ({block.position[0]:.3f}, {block.position[1]:.3f}) cannot be grasped",
    )


def rank_placements(
    position: Array, yaw: float, problem: GraspProblem, tilt: float = 0.0
) -> list[Grasp]:
    """Tool poses that put a held cube at a place, modulo its quarter turns, best first.

    Args:
        position: of the tool point when the block is let go, metres, shape (3,).
        yaw: wanted yaw of the block modulo a quarter turn, radians.
        problem: see there.
        tilt: by which the block is held.

    Raises:
        KinematicsError: no placement is left; the message says why for each.
    """
    centre = np.asarray(position) - np.array([0.0, 0.0, problem.config.above_centre_m])
    held = Block(centre, yaw, 0, np.zeros((3, 3)), 1.0, 0)
    return _rank(
        [_Way(pose, tilt, ENOUGH_SIGMAS) for pose in _quarter_turns(position, yaw, tilt)],
        held,
        problem,
        f"a block cannot be placed at ({position[0]:.3f}, {position[1]:.3f}, {position[2]:.3f})",
    )


@dataclass(frozen=True, eq=False)
class _Way:
    """A pose to try, its tilt, and the room that the fingers have for an unsure block, in sigmas."""

    pose: Pose
    tilt: float
    sigmas: float


def _quarter_turns(position: Array, yaw: float, tilt: float) -> list[Pose]:
    return [tool_pose(position, yaw + quarter * QUARTER_TURN, tilt) for quarter in range(4)]


def _reached_from_above(arm: ArmKinematics, pose: Pose, seed: Array, height_m: float) -> Array:
    """A configuration for a pose, from one above it straight down.

    Low poses near the base have solutions of their own, from which the way up bends the elbow aside:
    it took 1.15 s where the one from above takes 0.63 s (0.1 m, a Panda at full speed).
    """
    above = Pose(pose.position + np.array([0.0, 0.0, height_m]), pose.orientation)
    try:
        high = arm.inverse(above, seed, restarts=2)
        return np.asarray(line_waypoints(arm, high, pose)[-1])
    except KinematicsError:
        return arm.inverse(pose, seed, restarts=2)


def _rank(ways: Sequence[_Way], inside: Block, problem: GraspProblem, refusal: str) -> list[Grasp]:
    arm, config = problem.arm, problem.config
    grasps: list[Grasp] = []
    reasons: list[str] = []
    for way in ways:
        pose = way.pose
        name = f"yaw {np.degrees(tool_yaw(pose)):.0f}"
        name += f" tilt {np.degrees(way.tilt):.0f}" * bool(way.tilt)
        free = clearance(pose, problem.others, config.edge_m, config.gripper, config.approach_m)
        if free < config.min_clearance_m:
            reasons.append(f"{name}: {free * 1000:.0f} mm to a neighbour")
            continue
        if way.tilt:
            within = config.gripper.clearance_inside(pose, inside, config.edge_m)
            if within < config.min_clearance_m:
                reasons.append(f"{name}: {within * 1000:.0f} mm to the block or what is below it")
                continue
        try:
            joints = _reached_from_above(arm, pose, problem.seed, config.approach_m)
        except KinematicsError as error:
            reasons.append(f"{name}: {error}")
            continue
        score = (
            CLEARANCE_WEIGHT * min(free, ENOUGH_CLEARANCE_M) / ENOUGH_CLEARANCE_M
            + STRADDLE_WEIGHT * min(way.sigmas, ENOUGH_SIGMAS) / ENOUGH_SIGMAS
            + MARGIN_WEIGHT * arm.margin(joints)
            - TRAVEL_WEIGHT * float(np.max(np.abs(joints - problem.seed)))
            - TILT_WEIGHT * abs(way.tilt)
        )
        grasps.append(Grasp(pose, joints, free, score, way.tilt))
    if not grasps:
        why = "; ".join(reasons) or "it offers the hand no faces"
        raise KinematicsError(f"{refusal}: {why}")
    return sorted(grasps, key=lambda grasp: -grasp.score)
