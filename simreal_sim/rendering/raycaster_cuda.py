"""The ray caster's driver for NVIDIA GPUs: a block of threads draws a tile of a view, a thread a pixel.

One kernel draws every pixel once. Another casts four more rays in each pixel whose neighbours show
another surface or another shadow. Both make the same choices as the driver for CPUs, from the same
functions, with the same random numbers but those of soft shadows along edges.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from simreal_common.errors import ConfigurationError
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
    POSITION,
    SHADOW_BIAS_M,
    SHAPE,
    SHININESS,
    SOLID_COLUMNS,
    SPECULAR,
    ZERO,
    beside_tile,
    camera_ray,
    compiled,
    enter,
    highlight,
    into_frame,
    lamp_point,
    may_shade,
    on_edge,
    out_of_frame,
    plane_of_tile,
    subpixel,
    surface,
    toward_lamp,
)
from simreal_sim.rendering.ray_textures import backdrop, footprint, paint
from simreal_sim.rendering.raycaster_cpu import SUBSAMPLES, TILE
from simreal_sim.rendering.scene import FACES, Floats, Ints, ViewBatch

_MEND = 'run `pip install "numba-cuda[cu12]"` beside an NVIDIA driver, or take device: cpu'
try:
    from numba import config, cuda, float32, int32
except ImportError as error:
    raise ConfigurationError(f"device is 'cuda', but numba has no CUDA here: {_MEND}") from error

THREADS = TILE * TILE  # of a block, and the most primitives of a scene: a thread tests one
SHARE = np.float32(1.0 / SUBSAMPLES)
MEMORY_BYTES = 1 << 29  # of a chunk of views on the GPU
MOST_VIEWS = 65535  # of one launch: the limit of a grid's third axis

Packed = tuple[Floats, Floats, Floats, Floats]


def render_on_gpu(
    views: ViewBatch,
    packed: Packed,
    solid: Floats,
    pixels: NDArray[np.uint32],
    noise: Floats,
    offsets: NDArray[np.int64],
    width: int,
    height: int,
) -> tuple[Floats, Ints, Ints, Ints]:
    """Draw N views on the first GPU.

    Args:
        packed: scenes as `raycaster.render` packs them.
        solid: faces of the solid that blocks are, likewise.
        pixels: the texture pool, one number a pixel, flat; it stays on the GPU for the next call.
        noise: random numbers, a power of two of them; they stay, too.
        offsets: (N,), where in them each view starts.

    Returns:
        The fields of `Rendering`.

    Raises:
        ConfigurationError: no GPU that numba can use, or a scene of too many primitives.
    """
    _check_device()
    count, primitives, lamps = views.size, packed[0].shape[1], packed[2].shape[1]
    if primitives > THREADS:
        raise ConfigurationError(
            f"a scene has {primitives} primitives; wanted at most {THREADS} on a GPU: draw fewer "
            "things, or take device: cpu"
        )
    results = tuple(
        np.zeros((count, *shape), dtype)
        for shape, dtype in (
            ((height, width, 3), np.float32), ((height, width), np.int32),
            ((primitives,), np.int32), ((primitives,), np.int32),
        )
    )  # fmt: skip
    across, down = -(-width // TILE), -(-height // TILE)
    lists = (across * down, primitives + 1)
    scene_bytes = sum(array[0].nbytes for array in packed)
    view_bytes = 20 * width * height + 4 * lists[0] * lists[1] * (1 + lamps) + scene_bytes
    size = max(1, min(MEMORY_BYTES // view_bytes, MOST_VIEWS, count))
    color = cuda.device_array((size, height, width, 3), np.float32)
    instance = cuda.device_array((size, height, width), np.int32)
    code = cuda.device_array((size, height, width), np.int32)
    listed = cuda.device_array((size, *lists), np.int32)
    casters = cuda.device_array((size, lists[0], lamps, lists[1]), np.int32)
    textures, table = _kept_on_device(pixels), _kept_on_device(noise)
    # A kernel takes no array of no elements: one row that no primitive looks at.
    planes = cuda.to_device(solid if len(solid) else np.zeros((1, SOLID_COLUMNS), np.float32))
    for start in range(0, count, size):
        part = slice(start, min(start + size, count))
        drawn = part.stop - start
        cameras = [
            np.ascontiguousarray(array[part], np.float32)
            for array in (views.rotation, views.position, views.intrinsics, views.distortion)
        ]
        geometry, faces, lights, worlds = (array[views.scene[part]] for array in packed)
        _add_eyes(geometry, cameras[1])
        inputs = [
            cuda.to_device(array)
            for array in (*cameras, geometry, faces, lights, worlds, offsets[part])
        ]
        tallies = [cuda.to_device(array[part]) for array in results[2:]]
        launch = (across, down, drawn), (TILE, TILE)
        _draw[launch](
            *inputs, planes, textures, table, color, instance, code, *tallies, listed, casters
        )
        _smooth_edges[launch](*inputs, planes, textures, table, color, code, listed, casters)
        for result, device in zip(results, (color[:drawn], instance[:drawn], *tallies)):
            device.copy_to_host(result[part])
    first, second, third, fourth = results
    return first, second, third, fourth


def _check_device() -> None:
    # The CUDA that comes with numba itself cannot compile max(a, b) from numba 0.68 on.
    own = getattr(cuda, "implementation", "Built-in") != "NVIDIA"
    if own and not config.ENABLE_CUDASIM:
        raise ConfigurationError(f"device is 'cuda', but numba-cuda is not installed: {_MEND}")
    if not cuda.is_available():
        reason = " ".join(str(cuda.cuda_error() or "a GPU but no libNVVM").split())
        raise ConfigurationError(
            f"device is 'cuda', but numba finds no GPU to use here ({reason.rstrip('.:')}): {_MEND}"
        )


def _add_eyes(geometry: Floats, position: Floats) -> None:
    """Write the camera centre in each primitive's frame beside it, for (N, P) primitives."""
    offset = position[:, None] - geometry[..., POSITION : POSITION + 3]
    rotation = geometry[..., :9].reshape(*geometry.shape[:2], 3, 3)
    geometry[..., EYE : EYE + 3] = np.einsum("npji,npj->npi", rotation, offset)


