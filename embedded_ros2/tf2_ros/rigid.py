"""Rigid transforms as plain tuples: (x, y, z) and unit quaternions (x, y, z, w)."""

from __future__ import annotations

import math

Vector = tuple[float, float, float]
Quaternion = tuple[float, float, float, float]
Rigid = tuple[Vector, Quaternion]
IDENTITY: Rigid = ((0.0, 0.0, 0.0), (0.0, 0.0, 0.0, 1.0))
_PARALLEL = 0.9995  # above this cosine slerp loses digits and lerp is exact enough


def multiply(a: Quaternion, b: Quaternion) -> Quaternion:
    ax, ay, az, aw = a
    bx, by, bz, bw = b
    return (
        aw * bx + ax * bw + ay * bz - az * by,
        aw * by - ax * bz + ay * bw + az * bx,
        aw * bz + ax * by - ay * bx + az * bw,
        aw * bw - ax * bx - ay * by - az * bz,
    )


def rotate(q: Quaternion, v: Vector) -> Vector:
    x, y, z, w = q
    tx, ty, tz = 2 * (y * v[2] - z * v[1]), 2 * (z * v[0] - x * v[2]), 2 * (x * v[1] - y * v[0])
    return (
        v[0] + w * tx + y * tz - z * ty,
        v[1] + w * ty + z * tx - x * tz,
        v[2] + w * tz + x * ty - y * tx,
    )


def compose(a: Rigid, b: Rigid) -> Rigid:
    """a after b: maps a point p to a(b(p))."""
    moved = rotate(a[1], b[0])
    return (a[0][0] + moved[0], a[0][1] + moved[1], a[0][2] + moved[2]), multiply(a[1], b[1])


def inverse(a: Rigid) -> Rigid:
    x, y, z, w = a[1]
    back = (-x, -y, -z, w)
    moved = rotate(back, a[0])
    return (-moved[0], -moved[1], -moved[2]), back


def interpolate(a: Rigid, b: Rigid, ratio: float) -> Rigid:
    """Linear in translation, slerp in rotation; 0 gives a, 1 gives b."""
    (ax, ay, az), p = a
    (bx, by, bz), q = b
    dot = sum(i * j for i, j in zip(p, q))
    if dot < 0:
        q, dot = (-q[0], -q[1], -q[2], -q[3]), -dot
    if dot > _PARALLEL:
        s0, s1 = 1 - ratio, ratio
    else:
        angle = math.acos(dot)
        s0, s1 = (
            math.sin((1 - ratio) * angle) / math.sin(angle),
            math.sin(ratio * angle) / math.sin(angle),
        )
    raw = [s0 * i + s1 * j for i, j in zip(p, q)]
    norm = math.sqrt(sum(i * i for i in raw))
    rotation = (raw[0] / norm, raw[1] / norm, raw[2] / norm, raw[3] / norm)
    return (ax + (bx - ax) * ratio, ay + (by - ay) * ratio, az + (bz - az) * ratio), rotation
