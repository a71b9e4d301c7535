"""What one ray does: hit a primitive, find its surface, look up a texture, be lit or in shadow.

Scalar functions of float32, without branches where they run in inner loops, so that LLVM turns the
loops over the rays of a tile into vector code. The drivers of the CPU (`raycaster_cpu.py`) and of
CUDA (`raycaster_cuda.py`) are built from these same functions.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit

from simreal_sim.scene import BOX, CYLINDER, ELLIPSOID
from simreal_sim.textures import TEXTURE_SIZE

FAR = np.float32(1e9)
# Surfaces start their shadow rays this far off, so that they do not shade themselves.
SHADOW_BIAS_M = np.float32(2e-4)

# Literals would be float64 in compiled code, and everything they touch.
ZERO, ONE, MID, TINY = np.float32(0.0), np.float32(1.0), np.float32(0.5), np.float32(1e-12)
BYTE, SIDE = np.float32(1.0 / 255.0), np.float32(TEXTURE_SIZE)
QUARTER_TURN = np.float32(math.pi / 2)
LOBE_STEEPNESS = np.float32(1.0 / 8.0)

# Columns of a packed primitive; 0 to 8 are its rotation, row by row.
POSITION, HALF, RADIUS, SHAPE, IS_BLOCK, SPECULAR, SHININESS = 9, 12, 15, 16, 17, 18, 19
EDGE_RADIUS, EDGE_TINT, EYE, GEOMETRY = 20, 21, 22, 25


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function of this kind.

    `error_model="numpy"`: a check for division by zero would keep a loop from being vectorized.
    """
    return njit(cache=True, fastmath=True, error_model="numpy", forceinline=True, nogil=True)(
        function
    )


@compiled
def pixel_ray(u, v, fx, fy, cx, cy, k1, k2):  # type: ignore[no-untyped-def]
    """Unit direction of a pixel's ray in the optical frame, radial distortion undone."""
    xd, yd = (u - cx) / fx, (v - cy) / fy
    x, y = xd, yd
    if k1 != ZERO or k2 != ZERO:
        for _ in range(5):
            r2 = x * x + y * y
            factor = ONE / (ONE + r2 * (k1 + r2 * k2))
            x, y = xd * factor, yd * factor
    norm = ONE / math.sqrt(x * x + y * y + ONE)
    return x * norm, y * norm, norm


@compiled
def enter_box(ox, oy, oz, dx, dy, dz, hx, hy, hz):  # type: ignore[no-untyped-def]
    """Distance at which a ray enters a box (slabs), FAR where it does not."""
    # A direction of exactly zero gives infinities that compare as they should.
    ix, iy, iz = ONE / dx, ONE / dy, ONE / dz
    wx, wy, wz = abs(ix) * hx, abs(iy) * hy, abs(iz) * hz
    mx, my, mz = -ox * ix, -oy * iy, -oz * iz
    near = max(max(mx - wx, my - wy), mz - wz)
    far = min(min(mx + wx, my + wy), mz + wz)
    return near if (near <= far) & (near > ZERO) else FAR


@compiled
def enter_ellipsoid(ox, oy, oz, dx, dy, dz, hx, hy, hz):  # type: ignore[no-untyped-def]
    """Distance at which a ray enters an ellipsoid, FAR where it does not."""
    ix, iy, iz = ONE / hx, ONE / hy, ONE / hz
    ax, ay, az, bx, by, bz = ox * ix, oy * iy, oz * iz, dx * ix, dy * iy, dz * iz
    a = bx * bx + by * by + bz * bz
    b = ax * bx + ay * by + az * bz
    root = b * b - a * (ax * ax + ay * ay + az * az - ONE)
    t = (-b - math.sqrt(max(root, ZERO))) / a
    return t if (root > ZERO) & (t > ZERO) else FAR


@compiled
def enter_cylinder(ox, oy, oz, dx, dy, dz, hx, hy, hz):  # type: ignore[no-untyped-def]
    """Distance at which a ray enters a cylinder (an ellipse in x, y), FAR where it does not."""
    ix, iy = ONE / hx, ONE / hy
    ax, ay, bx, by = ox * ix, oy * iy, dx * ix, dy * iy
    a = bx * bx + by * by + TINY
    b = ax * bx + ay * by
    root = b * b - a * (ax * ax + ay * ay - ONE)
    side = (-b - math.sqrt(max(root, ZERO))) / a
    z = oz + side * dz
    side_hit = (root > ZERO) & (side > ZERO) & (abs(z) <= hz)
    rise = dz if abs(dz) > TINY else TINY
    cap = ((-hz if rise > ZERO else hz) - oz) / rise
    x, y = ax + cap * bx, ay + cap * by
    cap_hit = (cap > ZERO) & (x * x + y * y <= ONE)
    return side if side_hit else (cap if cap_hit else FAR)