# Pairs of an array and its copy on the GPU; the last pool of textures and the noise are in use.
_on_device: list[tuple[NDArray[np.generic], object]] = []
_KEPT = 2


def _kept_on_device(array: NDArray[np.generic]) -> object:
    for host, device in _on_device:
        if host is array:
            return device
    device = cuda.to_device(array)
    _on_device.append((array, device))
    del _on_device[:-_KEPT]
    return device


@cuda.jit(fastmath=True, cache=True)
def _draw(  # type: ignore[no-untyped-def]
    rotation, position, intrinsics, distortion, geometry, faces, lights, worlds, offsets, solid,
    textures, noise, color, instance, code, seen, covered, listed, casters,
):  # fmt: skip
    """Draw each pixel of a tile once; list what the tile may see and what may throw shadows on it."""
    planes = cuda.shared.array((4, 3), float32)
    box = cuda.shared.array((6, THREADS), float32)  # low corner, high corner negated
    flags = cuda.shared.array(THREADS, int32)
    shown = cuda.shared.array(THREADS, int32)
    entered = cuda.shared.array(THREADS, int32)

    n = cuda.blockIdx.z
    height, width = instance.shape[1], instance.shape[2]
    left, top = cuda.blockIdx.x * TILE, cuda.blockIdx.y * TILE
    right, bottom = min(left + TILE, width), min(top + TILE, height)
    u, v = left + cuda.threadIdx.x, top + cuda.threadIdx.y
    inside = u < right and v < bottom
    me = cuda.threadIdx.y * TILE + cuda.threadIdx.x
    tile = cuda.blockIdx.y * cuda.gridDim.x + cuda.blockIdx.x
    camera, eye, g, lamps = rotation[n], position[n], geometry[n], lights[n]
    count = g.shape[0]

    if me < 4:
        planes[me, 0], planes[me, 1], planes[me, 2] = plane_of_tile(
            me, left, top, right, bottom, camera, intrinsics[n], distortion[n]
        )
    shown[me] = 0
    entered[me] = 0
    cuda.syncthreads()
    flags[me] = 0
    if me < count and g[me, SHAPE] > ZERO and not beside_tile(g, me, eye, planes):
        flags[me] = 1
    cuda.syncthreads()
    _list_flagged(me, count, flags, listed[n, tile])
    cuda.syncthreads()

    hit, t = np.int32(-1), FAR
    x, y, z = ZERO, ZERO, ZERO
    if inside:
        x, y, z = camera_ray(np.float32(u), np.float32(v), camera, intrinsics[n], distortion[n])
        hit, t = _nearest(g, solid, listed[n, tile], x, y, z)
        for k in range(1, listed[n, tile, 0] + 1):
            p = listed[n, tile, k]
            if g[p, IS_BLOCK] > ZERO and _enters(g[p], solid, x, y, z):
                cuda.atomic.add(entered, p, 1)
        if hit >= 0:
            cuda.atomic.add(shown, hit, 1)

    # Around all surfaces in the tile, by halves.
    for k in range(6):
        box[k, me] = FAR
    if hit >= 0:
        px, py, pz = eye[0] + t * x, eye[1] + t * y, eye[2] + t * z
        box[0, me], box[1, me], box[2, me] = px, py, pz
        box[3, me], box[4, me], box[5, me] = -px, -py, -pz
    cuda.syncthreads()
    step = THREADS // 2
    while step > 0:
        if me < step:
            for k in range(6):
                box[k, me] = min(box[k, me], box[k, me + step])
        cuda.syncthreads()
        step //= 2
    for light in range(lamps.shape[0]):
        flags[me] = 0
        lit = _is_on(lamps[light]) and box[0, 0] < FAR
        # Primitive 0 is the floor, below everything.
        if lit and 0 < me < count and g[me, SHAPE] > ZERO and may_shade(
            g, me, box[0, 0], box[1, 0], box[2, 0], -box[3, 0], -box[4, 0], -box[5, 0],
            lamps[light, 0], lamps[light, 1], lamps[light, 2], lamps[light, 6],
        ):  # fmt: skip
            flags[me] = 1
        cuda.syncthreads()
        _list_flagged(me, count, flags, casters[n, tile, light])
        cuda.syncthreads()

    if inside:
        place = (v - top) * (right - left) + u - left
        red, green, blue, mark = _shade(
            x, y, z, t, hit, eye, ONE / intrinsics[n, 0], g, faces[n], lamps, worlds[n], solid,
            textures, noise, offsets[n] + place * 5, casters[n, tile],
        )  # fmt: skip
        color[n, v, u, 0], color[n, v, u, 1], color[n, v, u, 2] = red, green, blue
        instance[n, v, u], code[n, v, u] = hit, mark
    if me < count:
        if shown[me] > 0:
            cuda.atomic.add(seen, (n, me), shown[me])
        if entered[me] > 0:
            cuda.atomic.add(covered, (n, me), entered[me])


