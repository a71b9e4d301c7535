"""What one ray does: hit a primitive, find its surface, be lit or in shadow.

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

from simreal_sim.rendering.compilation import EXACT
from simreal_sim.rendering.scene import BOX, CONE, ELLIPSOID, FACES, SOLID

FAR = np.float32(1e9)
# Surfaces start their shadow rays this far off, so that they do not shade themselves.
SHADOW_BIAS_M = np.float32(2e-4)

# Literals would be float64 in compiled code, and everything they touch.
ZERO, ONE, MID, TINY = np.float32(0.0), np.float32(1.0), np.float32(0.5), np.float32(1e-12)
THREE, FIVE, LEAST_SLOPE = np.float32(3.0), np.float32(5.0), np.float32(0.1)
QUARTER_TURN = np.float32(math.pi / 2)
SMALLEST_RIM_M = np.float32(1e-6)
LOBE_STEEPNESS = np.float32(1.0 / 8.0)

# Columns of a packed primitive; 0 to 8 are its rotation, row by row.
POSITION, HALF, RADIUS, SHAPE, IS_BLOCK, SPECULAR, SHININESS = 9, 12, 15, 16, 17, 18, 19
EDGE_RADIUS, EDGE_TINT, EYE, GEOMETRY = 20, 21, 22, 25
FACE_COLUMNS = 13  # of a packed face: texture, colours, texture map
# Columns of a face of the solid that blocks may be: normal, distance from the origin in half extents
# along x, and the two directions of the face's coordinates.
OFFSET, FIRST_AXIS, SECOND_AXIS, SOLID_COLUMNS = 3, 4, 7, 10


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function of this kind.

    `error_model="numpy"`: a check for division by zero would keep a loop from being vectorized.
    """
    return njit(cache=True, fastmath=EXACT, error_model="numpy", forceinline=True, nogil=True)(
        function
    )


@compiled
def pixel_ray(u, v, fx, fy, cx, cy, k1, k2):  # type: ignore[no-untyped-def]
    """Unit direction of a pixel's ray in the optical frame, radial distortion undone."""
    x, y = (u - cx) / fx, (v - cy) / fy
    if k1 != ZERO or k2 != ZERO:
        # Newton's method for the factor s that takes the distorted radius to the ideal one. A lens
        # may fold back on itself before an image's corner: nothing is seen there, and the limit on
        # the slope keeps such rays near their neighbours.
        q = x * x + y * y
        s = ONE
        for _ in range(4):
            r2 = q * s * s
            slope = max(ONE + r2 * (THREE * k1 + FIVE * r2 * k2), LEAST_SLOPE)
            s -= (s * (ONE + r2 * (k1 + r2 * k2)) - ONE) / slope
        x, y = x * s, y * s
    norm = ONE / math.sqrt(x * x + y * y + ONE)
    return x * norm, y * norm, norm


@compiled
def camera_ray(u, v, camera, intrinsics, distortion):  # type: ignore[no-untyped-def]
    """Unit direction of a pixel's ray in the world."""
    x, y, z = pixel_ray(
        u, v, intrinsics[0], intrinsics[1], intrinsics[2], intrinsics[3], distortion[0],
        distortion[1],
    )  # fmt: skip
    return (
        camera[0, 0] * x + camera[0, 1] * y + camera[0, 2] * z,
        camera[1, 0] * x + camera[1, 1] * y + camera[1, 2] * z,
        camera[2, 0] * x + camera[2, 1] * y + camera[2, 2] * z,
    )


@compiled
def into_frame(r, x, y, z):  # type: ignore[no-untyped-def]
    """A direction of the world in the frame of a primitive whose rotation r starts with."""
    return (
        r[0] * x + r[3] * y + r[6] * z,
        r[1] * x + r[4] * y + r[7] * z,
        r[2] * x + r[5] * y + r[8] * z,
    )


@compiled
def out_of_frame(r, x, y, z):  # type: ignore[no-untyped-def]
    """The reverse: a direction in a primitive's frame in the world."""
    return (
        r[0] * x + r[1] * y + r[2] * z,
        r[3] * x + r[4] * y + r[5] * z,
        r[6] * x + r[7] * y + r[8] * z,
    )


