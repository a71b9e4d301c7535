"""The ray caster's driver for CPUs: tiles of rays through vector loops, views on all cores.

The rays of a tile lie in one array, row by row a number of every ray, and each stage is a loop over
them: enter the primitives that the tile may see, sort the rays by what they hit, look up the
surfaces, then lamp by lamp test the shadows and add the light. A second pass casts four more rays in
each pixel whose neighbours show another surface or another shadow, which is where aliasing shows.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit, prange

from simreal_sim.rendering.compilation import EXACT
from simreal_sim.rendering.ray_functions import (
    EDGE_RADIUS,
    EDGE_TINT,
    EYE,
    FACE_COLUMNS,
    FAR,
    HALF,
    IS_BLOCK,
    MID,
    ONE,
    SHADOW_BIAS_M,
    SHAPE,
    SHININESS,
    SPECULAR,
    ZERO,
    beside_tile,
    box_surface,
    cone_surface,
    cylinder_surface,
    ellipsoid_surface,
    enter_box,
    enter_cone,
    enter_cylinder,
    enter_ellipsoid,
    enter_solid,
    highlight,
    into_frame,
    lamp_point,
    may_shade,
    on_edge,
    out_of_frame,
    pixel_ray,
    plane_of_tile,
    solid_surface,
    subpixel,
    toward_lamp,
)
from simreal_sim.rendering.ray_textures import backdrop, footprint, paint
from simreal_sim.rendering.scene import BOX, CONE, ELLIPSOID, EMPTY, FACES, SOLID

TILE = 16  # pixels; primitives that a tile cannot see are dropped for all its rays at once
SUBSAMPLES = 4
MOST_RAYS = TILE * TILE * SUBSAMPLES
# Rows a power of two apart would share the same few cache lines. The length is a constant of the
# compiled code: so LLVM knows that rows do not overlap, and vectorizes without asking.
ROW = MOST_RAYS + 16
# Where the rows of the working memory start: numbers, and whole numbers, of every ray.
_FLOATS = (
    "U", "V", "AIM_X", "AIM_Y", "AIM_Z", "BEST", "DX", "DY", "DZ", "T", "PX", "PY", "PZ", "NX",
    "NY", "NZ", "A", "B", "RIM", "RED", "GREEN", "BLUE", "SHINE", "SHARP", "LX", "LY", "LZ",
    "REACH", "LAMBERT", "OUT_RED", "OUT_GREEN", "OUT_BLUE",
)  # fmt: skip
(
    U, V, AIM_X, AIM_Y, AIM_Z, BEST, DX, DY, DZ, T, PX, PY, PZ, NX, NY, NZ, A, B, RIM, RED, GREEN,
    BLUE, SHINE, SHARP, LX, LY, LZ, REACH, LAMBERT, OUT_RED, OUT_GREEN, OUT_BLUE,
) = (row * ROW for row in range(len(_FLOATS)))  # fmt: skip
FLOAT_ROWS = len(_FLOATS)
HIT, PLACE, OWN, FACE, MARK, BLOCKED = (row * ROW for row in range(6))
INT_ROWS = 6

_OPTIONS = {"cache": True, "fastmath": EXACT, "error_model": "numpy", "nogil": True}


@njit(parallel=True, **_OPTIONS)
def render_all(  # type: ignore[no-untyped-def]
    view_scene, rotation, position, intrinsics, distortion, geometry, faces, lights, surroundings,
    solid, textures, noise, offsets, color, instance, seen, covered,
):  # fmt: skip
    """Draw every view; views share the cores. Arrays as `raycaster.render` packs them."""
    for n in prange(view_scene.shape[0]):
        s = view_scene[n]
        _render_one(
            rotation[n], position[n], intrinsics[n], distortion[n], geometry[s].copy(), faces[s],
            lights[s], surroundings[s], solid, textures, noise, offsets[n], color[n], instance[n],
            seen[n], covered[n],
        )  # fmt: skip


@njit(**_OPTIONS)
def _render_one(  # type: ignore[no-untyped-def]
    camera, eye, intrinsics, distortion, g, faces, lights, world, solid, textures, noise, offset,
    color, instance, seen, covered,
):  # fmt: skip
    height, width = instance.shape
    count, light_count = g.shape[0], lights.shape[0]
    pixel = ONE / intrinsics[0]
    for p in range(count):  # the camera centre in each primitive's frame
        x, y, z = eye[0] - g[p, 9], eye[1] - g[p, 10], eye[2] - g[p, 11]
        for i in range(3):
            g[p, EYE + i] = g[p, i] * x + g[p, 3 + i] * y + g[p, 6 + i] * z
    code = np.empty((height, width), dtype=np.int32)  # what a pixel shows, to find edges
    rays = np.empty(FLOAT_ROWS * ROW, dtype=np.float32)
    whole = np.empty(INT_ROWS * ROW, dtype=np.int32)
    spot = np.empty((TILE * TILE, 2), dtype=np.int32)
    planes = np.empty((4, 3), dtype=np.float32)
    across = (width + TILE - 1) // TILE
    tiles = ((height + TILE - 1) // TILE) * across
    listed = np.empty((tiles, count + 1), dtype=np.int32)
    casters = np.empty((tiles, light_count, count + 1), dtype=np.int32)

    for tile in range(tiles):
        top, left = (tile // across) * TILE, (tile % across) * TILE
        bottom, right = min(top + TILE, height), min(left + TILE, width)
        for i in range(4):
            planes[i, 0], planes[i, 1], planes[i, 2] = plane_of_tile(
                i, left, top, right, bottom, camera, intrinsics, distortion
            )
        kept = 0
        for p in range(count):
            if g[p, SHAPE] != EMPTY and not beside_tile(g, p, eye, planes):
                kept += 1
                listed[tile, kept] = p
        listed[tile, 0] = kept
        n = 0
        for y in range(top, bottom):
            for x in range(left, right):
                rays[U + n], rays[V + n] = np.float32(x), np.float32(y)
                n += 1
        _aim(n, camera, intrinsics, distortion, rays)
        _nearest(n, rays, whole, g, solid, listed[tile])
        for k in range(1, kept + 1):
            p = listed[tile, k]
            if g[p, IS_BLOCK] > ZERO:
                covered[p] += _count_hits(n, rays, g[p], solid)
        _shadow_casters(n, rays, whole, eye, lights, g, casters[tile])
        _shade(
            n, rays, whole, eye, pixel, g, faces, lights, world, solid, textures, noise, offset,
            listed[tile], casters[tile],
        )  # fmt: skip
        columns = right - left
        for i in range(n):
            place = whole[PLACE + i]
            y, x = top + place // columns, left + place % columns
            hit = whole[OWN + i]
            instance[y, x], code[y, x] = hit, whole[MARK + i]
            color[y, x, 0] = rays[OUT_RED + i]
            color[y, x, 1] = rays[OUT_GREEN + i]
            color[y, x, 2] = rays[OUT_BLUE + i]
            if hit >= 0:
                seen[hit] += 1

    for tile in range(tiles):
        top, left = (tile // across) * TILE, (tile % across) * TILE
        bottom, right = min(top + TILE, height), min(left + TILE, width)
        spots = n = 0
        for y in range(top, bottom):
            for x in range(left, right):
                if not on_edge(code, x, y, width, height):
                    continue
                spot[spots, 0], spot[spots, 1] = x, y
                spots += 1
                for channel in range(3):
                    color[y, x, channel] = ZERO
                for k in range(SUBSAMPLES):
                    rays[U + n], rays[V + n] = subpixel(x, y, k, width, noise, offset)
                    n += 1
        if n == 0:
            continue
        _aim(n, camera, intrinsics, distortion, rays)
        _nearest(n, rays, whole, g, solid, listed[tile])
        _shade(
            n, rays, whole, eye, pixel, g, faces, lights, world, solid, textures, noise,
            offset + 77, listed[tile], casters[tile],
        )  # fmt: skip
        share = np.float32(1.0 / SUBSAMPLES)
        for i in range(n):
            place = whole[PLACE + i] // SUBSAMPLES
            x, y = spot[place, 0], spot[place, 1]
            color[y, x, 0] += rays[OUT_RED + i] * share
            color[y, x, 1] += rays[OUT_GREEN + i] * share
            color[y, x, 2] += rays[OUT_BLUE + i] * share


@njit(**_OPTIONS)
def _aim(n, camera, intrinsics, distortion, rays):  # type: ignore[no-untyped-def]
    """Directions in the world of the rays through n places U, V of the image."""
    fx, fy, cx, cy = intrinsics[0], intrinsics[1], intrinsics[2], intrinsics[3]
    k1, k2 = distortion[0], distortion[1]
    c00, c01, c02 = camera[0, 0], camera[0, 1], camera[0, 2]
    c10, c11, c12 = camera[1, 0], camera[1, 1], camera[1, 2]
    c20, c21, c22 = camera[2, 0], camera[2, 1], camera[2, 2]
    for i in range(n):
        rx, ry, rz = pixel_ray(rays[U + i], rays[V + i], fx, fy, cx, cy, k1, k2)
        rays[AIM_X + i] = c00 * rx + c01 * ry + c02 * rz
        rays[AIM_Y + i] = c10 * rx + c11 * ry + c12 * rz
        rays[AIM_Z + i] = c20 * rx + c21 * ry + c22 * rz


@njit(**_OPTIONS)
def _count_hits(n, rays, q, solid):  # type: ignore[no-untyped-def]
    """How many rays enter a block, whatever stands before it."""
    shape = q[SHAPE]
    if shape == BOX:
        return _hits_of_box(n, rays, q, solid)
    if shape == CONE:
        return _hits_of_cone(n, rays, q, solid)
    if shape == SOLID:
        return _hits_of_solid(n, rays, q, solid)
    return _hits_of_cylinder(n, rays, q, solid)


@njit(**_OPTIONS)
def _nearest(n, rays, whole, g, solid, listed):  # type: ignore[no-untyped-def]
    """For each ray the nearest primitive of a list (-1: none) and its distance."""
    for i in range(n):
        rays[BEST + i] = FAR
        whole[HIT + i] = -1
    for k in range(1, listed[0] + 1):
        p = listed[k]
        shape = g[p, SHAPE]
        if shape == BOX:
            _nearest_box(n, rays, whole, g[p], solid, p)
        elif shape == ELLIPSOID:
            _nearest_ellipsoid(n, rays, whole, g[p], solid, p)
        elif shape == CONE:
            _nearest_cone(n, rays, whole, g[p], solid, p)
        elif shape == SOLID:
            _nearest_solid(n, rays, whole, g[p], solid, p)
        else:
            _nearest_cylinder(n, rays, whole, g[p], solid, p)


@njit(**_OPTIONS)
def _rotation(q):  # type: ignore[no-untyped-def]
    """A primitive's rotation as numbers that a loop need not fetch again."""
    return q[0], q[1], q[2], q[3], q[4], q[5], q[6], q[7], q[8]


