"""The ray caster's driver for CPUs: tiles of rays through vector loops, views on all cores.

The rays of a tile lie in arrays, a number each, and every stage is a loop over them: enter the
primitives that the tile may see, look up the surfaces, then lamp by lamp test the shadows and add
the light. A second pass casts four more rays in each pixel whose neighbours show another surface or
another shadow, which is where aliasing shows.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit, prange

from simreal_sim.ray_functions import (
    EYE,
    FAR,
    HALF,
    IS_BLOCK,
    MID,
    POSITION,
    SHADOW_BIAS_M,
    SHAPE,
    SHININESS,
    SPECULAR,
    TINY,
    ZERO,
    backdrop,
    beside_tile,
    enter_box,
    enter_cylinder,
    enter_ellipsoid,
    highlight,
    may_shade,
    paint,
    pixel_ray,
    surface,
)
from simreal_sim.scene import BOX, ELLIPSOID, EMPTY

TILE = 16  # pixels; primitives that a tile cannot see are dropped for all its rays at once
SUBSAMPLES = 4
MOST_RAYS = TILE * TILE * SUBSAMPLES
# Rows a power of two apart would share the same few cache lines.
ROW_LENGTH = MOST_RAYS + 16
# Rows of the working memory of one view, each a number of every ray.
(
    DX, DY, DZ, BEST, PX, PY, PZ, NX, NY, NZ, RED, GREEN, BLUE, SHINE, SHARP, LX, LY, LZ, REACH,
    LAMBERT, OUT_RED, OUT_GREEN, OUT_BLUE, ROWS,
) = range(24)  # fmt: skip

_OPTIONS = {"cache": True, "fastmath": True, "error_model": "numpy", "nogil": True}


@njit(parallel=True, **_OPTIONS)
def render_all(  # type: ignore[no-untyped-def]
    view_scene, rotation, position, intrinsics, distortion, geometry, faces, lights, surroundings,
    textures, noise, offsets, color, instance, seen, covered,
):  # fmt: skip
    """Draw every view; views share the cores. Arrays as `raycaster.render` packs them."""
    for n in prange(view_scene.shape[0]):
        s = view_scene[n]
        _render_one(
            rotation[n], position[n], intrinsics[n], distortion[n], geometry[s].copy(), faces[s],
            lights[s], surroundings[s], textures, noise, offsets[n], color[n], instance[n], seen[n],
            covered[n],
        )  # fmt: skip


@njit(**_OPTIONS)
def _render_one(  # type: ignore[no-untyped-def]
    camera, eye, intrinsics, distortion, g, faces, lights, world, textures, noise, offset,
    color, instance, seen, covered,
):  # fmt: skip
    height, width = instance.shape
    count, light_count = g.shape[0], lights.shape[0]
    for p in range(count):  # the camera centre in each primitive's frame
        x, y, z = eye[0] - g[p, 9], eye[1] - g[p, 10], eye[2] - g[p, 11]
        for i in range(3):
            g[p, EYE + i] = g[p, i] * x + g[p, 3 + i] * y + g[p, 6 + i] * z
    code = np.empty((height, width), dtype=np.int32)  # what a pixel shows, to find edges
    rays = np.empty((ROWS, ROW_LENGTH), dtype=np.float32)
    hit = np.empty(MOST_RAYS, dtype=np.int32)
    mark = np.empty(MOST_RAYS, dtype=np.int32)
    blocked = np.empty(MOST_RAYS, dtype=np.int32)
    at = np.empty((2, MOST_RAYS), dtype=np.float32)
    spot = np.empty((TILE * TILE, 2), dtype=np.int32)
    planes = np.empty((4, 3), dtype=np.float32)
    across = (width + TILE - 1) // TILE
    tiles = ((height + TILE - 1) // TILE) * across
    listed = np.empty((tiles, count + 1), dtype=np.int32)
    casters = np.empty((tiles, light_count, count + 1), dtype=np.int32)

    for tile in range(tiles):
        top, left = (tile // across) * TILE, (tile % across) * TILE
        bottom, right = min(top + TILE, height), min(left + TILE, width)
        _planes_of_tile(left, top, right, bottom, camera, intrinsics, distortion, planes)
        kept = 0
        for p in range(count):
            if g[p, SHAPE] != EMPTY and not beside_tile(g, p, eye, planes):
                kept += 1
                listed[tile, kept] = p
        listed[tile, 0] = kept
        n = 0
        for y in range(top, bottom):
            for x in range(left, right):
                at[0, n], at[1, n] = np.float32(x), np.float32(y)
                n += 1
        _aim(n, at, camera, intrinsics, distortion, rays)
        _first_hits(n, rays, hit, g, listed[tile], covered)
        _shadow_casters(n, rays, hit, eye, lights, g, casters[tile])
        _shade(
            n, rays, hit, mark, blocked, eye, g, faces, lights, world, textures, noise, offset,
            casters[tile],
        )  # fmt: skip
        n = 0
        for y in range(top, bottom):
            for x in range(left, right):
                instance[y, x], code[y, x] = hit[n], mark[n]
                color[y, x, 0] = rays[OUT_RED, n]
                color[y, x, 1] = rays[OUT_GREEN, n]
                color[y, x, 2] = rays[OUT_BLUE, n]
                if hit[n] >= 0:
                    seen[hit[n]] += 1
                n += 1

    for tile in range(tiles):
        top, left = (tile // across) * TILE, (tile % across) * TILE
        bottom, right = min(top + TILE, height), min(left + TILE, width)
        spots = n = 0
        for y in range(top, bottom):
            for x in range(left, right):
                if not _on_edge(code, x, y, width, height):
                    continue
                spot[spots, 0], spot[spots, 1] = x, y
                spots += 1
                for k in range(SUBSAMPLES):
                    draw = (offset + (y * width + x) * 11 + k * 2) & (noise.shape[0] - 1)
                    along = np.float32(k & 1) + noise[draw]
                    down = np.float32(k >> 1) + noise[(draw + 1) & (noise.shape[0] - 1)]
                    at[0, n] = np.float32(x) + along * MID - MID
                    at[1, n] = np.float32(y) + down * MID - MID
                    n += 1
        if spots == 0:
            continue
        _aim(n, at, camera, intrinsics, distortion, rays)
        _nearest(n, rays, hit, g, listed[tile])
        _shade(
            n, rays, hit, mark, blocked, eye, g, faces, lights, world, textures, noise, offset + 77,
            casters[tile],
        )  # fmt: skip
        share = np.float32(1.0 / SUBSAMPLES)
        for i in range(spots):
            x, y = spot[i, 0], spot[i, 1]
            for channel in range(3):
                total = ZERO
                for k in range(SUBSAMPLES):
                    total += rays[OUT_RED + channel, i * SUBSAMPLES + k]
                color[y, x, channel] = total * share


@njit(**_OPTIONS)
def _planes_of_tile(x0, y0, x1, y1, camera, intrinsics, distortion, planes):  # type: ignore[no-untyped-def]
    """The four planes through the eye that hold a tile's rays; normals point inwards."""
    # Distorted edges bulge between the corners: leave a little room.
    room = MID if distortion[0] == ZERO and distortion[1] == ZERO else np.float32(1.5)
    corner = np.empty((4, 3), dtype=np.float32)
    for i in range(4):
        u = np.float32(x0) - room if i == 0 or i == 3 else np.float32(x1 - 1) + room
        v = np.float32(y0) - room if i < 2 else np.float32(y1 - 1) + room
        rx, ry, rz = pixel_ray(
            u, v, intrinsics[0], intrinsics[1], intrinsics[2], intrinsics[3], distortion[0],
            distortion[1],
        )  # fmt: skip
        for k in range(3):
            corner[i, k] = camera[k, 0] * rx + camera[k, 1] * ry + camera[k, 2] * rz
    for i in range(4):
        j = (i + 1) & 3
        a = corner[i, 1] * corner[j, 2] - corner[i, 2] * corner[j, 1]
        b = corner[i, 2] * corner[j, 0] - corner[i, 0] * corner[j, 2]
        c = corner[i, 0] * corner[j, 1] - corner[i, 1] * corner[j, 0]
        norm = np.float32(1.0) / math.sqrt(a * a + b * b + c * c)
        planes[i, 0], planes[i, 1], planes[i, 2] = a * norm, b * norm, c * norm


