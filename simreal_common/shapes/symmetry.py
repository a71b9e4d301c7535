"""In which orientations a body looks the same: rotations, and a free axis if it is round."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial.transform import Rotation

Array = NDArray[np.float64]

TURN_STEPS = 72  # of a full turn about a free axis, where a finite set has to stand for it


@dataclass(frozen=True, eq=False)
class Symmetry:
    """The rotations that leave a body as it is.

    Args:
        rotations: (S, 3, 3), the identity first; of a round body those that are no turn about its z.
        free_axis: whether any turn about its own z leaves it as it is.
    """

    rotations: Array
    free_axis: bool = False

    def nearest(self, rotation: ArrayLike, reference: ArrayLike) -> Array:
        """Of the orientations that look like `rotation` the nearest to `reference`, (3, 3)."""
        rotation = np.asarray(rotation, dtype=np.float64)
        reference = np.asarray(reference, dtype=np.float64)
        candidates = rotation @ self.rotations
        if self.free_axis:
            _, aligned = self.align(rotation[None], reference[None])
            return np.asarray(aligned[0, 0])
        traces = np.einsum("nij,ij->n", candidates, reference)
        return np.asarray(candidates[int(np.argmax(traces))], dtype=np.float64)

    def distance(self, first: ArrayLike, second: ArrayLike) -> float:
        """Angle between two orientations modulo the symmetry, radians."""
        first = np.asarray(first, dtype=np.float64)
        if self.free_axis:
            relative = self.nearest(first, second).T @ np.asarray(second, dtype=np.float64)
            return float(Rotation.from_matrix(relative).magnitude())
        relative = first.T @ np.asarray(second, dtype=np.float64)
        traces = np.einsum("nij,ij->n", self.rotations, relative)
        best = self.rotations[int(np.argmax(traces))]
        return float(Rotation.from_matrix(relative @ best.T).magnitude())

    def align(self, rotations: Array, references: Array) -> tuple[Array, Array]:
        """Name each orientation by its symmetric equivalent nearest to each reference.

        Args:
            rotations: (N, 3, 3), references: (K, 3, 3).

        Returns:
            Angles to the references modulo symmetry, radians (N, K), and the equivalents that attain
            them, (N, K, 3, 3).
        """
        candidates = np.einsum("nij,sjk->nsik", rotations, self.rotations)
        rows = np.arange(len(rotations))[:, None]
        if not self.free_axis:
            traces = np.einsum("nsij,kij->nks", candidates, references)
            best = traces.argmax(axis=2)
            largest = np.take_along_axis(traces, best[:, :, None], axis=2)[:, :, 0]
            return _angles(largest), candidates[rows, best]
        # Of trace(m Rz(t)), m = reference^T candidate, the largest over t has a closed form.
        m = np.einsum("kji,nsjl->nksil", references, candidates)
        sine, cosine = m[..., 0, 1] - m[..., 1, 0], m[..., 0, 0] + m[..., 1, 1]
        traces = np.hypot(sine, cosine) + m[..., 2, 2]
        best = traces.argmax(axis=2)
        chosen = best[:, :, None]
        largest = np.take_along_axis(traces, chosen, axis=2)[:, :, 0]
        angle: Array = np.arctan2(
            np.take_along_axis(sine, chosen, axis=2)[:, :, 0],
            np.take_along_axis(cosine, chosen, axis=2)[:, :, 0],
        )
        return _angles(largest), candidates[rows, best] @ turns_about_z(angle)

    def finite(self) -> Array:
        """A finite set that stands for the group, (M, 3, 3): all of it, but for a free axis steps."""
        if not self.free_axis:
            return self.rotations
        turn = np.linspace(0.0, 2 * np.pi, TURN_STEPS, endpoint=False)
        steps = turns_about_z(np.asarray(turn, dtype=np.float64))
        return np.asarray(np.einsum("sij,tjk->stik", self.rotations, steps).reshape(-1, 3, 3))

    @property
    def smallest_turn(self) -> float:
        """The smallest angle by which one of the finite rotations turns, radians; none: pi."""
        if len(self.rotations) == 1:
            return float(np.pi)
        return float(Rotation.from_matrix(self.rotations[1:]).magnitude().min())


def turns_about_z(angle: Array) -> Array:
    """Rotations about z, (..., 3, 3), by angles (...), radians."""
    turns = np.zeros((*np.shape(angle), 3, 3))
    turns[..., 0, 0] = turns[..., 1, 1] = np.cos(angle)
    turns[..., 1, 0] = np.sin(angle)
    turns[..., 0, 1] = -turns[..., 1, 0]
    turns[..., 2, 2] = 1.0
    return turns


def _angles(traces: Array) -> Array:
    return np.asarray(np.arccos(np.clip((traces - 1.0) / 2.0, -1.0, 1.0)))


@lru_cache(maxsize=1)
def cube_group() -> Array:
    """The 24 rotations that map a cube onto itself, (24, 3, 3), the identity first; read-only."""
    matrices = np.rint(Rotation.create_group("O").as_matrix())
    order = np.argsort([0.0 if np.allclose(m, np.eye(3)) else 1.0 for m in matrices], kind="stable")
    group = np.ascontiguousarray(matrices[order], dtype=np.float64)
    group.flags.writeable = False
    return group


def group_of(vertices: Array) -> Array:
    """The rotations about the origin that map vertices (V, 3) onto one another, the identity first."""
    size = float(np.linalg.norm(vertices, axis=1).max())
    close = 1e-6 * size
    # A rotation is known from where it takes two vertices that are not in line with the origin.
    first = int(np.argmax(np.linalg.norm(vertices, axis=1)))
    across = np.linalg.norm(np.cross(vertices, vertices[first]), axis=1)
    second = int(np.argmax(across))
    source = _frame(vertices[first], vertices[second])
    found = [np.eye(3)]
    for i, a in enumerate(vertices):
        for j, b in enumerate(vertices):
            if (
                i == j
                or abs(np.linalg.norm(a) - np.linalg.norm(vertices[first])) > close
                or abs(np.linalg.norm(b) - np.linalg.norm(vertices[second])) > close
                or abs(a @ b - vertices[first] @ vertices[second]) > close * size
            ):
                continue
            rotation = _frame(a, b) @ source.T
            apart = np.linalg.norm((vertices @ rotation.T)[:, None] - vertices[None], axis=2)
            known = min(float(np.abs(rotation - one).max()) for one in found)
            if apart.min(axis=1).max() < close and known > 1e-6:
                found.append(rotation)
    group = np.array(found)
    group.flags.writeable = False
    return group


def _frame(first: Array, second: Array) -> Array:
    """A right-handed frame, columns, of two vectors that are not parallel."""
    x = first / np.linalg.norm(first)
    z = np.cross(first, second)
    z /= np.linalg.norm(z)
    return np.column_stack([x, np.cross(z, x), z])
