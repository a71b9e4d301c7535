"""Stamped geometry in another frame; what tf2_geometry_msgs does."""

from __future__ import annotations

from typing import Any

from geometry_msgs.msg import (
    Point,
    PointStamped,
    Pose,
    PoseStamped,
    Quaternion,
    QuaternionStamped,
    Vector3,
    Vector3Stamped,
)

from .rigid import compose, multiply, rotate


def _rigid(transform: Any) -> Any:
    t, r = transform.translation, transform.rotation
    return (t.x, t.y, t.z), (r.x, r.y, r.z, r.w)


def do_transform_point(point: Any, transform: Any) -> Any:
    moved = compose(
        _rigid(transform.transform),
        ((point.point.x, point.point.y, point.point.z), (0.0, 0.0, 0.0, 1.0)),
    )
    return PointStamped(
        header=transform.header, point=Point(x=moved[0][0], y=moved[0][1], z=moved[0][2])
    )


def do_transform_vector3(vector: Any, transform: Any) -> Any:
    x, y, z = rotate(
        _rigid(transform.transform)[1], (vector.vector.x, vector.vector.y, vector.vector.z)
    )
    return Vector3Stamped(header=transform.header, vector=Vector3(x=x, y=y, z=z))


def do_transform_quaternion(quaternion: Any, transform: Any) -> Any:
    q = quaternion.quaternion
    x, y, z, w = multiply(_rigid(transform.transform)[1], (q.x, q.y, q.z, q.w))
    return QuaternionStamped(header=transform.header, quaternion=Quaternion(x=x, y=y, z=z, w=w))


def do_transform_pose(pose: Any, transform: Any) -> Any:
    p, q = pose.position, pose.orientation
    (x, y, z), (qx, qy, qz, qw) = compose(
        _rigid(transform.transform), ((p.x, p.y, p.z), (q.x, q.y, q.z, q.w))
    )
    return Pose(position=Point(x=x, y=y, z=z), orientation=Quaternion(x=qx, y=qy, z=qz, w=qw))


def do_transform_pose_stamped(pose: Any, transform: Any) -> Any:
    return PoseStamped(header=transform.header, pose=do_transform_pose(pose.pose, transform))


_BY_TYPE = {
    PointStamped: do_transform_point,
    Vector3Stamped: do_transform_vector3,
    QuaternionStamped: do_transform_quaternion,
    PoseStamped: do_transform_pose_stamped,
}


def transform_stamped(thing: Any, transform: Any) -> Any:
    if type(thing) not in _BY_TYPE:
        raise NotImplementedError(
            f"no transform for {type(thing).__name__}; embedded_ros2 has {', '.join(t.__name__ for t in _BY_TYPE)}"
        )
    return _BY_TYPE[type(thing)](thing, transform)