# A branch on the shape inside a loop would keep it from being vectorized: one loop for each shape.


def _hits_of(enter):  # type: ignore[no-untyped-def]
    @njit(**_OPTIONS)
    def loop(n, rays, q, solid):  # type: ignore[no-untyped-def]
        total = 0
        ox, oy, oz, hx, hy, hz = q[EYE], q[EYE + 1], q[EYE + 2], q[HALF], q[HALF + 1], q[HALF + 2]
        r = _rotation(q)
        for i in range(n):
            x, y, z = into_frame(r, rays[AIM_X + i], rays[AIM_Y + i], rays[AIM_Z + i])
            t = enter(ox, oy, oz, x, y, z, hx, hy, hz, solid)
            total += 1 if t < FAR else 0
        return total

    return loop


def _nearest_of(enter):  # type: ignore[no-untyped-def]
    @njit(**_OPTIONS)
    def loop(n, rays, whole, q, solid, p):  # type: ignore[no-untyped-def]
        ox, oy, oz, hx, hy, hz = q[EYE], q[EYE + 1], q[EYE + 2], q[HALF], q[HALF + 1], q[HALF + 2]
        r = _rotation(q)
        own = np.int32(p)
        for i in range(n):
            x, y, z = into_frame(r, rays[AIM_X + i], rays[AIM_Y + i], rays[AIM_Z + i])
            t = enter(ox, oy, oz, x, y, z, hx, hy, hz, solid)
            nearer = t < rays[BEST + i]
            whole[HIT + i] = own if nearer else whole[HIT + i]
            rays[BEST + i] = t if nearer else rays[BEST + i]

    return loop


