"""A batched ray caster on all CPU cores, compiled by numba; needs no GL and no GPU.

Draws what `scene.py` describes: textured boxes, ellipsoids and cylinders, several lights with
shadows, highlights, rounded rims. One ray a pixel, then four more where a pixel's neighbours show
another surface or another shadow, which is where aliasing shows. Views are independent and seeded
one by one, so the result does not depend on the number of threads.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from simreal_sim.scene import BOX, CYLINDER, ELLIPSOID, EMPTY, Floats, Ints, SceneBatch, ViewBatch
from simreal_sim.textures import TEXTURE_SIZE

TILE = 16  # pixels; primitives that a tile cannot see are dropped for all its rays at once
FAR = np.float32(1e9)
# Surfaces start their shadow rays this far off, so that they do not shade themselves.
SHADOW_BIAS_M = np.float32(2e-4)
SUBSAMPLES = 4

# Literals would be float64 in compiled code, and everything they touch.
ZERO, ONE, MID, TINY = np.float32(0.0), np.float32(1.0), np.float32(0.5), np.float32(1e-12)
BYTE, SIDE, HALF_PIXEL = np.float32(1.0 / 255.0), np.float32(TEXTURE_SIZE), np.float32(0.5)

# Columns of a packed primitive; 0 to 8 are its rotation, row by row.
POSITION, HALF, RADIUS, SHAPE, IS_BLOCK, SPECULAR, SHININESS = 9, 12, 15, 16, 17, 18, 19
EDGE_RADIUS, EDGE_TINT, EYE, GEOMETRY = 20, 21, 22, 25


@dataclass(frozen=True, eq=False)
class Rendering:
    """What was drawn of N views of height H and width W.

    Attributes:
        color: float32 (N, H, W, 3), linear intensities.
        instance: int32 (N, H, W), index of the primitive a pixel shows, -1 for the backdrop.
        seen: int32 (N, P), pixels in which a primitive is visible.
        covered: int32 (N, P), pixels it would be visible in if nothing stood before it;
            counted for blocks only.
    """

    color: Floats
    instance: Ints
    seen: Ints
    covered: Ints


def render(
    scenes: SceneBatch,
    views: ViewBatch,
    textures: NDArray[np.uint8],
    width: int,
    height: int,
    rng: np.random.Generator,
) -> Rendering:
    """Draw N views of a batch of scenes at `width` x `height` pixels.

    Args:
        textures: the pool, uint8 (T, 64, 64, 3).
        rng: draws one seed a view, for soft shadows.
    """
    count, primitives = views.size, scenes.shape.shape[1]
    color = np.empty((count, height, width, 3), dtype=np.float32)
    instance = np.empty((count, height, width), dtype=np.int32)
    seen = np.zeros((count, primitives), dtype=np.int32)
    covered = np.zeros((count, primitives), dtype=np.int32)
    seeds = rng.integers(1, 2**32, size=count, dtype=np.uint64)
    geometry, faces, lights, surroundings = _pack(scenes)
    _render_all(
        views.scene, views.rotation, views.position, views.intrinsics, views.distortion,
        geometry, faces, lights, surroundings, textures, seeds, color, instance, seen, covered,
    )  # fmt: skip
    return Rendering(color, instance, seen, covered)


def _pack(scenes: SceneBatch) -> tuple[Floats, Floats, Floats, Floats]:
    """The scenes as four float32 arrays: few arguments and neighbouring numbers are fast."""
    batch, count = scenes.shape.shape
    geometry = np.zeros((batch, count, GEOMETRY), dtype=np.float32)
    geometry[:, :, :9] = scenes.rotation.reshape(batch, count, 9)
    geometry[:, :, POSITION : POSITION + 3] = scenes.position
    geometry[:, :, HALF : HALF + 3] = scenes.half_size
    columns = (
        scenes.bounding_radius, scenes.shape, scenes.is_block, scenes.specular, scenes.shininess,
        scenes.edge_radius, scenes.edge_tint,
    )  # fmt: skip
    for index, column in enumerate(columns):
        geometry[:, :, RADIUS + index] = column
    faces = np.concatenate(
        [
            scenes.texture[..., None].astype(np.float32), scenes.color_low,
            scenes.color_high - scenes.color_low, scenes.texture_map,
        ],
        axis=-1,
    )  # fmt: skip
    lights = np.concatenate(
        [scenes.light_position, scenes.light_color, scenes.light_radius[..., None]], axis=-1
    )
    surroundings = np.concatenate(
        [
            scenes.ambient_down, scenes.ambient_up - scenes.ambient_down, scenes.backdrop_low,
            scenes.backdrop_high - scenes.backdrop_low, scenes.backdrop[:, None],
        ],
        axis=-1,
    )  # fmt: skip
    packed = (geometry, faces, lights, surroundings)
    first, second, third, fourth = (np.ascontiguousarray(a, dtype=np.float32) for a in packed)
    return first, second, third, fourth


@njit(cache=True, inline="always")
def _random(state):  # type: ignore[no-untyped-def]
    """One step of splitmix64: (next state, uniform number in [0, 1))."""
    state = state + np.uint64(0x9E3779B97F4A7C15)
    z = state
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z = z ^ (z >> np.uint64(31))
    return state, np.float32(z >> np.uint64(40)) * np.float32(1.0 / 16777216.0)


@njit(cache=True, fastmath=True)
def _hit(g, p, ox, oy, oz, dx, dy, dz):  # type: ignore[no-untyped-def]
    """Nearest hit of a ray with primitive p, both in its own frame: (distance or FAR, face)."""
    hx, hy, hz = g[p, HALF], g[p, HALF + 1], g[p, HALF + 2]
    shape = g[p, SHAPE]
    if shape == BOX:
        # Slabs; a direction of exactly zero gives infinities that compare as they should.
        ix, iy, iz = ONE / dx, ONE / dy, ONE / dz
        wx, wy, wz = np.abs(ix) * hx, np.abs(iy) * hy, np.abs(iz) * hz
        mx, my, mz = -ox * ix, -oy * iy, -oz * iz
        near = max(mx - wx, my - wy, mz - wz)
        far = min(mx + wx, my + wy, mz + wz)
        if not near <= far or near <= ZERO:
            return FAR, -1
        if near == mx - wx:
            return near, 0 if dx > ZERO else 1
        if near == my - wy:
            return near, 2 if dy > ZERO else 3
        return near, 4 if dz > ZERO else 5
    if shape == ELLIPSOID:
        ax, ay, az, bx, by, bz = ox / hx, oy / hy, oz / hz, dx / hx, dy / hy, dz / hz
        a = bx * bx + by * by + bz * bz
        b = ax * bx + ay * by + az * bz
        root = b * b - a * (ax * ax + ay * ay + az * az - ONE)
        if root < ZERO:
            return FAR, -1
        t = (-b - np.sqrt(root)) / a
        if t > ZERO:
            return t, 0
        return FAR, -1
    # A cylinder: the side (an ellipse in x, y) and two caps.
    best, face = FAR, -1
    ax, ay, bx, by = ox / hx, oy / hy, dx / hx, dy / hy
    a = bx * bx + by * by
    if a > TINY:
        b = ax * bx + ay * by
        root = b * b - a * (ax * ax + ay * ay - ONE)
        if root >= ZERO:
            t = (-b - np.sqrt(root)) / a
            if t > ZERO and abs(oz + t * dz) <= hz:
                best, face = t, 0
    if abs(dz) > TINY:
        t = (-hz - oz) / dz if dz > ZERO else (hz - oz) / dz
        if ZERO < t < best:
            x, y = ax + t * bx, ay + t * by
            if x * x + y * y <= ONE:
                best, face = t, 4 if dz > ZERO else 5
    return best, face


@njit(cache=True, fastmath=True)
def _hit_from_eye(g, p, dx, dy, dz):  # type: ignore[no-untyped-def]
    """The same for a ray that starts at the camera, its direction given in the world."""
    return _hit(
        g, p, g[p, EYE], g[p, EYE + 1], g[p, EYE + 2],
        g[p, 0] * dx + g[p, 3] * dy + g[p, 6] * dz,
        g[p, 1] * dx + g[p, 4] * dy + g[p, 7] * dz,
        g[p, 2] * dx + g[p, 5] * dy + g[p, 8] * dz,
    )  # fmt: skip


@njit(cache=True, fastmath=True)
def _texel(textures, index, u, v):  # type: ignore[no-untyped-def]
    """Bilinear, repeating look-up, three channels 0 to 1."""
    u = (u - np.floor(u)) * SIDE + HALF_PIXEL
    v = (v - np.floor(v)) * SIDE + HALF_PIXEL
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


@njit(cache=True, fastmath=True)
def _ray(u, v, fx, fy, cx, cy, k1, k2):  # type: ignore[no-untyped-def]
    """Unit direction of a pixel's ray in the optical frame, radial distortion undone."""
    xd, yd = (u - cx) / fx, (v - cy) / fy
    x, y = xd, yd
    if k1 != ZERO or k2 != ZERO:
        for _ in range(5):
            r2 = x * x + y * y
            factor = ONE / (ONE + r2 * (k1 + r2 * k2))
            x, y = xd * factor, yd * factor
    norm = ONE / np.sqrt(x * x + y * y + ONE)
    return x * norm, y * norm, norm