@njit(**_OPTIONS)
def _on_edge(code, x, y, width, height):  # type: ignore[no-untyped-def]
    """Whether a neighbour of a pixel shows something else."""
    c = code[y, x]
    return (
        (x > 0 and code[y, x - 1] != c)
        or (x + 1 < width and code[y, x + 1] != c)
        or (y > 0 and code[y - 1, x] != c)
        or (y + 1 < height and code[y + 1, x] != c)
    )


@njit(**_OPTIONS)
def _aim(n, at, camera, intrinsics, distortion, rays):  # type: ignore[no-untyped-def]
    """Directions in the world of the rays through n places of the image."""
    fx, fy, cx, cy = intrinsics[0], intrinsics[1], intrinsics[2], intrinsics[3]
    k1, k2 = distortion[0], distortion[1]
    c00, c01, c02 = camera[0, 0], camera[0, 1], camera[0, 2]
    c10, c11, c12 = camera[1, 0], camera[1, 1], camera[1, 2]
    c20, c21, c22 = camera[2, 0], camera[2, 1], camera[2, 2]
    for i in range(n):
        rx, ry, rz = pixel_ray(at[0, i], at[1, i], fx, fy, cx, cy, k1, k2)
        rays[DX, i] = c00 * rx + c01 * ry + c02 * rz
        rays[DY, i] = c10 * rx + c11 * ry + c12 * rz
        rays[DZ, i] = c20 * rx + c21 * ry + c22 * rz


