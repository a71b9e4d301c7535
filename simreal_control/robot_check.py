"""Whether parameters and a robot description fit each other: finding by finding, nothing is moved.

What stops control at its start is found here all at once, and what it would stumble over later.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from simreal_common.errors import KinematicsError, SimrealError
from simreal_control.assembly import Assembly, assemble
from simreal_control.control_configuration import ControlParameters
from simreal_control.grasping.grasps import tool_pose
from simreal_control.planning.link_meshes import MissingMeshes
from simreal_control.planning.robot_description import check_description, read_model
from simreal_control.robot_interface.checked_item import CheckedItem, Verdict

Array = NDArray[np.float64]

UPRIGHT_RAD = 0.2  # a hand that leans more at home was hardly meant to
REACH_GRID = 4  # places along each side of the zone
LEAST_REACH = 0.5  # share of the zone; of less somebody has the wrong numbers


def check_robot(
    parameters: ControlParameters, urdf: str, installed_packages: Sequence[str] = ()
) -> list[CheckedItem]:
    """What fits and what lacks of one robot, ROS aside.

    Args:
        parameters: of control_node.
        urdf: text of the robot description.
        installed_packages: folders in which packages with meshes lie.
    """
    findings: list[CheckedItem] = []

    def attempt(what: str, look: Callable[[], list[CheckedItem]]) -> bool:
        try:
            findings.extend(look())
        except SimrealError as error:
            findings.append(CheckedItem(what, Verdict.LACKS, str(error)))
            return False
        return True

    if not attempt("robot description", lambda: [_description(urdf)]):
        return findings
    attempt("joints", lambda: _joints(parameters, urdf))
    told, made = parameters, list[Assembly]()
    if not attempt("meshes", lambda: _meshes(parameters, urdf, installed_packages)):
        # The rest can be looked at all the same.
        told = replace(parameters, missing_meshes=MissingMeshes.SIMPLIFY.value)

    def put_together() -> list[CheckedItem]:
        made.append(assemble(told, urdf, installed_packages))
        return [
            CheckedItem("arm", Verdict.FITS, _arm_words(made[0])),
            CheckedItem("hand", Verdict.FITS, made[0].hand),
        ]

    if attempt("arm and hand", put_together):
        attempt("home", lambda: _posture("home", np.array(parameters.home), parameters, made[0]))
        for number, pose in enumerate(parameters.further_looks(), 1):
            name = f"look pose {number}"
            attempt(name, partial(_posture, name, pose, parameters, made[0], tilted=True))
        attempt("reach", lambda: [_reach(parameters, made[0])])
    return findings


def _description(urdf: str) -> CheckedItem:
    root = check_description(urdf)
    counts = [len(root.findall(tag)) for tag in ("link", "joint")]
    return CheckedItem(
        "robot description",
        Verdict.FITS,
        f"{root.get('name') or 'a robot'}: {counts[0]} links, {counts[1]} joints",
    )


def _meshes(
    parameters: ControlParameters, urdf: str, installed_packages: Sequence[str]
) -> list[CheckedItem]:
    found = parameters.find_meshes(urdf, installed_packages)
    return [CheckedItem("meshes", Verdict.NOTE, found.remark)] if found.remark else []


def _joints(parameters: ControlParameters, urdf: str) -> list[CheckedItem]:
    """Each name that the parameters and the description must share, one by one."""
    model = read_model(urdf)
    findings = []
    missing = [name for name in parameters.arm_joints if not model.existJointName(name)]
    if missing:
        there = ", ".join(list(model.names)[1:])
        findings.append(
            CheckedItem(
                "arm_joints", Verdict.LACKS,
                f"the robot has no joint {', '.join(missing)}; wanted some of {there}",
            )
        )  # fmt: skip
    for name in ("base_frame", "tool_frame"):
        frame = getattr(parameters, name)
        if not model.existFrame(frame):
            frames = ", ".join(frame.name for frame in list(model.frames)[1:])
            words = f"the robot has no frame '{frame}'; wanted one of {frames}"
            findings.append(CheckedItem(name, Verdict.LACKS, words))
    weightless = [
        name
        for name in parameters.arm_joints
        if model.existJointName(name)
        and not model.effortLimit[model.joints[model.getJointId(name)].idx_v] > 0.0
    ]
    if weightless:
        findings.append(
            CheckedItem(
                "effort limits", Verdict.NOTE,
                f"none for {', '.join(weightless)}: <limit effort> of the description says what "
                "torque a joint may need",
            )
        )  # fmt: skip
    return findings


def _arm_words(made: Assembly) -> str:
    arm = made.arm
    endless = f", {', '.join(sorted(made.continuous))} without end" if made.continuous else ""
    return (
        f"{len(arm.joint_names)} joints from {arm.base_frame} to {arm.tool_frame}{endless}; "
        f"{arm.limits.velocity.min():.2f} to {arm.limits.velocity.max():.2f} rad/s at most"
    )


def _posture(
    name: str,
    posture: Array,
    parameters: ControlParameters,
    made: Assembly,
    tilted: bool = False,
) -> list[CheckedItem]:
    """Whether the arm can stand there; `tilted` hands need not point straight down."""
    arm = made.arm
    outside = [
        f"{joint} at {value:g} (limits {low:.3f} to {high:.3f})"
        for joint, value, low, high in zip(
            arm.joint_names, posture, arm.limits.lower, arm.limits.upper, strict=True
        )
        if not low < value < high
    ]
    if outside:
        return [CheckedItem(name, Verdict.LACKS, f"beyond the joint limits: {', '.join(outside)}")]
    pose = arm.forward(posture)
    x, y, z = pose.position
    place = f"{arm.tool_frame} at ({x:.3f}, {y:.3f}, {z:.3f}) m"
    findings = []
    if not parameters.workspace().contains(pose.position):
        findings.append(
            CheckedItem(
                name,
                Verdict.LACKS,
                f"{place}, outside the workspace (limits.workspace_*)",
            )
        )
    touching = made.world.contact(posture)
    if touching:
        findings.append(CheckedItem(name, Verdict.LACKS, f"there {touching}: wanted another one"))
    if not tilted and pose.rotation[2, 2] > -np.cos(UPRIGHT_RAD):
        findings.append(
            CheckedItem(
                name, Verdict.NOTE,
                f"{place}, its z not downwards: is {arm.tool_frame} the frame between the finger "
                "tips with z out of the hand?",
            )
        )  # fmt: skip
    down = "" if tilted else ", pointing down"
    return findings or [CheckedItem(name, Verdict.FITS, place + down)]


def _reach(parameters: ControlParameters, made: Assembly) -> CheckedItem:
    """Of upright grasps of blocks on the table all over the zone."""
    p, arm, home = parameters, made.arm, np.array(parameters.home)
    height = p.table_height + p.edge / 2.0 + p.tool_above_centre()
    xs, ys = (
        np.linspace(low, high, REACH_GRID)
        for low, high in zip(p.block_zone_lower, p.block_zone_upper, strict=True)
    )
    missed = []
    for x in xs:
        for y in ys:
            try:
                arm.inverse(tool_pose(np.array([x, y, height]), 0.0), home, restarts=2)
            except KinematicsError:
                missed.append(f"({x:.2f}, {y:.2f})")
    count = REACH_GRID**2
    if not missed:
        return CheckedItem("reach", Verdict.FITS, "upright grasps all over the block zone")
    words = (
        f"{len(missed)} of {count} places of the block zone cannot be grasped from above, such as "
        f"{', '.join(missed[:3])} m: mend perception.block_zone_* or table_height"
    )
    lacks = len(missed) > (1.0 - LEAST_REACH) * count
    return CheckedItem("reach", Verdict.LACKS if lacks else Verdict.NOTE, words)