@compiled
def enter(shape, ox, oy, oz, dx, dy, dz, hx, hy, hz):  # type: ignore[no-untyped-def]
    """Distance at which a ray enters a primitive of any shape, FAR where it does not."""
    if shape == BOX:
        return enter_box(ox, oy, oz, dx, dy, dz, hx, hy, hz)
    if shape == ELLIPSOID:
        return enter_ellipsoid(ox, oy, oz, dx, dy, dz, hx, hy, hz)
    return enter_cylinder(ox, oy, oz, dx, dy, dz, hx, hy, hz)


@compiled
def _bend(offset, half, radius):  # type: ignore[no-untyped-def]
    """How far the surface turns away near a rim at +-half: -1 to 1, zero off the rim."""
    over = max(abs(offset) - (half - radius), ZERO) / radius
    return over if offset > ZERO else -over


@compiled
def _turn(y, x):  # type: ignore[no-untyped-def]
    """Where on a diamond around the origin a direction points, 0 to 4: an angle without an arctan."""
    along = y / (abs(x) + abs(y) + TINY)
    return along if x >= ZERO else np.float32(2.0) - along


@compiled
def surface(g, p, x, y, z):  # type: ignore[no-untyped-def]
    """The surface of primitive p at a point of it, given in its frame.

    Returns the face, coordinates a, b along it (m), the unit normal in the primitive's frame and
    the factor of the rim's colour.
    """
    hx, hy, hz = g[p, HALF], g[p, HALF + 1], g[p, HALF + 2]
    shape = g[p, SHAPE]
    rim = ONE
    if shape == BOX:
        # The face is where the point lies farthest out.
        ux, uy, uz = abs(x) - hx, abs(y) - hy, abs(z) - hz
        bx = by = bz = ZERO
        radius = g[p, EDGE_RADIUS]
        if radius > ZERO:  # near a rim the surface turns away, as if rounded, and shows wear
            bx, by, bz = _bend(x, hx, radius), _bend(y, hy, radius), _bend(z, hz, radius)
        if ux >= uy and ux >= uz:
            face, a, b = (1 if x > ZERO else 0), y, z
            nx, ny, nz = (ONE if x > ZERO else -ONE), by, bz
            turned = by * by + bz * bz
        elif uy >= uz:
            face, a, b = (3 if y > ZERO else 2), x, z
            nx, ny, nz = bx, (ONE if y > ZERO else -ONE), bz
            turned = bx * bx + bz * bz
        else:
            face, a, b = (5 if z > ZERO else 4), x, y
            nx, ny, nz = bx, by, (ONE if z > ZERO else -ONE)
            turned = bx * bx + by * by
        if turned > np.float32(1e-4):
            rim = g[p, EDGE_TINT]
    elif shape == CYLINDER and abs(z) > hz * np.float32(0.99999):
        face, a, b = (5 if z > ZERO else 4), x, y
        nx, ny, nz = ZERO, ZERO, (ONE if z > ZERO else -ONE)
    else:
        face, a, b = 0, _turn(y, x) * QUARTER_TURN * hx, z
        nx, ny = x / (hx * hx), y / (hy * hy)
        nz = z / (hz * hz) if shape == ELLIPSOID else ZERO
    norm = ONE / math.sqrt(nx * nx + ny * ny + nz * nz)
    return face, a, b, nx * norm, ny * norm, nz * norm, rim


@compiled
def texel(textures, index, u, v):  # type: ignore[no-untyped-def]
    """Bilinear, repeating look-up, three channels 0 to 1."""
    u = (u - np.floor(u)) * SIDE + MID
    v = (v - np.floor(v)) * SIDE + MID
    u1, v1 = np.int32(u), np.int32(v)
    fu, fv = u - np.float32(u1), v - np.float32(v1)
    # Sizes are powers of two, so that a mask does the repetition.
    u0, v0 = (u1 - 1) & (TEXTURE_SIZE - 1), (v1 - 1) & (TEXTURE_SIZE - 1)
    u1, v1 = u1 & (TEXTURE_SIZE - 1), v1 & (TEXTURE_SIZE - 1)
    w11 = fu * fv * BYTE
    w01, w10 = fu * BYTE - w11, fv * BYTE - w11
    w00 = BYTE - w01 - w10 - w11
    red = w00 * np.float32(textures[index, v0, u0, 0]) + w01 * np.float32(textures[index, v0, u1, 0])
    red += w10 * np.float32(textures[index, v1, u0, 0]) + w11 * np.float32(textures[index, v1, u1, 0])
    green = w00 * np.float32(textures[index, v0, u0, 1]) + w01 * np.float32(textures[index, v0, u1, 1])
    green += w10 * np.float32(textures[index, v1, u0, 1]) + w11 * np.float32(textures[index, v1, u1, 1])
    blue = w00 * np.float32(textures[index, v0, u0, 2]) + w01 * np.float32(textures[index, v0, u1, 2])
    blue += w10 * np.float32(textures[index, v1, u0, 2]) + w11 * np.float32(textures[index, v1, u1, 2])
    return red, green, blue