@njit(**_OPTIONS)
def _first_hits(n, rays, hit, g, listed, covered):  # type: ignore[no-untyped-def]
    """Nearest hits of the first pass; counts what each block would cover if it stood alone."""
    _nearest(n, rays, hit, g, listed)
    for k in range(1, listed[0] + 1):
        p = listed[k]
        if g[p, IS_BLOCK] > ZERO:
            covered[p] += _count_hits(n, rays[DX], rays[DY], rays[DZ], g[p])


@njit(**_OPTIONS)
def _count_hits(n, dx, dy, dz, q):  # type: ignore[no-untyped-def]
    total = 0
    ox, oy, oz, hx, hy, hz = q[EYE], q[EYE + 1], q[EYE + 2], q[HALF], q[HALF + 1], q[HALF + 2]
    r0, r1, r2, r3, r4, r5, r6, r7, r8 = q[0], q[1], q[2], q[3], q[4], q[5], q[6], q[7], q[8]
    for i in range(n):
        x, y, z = dx[i], dy[i], dz[i]
        t = enter_box(
            ox, oy, oz, r0 * x + r3 * y + r6 * z, r1 * x + r4 * y + r7 * z,
            r2 * x + r5 * y + r8 * z, hx, hy, hz,
        )  # fmt: skip
        total += 1 if t < FAR else 0
    return total


@njit(**_OPTIONS)
def _nearest(n, rays, hit, g, listed):  # type: ignore[no-untyped-def]
    """For each ray the nearest primitive of a list (-1: none) and its distance."""
    best = rays[BEST]
    for i in range(n):
        best[i] = FAR
        hit[i] = -1
    for k in range(1, listed[0] + 1):
        p = listed[k]
        shape = g[p, SHAPE]
        if shape == BOX:
            _nearest_box(n, rays[DX], rays[DY], rays[DZ], best, hit, g[p], p)
        elif shape == ELLIPSOID:
            _nearest_ellipsoid(n, rays[DX], rays[DY], rays[DZ], best, hit, g[p], p)
        else:
            _nearest_cylinder(n, rays[DX], rays[DY], rays[DZ], best, hit, g[p], p)


def _nearest_of(function):  # type: ignore[no-untyped-def]
    """The loop over all rays for one shape; a branch inside would keep it from being vectorized."""

    @njit(**_OPTIONS)
    def loop(n, dx, dy, dz, best, hit, q, p):  # type: ignore[no-untyped-def]
        ox, oy, oz, hx, hy, hz = q[EYE], q[EYE + 1], q[EYE + 2], q[HALF], q[HALF + 1], q[HALF + 2]
        r0, r1, r2, r3, r4, r5, r6, r7, r8 = q[0], q[1], q[2], q[3], q[4], q[5], q[6], q[7], q[8]
        own = np.int32(p)
        for i in range(n):
            x, y, z = dx[i], dy[i], dz[i]
            t = function(
                ox, oy, oz, r0 * x + r3 * y + r6 * z, r1 * x + r4 * y + r7 * z,
                r2 * x + r5 * y + r8 * z, hx, hy, hz,
            )  # fmt: skip
            nearer = t < best[i]
            hit[i] = own if nearer else hit[i]
            best[i] = t if nearer else best[i]

    return loop