def _surfaces_of(surface):  # type: ignore[no-untyped-def]
    @njit(**_OPTIONS)
    def loop(first, last, rays, whole, eye, q, solid, p):  # type: ignore[no-untyped-def]
        ox, oy, oz, hx, hy, hz = q[EYE], q[EYE + 1], q[EYE + 2], q[HALF], q[HALF + 1], q[HALF + 2]
        r = _rotation(q)
        ex, ey, ez = eye[0], eye[1], eye[2]
        radius, tint, shine, sharp = q[EDGE_RADIUS], q[EDGE_TINT], q[SPECULAR], q[SHININESS]
        code = np.int32(p * 8 + 1)
        for i in range(first, last):
            dx, dy, dz, t = rays[DX + i], rays[DY + i], rays[DZ + i], rays[T + i]
            x, y, z = into_frame(r, dx, dy, dz)
            face, a, b, nx, ny, nz, on_rim = surface(
                ox + t * x, oy + t * y, oz + t * z, hx, hy, hz, radius, solid
            )
            norm = ONE / math.sqrt(nx * nx + ny * ny + nz * nz)
            wx, wy, wz = out_of_frame(r, nx, ny, nz)
            wx, wy, wz = wx * norm, wy * norm, wz * norm
            rays[A + i], rays[B + i], rays[RIM + i] = a, b, tint if on_rim else ONE
            rays[NX + i], rays[NY + i], rays[NZ + i] = wx, wy, wz
            rays[PX + i] = ex + t * dx + wx * SHADOW_BIAS_M
            rays[PY + i] = ey + t * dy + wy * SHADOW_BIAS_M
            rays[PZ + i] = ez + t * dz + wz * SHADOW_BIAS_M
            rays[SHINE + i], rays[SHARP + i] = shine, sharp
            whole[FACE + i] = face
            whole[MARK + i] = (code + face) << 4

    return loop


