"""A batch of scenes as pure data: everything a renderer needs, nothing about how it draws.

Units are metres and radians, in a z-up world frame with the table top at z = 0. Colours are linear
intensities, nominally 0 to 1. All arrays share the leading batch axis B and are float32 unless said
otherwise, so that they go to a compiled kernel, or a GPU, as they are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simreal_common.shapes.shape import CUBE, Shape

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]

# Shapes of primitives. EMPTY marks a slot that is not used.
EMPTY, BOX, ELLIPSOID, CYLINDER, CONE, SOLID = range(6)

# -x, +x, -y, +y, -z, +z; an ellipsoid uses face 0, a cylinder 0 (side), 4 and 5 (caps), a cone 0 and 4;
# a solid its own by turns
FACES = 6


@dataclass(eq=False)
class SceneBatch:
    """B scenes of P primitives and L lights.

    Attributes:
        edge: (B,), edge of a scene's largest blocks, metres.
        shape: int32 (B, P), EMPTY, BOX, ELLIPSOID, CYLINDER or CONE (axis along its own z, a cone's
            apex at its top), or SOLID, which only blocks are: the convex body `block`.
        is_block: bool (B, P), whether the primitive is one of the blocks to be found.
        rotation: (B, P, 3, 3), primitive -> world.
        position: (B, P, 3), centre in the world.
        half_size: (B, P, 3), half extents along its own axes.
        texture: int32 (B, P, 6), index into the texture pool, a face.
        color_low, color_high: (B, P, 6, 3), what texture values 0 and 1 stand for, a face.
        texture_map: (B, P, 6, 6), rows of the affine map from a face's own coordinates, metres,
            to texture coordinates, one repetition a unit.
        specular: (B, P), strength of the highlight.
        shininess: (B, P), Blinn-Phong exponent.
        reflectance: (B, P), share of light that a primitive's top reflects like a mirror at normal
            incidence; only of primitives whose top is at z = 0, table and board.
        roughness: (B,), by how much what is reflected is blurred, radians.
        edge_radius: (B, P), width of the rounded, worn rim of a box, metres.
        edge_tint: (B, P), what the rim's colour is multiplied with.
        light_position: (B, L, 3).
        light_color: (B, L, 3), zero for a light that is off.
        light_radius: (B, L), size of the lamp, for soft shadows.
        ambient_up, ambient_down: (B, 3), light from above and from below.
        backdrop: int32 (B,), texture of what is seen behind everything.
        backdrop_low, backdrop_high: (B, 3), its two colours.
        block: what the blocks are, of all scenes.
    """

    edge: Floats
    shape: Ints
    is_block: NDArray[np.bool_]
    rotation: Floats
    position: Floats
    half_size: Floats
    texture: Ints
    color_low: Floats
    color_high: Floats
    texture_map: Floats
    specular: Floats
    shininess: Floats
    reflectance: Floats
    roughness: Floats
    edge_radius: Floats
    edge_tint: Floats
    light_position: Floats
    light_color: Floats
    light_radius: Floats
    ambient_up: Floats
    ambient_down: Floats
    backdrop: Ints
    backdrop_low: Floats
    backdrop_high: Floats
    block: Shape = CUBE

    @property
    def size(self) -> int:
        """Number of scenes B."""
        return int(self.shape.shape[0])

    @property
    def own_edge(self) -> Floats:
        """Edge of each primitive, (B, P), metres, where it is a block; see `Shape.edge_m`."""
        per_half = np.float32(1.0 / self.block.half_extents[0])
        return np.asarray(per_half * self.half_size[..., 0], dtype=np.float32)

    @property
    def bounding_radius(self) -> Floats:
        """Radius of each primitive's bounding sphere, metres, (B, P)."""
        box = np.linalg.norm(self.half_size, axis=-1)
        radius = np.where(self.shape == ELLIPSOID, self.half_size.max(axis=-1), box)
        return radius.astype(np.float32)


@dataclass(eq=False)
class ViewBatch:
    """N views, each of one scene of a batch, all of the same image size.

    Attributes:
        scene: int32 (N,), which scene a view looks at.
        rotation: (N, 3, 3), optical frame -> world.
        position: (N, 3), camera centre in the world.
        intrinsics: (N, 4), fx, fy, cx, cy in pixels; the top left pixel's centre is (0, 0).
        distortion: (N, 2), radial coefficients k1, k2 of the plumb_bob model.
    """

    scene: Ints
    rotation: Floats
    position: Floats
    intrinsics: Floats
    distortion: Floats

    def take(self, index: NDArray[np.integer]) -> ViewBatch:
        """Some of the views, in this order."""
        return ViewBatch(
            self.scene[index], self.rotation[index], self.position[index], self.intrinsics[index],
            self.distortion[index],
        )  # fmt: skip

    @property
    def size(self) -> int:
        """Number of views N."""
        return int(self.scene.shape[0])
