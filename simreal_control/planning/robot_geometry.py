"""A robot description's collision shapes on the joints that move, meshes as their convex hulls."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence

import pinocchio as pin

from simreal_common.errors import ConfigurationError
from simreal_common.untrusted_text import shortened
from simreal_control.planning.link_meshes import make_convex
from simreal_control.planning.robot_description import read_model


def read_geometry(
    urdf: str, arm_joints: Sequence[str], fixed: Mapping[str, float] | None = None
) -> tuple[pin.Model, pin.GeometryModel]:
    """The arm, all other joints locked, and the shapes that ride on it.

    What a mesh encloses is solid, and hulls are fast.

    Args:
        urdf: text of the robot description; meshes by absolute path or file:// URL.
        arm_joints: joints that move, base first.
        fixed: positions of other joints (fingers); those not named stay at zero. Names that the
            robot lacks are left out.

    Raises:
        ConfigurationError: a mesh is not there, or the description has no collision shapes.
    """
    whole = read_model(urdf)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # pinocchio's about how folders are passed
            shapes = pin.buildGeomFromUrdfString(whole, urdf, pin.GeometryType.COLLISION)
    except (ValueError, RuntimeError) as error:
        raise ConfigurationError(
            "the collision shapes of the robot description cannot be read "
            f"({shortened(str(error), 300)}); wanted meshes by absolute path or file:// URL, "
            "or their folder in parameter 'mesh_folders'"
        ) from error
    if not shapes.ngeoms:
        raise ConfigurationError(
            "the robot description has no <collision> shapes; wanted some on every link, or "
            "the arm would not know what it can hit"
        )
    for shape in shapes.geometryObjects:
        make_convex(shape)
    reference = pin.neutral(whole)
    for name, value in (fixed or {}).items():
        if not whole.existJointName(name):
            continue  # of a hand that the description lacks
        reference[whole.joints[whole.getJointId(name)].idx_q] = value
    locked = [i for i, name in enumerate(whole.names) if i and name not in arm_joints]
    model, geometry = pin.buildReducedModel(whole, shapes, locked, reference)
    return model, geometry