def _blocked_by(enter):  # type: ignore[no-untyped-def]
    @njit(**_OPTIONS)
    def loop(n, rays, whole, q, solid, p):  # type: ignore[no-untyped-def]
        gx, gy, gz, hx, hy, hz = q[9], q[10], q[11], q[HALF], q[HALF + 1], q[HALF + 2]
        r = _rotation(q)
        own = np.int32(p)
        for i in range(n):
            x, y, z = into_frame(r, rays[PX + i] - gx, rays[PY + i] - gy, rays[PZ + i] - gz)
            dx, dy, dz = into_frame(r, rays[LX + i], rays[LY + i], rays[LZ + i])
            t = enter(x, y, z, dx, dy, dz, hx, hy, hz, solid)
            # A convex body never shades a point of its own that faces the lamp.
            shaded = (t < rays[REACH + i]) & (whole[OWN + i] != own)
            whole[BLOCKED + i] = np.int32(1) if shaded else whole[BLOCKED + i]

    return loop


_ENTER = (enter_box, enter_ellipsoid, enter_cylinder, enter_cone, enter_solid)
_hits_of_box, _, _hits_of_cylinder, _hits_of_cone, _hits_of_solid = (
    _hits_of(f)  # type: ignore[no-untyped-call]
    for f in _ENTER
)
_nearest_box, _nearest_ellipsoid, _nearest_cylinder, _nearest_cone, _nearest_solid = (
    _nearest_of(f)  # type: ignore[no-untyped-call]
    for f in _ENTER
)
_box_surfaces, _ellipsoid_surfaces, _cylinder_surfaces, _cone_surfaces, _solid_surfaces = (
    _surfaces_of(f)  # type: ignore[no-untyped-call]
    for f in (box_surface, ellipsoid_surface, cylinder_surface, cone_surface, solid_surface)
)
(
    _blocked_by_box, _blocked_by_ellipsoid, _blocked_by_cylinder, _blocked_by_cone,
    _blocked_by_solid,
) = (
    _blocked_by(f)  # type: ignore[no-untyped-call]
    for f in _ENTER
)  # fmt: skip


@njit(**_OPTIONS)
def _backdrop(first, last, rays, whole, world, textures):  # type: ignore[no-untyped-def]
    """Colours of rays that hit nothing."""
    for i in range(first, last):
        red, green, blue = backdrop(world, rays[DX + i], rays[DY + i], rays[DZ + i], textures)
        rays[OUT_RED + i], rays[OUT_GREEN + i], rays[OUT_BLUE + i] = red, green, blue
    for i in range(first, last):
        rays[RED + i] = rays[GREEN + i] = rays[BLUE + i] = ZERO
        rays[NX + i] = rays[NY + i] = rays[NZ + i] = ZERO
        rays[PX + i] = rays[PY + i] = rays[PZ + i] = ZERO
        rays[SHINE + i] = rays[SHARP + i] = ZERO
        whole[MARK + i] = 0