def _blocked_by(function):  # type: ignore[no-untyped-def]
    """The loop over all shadow rays for one shape."""

    @njit(**_OPTIONS)
    def loop(n, px, py, pz, lx, ly, lz, reach, hit, blocked, q, p):  # type: ignore[no-untyped-def]
        gx, gy, gz, hx, hy, hz = q[9], q[10], q[11], q[HALF], q[HALF + 1], q[HALF + 2]
        r0, r1, r2, r3, r4, r5, r6, r7, r8 = q[0], q[1], q[2], q[3], q[4], q[5], q[6], q[7], q[8]
        own = np.int32(p)
        for i in range(n):
            x, y, z = px[i] - gx, py[i] - gy, pz[i] - gz
            dx, dy, dz = lx[i], ly[i], lz[i]
            t = function(
                r0 * x + r3 * y + r6 * z, r1 * x + r4 * y + r7 * z, r2 * x + r5 * y + r8 * z,
                r0 * dx + r3 * dy + r6 * dz, r1 * dx + r4 * dy + r7 * dz,
                r2 * dx + r5 * dy + r8 * dz, hx, hy, hz,
            )  # fmt: skip
            # A convex body never shades a point of its own that faces the lamp.
            shaded = (t < reach[i]) & (hit[i] != own)
            blocked[i] = np.int32(1) if shaded else blocked[i]

    return loop


_nearest_box = _nearest_of(enter_box)
_nearest_ellipsoid = _nearest_of(enter_ellipsoid)
_nearest_cylinder = _nearest_of(enter_cylinder)
_blocked_by_box = _blocked_by(enter_box)
_blocked_by_ellipsoid = _blocked_by(enter_ellipsoid)
_blocked_by_cylinder = _blocked_by(enter_cylinder)


@njit(**_OPTIONS)
def _shadow_casters(n, rays, hit, eye, lights, g, out):  # type: ignore[no-untyped-def]
    """For each light, what can throw a shadow on the surfaces of a tile: out[i, 0] counts them."""
    x0 = y0 = z0 = FAR
    x1 = y1 = z1 = -FAR
    for i in range(n):
        if hit[i] >= 0:
            t = rays[BEST, i]
            x, y, z = eye[0] + t * rays[DX, i], eye[1] + t * rays[DY, i], eye[2] + t * rays[DZ, i]
            x0, y0, z0 = min(x0, x), min(y0, y), min(z0, z)
            x1, y1, z1 = max(x1, x), max(y1, y), max(z1, z)
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
def _shade(  # type: ignore[no-untyped-def]
    n, rays, hit, mark, blocked, eye, g, faces, lights, world, textures, noise, offset, casters
):
    """Colours of n hits, and in `mark` what they show: primitive, face, lights in shadow."""
    for i in range(n):
        p = hit[i]
        dx, dy, dz = rays[DX, i], rays[DY, i], rays[DZ, i]
        if p < 0:
            red, green, blue = backdrop(world, dx, dy, dz, textures)
            rays[OUT_RED, i], rays[OUT_GREEN, i], rays[OUT_BLUE, i] = red, green, blue
            rays[RED, i] = rays[GREEN, i] = rays[BLUE, i] = ZERO
            rays[NX, i] = rays[NY, i] = rays[NZ, i] = rays[SHINE, i] = rays[SHARP, i] = ZERO
            rays[PX, i] = rays[PY, i] = rays[PZ, i] = ZERO
            mark[i] = 0
            continue
        t = rays[BEST, i]
        x = g[p, EYE] + t * (g[p, 0] * dx + g[p, 3] * dy + g[p, 6] * dz)
        y = g[p, EYE + 1] + t * (g[p, 1] * dx + g[p, 4] * dy + g[p, 7] * dz)
        z = g[p, EYE + 2] + t * (g[p, 2] * dx + g[p, 5] * dy + g[p, 8] * dz)
        face, a, b, nx, ny, nz, rim = surface(g, p, x, y, z)
        red, green, blue = paint(faces, p, face, a, b, rim, textures)
        wx = g[p, 0] * nx + g[p, 1] * ny + g[p, 2] * nz
        wy = g[p, 3] * nx + g[p, 4] * ny + g[p, 5] * nz
        wz = g[p, 6] * nx + g[p, 7] * ny + g[p, 8] * nz
        up = MID + MID * wz
        rays[OUT_RED, i] = red * (world[0] + world[3] * up)
        rays[OUT_GREEN, i] = green * (world[1] + world[4] * up)
        rays[OUT_BLUE, i] = blue * (world[2] + world[5] * up)
        rays[RED, i], rays[GREEN, i], rays[BLUE, i] = red, green, blue
        rays[NX, i], rays[NY, i], rays[NZ, i] = wx, wy, wz
        rays[PX, i] = eye[0] + t * dx + wx * SHADOW_BIAS_M
        rays[PY, i] = eye[1] + t * dy + wy * SHADOW_BIAS_M
        rays[PZ, i] = eye[2] + t * dz + wz * SHADOW_BIAS_M
        rays[SHINE, i], rays[SHARP, i] = g[p, SPECULAR], g[p, SHININESS]
        mark[i] = (p * 8 + face + 1) * 16
    for light in range(lights.shape[0]):
        if lights[light, 3] + lights[light, 4] + lights[light, 5] <= ZERO:
            continue
        _toward(
            n, rays[PX], rays[PY], rays[PZ], rays[NX], rays[NY], rays[NZ], rays[LX], rays[LY],
            rays[LZ], rays[REACH], rays[LAMBERT], blocked, lights[light], noise,
            offset + light * 1237,
        )  # fmt: skip
        for k in range(1, casters[light, 0] + 1):
            p = casters[light, k]
            shape = g[p, SHAPE]
            if shape == BOX:
                _blocked_by_box(
                    n, rays[PX], rays[PY], rays[PZ], rays[LX], rays[LY], rays[LZ], rays[REACH], hit,
                    blocked, g[p], p,
                )  # fmt: skip
            elif shape == ELLIPSOID:
                _blocked_by_ellipsoid(
                    n, rays[PX], rays[PY], rays[PZ], rays[LX], rays[LY], rays[LZ], rays[REACH], hit,
                    blocked, g[p], p,
                )  # fmt: skip
            else:
                _blocked_by_cylinder(
                    n, rays[PX], rays[PY], rays[PZ], rays[LX], rays[LY], rays[LZ], rays[REACH], hit,
                    blocked, g[p], p,
                )  # fmt: skip
        _add_light(n, rays, mark, blocked, lights[light], np.int32(1 << light))