@njit(cache=True, fastmath=True, parallel=True)
def _render_all(  # type: ignore[no-untyped-def]
    view_scene, rotation, position, intrinsics, distortion, geometry, faces, lights, surroundings,
    textures, seeds, color, instance, seen, covered,
):  # fmt: skip
    for n in prange(view_scene.shape[0]):
        s = view_scene[n]
        _render_one(
            rotation[n], position[n], intrinsics[n], distortion[n], geometry[s].copy(), faces[s],
            lights[s], surroundings[s], textures, seeds[n], color[n], instance[n], seen[n],
            covered[n],
        )  # fmt: skip


@njit(cache=True, fastmath=True)
def _render_one(  # type: ignore[no-untyped-def]
    camera, eye, intrinsics, distortion, g, faces, lights, world, textures, seed,
    color, instance, seen, covered,
):  # fmt: skip
    height, width = instance.shape
    count, light_count = g.shape[0], lights.shape[0]
    fx, fy, cx, cy = intrinsics[0], intrinsics[1], intrinsics[2], intrinsics[3]
    k1, k2 = distortion[0], distortion[1]
    state = np.uint64(seed)
    for p in range(count):  # the camera centre in each primitive's frame
        x, y, z = eye[0] - g[p, 9], eye[1] - g[p, 10], eye[2] - g[p, 11]
        for i in range(3):
            g[p, EYE + i] = g[p, i] * x + g[p, 3 + i] * y + g[p, 6 + i] * z
    code = np.empty((height, width), dtype=np.int32)  # what a pixel shows, to find edges
    listed = np.empty(count + 1, dtype=np.int32)
    casters = np.empty((light_count, count + 1), dtype=np.int32)
    hits = np.empty((TILE, TILE), dtype=np.int32)
    sides = np.empty((TILE, TILE), dtype=np.int32)
    depths = np.empty((TILE, TILE), dtype=np.float32)
    directions = np.empty((TILE, TILE, 3), dtype=np.float32)
    rgb = np.empty(3, dtype=np.float32)
    total = np.empty(3, dtype=np.float32)
    tiles = ((height + TILE - 1) // TILE) * ((width + TILE - 1) // TILE)
    kept_near = np.empty((tiles, count + 1), dtype=np.int32)
    kept_casters = np.empty((tiles, light_count, count + 1), dtype=np.int32)

    # First pass: one ray a pixel.
    tile = 0
    for top in range(0, height, TILE):
        for left in range(0, width, TILE):
            bottom, right = min(top + TILE, height), min(left + TILE, width)
            _primitives_of_tile(
                left, top, right, bottom, camera, eye, fx, fy, cx, cy, k1, k2, g, listed
            )
            lo0 = lo1 = lo2 = FAR
            hi0 = hi1 = hi2 = -FAR
            for y in range(top, bottom):
                for x in range(left, right):
                    rx, ry, rz = _ray(np.float32(x), np.float32(y), fx, fy, cx, cy, k1, k2)
                    dx = camera[0, 0] * rx + camera[0, 1] * ry + camera[0, 2] * rz
                    dy = camera[1, 0] * rx + camera[1, 1] * ry + camera[1, 2] * rz
                    dz = camera[2, 0] * rx + camera[2, 1] * ry + camera[2, 2] * rz
                    best, face, hit = FAR, -1, -1
                    for i in range(1, listed[0] + 1):
                        p = listed[i]
                        t, f = _hit_from_eye(g, p, dx, dy, dz)
                        if f >= 0:
                            if g[p, IS_BLOCK] > ZERO:
                                covered[p] += 1
                            if t < best:
                                best, face, hit = t, f, p
                    r, c = y - top, x - left
                    hits[r, c], sides[r, c], depths[r, c] = hit, face, best
                    directions[r, c, 0], directions[r, c, 1], directions[r, c, 2] = dx, dy, dz
                    instance[y, x] = hit
                    if hit >= 0:
                        seen[hit] += 1
                        px, py, pz = eye[0] + best * dx, eye[1] + best * dy, eye[2] + best * dz
                        lo0, lo1, lo2 = min(lo0, px), min(lo1, py), min(lo2, pz)
                        hi0, hi1, hi2 = max(hi0, px), max(hi1, py), max(hi2, pz)
            _shadow_casters(lo0, lo1, lo2, hi0, hi1, hi2, lights, g, casters)
            for y in range(top, bottom):
                for x in range(left, right):
                    r, c = y - top, x - left
                    hit, face = hits[r, c], sides[r, c]
                    dx, dy, dz = directions[r, c, 0], directions[r, c, 1], directions[r, c, 2]
                    state, shadows = _shade(
                        hit, face, depths[r, c], dx, dy, dz, eye, g, faces, lights, world,
                        textures, casters, state, rgb,
                    )  # fmt: skip
                    code[y, x] = (hit * 8 + face + 1) * 16 + shadows
                    color[y, x, 0], color[y, x, 1], color[y, x, 2] = rgb[0], rgb[1], rgb[2]
            kept_near[tile, :] = listed
            kept_casters[tile, :, :] = casters
            tile += 1

    # Second pass: more rays where the first one found an edge.
    tile = -1
    for top in range(0, height, TILE):
        for left in range(0, width, TILE):
            bottom, right = min(top + TILE, height), min(left + TILE, width)
            tile += 1
            listed[:] = kept_near[tile]
            casters[:, :] = kept_casters[tile]
            for y in range(top, bottom):
                for x in range(left, right):
                    c = code[y, x]
                    if not (
                        (x > 0 and code[y, x - 1] != c)
                        or (x + 1 < width and code[y, x + 1] != c)
                        or (y > 0 and code[y - 1, x] != c)
                        or (y + 1 < height and code[y + 1, x] != c)
                    ):
                        continue
                    total[0] = total[1] = total[2] = ZERO
                    for k in range(SUBSAMPLES):
                        state, a = _random(state)
                        state, b = _random(state)
                        u = np.float32(x) + (np.float32(k & 1) + a) * MID - MID
                        v = np.float32(y) + (np.float32(k >> 1) + b) * MID - MID
                        rx, ry, rz = _ray(u, v, fx, fy, cx, cy, k1, k2)
                        dx = camera[0, 0] * rx + camera[0, 1] * ry + camera[0, 2] * rz
                        dy = camera[1, 0] * rx + camera[1, 1] * ry + camera[1, 2] * rz
                        dz = camera[2, 0] * rx + camera[2, 1] * ry + camera[2, 2] * rz
                        best, face, hit = FAR, -1, -1
                        for i in range(1, listed[0] + 1):
                            t, f = _hit_from_eye(g, listed[i], dx, dy, dz)
                            if f >= 0 and t < best:
                                best, face, hit = t, f, listed[i]
                        state, _ = _shade(
                            hit, face, best, dx, dy, dz, eye, g, faces, lights, world,
                            textures, casters, state, rgb,
                        )  # fmt: skip
                        total[0] += rgb[0]
                        total[1] += rgb[1]
                        total[2] += rgb[2]
                    for i in range(3):
                        color[y, x, i] = total[i] * np.float32(1.0 / SUBSAMPLES)


@njit(cache=True, fastmath=True)
def _primitives_of_tile(  # type: ignore[no-untyped-def]
    x0, y0, x1, y1, camera, eye, fx, fy, cx, cy, k1, k2, g, out
):
    """List the primitives whose bounding sphere reaches into the tile's cone; out[0] counts them."""
    u, v = np.float32(x0 + x1 - 1) * MID, np.float32(y0 + y1 - 1) * MID
    ax, ay, az = _ray(u, v, fx, fy, cx, cy, k1, k2)
    cosine = ONE
    for i in range(4):
        u = np.float32(x0 if i & 1 else x1) - MID
        v = np.float32(y0 if i & 2 else y1) - MID
        bx, by, bz = _ray(u, v, fx, fy, cx, cy, k1, k2)
        cosine = min(cosine, ax * bx + ay * by + az * bz)
    # Distorted edges bulge between the corners: leave a little room.
    opening = np.arccos(cosine) * np.float32(1.05) + np.float32(1e-3)
    dx = camera[0, 0] * ax + camera[0, 1] * ay + camera[0, 2] * az
    dy = camera[1, 0] * ax + camera[1, 1] * ay + camera[1, 2] * az
    dz = camera[2, 0] * ax + camera[2, 1] * ay + camera[2, 2] * az
    out[0] = 0
    for p in range(g.shape[0]):
        if g[p, SHAPE] == EMPTY:
            continue
        x, y, z = g[p, 9] - eye[0], g[p, 10] - eye[1], g[p, 11] - eye[2]
        distance = np.sqrt(x * x + y * y + z * z)
        if distance > g[p, RADIUS]:
            along = (x * dx + y * dy + z * dz) / distance
            angle = np.arccos(max(min(along, ONE), -ONE))
            if angle > opening + np.arcsin(g[p, RADIUS] / distance):
                continue
        out[0] += 1
        out[out[0]] = p


@njit(cache=True, fastmath=True)
def _shadow_casters(x0, y0, z0, x1, y1, z1, lights, g, out):  # type: ignore[no-untyped-def]
    """For each light, what can throw a shadow on surfaces within a box: out[i, 0] counts them.

    A caster's bounding sphere must come near the segment from the lamp to the box.
    """
    cx, cy, cz = (x0 + x1) * MID, (y0 + y1) * MID, (z0 + z1) * MID
    reach = np.sqrt((x1 - x0) ** 2 + (y1 - y0) ** 2 + (z1 - z0) ** 2) * MID
    for i in range(lights.shape[0]):
        out[i, 0] = 0
        if x1 < x0 or lights[i, 3] + lights[i, 4] + lights[i, 5] <= ZERO:
            continue
        lx, ly, lz = lights[i, 0] - cx, lights[i, 1] - cy, lights[i, 2] - cz
        length2 = lx * lx + ly * ly + lz * lz
        spread = max(reach, lights[i, 6]) * np.float32(1.1) + np.float32(1e-3)
        for p in range(1, g.shape[0]):  # primitive 0 is the floor, below everything
            if g[p, SHAPE] == EMPTY:
                continue
            x, y, z = g[p, 9] - cx, g[p, 10] - cy, g[p, 11] - cz
            top = abs(g[p, 6]) * g[p, HALF] + abs(g[p, 7]) * g[p, HALF + 1]
            top += abs(g[p, 8]) * g[p, HALF + 2] + g[p, 11]
            if top < z0 + np.float32(1e-4) and lights[i, 2] > z1:
                continue  # all of it lies below the surfaces: the table under what stands on it
            s = max(min((x * lx + y * ly + z * lz) / length2, ONE), ZERO)
            x, y, z = x - s * lx, y - s * ly, z - s * lz
            room = spread + g[p, RADIUS]
            if x * x + y * y + z * z < room * room:
                out[i, 0] += 1
                out[i, out[i, 0]] = p


@njit(cache=True, fastmath=True)
def _in_shadow(own, px, py, pz, dx, dy, dz, reach, g, casters, light):  # type: ignore[no-untyped-def]
    """Whether a caster stands on the way from a point along a unit direction, up to `reach`."""
    for i in range(1, casters[light, 0] + 1):
        p = casters[light, i]
        if p == own:  # a convex body never shades a point of its own that faces the lamp
            continue
        x, y, z = px - g[p, 9], py - g[p, 10], pz - g[p, 11]
        along = x * dx + y * dy + z * dz
        if along > g[p, RADIUS]:
            continue
        if x * x + y * y + z * z - along * along > g[p, RADIUS] * g[p, RADIUS]:
            continue
        t, _ = _hit(
            g, p,
            g[p, 0] * x + g[p, 3] * y + g[p, 6] * z,
            g[p, 1] * x + g[p, 4] * y + g[p, 7] * z,
            g[p, 2] * x + g[p, 5] * y + g[p, 8] * z,
            g[p, 0] * dx + g[p, 3] * dy + g[p, 6] * dz,
            g[p, 1] * dx + g[p, 4] * dy + g[p, 7] * dz,
            g[p, 2] * dx + g[p, 5] * dy + g[p, 8] * dz,
        )  # fmt: skip
        if t < reach:
            return True
    return False


@njit(cache=True, fastmath=True)
def _bend(offset, half, radius):  # type: ignore[no-untyped-def]
    """How far the surface turns away near a rim at +-half: -1 to 1, zero off the rim."""
    over = max(abs(offset) - (half - radius), ZERO) / radius
    return over if offset > ZERO else -over


@njit(cache=True, fastmath=True)
def _shade(  # type: ignore[no-untyped-def]
    p, face, t, dx, dy, dz, eye, g, faces, lights, world, textures, casters, state, rgb
):
    """Colour of a hit into `rgb`; returns (random state, bit mask of the lights in shadow)."""
    if p < 0:  # a texture on a cylinder around everything
        turn = np.arctan2(dy, dx) * np.float32(0.6)
        t0, t1, t2 = _texel(textures, np.int32(world[12]), turn, dz)
        rgb[0] = world[6] + world[9] * t0
        rgb[1] = world[7] + world[10] * t1
        rgb[2] = world[8] + world[11] * t2
        return state, 0
    x = g[p, EYE] + t * (g[p, 0] * dx + g[p, 3] * dy + g[p, 6] * dz)
    y = g[p, EYE + 1] + t * (g[p, 1] * dx + g[p, 4] * dy + g[p, 7] * dz)
    z = g[p, EYE + 2] + t * (g[p, 2] * dx + g[p, 5] * dy + g[p, 8] * dz)
    hx, hy, hz = g[p, HALF], g[p, HALF + 1], g[p, HALF + 2]
    # Coordinates a, b along the face, and the normal in the primitive's frame.
    nx = ny = nz = ZERO
    rim = ONE
    if g[p, SHAPE] == BOX:
        sign = ONE if face & 1 else -ONE
        bx = by = bz = ZERO
        radius = g[p, EDGE_RADIUS]
        if radius > ZERO:  # near a rim the surface turns away, as if rounded, and shows wear
            bx, by, bz = _bend(x, hx, radius), _bend(y, hy, radius), _bend(z, hz, radius)
        if face < 2:
            a, b, nx, ny, nz = y, z, sign, by, bz
        elif face < 4:
            a, b, nx, ny, nz = x, z, bx, sign, bz
        else:
            a, b, nx, ny, nz = x, y, bx, by, sign
        if nx * nx + ny * ny + nz * nz > np.float32(1.0001):
            rim = g[p, EDGE_TINT]
    elif g[p, SHAPE] == CYLINDER and face >= 4:
        a, b = x, y
        nz = ONE if face == 5 else -ONE
    else:
        a, b = np.arctan2(y, x) * hx, z
        nx, ny = x / (hx * hx), y / (hy * hy)
        if g[p, SHAPE] == ELLIPSOID:
            nz = z / (hz * hz)
    norm = ONE / np.sqrt(nx * nx + ny * ny + nz * nz)
    nx, ny, nz = nx * norm, ny * norm, nz * norm
    wx = g[p, 0] * nx + g[p, 1] * ny + g[p, 2] * nz
    wy = g[p, 3] * nx + g[p, 4] * ny + g[p, 5] * nz
    wz = g[p, 6] * nx + g[p, 7] * ny + g[p, 8] * nz

    t0 = t1 = t2 = ONE
    index = np.int32(faces[p, face, 0])
    if index > 0:  # texture 0 is plain
        u = faces[p, face, 7] * a + faces[p, face, 8] * b + faces[p, face, 9]
        v = faces[p, face, 10] * a + faces[p, face, 11] * b + faces[p, face, 12]
        t0, t1, t2 = _texel(textures, index, u, v)
    base0 = (faces[p, face, 1] + faces[p, face, 4] * t0) * rim
    base1 = (faces[p, face, 2] + faces[p, face, 5] * t1) * rim
    base2 = (faces[p, face, 3] + faces[p, face, 6] * t2) * rim

    up = MID + MID * wz
    red, green, blue = world[0] + world[3] * up, world[1] + world[4] * up, world[2] + world[5] * up
    shine0 = shine1 = shine2 = ZERO
    shadows = 0
    px = eye[0] + t * dx + wx * SHADOW_BIAS_M
    py = eye[1] + t * dy + wy * SHADOW_BIAS_M
    pz = eye[2] + t * dz + wz * SHADOW_BIAS_M
    for i in range(lights.shape[0]):
        if lights[i, 3] + lights[i, 4] + lights[i, 5] <= ZERO:
            continue
        lx, ly, lz = lights[i, 0] - px, lights[i, 1] - py, lights[i, 2] - pz
        if lights[i, 6] > ZERO:
            state, j0 = _random(state)
            state, j1 = _random(state)
            state, j2 = _random(state)
            lx += (j0 - MID) * lights[i, 6]
            ly += (j1 - MID) * lights[i, 6]
            lz += (j2 - MID) * lights[i, 6]
        reach = np.sqrt(lx * lx + ly * ly + lz * lz)
        lx, ly, lz = lx / reach, ly / reach, lz / reach
        lambert = wx * lx + wy * ly + wz * lz
        if lambert <= ZERO:
            continue
        if _in_shadow(p, px, py, pz, lx, ly, lz, reach, g, casters, i):
            shadows |= 1 << i
            continue
        red += lambert * lights[i, 3]
        green += lambert * lights[i, 4]
        blue += lambert * lights[i, 5]
        if g[p, SPECULAR] > ZERO:
            ex, ey, ez = lx - dx, ly - dy, lz - dz
            half = (wx * ex + wy * ey + wz * ez) / np.sqrt(ex * ex + ey * ey + ez * ez)
            if half > ZERO:
                glint = g[p, SPECULAR] * half ** g[p, SHININESS]
                shine0 += glint * lights[i, 3]
                shine1 += glint * lights[i, 4]
                shine2 += glint * lights[i, 5]
    rgb[0] = base0 * red + shine0
    rgb[1] = base1 * green + shine1
    rgb[2] = base2 * blue + shine2
    return state, shadows
