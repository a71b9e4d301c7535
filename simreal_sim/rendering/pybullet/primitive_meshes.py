"""Triangle meshes of boxes, ellipsoids and cylinders, with texture coordinates in an atlas."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simreal_sim.rendering.pybullet.face_textures import Atlas, FaceTexture
from simreal_sim.rendering.scene import BOX, CYLINDER, Floats

Array = NDArray[np.float64]

AROUND, ALONG = 48, 24  # facets of a round body about its axis, and from pole to pole


@dataclass(frozen=True, eq=False)
class Mesh:
    """V vertices and T triangles, outward side counter-clockwise.

    Attributes:
        vertices, normals: (V, 3), metres and unit vectors, in the primitive's frame.
        uvs: (V, 2), v upwards.
        indices: int (T, 3).
    """

    vertices: Array
    normals: Array
    uvs: Array
    indices: NDArray[np.int64]

    def wavefront(self) -> str:
        """The mesh as the text of an OBJ file."""
        lines = ["v {:.7g} {:.7g} {:.7g}".format(*row) for row in self.vertices]
        lines += ["vt {:.7g} {:.7g}".format(*row) for row in self.uvs]
        lines += ["vn {:.7g} {:.7g} {:.7g}".format(*row) for row in self.normals]
        corners = self.indices + 1
        lines += ["f " + " ".join(f"{i}/{i}/{i}" for i in row) for row in corners.tolist()]
        return "\n".join(lines) + "\n"


def primitive_mesh(shape: int, half_size: Floats, atlas: Atlas) -> Mesh:
    """The mesh of a primitive of `scene.py` with the faces' images out of an atlas."""
    half = half_size.astype(np.float64)
    if shape == BOX:
        return _joined([box_face(face, half, atlas) for face in range(6)])
    if shape == CYLINDER:
        return _joined([_tube(half, atlas), _cap(4, half, atlas), _cap(5, half, atlas)])
    return _ellipsoid(half, atlas)


def _joined(parts: list[Mesh]) -> Mesh:
    starts = np.cumsum([0, *(len(part.vertices) for part in parts)])
    return Mesh(
        np.concatenate([part.vertices for part in parts]),
        np.concatenate([part.normals for part in parts]),
        np.concatenate([part.uvs for part in parts]),
        np.concatenate([part.indices + start for part, start in zip(parts, starts)]),
    )


def box_face(face: int, half: Array, atlas: FaceTexture) -> Mesh:
    """One face of a box of half sizes (3,)."""
    axis, sign = face // 2, 1.0 if face % 2 else -1.0
    first, second = [other for other in range(3) if other != axis]
    square = np.array([[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]])
    vertices = np.zeros((4, 3))
    vertices[:, axis] = sign * half[axis]
    vertices[:, first] = square[:, 0] * half[first]
    vertices[:, second] = square[:, 1] * half[second]
    normals = np.zeros((4, 3))
    normals[:, axis] = sign
    indices = np.array([[0, 1, 2], [0, 2, 3]])
    # (y, z), (x, z) and (x, y) turn left about +x, -y and +z.
    if (sign > 0) != (axis != 1):
        indices = indices[:, ::-1]
    return Mesh(vertices, normals, atlas.place(face, square), indices)


def _tube(half: Array, atlas: Atlas) -> Mesh:
    turn = np.linspace(-np.pi, np.pi, AROUND + 1)
    flat = np.stack([np.cos(turn), np.sin(turn)], axis=-1)
    vertices = np.concatenate(
        [np.column_stack([flat * half[:2], np.full(len(turn), z)]) for z in (-half[2], half[2])]
    )
    normals = np.column_stack([np.tile(flat / half[:2], (2, 1)), np.zeros(len(vertices))])
    square = np.stack([np.tile(turn / np.pi, 2), np.repeat([-1.0, 1.0], len(turn))], axis=-1)
    return Mesh(vertices, _unit(normals), atlas.place(0, square), _strips(2, len(turn)))


def _cap(face: int, half: Array, atlas: Atlas) -> Mesh:
    sign = 1.0 if face == 5 else -1.0
    turn = np.linspace(-np.pi, np.pi, AROUND + 1)
    square = np.vstack([[0.0, 0.0], np.stack([np.cos(turn), np.sin(turn)], axis=-1)])
    vertices = np.column_stack([square * half[:2], np.full(len(square), sign * half[2])])
    rim = np.arange(1, AROUND + 1)
    indices = np.stack([np.zeros_like(rim), rim, rim + 1], axis=-1)
    if sign < 0:
        indices = indices[:, ::-1]
    normals = np.tile([0.0, 0.0, sign], (len(square), 1))
    return Mesh(vertices, normals, atlas.place(face, square), indices)


def _ellipsoid(half: Array, atlas: Atlas) -> Mesh:
    turn = np.linspace(-np.pi, np.pi, AROUND + 1)
    rise = np.linspace(-np.pi / 2, np.pi / 2, ALONG + 1)
    turns, rises = np.meshgrid(turn, rise)
    unit = np.stack(
        [np.cos(rises) * np.cos(turns), np.cos(rises) * np.sin(turns), np.sin(rises)], axis=-1
    ).reshape(-1, 3)
    square = np.stack([turns / np.pi, np.sin(rises)], axis=-1).reshape(-1, 2)
    return Mesh(
        unit * half, _unit(unit / half), atlas.place(0, square), _strips(len(rise), len(turn))
    )


def _strips(rows: int, columns: int) -> NDArray[np.int64]:
    """Triangles between the neighbours of a grid of vertices, row by row."""
    corner = (np.arange(rows - 1)[:, None] * columns + np.arange(columns - 1)).ravel()
    right, above = corner + 1, corner + columns
    return np.concatenate(
        [np.stack([corner, right, above + 1], -1), np.stack([corner, above + 1, above], -1)]
    )


def _unit(vectors: Array) -> Array:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=-1, keepdims=True))