@compiled
def enter_box(ox, oy, oz, dx, dy, dz, hx, hy, hz, solid):  # type: ignore[no-untyped-def]
    """Distance at which a ray enters a box (slabs), FAR where it does not."""
    # A direction of exactly zero gives infinities that compare as they should.
    ix, iy, iz = ONE / dx, ONE / dy, ONE / dz
    wx, wy, wz = abs(ix) * hx, abs(iy) * hy, abs(iz) * hz
    mx, my, mz = -ox * ix, -oy * iy, -oz * iz
    near = max(max(mx - wx, my - wy), mz - wz)
    far = min(min(mx + wx, my + wy), mz + wz)
    return near if (near <= far) & (near > ZERO) else FAR


@compiled
def enter_ellipsoid(ox, oy, oz, dx, dy, dz, hx, hy, hz, solid):  # type: ignore[no-untyped-def]
    """Distance at which a ray enters an ellipsoid, FAR where it does not."""
    ix, iy, iz = ONE / hx, ONE / hy, ONE / hz
    ax, ay, az, bx, by, bz = ox * ix, oy * iy, oz * iz, dx * ix, dy * iy, dz * iz
    a = bx * bx + by * by + bz * bz
    b = ax * bx + ay * by + az * bz
    root = b * b - a * (ax * ax + ay * ay + az * az - ONE)
    t = (-b - math.sqrt(max(root, ZERO))) / a
    return t if (root > ZERO) & (t > ZERO) else FAR


@compiled
def enter_cylinder(ox, oy, oz, dx, dy, dz, hx, hy, hz, solid):  # type: ignore[no-untyped-def]
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
def enter_cone(ox, oy, oz, dx, dy, dz, hx, hy, hz, solid):  # type: ignore[no-untyped-def]
    """Distance at which a ray enters a cone, its apex at z = hz, FAR where it does not."""
    ix, iy, iz = ONE / hx, ONE / hy, MID / hz
    ax, ay, bx, by = ox * ix, oy * iy, dx * ix, dy * iy
    # The cone's radius along the ray, from 1 at its base to 0 at its apex.
    w, rise = (hz - oz) * iz, -dz * iz
    a = bx * bx + by * by - rise * rise
    a = a if abs(a) > TINY else TINY
    b = ax * bx + ay * by - w * rise
    root = b * b - a * (ax * ax + ay * ay - w * w)
    step = math.sqrt(max(root, ZERO))
    first, second = (-b - step) / a, (-b + step) / a
    first_hit = (root > ZERO) & (first > ZERO) & (abs(oz + first * dz) <= hz)
    second_hit = (root > ZERO) & (second > ZERO) & (abs(oz + second * dz) <= hz)
    base = (-hz - oz) / (dz if abs(dz) > TINY else TINY)
    x, y = ax + base * bx, ay + base * by
    base_hit = (base > ZERO) & (x * x + y * y <= ONE)
    t = first if first_hit else FAR
    t = min(t, second if second_hit else FAR)
    return min(t, base if base_hit else FAR)


@compiled
def enter_solid(ox, oy, oz, dx, dy, dz, hx, hy, hz, solid):  # type: ignore[no-untyped-def]
    """Distance at which a ray enters a convex solid, FAR where it does not.

    `solid` has a row a face, as SOLID_COLUMNS says; hx gives the size.
    """
    near, far = -FAR, FAR
    for i in range(solid.shape[0]):
        slope = solid[i, 0] * dx + solid[i, 1] * dy + solid[i, 2] * dz
        inside = solid[i, OFFSET] * hx - (solid[i, 0] * ox + solid[i, 1] * oy + solid[i, 2] * oz)
        t = inside / (slope if abs(slope) > TINY else TINY)
        near = max(near, t if slope < -TINY else -FAR)
        far = min(far, t if slope > TINY else FAR)
        far = -FAR if (abs(slope) <= TINY) & (inside < ZERO) else far
    return near if (near <= far) & (near > ZERO) else FAR