@njit(**_OPTIONS)
def _paint(first, last, rays, whole, p, faces, pixel, textures):  # type: ignore[no-untyped-def]
    """Colours of the surfaces of one primitive, before any light; `pixel` is the angle of one."""
    for face in range(FACES):
        row = (p * FACES + face) * FACE_COLUMNS
        if faces[row] > ZERO:
            for i in range(first, last):
                if whole[FACE + i] == face:
                    cosine = rays[NX + i] * rays[DX + i] + rays[NY + i] * rays[DY + i]
                    cosine += rays[NZ + i] * rays[DZ + i]
                    shown = footprint(rays[T + i], pixel, cosine)
                    rays[RED + i], rays[GREEN + i], rays[BLUE + i] = paint(
                        faces, row, rays[A + i], rays[B + i], rays[RIM + i], shown, textures
                    )
        else:  # texture 0 is plain
            red, green = faces[row + 1] + faces[row + 4], faces[row + 2] + faces[row + 5]
            _paint_plain(
                first, last, rays, whole, face, red, green, faces[row + 3] + faces[row + 6]
            )


@njit(**_OPTIONS)
def _paint_plain(first, last, rays, whole, face, red, green, blue):  # type: ignore[no-untyped-def]
    for i in range(first, last):
        here, rim = whole[FACE + i] == face, rays[RIM + i]
        rays[RED + i] = red * rim if here else rays[RED + i]
        rays[GREEN + i] = green * rim if here else rays[GREEN + i]
        rays[BLUE + i] = blue * rim if here else rays[BLUE + i]


@njit(**_OPTIONS)
def _add_ambient(first, last, rays, world):  # type: ignore[no-untyped-def]
    """Light from above and from below."""
    a0, a1, a2, a3, a4, a5 = world[0], world[1], world[2], world[3], world[4], world[5]
    for i in range(first, last):
        up = MID + MID * rays[NZ + i]
        rays[OUT_RED + i] = rays[RED + i] * (a0 + a3 * up)
        rays[OUT_GREEN + i] = rays[GREEN + i] * (a1 + a4 * up)
        rays[OUT_BLUE + i] = rays[BLUE + i] * (a2 + a5 * up)


@njit(**_OPTIONS)
def _shadow_casters(n, rays, whole, eye, lights, g, out):  # type: ignore[no-untyped-def]
    """For each light, what can throw a shadow on the surfaces of a tile: out[i, 0] counts them."""
    x0 = y0 = z0 = FAR
    x1 = y1 = z1 = -FAR
    ex, ey, ez = eye[0], eye[1], eye[2]
    for i in range(n):
        hit = whole[HIT + i] >= 0
        t = rays[BEST + i] if hit else ZERO
        x = ex + t * rays[AIM_X + i]
        y = ey + t * rays[AIM_Y + i]
        z = ez + t * rays[AIM_Z + i]
        x0, x1 = min(x0, x if hit else FAR), max(x1, x if hit else -FAR)
        y0, y1 = min(y0, y if hit else FAR), max(y1, y if hit else -FAR)
        z0, z1 = min(z0, z if hit else FAR), max(z1, z if hit else -FAR)
    for light in range(lights.shape[0]):
        out[light, 0] = 0
        if x0 > x1 or lights[light, 3] + lights[light, 4] + lights[light, 5] <= ZERO:
            continue
        kept = 0
        for p in range(1, g.shape[0]):  # primitive 0 is the floor, below everything
            if g[p, SHAPE] != EMPTY and may_shade(
                g, p, x0, y0, z0, x1, y1, z1, lights[light, 0], lights[light, 1], lights[light, 2],
                lights[light, 6],
            ):  # fmt: skip
                kept += 1
                out[light, kept] = p
        out[light, 0] = kept


@njit(**_OPTIONS)
def _gather(n, first, rays, whole, p):  # type: ignore[no-untyped-def]
    """Move the rays that hit p behind the `first` ones sorted so far; returns how many there are."""
    for i in range(n):
        if whole[HIT + i] == p:
            whole[PLACE + first], whole[OWN + first] = i, p
            rays[DX + first], rays[DY + first] = rays[AIM_X + i], rays[AIM_Y + i]
            rays[DZ + first], rays[T + first] = rays[AIM_Z + i], rays[BEST + i]
            first += 1
    return first