@njit(**_OPTIONS)
def _toward(  # type: ignore[no-untyped-def]
    n, px, py, pz, nx, ny, nz, lx, ly, lz, reach, lambert, blocked, lamp, noise, offset
):
    """Unit directions from surfaces to a lamp, a random point of it where it is large."""
    size, mask = lamp[6], noise.shape[0] - 1
    for i in range(n):
        blocked[i] = 0
        x, y, z = lamp[0] - px[i], lamp[1] - py[i], lamp[2] - pz[i]
        draw = offset + i * 5
        x += (noise[draw & mask] - MID) * size
        y += (noise[(draw + 4099) & mask] - MID) * size
        z += (noise[(draw + 8209) & mask] - MID) * size
        length = math.sqrt(x * x + y * y + z * z) + TINY
        scale = np.float32(1.0) / length
        lx[i], ly[i], lz[i], reach[i] = x * scale, y * scale, z * scale, length
        lambert[i] = (nx[i] * x + ny[i] * y + nz[i] * z) * scale


@njit(**_OPTIONS)
def _add_light(n, rays, mark, blocked, lamp, bit):  # type: ignore[no-untyped-def]
    """Add one lamp's light where nothing blocks it; note in `mark` where something does."""
    red, green, blue = lamp[3], lamp[4], lamp[5]
    for i in range(n):
        facing = rays[LAMBERT, i] > ZERO
        lit = rays[LAMBERT, i] if facing & (blocked[i] == 0) else ZERO
        shine = highlight(
            rays[NX, i], rays[NY, i], rays[NZ, i], rays[DX, i], rays[DY, i], rays[DZ, i],
            rays[LX, i], rays[LY, i], rays[LZ, i], rays[SHINE, i], rays[SHARP, i],
        )  # fmt: skip
        shine = shine if lit > ZERO else ZERO
        rays[OUT_RED, i] += (rays[RED, i] * lit + shine) * red
        rays[OUT_GREEN, i] += (rays[GREEN, i] * lit + shine) * green
        rays[OUT_BLUE, i] += (rays[BLUE, i] * lit + shine) * blue
        mark[i] |= bit if facing & (blocked[i] != 0) else np.int32(0)