@compiled
def paint(faces, p, face, a, b, rim, textures):  # type: ignore[no-untyped-def]
    """Colour of a point of a face, before any light."""
    t0 = t1 = t2 = ONE
    index = np.int32(faces[p, face, 0])
    if index > 0:  # texture 0 is plain
        u = faces[p, face, 7] * a + faces[p, face, 8] * b + faces[p, face, 9]
        v = faces[p, face, 10] * a + faces[p, face, 11] * b + faces[p, face, 12]
        t0, t1, t2 = texel(textures, index, u, v)
    red = (faces[p, face, 1] + faces[p, face, 4] * t0) * rim
    green = (faces[p, face, 2] + faces[p, face, 5] * t1) * rim
    blue = (faces[p, face, 3] + faces[p, face, 6] * t2) * rim
    return red, green, blue


@compiled
def backdrop(world, dx, dy, dz, textures):  # type: ignore[no-untyped-def]
    """Colour of a ray that hits nothing: a texture on a cylinder around everything."""
    t0, t1, t2 = texel(textures, np.int32(world[12]), _turn(dy, dx), dz)
    return world[6] + world[9] * t0, world[7] + world[10] * t1, world[8] + world[11] * t2


@compiled
def highlight(nx, ny, nz, dx, dy, dz, lx, ly, lz, strength, shininess):  # type: ignore[no-untyped-def]
    """Strength of a highlight: Blinn-Phong with a polynomial for the power, which has no branch.

    (1 - n (1 - c) / 8)^8 is close to c^n near c = 1 and reaches zero sooner.
    """
    ex, ey, ez = lx - dx, ly - dy, lz - dz
    cosine = (nx * ex + ny * ey + nz * ez) / math.sqrt(ex * ex + ey * ey + ez * ez + TINY)
    lobe = max(ONE - shininess * (ONE - cosine) * LOBE_STEEPNESS, ZERO)
    lobe *= lobe
    lobe *= lobe
    return strength * lobe * lobe


@compiled
def beside_tile(g, p, eye, planes):  # type: ignore[no-untyped-def]
    """Whether a primitive's bounding sphere lies outside of one of four planes through the eye."""
    x, y, z = g[p, POSITION] - eye[0], g[p, POSITION + 1] - eye[1], g[p, POSITION + 2] - eye[2]
    radius = g[p, RADIUS]
    outside = False
    for i in range(4):
        reach = planes[i, 0] * x + planes[i, 1] * y + planes[i, 2] * z
        outside = outside or reach < -radius
    return outside


@compiled
def may_shade(g, p, x0, y0, z0, x1, y1, z1, lx, ly, lz, light_radius):  # type: ignore[no-untyped-def]
    """Whether a primitive may stand between a lamp at l and surfaces within a box x0..z1."""
    cx, cy, cz = (x0 + x1) * MID, (y0 + y1) * MID, (z0 + z1) * MID
    ax, ay, az = (x1 - x0) * MID, (y1 - y0) * MID, (z1 - z0) * MID
    reach = math.sqrt(ax * ax + ay * ay + az * az)
    wx, wy, wz = lx - cx, ly - cy, lz - cz
    length2 = wx * wx + wy * wy + wz * wz
    spread = max(reach, light_radius) * np.float32(1.1) + np.float32(1e-3)
    x, y, z = g[p, POSITION] - cx, g[p, POSITION + 1] - cy, g[p, POSITION + 2] - cz
    top = abs(g[p, 6]) * g[p, HALF] + abs(g[p, 7]) * g[p, HALF + 1]
    top += abs(g[p, 8]) * g[p, HALF + 2] + g[p, POSITION + 2]
    if top < z0 + np.float32(1e-4) and lz > z1:
        return False  # all of it lies below the surfaces: the table under what stands on it
    s = max(min((x * wx + y * wy + z * wz) / length2, ONE), ZERO)
    x, y, z = x - s * wx, y - s * wy, z - s * wz
    room = spread + g[p, RADIUS]
    return x * x + y * y + z * z < room * room