@njit(**_OPTIONS)
def _shade(  # type: ignore[no-untyped-def]
    n,
    rays,
    whole,
    eye,
    pixel,
    g,
    faces,
    lights,
    world,
    solid,
    textures,
    noise,
    offset,
    listed,
    casters,
):
    """Colours of n hits, sorted by primitive: ray i belongs to place PLACE + i.

    MARK tells what it shows: primitive, face, lights in shadow.
    """
    last = _gather(n, 0, rays, whole, -1)
    _backdrop(0, last, rays, whole, world, textures)
    for k in range(1, listed[0] + 1):
        if last == n:
            break
        p = listed[k]
        first = last
        last = _gather(n, first, rays, whole, p)
        shape = g[p, SHAPE]
        if shape == BOX:
            _box_surfaces(first, last, rays, whole, eye, g[p], solid, p)
        elif shape == ELLIPSOID:
            _ellipsoid_surfaces(first, last, rays, whole, eye, g[p], solid, p)
        elif shape == CONE:
            _cone_surfaces(first, last, rays, whole, eye, g[p], solid, p)
        elif shape == SOLID:
            _solid_surfaces(first, last, rays, whole, eye, g[p], solid, p)
        else:
            _cylinder_surfaces(first, last, rays, whole, eye, g[p], solid, p)
        _paint(first, last, rays, whole, p, faces, pixel, textures)
        _add_ambient(first, last, rays, world)
    for light in range(lights.shape[0]):
        if lights[light, 3] + lights[light, 4] + lights[light, 5] <= ZERO:
            continue
        _toward(n, rays, whole, lights[light], noise, offset + light * 1237)
        for k in range(1, casters[light, 0] + 1):
            p = casters[light, k]
            shape = g[p, SHAPE]
            if shape == BOX:
                _blocked_by_box(n, rays, whole, g[p], solid, p)
            elif shape == ELLIPSOID:
                _blocked_by_ellipsoid(n, rays, whole, g[p], solid, p)
            elif shape == CONE:
                _blocked_by_cone(n, rays, whole, g[p], solid, p)
            elif shape == SOLID:
                _blocked_by_solid(n, rays, whole, g[p], solid, p)
            else:
                _blocked_by_cylinder(n, rays, whole, g[p], solid, p)
        _add_light(n, rays, whole, lights[light], np.int32(1 << light))


@njit(**_OPTIONS)
def _toward(n, rays, whole, lamp, noise, offset):  # type: ignore[no-untyped-def]
    """Unit directions from surfaces to a lamp, a random point of it where it is large."""
    lamp_x, lamp_y, lamp_z, size = lamp[0], lamp[1], lamp[2], lamp[6]
    if size > ZERO:
        for i in range(n):
            rays[LX + i], rays[LY + i], rays[LZ + i] = lamp_point(
                lamp_x, lamp_y, lamp_z, size, noise, offset + whole[PLACE + i] * 5
            )
    else:
        for i in range(n):
            rays[LX + i], rays[LY + i], rays[LZ + i] = lamp_x, lamp_y, lamp_z
    for i in range(n):
        x, y, z, reach, lambert = toward_lamp(
            rays[LX + i] - rays[PX + i], rays[LY + i] - rays[PY + i], rays[LZ + i] - rays[PZ + i],
            rays[NX + i], rays[NY + i], rays[NZ + i],
        )  # fmt: skip
        rays[LX + i], rays[LY + i], rays[LZ + i] = x, y, z
        rays[REACH + i], rays[LAMBERT + i] = reach, lambert
        whole[BLOCKED + i] = 0


@njit(**_OPTIONS)
def _add_light(n, rays, whole, lamp, bit):  # type: ignore[no-untyped-def]
    """Add one lamp's light where nothing blocks it; note in MARK where something does."""
    red, green, blue = lamp[3], lamp[4], lamp[5]
    for i in range(n):
        facing = rays[LAMBERT + i] > ZERO
        blocked = whole[BLOCKED + i] != 0
        lit = rays[LAMBERT + i] if facing & (not blocked) else ZERO
        shine = highlight(
            rays[NX + i], rays[NY + i], rays[NZ + i], rays[DX + i], rays[DY + i], rays[DZ + i],
            rays[LX + i], rays[LY + i], rays[LZ + i], rays[SHINE + i], rays[SHARP + i],
        )  # fmt: skip
        shine = shine if lit > ZERO else ZERO
        rays[OUT_RED + i] += (rays[RED + i] * lit + shine) * red
        rays[OUT_GREEN + i] += (rays[GREEN + i] * lit + shine) * green
        rays[OUT_BLUE + i] += (rays[BLUE + i] * lit + shine) * blue
        whole[MARK + i] |= bit if facing & blocked else np.int32(0)