@compiled
def enter(shape, ox, oy, oz, dx, dy, dz, hx, hy, hz, solid):  # type: ignore[no-untyped-def]
    """Distance at which a ray enters a primitive of any shape, FAR where it does not."""
    if shape == BOX:
        return enter_box(ox, oy, oz, dx, dy, dz, hx, hy, hz, solid)
    if shape == ELLIPSOID:
        return enter_ellipsoid(ox, oy, oz, dx, dy, dz, hx, hy, hz, solid)
    if shape == CONE:
        return enter_cone(ox, oy, oz, dx, dy, dz, hx, hy, hz, solid)
    if shape == SOLID:
        return enter_solid(ox, oy, oz, dx, dy, dz, hx, hy, hz, solid)
    return enter_cylinder(ox, oy, oz, dx, dy, dz, hx, hy, hz, solid)


@compiled
def _bend(offset, half, radius):  # type: ignore[no-untyped-def]
    """How far the surface turns away near a rim at +-half: -1 to 1, zero off the rim."""
    over = max(abs(offset) - (half - radius), ZERO) / max(radius, SMALLEST_RIM_M)
    return over if offset > ZERO else -over


@compiled
def turn(y, x):  # type: ignore[no-untyped-def]
    """Where on a diamond around the origin a direction points, 0 to 4: an angle without an arctan."""
    along = y / (abs(x) + abs(y) + TINY)
    return along if x >= ZERO else np.float32(2.0) - along


@compiled
def box_surface(x, y, z, hx, hy, hz, radius, solid):  # type: ignore[no-untyped-def]
    """The surface of a box at a point of it, in its frame.

    Returns the face, coordinates a, b along it (m), the normal (not of unit length; near a rim it
    turns away, as if the rim were rounded) and whether the point is on the rim.
    """
    # The face is where the point lies farthest out.
    ux, uy, uz = abs(x) - hx, abs(y) - hy, abs(z) - hz
    bx, by, bz = _bend(x, hx, radius), _bend(y, hy, radius), _bend(z, hz, radius)
    on_x = (ux >= uy) & (ux >= uz)
    on_y = (uy >= uz) & (not on_x)
    on_z = not (on_x | on_y)
    out = x if on_x else (y if on_y else z)
    sign = ONE if out > ZERO else -ONE
    face = np.int32(0 if on_x else (2 if on_y else 4)) + np.int32(1 if out > ZERO else 0)
    a = y if on_x else x
    b = y if on_z else z
    nx, ny, nz = (sign if on_x else bx), (sign if on_y else by), (sign if on_z else bz)
    return face, a, b, nx, ny, nz, nx * nx + ny * ny + nz * nz > np.float32(1.0001)


@compiled
def ellipsoid_surface(x, y, z, hx, hy, hz, radius, solid):  # type: ignore[no-untyped-def]
    """The same for an ellipsoid, which has one face and no rim."""
    a = turn(y, x) * QUARTER_TURN * hx
    return np.int32(0), a, z, x / (hx * hx), y / (hy * hy), z / (hz * hz), False


@compiled
def cylinder_surface(x, y, z, hx, hy, hz, radius, solid):  # type: ignore[no-untyped-def]
    """The same for a cylinder: its side is face 0, its caps are faces 4 and 5."""
    on_cap = abs(z) > hz * np.float32(0.99999)
    face = np.int32((5 if z > ZERO else 4) if on_cap else 0)
    a = x if on_cap else turn(y, x) * QUARTER_TURN * hx
    b = y if on_cap else z
    nx, ny = (ZERO if on_cap else x / (hx * hx)), (ZERO if on_cap else y / (hy * hy))
    nz = (ONE if z > ZERO else -ONE) if on_cap else ZERO
    return face, a, b, nx, ny, nz, False


@compiled
def cone_surface(x, y, z, hx, hy, hz, radius, solid):  # type: ignore[no-untyped-def]
    """The same for a cone: its side is face 0, its base is face 4."""
    on_base = z < -hz * np.float32(0.99999)
    face = np.int32(4 if on_base else 0)
    a = x if on_base else turn(y, x) * QUARTER_TURN * hx
    b = y if on_base else z
    nx, ny = (ZERO if on_base else x / (hx * hx)), (ZERO if on_base else y / (hy * hy))
    nz = -ONE if on_base else (hz - z) / (np.float32(4.0) * hz * hz) + TINY
    return face, a, b, nx, ny, nz, False


