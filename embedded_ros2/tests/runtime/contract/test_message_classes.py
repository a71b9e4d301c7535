"""Message classes: defaults, checks, constants, copies."""

from __future__ import annotations

import array
import copy
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from control_msgs.action import FollowJointTrajectory, GripperCommand, ParallelGripperCommand
from diagnostic_msgs.msg import DiagnosticStatus
from geometry_msgs.msg import Point, Pose, PoseWithCovariance, Quaternion
from sensor_msgs.msg import CameraInfo, Image, JointState
from std_srvs.srv import SetBool
from vision_msgs.msg import Detection3D, Detection3DArray, ObjectHypothesisWithPose


def test_defaults() -> None:
    assert Quaternion().w == 1.0
    pose = Pose()
    assert pose.position == Point(x=0.0, y=0.0, z=0.0)
    assert isinstance(
        PoseWithCovariance().covariance, np.ndarray
    ) and PoseWithCovariance().covariance.shape == (36,)
    assert isinstance(JointState().position, array.array) and JointState().name == []
    assert not JointState().position  # an empty sequence is false, as on ROS 2


def test_instances_do_not_share_defaults() -> None:
    first, second = JointState(), JointState()
    first.name.append("a")
    first.position.append(1.0)
    assert second.name == [] and len(second.position) == 0


def test_there_are_no_new_attributes() -> None:
    with pytest.raises(AttributeError):
        Point().w = 1.0


def test_constants() -> None:
    assert FollowJointTrajectory.Result.PATH_TOLERANCE_VIOLATED == -4
    assert FollowJointTrajectory.Result.SUCCESSFUL == 0
    assert DiagnosticStatus.ERROR == b"\x02"


def test_action_parts() -> None:
    assert FollowJointTrajectory.Goal().trajectory.joint_names == []
    assert GripperCommand.Feedback(position=1.0).position == 1.0
    assert ParallelGripperCommand.Result().state == JointState()
    with pytest.raises(NotImplementedError):
        FollowJointTrajectory()


def test_vision_messages_nest() -> None:
    hypothesis = ObjectHypothesisWithPose()
    hypothesis.hypothesis.class_id, hypothesis.hypothesis.score = "red", 0.5
    array_message = Detection3DArray(detections=[Detection3D(id="1", results=[hypothesis])])
    array_message.detections[0].bbox.size.x = 0.05
    assert array_message.detections[0].results[0].pose.pose.orientation.w == 1.0


def test_repr_equality_copy_pickle() -> None:
    point = Point(x=1.0)
    assert repr(point) == "geometry_msgs.msg.Point(x=1.0, y=0.0, z=0.0)"
    info = CameraInfo(k=[1.0] * 9)
    assert info == copy.deepcopy(info) == pickle.loads(pickle.dumps(info))
    assert info != CameraInfo() and point != "point"
    with pytest.raises(TypeError):
        hash(point)


def test_wrong_values_are_refused(make_wrong: Callable[[], object]) -> None:
    with pytest.raises(AssertionError):
        make_wrong()


@pytest.mark.parametrize(
    "data", [[1, 2, 3], np.array([1, 2, 3], dtype=np.uint8), array.array("B", [1, 2, 3])]
)
def test_bytes(data: Any) -> None:
    assert array.array("B", Image(data=data).data) == array.array("B", [1, 2, 3])


def test_unknown_fields_are_refused() -> None:
    with pytest.raises((AssertionError, TypeError), match="colour"):
        Point(colour=1.0)


def test_modules_tell_what_they_have() -> None:
    with pytest.raises(ImportError):
        from std_msgs.msg import Nonsense  # noqa: F401
    names: dict[str, Any] = {}
    exec("from std_srvs.srv import *", names)
    assert names["SetBool"] is SetBool and "Trigger" in names


def test_fields_and_types() -> None:
    assert JointState.get_fields_and_field_types() == {
        "header": "std_msgs/Header",
        "name": "sequence<string>",
        "position": "sequence<double>",
        "velocity": "sequence<double>",
        "effort": "sequence<double>",
    }