@cuda.jit(fastmath=True, cache=True)
def _smooth_edges(  # type: ignore[no-untyped-def]
    rotation, position, intrinsics, distortion, geometry, faces, lights, worlds, offsets, solid,
    textures, noise, color, code, listed, casters,
):  # fmt: skip
    """Draw the pixels on edges again, from several rays each; a thread casts one ray at a time."""
    spots = cuda.shared.array(THREADS, int32)
    total = cuda.shared.array(1, int32)
    sums = cuda.shared.array((3, THREADS), float32)

    n = cuda.blockIdx.z
    height, width = code.shape[1], code.shape[2]
    left, top = cuda.blockIdx.x * TILE, cuda.blockIdx.y * TILE
    x, y = left + cuda.threadIdx.x, top + cuda.threadIdx.y
    me = cuda.threadIdx.y * TILE + cuda.threadIdx.x
    tile = cuda.blockIdx.y * cuda.gridDim.x + cuda.blockIdx.x
    eye, g, offset = position[n], geometry[n], offsets[n]

    if me == 0:
        total[0] = 0
    cuda.syncthreads()
    if x < width and y < height and on_edge(code[n], x, y, width, height):
        # In any order: what a pixel gets does not depend on it.
        spots[cuda.atomic.add(total, 0, 1)] = me
    cuda.syncthreads()
    rays = total[0] * SUBSAMPLES
    for first in range(0, rays, THREADS):
        ray = first + me
        k = ray % SUBSAMPLES
        if ray < rays:
            place = spots[ray // SUBSAMPLES]
            x, y = left + place % TILE, top + place // TILE
            u, v = subpixel(x, y, k, width, noise, offset)
            dx, dy, dz = camera_ray(u, v, rotation[n], intrinsics[n], distortion[n])
            hit, t = _nearest(g, solid, listed[n, tile], dx, dy, dz)
            sums[0, me], sums[1, me], sums[2, me], _ = _shade(
                dx, dy, dz, t, hit, eye, ONE / intrinsics[n, 0], g, faces[n], lights[n], worlds[n],
                solid, textures, noise, offset + 77 + (place * SUBSAMPLES + k) * 5, casters[n, tile],
            )  # fmt: skip
        cuda.syncthreads()
        if ray < rays and k == 0:
            for channel in range(3):
                color[n, y, x, channel] = SHARE * (
                    sums[channel, me] + sums[channel, me + 1] + sums[channel, me + 2]
                    + sums[channel, me + 3]
                )  # fmt: skip
        cuda.syncthreads()


@compiled
def _list_flagged(me, count, flags, out):  # type: ignore[no-untyped-def]
    """Each thread writes its own number, if it is flagged, in order; out[0] counts them."""
    if me < count:
        before = 0
        for i in range(me):
            before += flags[i]
        if flags[me] != 0:
            out[before + 1] = me
        if me == count - 1:
            out[0] = before + flags[me]


@compiled
def _is_on(lamp):  # type: ignore[no-untyped-def]
    return lamp[3] + lamp[4] + lamp[5] > ZERO


@compiled
def _nearest(g, solid, listed, x, y, z):  # type: ignore[no-untyped-def]
    """The nearest primitive of a list on a ray from the eye (-1: none), and its distance."""
    hit, best = np.int32(-1), FAR
    for k in range(1, listed[0] + 1):
        q = g[listed[k]]
        dx, dy, dz = into_frame(q, x, y, z)
        t = enter(
            np.int32(q[SHAPE]), q[EYE], q[EYE + 1], q[EYE + 2], dx, dy, dz, q[HALF], q[HALF + 1],
            q[HALF + 2], solid,
        )  # fmt: skip
        if t < best:
            hit, best = listed[k], t
    return hit, best


@compiled
def _enters(q, solid, x, y, z):  # type: ignore[no-untyped-def]
    """Whether a ray from the eye enters a block, whatever stands before it."""
    dx, dy, dz = into_frame(q, x, y, z)
    t = enter(
        np.int32(q[SHAPE]), q[EYE], q[EYE + 1], q[EYE + 2], dx, dy, dz, q[HALF], q[HALF + 1],
        q[HALF + 2], solid,
    )  # fmt: skip
    return t < FAR


@compiled
def _blocked(g, solid, casters, own, x, y, z, lx, ly, lz, reach):  # type: ignore[no-untyped-def]
    """Whether one of a list stands between a surface at x, y, z and a lamp; never its own body."""
    for k in range(1, casters[0] + 1):
        if casters[k] != own:
            q = g[casters[k]]
            ox, oy, oz = into_frame(
                q, x - q[POSITION], y - q[POSITION + 1], z - q[POSITION + 2]
            )  # fmt: skip
            dx, dy, dz = into_frame(q, lx, ly, lz)
            t = enter(
                np.int32(q[SHAPE]), ox, oy, oz, dx, dy, dz, q[HALF], q[HALF + 1], q[HALF + 2],
                solid,
            )  # fmt: skip
            if t < reach:
                return True
    return False


@compiled
def _shade(  # type: ignore[no-untyped-def]
    x, y, z, t, hit, eye, pixel, g, faces, lights, world, solid, textures, noise, draw, casters
):
    """Colour of one ray, and what it shows: primitive, face, lights in shadow."""
    if hit < 0:
        red, green, blue = backdrop(world, x, y, z, textures)
        return red, green, blue, np.int32(0)
    q = g[hit]
    dx, dy, dz = into_frame(q, x, y, z)
    face, a, b, nx, ny, nz, on_rim = surface(
        np.int32(q[SHAPE]), q[EYE] + t * dx, q[EYE + 1] + t * dy, q[EYE + 2] + t * dz, q[HALF],
        q[HALF + 1], q[HALF + 2], q[EDGE_RADIUS], solid,
    )  # fmt: skip
    norm = ONE / math.sqrt(nx * nx + ny * ny + nz * nz)
    nx, ny, nz = out_of_frame(q, nx * norm, ny * norm, nz * norm)
    px = eye[0] + t * x + nx * SHADOW_BIAS_M
    py = eye[1] + t * y + ny * SHADOW_BIAS_M
    pz = eye[2] + t * z + nz * SHADOW_BIAS_M

    rim = q[EDGE_TINT] if on_rim else ONE
    row = (hit * FACES + face) * FACE_COLUMNS
    if faces[row] > ZERO:
        base0, base1, base2 = paint(
            faces, row, a, b, rim, footprint(t, pixel, nx * x + ny * y + nz * z), textures
        )
    else:  # texture 0 is plain
        base0 = (faces[row + 1] + faces[row + 4]) * rim
        base1 = (faces[row + 2] + faces[row + 5]) * rim
        base2 = (faces[row + 3] + faces[row + 6]) * rim
    up = MID + MID * nz
    red = base0 * (world[0] + world[3] * up)
    green = base1 * (world[1] + world[4] * up)
    blue = base2 * (world[2] + world[5] * up)

    mark = (hit * 8 + 1 + face) << 4
    for light in range(lights.shape[0]):
        lamp = lights[light]
        if not _is_on(lamp):
            continue
        lx, ly, lz = lamp[0], lamp[1], lamp[2]
        if lamp[6] > ZERO:
            lx, ly, lz = lamp_point(lx, ly, lz, lamp[6], noise, draw + light * 1237)
        lx, ly, lz, reach, lambert = toward_lamp(lx - px, ly - py, lz - pz, nx, ny, nz)
        if lambert <= ZERO:
            continue
        if _blocked(g, solid, casters[light], hit, px, py, pz, lx, ly, lz, reach):
            mark |= 1 << light
            continue
        shine = highlight(nx, ny, nz, x, y, z, lx, ly, lz, q[SPECULAR], q[SHININESS])
        red += (base0 * lambert + shine) * lamp[3]
        green += (base1 * lambert + shine) * lamp[4]
        blue += (base2 * lambert + shine) * lamp[5]
    return red, green, blue, np.int32(mark)