@compiled
def solid_surface(x, y, z, hx, hy, hz, radius, solid):  # type: ignore[no-untyped-def]
    """The same for a convex solid, whose faces take the materials of a box by turns."""
    best, most = 0, -FAR
    for i in range(solid.shape[0]):
        out = solid[i, 0] * x + solid[i, 1] * y + solid[i, 2] * z - solid[i, OFFSET] * hx
        best = i if out > most else best
        most = max(most, out)
    n, u, v = 0, FIRST_AXIS, SECOND_AXIS
    a = solid[best, u] * x + solid[best, u + 1] * y + solid[best, u + 2] * z
    b = solid[best, v] * x + solid[best, v + 1] * y + solid[best, v + 2] * z
    face = np.int32(best % FACES)
    return face, a, b, solid[best, n], solid[best, n + 1], solid[best, n + 2], False


@compiled
def surface(shape, x, y, z, hx, hy, hz, radius, solid):  # type: ignore[no-untyped-def]
    """The same for any shape."""
    if shape == BOX:
        return box_surface(x, y, z, hx, hy, hz, radius, solid)
    if shape == ELLIPSOID:
        return ellipsoid_surface(x, y, z, hx, hy, hz, radius, solid)
    if shape == CONE:
        return cone_surface(x, y, z, hx, hy, hz, radius, solid)
    if shape == SOLID:
        return solid_surface(x, y, z, hx, hy, hz, radius, solid)
    return cylinder_surface(x, y, z, hx, hy, hz, radius, solid)


@compiled
def lamp_point(x, y, z, size, noise, draw):  # type: ignore[no-untyped-def]
    """A random point of a lamp of that size."""
    mask = noise.shape[0] - 1
    return (
        x + (noise[draw & mask] - MID) * size,
        y + (noise[(draw + 4099) & mask] - MID) * size,
        z + (noise[(draw + 8209) & mask] - MID) * size,
    )


@compiled
def toward_lamp(x, y, z, nx, ny, nz):  # type: ignore[no-untyped-def]
    """From a surface to a lamp at x, y, z from it: unit direction, distance, Lambert's cosine."""
    length = math.sqrt(x * x + y * y + z * z) + TINY
    scale = ONE / length
    return x * scale, y * scale, z * scale, length, (nx * x + ny * y + nz * z) * scale


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
def plane_of_tile(i, x0, y0, x1, y1, camera, intrinsics, distortion):  # type: ignore[no-untyped-def]
    """Normal of one of the four planes through the eye that hold a tile's rays; it points inwards."""
    # Distorted edges bulge between the corners: leave a little room.
    room = MID if distortion[0] == ZERO and distortion[1] == ZERO else np.float32(1.5)
    left, right = np.float32(x0) - room, np.float32(x1 - 1) + room
    top, bottom = np.float32(y0) - room, np.float32(y1 - 1) + room
    # From one corner to the next, clockwise in the image.
    u, v = left if i == 0 or i == 3 else right, top if i < 2 else bottom
    ax, ay, az = camera_ray(u, v, camera, intrinsics, distortion)
    u, v = left if i > 1 else right, bottom if i == 1 or i == 2 else top
    bx, by, bz = camera_ray(u, v, camera, intrinsics, distortion)
    x, y, z = ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx
    norm = ONE / math.sqrt(x * x + y * y + z * z)
    return x * norm, y * norm, z * norm


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


@compiled
def on_edge(code, x, y, width, height):  # type: ignore[no-untyped-def]
    """Whether a neighbour of a pixel shows something else."""
    c = code[y, x]
    return (
        (x > 0 and code[y, x - 1] != c)
        or (x + 1 < width and code[y, x + 1] != c)
        or (y > 0 and code[y - 1, x] != c)
        or (y + 1 < height and code[y + 1, x] != c)
    )


@compiled
def subpixel(x, y, k, width, noise, offset):  # type: ignore[no-untyped-def]
    """A random place in the k-th quarter of a pixel."""
    draw, mask = offset + (y * width + x) * 11 + k * 2, noise.shape[0] - 1
    right_by = np.float32(k & 1) + noise[draw & mask]
    down_by = np.float32(k >> 1) + noise[(draw + 1) & mask]
    return np.float32(x) + right_by * MID - MID, np.float32(y) + down_by * MID - MID
