"""Poses of the tool where they were recorded, or from joint positions by the robot's kinematics."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from simreal_common.errors import ConfigurationError, MessageError
from simreal_common.geometry import Pose
from simreal_common.untrusted_text import Limits, read_text, shortened
from simreal_perception.camera_calibration.robot_poses import ArmAt

URDF_LIMITS = Limits(size=10_000_000)
Frames = tuple[str | None, str | None]


def poses_of(
    arm_at: Mapping[str, ArmAt], urdf: Path | None, tool: str | None
) -> tuple[dict[str, Pose], Frames]:
    """Pose of the tool in the base at each picture; names of base and tool where they are known.

    Args:
        urdf: file of the robot; needed for joint positions.
        tool: link whose pose is wanted; likewise.

    Raises:
        ConfigurationError: joint positions without robot, or of another one.
        ModuleNotFoundError: pinocchio is not installed.
    """
    given = {name: one.pose for name, one in arm_at.items() if one.pose is not None}
    if len(given) == len(arm_at):
        return given, (None, tool)
    if given:
        name = next(name for name in arm_at if name not in given)
        raise ConfigurationError(
            f"{shortened(name)} has joint positions, others poses: wanted one kind"
        )
    if urdf is None or tool is None:
        raise ConfigurationError(
            "the poses are joint positions (or their columns are not x, y, z, qx, qy, qz, qw): wanted "
            "--urdf FILE and --tool LINK with them"
        )
    return _by_kinematics({name: one.joints or {} for name, one in arm_at.items()}, urdf, tool)


def _by_kinematics(
    joints: Mapping[str, Mapping[str, float]], urdf: Path, tool: str
) -> tuple[dict[str, Pose], Frames]:
    from simreal_control.planning.kinematics import ArmKinematics
    from simreal_control.planning.robot_description import read_model

    try:
        text = read_text(urdf, URDF_LIMITS)
    except MessageError as error:
        raise ConfigurationError(f"--urdf: {error}; wanted a URDF file") from error
    names = set(next(iter(joints.values())))
    for picture, values in joints.items():
        if set(values) != names:
            raise ConfigurationError(
                f"{shortened(picture)} has joints {shortened(', '.join(sorted(values)))}, wanted the "
                f"same for all: {shortened(', '.join(sorted(names)))}"
            )
    chain = [name for name in read_model(text).names if name in names]
    arm = ArmKinematics(text, chain + sorted(names - set(chain)), tool)
    found = {
        picture: arm.forward(np.array([values[name] for name in chain]))
        for picture, values in joints.items()
    }
    return found, (arm.base_frame, tool)
