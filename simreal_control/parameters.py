"""The parameters of control_node: names, defaults, units, ranges and meanings."""

from __future__ import annotations

from dataclasses import dataclass

from simreal_common.settings.parameters import parameter
from simreal_control.grasping.hands.parallel_gripper import ParallelGripper
from simreal_control.grasping.hands.registry import HANDS
from simreal_control.grasping.hands.suction_cup import SuctionCup
from simreal_control.grasping.pick_place import PickPlaceConfig
from simreal_control.planning.link_meshes import MissingMeshes
from simreal_control.task.stacking_config import AT_HOME_RAD, StackingConfig
from simreal_control.task.task_planning.goal import GOAL_KEYS, Build, Goal
from simreal_control.world_model.block_map import BlockMapConfig

PANDA_JOINTS = tuple(f"panda_joint{number}" for number in range(1, 8))
PANDA_FINGERS = ("panda_finger_joint1", "panda_finger_joint2")
NO_LOOK_POSES = (0.0,)
PANDA_HOME = (0.0, -0.785, 0.0, -2.356, 0.0, 1.571, 0.785)


@dataclass(frozen=True)
class ParameterFields:
    """What control_node is told; defaults fit a Franka Panda with the Franka Hand.

    A field is called as its parameter was before parameters came in groups: so a message can tell
    who still uses that name of the one that holds.
    """

    blocks: int = parameter(
        Goal.blocks, "height of the tower in blocks, 0 for all blocks that are seen", range=(0, 16)
    )
    goal: str = parameter(
        "",
        "what to build, YAML or the path of a YAML file: "
        f"{{build: {' | '.join(build.value for build in Build)}, {', '.join(GOAL_KEYS[1:])}}}; "
        "empty for a tower of `blocks`",
    )
    wait_for_goal: bool = parameter(
        False, "begin with nothing: goals come on the topic stacking/goal or of the action stack"
    )
    edge: float = parameter(BlockMapConfig.edge_m, "edge of the blocks, metres", range=(0.005, 0.5))
    table_height: float = parameter(
        BlockMapConfig.table_height_m,
        "height of the table top in the base frame, metres",
        range=(-2.0, 2.0),
    )
    base_frame: str = parameter(
        "panda_link0", "root link of the URDF; all motions are planned in it"
    )
    tool_frame: str = parameter(
        "panda_grasptarget",
        "frame between the finger tips, or in the lip of a suction cup, z out of the hand",
    )
    urdf: str = parameter("", "path of the robot's URDF; empty for topic robot_description")
    arm_joints: tuple[str, ...] = parameter(PANDA_JOINTS, "joints of the arm, base first")
    gripper_joints: tuple[str, ...] = parameter(
        PANDA_FINGERS,
        "driven joints of the fingers; their mimics follow as the URDF says",
        name="gripper.joints",
    )
    gripper_table: tuple[float, ...] = parameter(
        (0.0,),
        "pairs of a position of the first finger joint (radians, or metres) and the opening there "
        "(metres), such as [0.0, 0.085, 0.8, 0.0]; one number: what the URDF's kinematics say",
        range=(-10.0, 10.0),
        name="gripper.table",
    )
    arm_action: str = parameter(
        "panda_arm_controller/follow_joint_trajectory",
        "FollowJointTrajectory action of the arm's controller",
    )
    gripper_action: str = parameter(
        "panda_hand_controller/gripper_cmd",
        "action of the gripper's controller; of a suction cup the service or topic that switches it",
        name="gripper.action",
    )
    gripper_type: str = parameter(
        "gripper_command",
        "its type: control_msgs/GripperCommand or ParallelGripperCommand; of a suction cup the service "
        "std_srvs/SetBool or the topic std_msgs/Bool",
        choices=tuple(HANDS),
        name="gripper.type",
    )
    vacuum_feedback: str = parameter(
        "",
        "topic std_msgs/Bool of a suction cup: whether it holds something; empty where nobody tells",
        name="gripper.vacuum_feedback",
    )
    vacuum_time: float = parameter(
        0.5,
        "after switching a suction cup, until it holds or has let go; less where feedback says so; "
        "seconds",
        range=(0.0, 5.0),
        name="gripper.vacuum_time",
    )
    mesh_folders: tuple[str, ...] = parameter(
        ("",),
        "where package:// meshes of the robot description lie, beside the installed packages",
    )
    missing_meshes: str = parameter(
        MissingMeshes.REFUSE.value,
        "what is done about collision meshes that are not installed: simplify takes cylinders "
        "between joints for these links, leave_out knows nothing of what they could hit",
        choices=tuple(kind.value for kind in MissingMeshes),
    )
    simplified_radius: float = parameter(
        0.05, "of the cylinders of simplified links, metres", range=(0.005, 0.5)
    )
    home: tuple[float, ...] = parameter(
        PANDA_HOME, "arm configuration from which the camera sees all blocks, radians"
    )
    look_poses: tuple[float, ...] = parameter(
        NO_LOOK_POSES,
        "further arm configurations, one after the other, radians: with a camera on the hand the arm "
        "goes there when home does not show all that is wanted; one number: home alone",
    )
    velocity_scaling: float = parameter(
        0.5,
        "share of the limits of velocity (URDF), acceleration and jerk that is used",
        range=(0.01, 1.0),
        name="limits.velocity_scaling",
    )
    max_acceleration: tuple[float, ...] = parameter(
        (8.0,),
        "of each arm joint or of all, rad/s^2",
        range=(0.01, 100.0),
        name="limits.max_acceleration",
    )
    max_jerk: tuple[float, ...] = parameter(
        (60.0,),
        "of each arm joint or of all, rad/s^3",
        range=(0.1, 10000.0),
        name="limits.max_jerk",
    )
    goal_tolerance: float = parameter(
        StackingConfig.goal_tolerance_rad,
        "how near to the end of a motion each arm joint has to come to rest before anything else "
        "moves; the arm's controller is told, too; radians",
        range=(0.001, AT_HOME_RAD),
        name="limits.goal_tolerance",
    )
    block_mass: float = parameter(0.1, "of a block, kilograms", range=(0.0, 100.0))
    payload: float = parameter(
        2.2,
        "most that the hand may carry, kilograms",
        range=(0.001, 1000.0),
        name="limits.payload",
    )
    effort_scaling: float = parameter(
        0.8,
        "share of the URDF's joint effort limits that is used",
        range=(0.01, 1.0),
        name="limits.effort_scaling",
    )
    line_speed: float = parameter(
        0.5,
        "of the tool on straight approaches and retreats at a velocity_scaling of 1, m/s",
        range=(0.005, 1.0),
        name="limits.line_speed",
    )
    workspace_lower: tuple[float, ...] = parameter(
        (0.20, -0.45, 0.0),
        "lower corner (x, y, z) of the box that the tool never leaves, metres",
        name="limits.workspace_lower",
    )
    workspace_upper: tuple[float, ...] = parameter(
        (0.75, 0.45, 0.80),
        "upper corner (x, y, z) of the box that the tool never leaves, metres",
        name="limits.workspace_upper",
    )
    block_zone_lower: tuple[float, ...] = parameter(
        (0.28, -0.32),
        "lower corner (x, y) of where blocks are looked for, metres",
        name="perception.block_zone_lower",
    )
    block_zone_upper: tuple[float, ...] = parameter(
        (0.72, 0.32),
        "upper corner (x, y) of where blocks are looked for, metres",
        name="perception.block_zone_upper",
    )
    obstacles_file: str = parameter(
        "",
        "YAML file of what stands about the arm and is no block (doc/operating.md); empty: nothing",
    )
    floor_margin: float = parameter(
        0.015,
        "the tool stays this far above the table, metres",
        range=(0.0, 0.2),
        name="limits.floor_margin",
    )
    safe_margin: float = parameter(
        PickPlaceConfig.safe_margin_m,
        "free height under whatever is moved across, metres",
        range=(0.005, 0.5),
        name="planning.safe_margin",
    )
    min_clearance: float = parameter(
        PickPlaceConfig.min_clearance_m,
        "of the gripper to blocks it must not touch, metres",
        range=(0.0, 0.1),
        name="planning.min_clearance",
    )
    grasp_above_centre: float = parameter(
        PickPlaceConfig.grasp_above_centre_m,
        "height of the tool point above the centre of a held block, metres; a suction cup is put onto "
        "its top instead",
        range=(-0.1, 0.1),
        name="planning.grasp_above_centre",
    )
    place_gap: float = parameter(
        PickPlaceConfig.place_gap_m,
        "free height under a block when it is let go, metres",
        range=(0.0, 0.05),
        name="planning.place_gap",
    )
    grip_effort: float = parameter(
        StackingConfig.grip_effort_n,
        "force of the fingers, newtons",
        range=(0.0, 200.0),
        name="gripper.effort",
    )
    gripper_max_opening: float = parameter(
        ParallelGripper.max_opening_m,
        "between the finger pads, metres",
        range=(0.001, 0.5),
        name="gripper.max_opening",
    )
    finger_thickness: float = parameter(
        ParallelGripper.finger_thickness_m,
        "of a finger along the closing direction, metres",
        range=(0.001, 0.2),
        name="gripper.finger_thickness",
    )
    finger_width: float = parameter(
        ParallelGripper.finger_width_m,
        "of a finger across the closing direction, metres",
        range=(0.001, 0.2),
        name="gripper.finger_width",
    )
    tip_below_tool: float = parameter(
        ParallelGripper.tip_below_tool_m,
        "how far the finger tips reach beyond the tool point, metres",
        range=(0.001, 0.2),
        name="gripper.tip_below_tool",
    )
    hand_above_tool: float = parameter(
        ParallelGripper.hand_above_tool_m,
        "from the tool point, the lip of a suction cup, to the underside of the hand, metres",
        range=(0.001, 0.5),
        name="gripper.hand_above_tool",
    )
    hand_length: float = parameter(
        ParallelGripper.hand_length_m,
        "of the hand along the closing direction, metres",
        range=(0.01, 1.0),
        name="gripper.hand_length",
    )
    hand_depth: float = parameter(
        ParallelGripper.hand_depth_m,
        "of the hand across the closing direction, metres",
        range=(0.01, 1.0),
        name="gripper.hand_depth",
    )
    cup_radius: float = parameter(
        SuctionCup.cup_radius_m,
        "of a suction cup's lip, metres",
        range=(0.001, 0.2),
        name="gripper.cup_radius",
    )
    cup_press: float = parameter(
        SuctionCup.press_m,
        "how far a suction cup is pressed onto a block: it has to give way by that; metres",
        range=(0.0001, 0.02),
        name="gripper.cup_press",
    )
    detection_topics: tuple[str, ...] = parameter(
        ("detections",),
        "topics of the cameras' detections, fixed or on the hand; their blocks are fused by covariance",
        name="perception.detection_topics",
    )
    min_score: float = parameter(
        BlockMapConfig.min_score,
        "detections with a lower score, a probability, are taken for no blocks",
        range=(0.0, 1.0),
        name="perception.min_score",
    )
    faint_score: float = parameter(
        BlockMapConfig.low_confidence_score,
        "detections from here to min_score count where a block lacks",
        range=(0.0, 1.0),
        name="perception.faint_score",
    )
    ray_sigma: float = parameter(
        BlockMapConfig.ray_sigma_m,
        "error of detections along the viewing ray, added to theirs, metres",
        range=(0.0005, 0.2),
        name="perception.ray_sigma",
    )
    lateral_sigma: float = parameter(
        BlockMapConfig.lateral_sigma_m,
        "error of detections in all directions, added to theirs, metres",
        range=(0.0005, 0.2),
        name="perception.lateral_sigma",
    )
    look_count: int = parameter(
        StackingConfig.frames_per_observation,
        "pictures that make one observation",
        range=(1, 100),
        name="perception.look_count",
    )
    settle_time: float = parameter(
        StackingConfig.settle_s,
        "pictures count when taken this long after the arm has stopped, seconds",
        range=(0.0, 10.0),
        name="perception.settle_time",
    )
    early_look: float = parameter(
        StackingConfig.early_look_rad,
        "with an empty hand on its way home: pictures of fixed cameras count from where no joint is "
        "farther from home than this, radians; 0: none before the arm rests",
        range=(0.0, 3.0),
        name="perception.early_look",
    )
    max_detection_age: float = parameter(
        StackingConfig.max_detection_age_s,
        "no motion starts on older pictures, seconds",
        range=(0.1, 60.0),
        name="perception.max_detection_age",
    )
    max_tf_age: float = parameter(
        StackingConfig.max_tf_age_s,
        "pictures count only with a transform of the camera that is no older than this, seconds",
        range=(0.0, 10.0),
        name="perception.max_tf_age",
    )
    max_scene_age: float = parameter(
        StackingConfig.max_scene_age_s,
        "no motion with a block in hand starts on older pictures, seconds; so long what was seen from "
        "another look pose counts, and a question for confirmation stands",
        range=(1.0, 600.0),
        name="perception.max_scene_age",
    )
    give_up_after: float = parameter(
        StackingConfig.give_up_after_s,
        "of waiting for detections, joint states or the robot, seconds",
        range=(1.0, 3600.0),
    )
    max_failures: int = parameter(
        StackingConfig.max_failures,
        "failed attempts in a row, without progress, that are borne",
        range=(0, 100),
    )
    plan_only: bool = parameter(
        StackingConfig.plan_only,
        "observe from where the arm is, plan and show the first block's way, move nothing",
    )
    confirm: bool = parameter(
        StackingConfig.confirm, "ask before each motion: it starts when stacking/confirm is called"
    )
    record: str = parameter(
        "", "folder for decisions.jsonl, which `simreal explain` reads; empty for none"
    )
    tick_rate: float = parameter(20.0, "of the state machine, hertz", range=(1.0, 200.0))
