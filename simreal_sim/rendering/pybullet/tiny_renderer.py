"""The scenes of `scene.py` drawn by PyBullet: TinyRenderer on the CPU, or OpenGL through EGL.

What these draw and the ray caster does not is what a model may have come to lean on: another way to
rasterize, to light and to sample textures. Geometry, textures, colours and the strongest lamp with
its shadow are the scene's; weaker lamps count as ambient light, and gloss is one for all.
"""

from __future__ import annotations

import ctypes
import importlib.util
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from simreal_common.errors import MissingDependencyError
from simreal_common.geometry import Pose
from simreal_sim.physics.world_camera import projection_matrix, view_matrix
from simreal_sim.rendering.pybullet.bullet_light import strongest_light
from simreal_sim.rendering.pybullet.bullet_view import FAR_M, NEAR_M, BulletView
from simreal_sim.rendering.pybullet.face_textures import (
    GAMMA,
    LARGEST_CELL,
    backdrop_colors,
    face_atlas,
    face_tile,
)
from simreal_sim.rendering.pybullet.primitive_meshes import Mesh, box_face, primitive_mesh
from simreal_sim.rendering.raycaster import Rendering
from simreal_sim.rendering.scene import BOX, EMPTY, FACES, SceneBatch, ViewBatch

Floats = NDArray[np.float32]

# Pixels that PyBullet's EGL window has: larger images are drawn so and then enlarged.
EGL_WINDOW, NO_WINDOW = (1024, 768), (1 << 14, 1 << 14)
SPECULAR = 0.1  # TinyRenderer has one gloss for everything


def egl_library() -> str:
    """Path of PyBullet's EGL plug-in.

    Raises:
        MissingDependencyError: this build of PyBullet has none.
    """
    found = importlib.util.find_spec("eglRenderer")
    if found is None or found.origin is None:
        raise MissingDependencyError(
            "this PyBullet has no EGL plug-in (eglRenderer): wanted a build for Linux with EGL; "
            "take --renderer tiny, which needs no GL"
        )
    return found.origin


@contextmanager
def _silence() -> Iterator[None]:
    """Keep what C code prints to standard output away from the terminal and from pipes."""
    sys.stdout.flush()
    libc = ctypes.CDLL(None)
    libc.fflush(None)
    kept = os.dup(1)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    try:
        yield
    finally:
        libc.fflush(None)  # C's own buffer still holds it
        os.dup2(kept, 1)
        os.close(kept)
        os.close(nowhere)


class BulletRenderer:
    """Draws scenes with PyBullet; a context manager.

    Args:
        egl: draw with OpenGL through EGL, on a GPU where there is one, else in software. PyBullet
            draws no shadows this way, and images of at most EGL_WINDOW pixels at full resolution.

    Attributes:
        drawing_s: seconds that PyBullet itself has drawn since the start; making bodies and textures
            is not counted.

    Attributes:
        drawing_s: time that PyBullet itself took to draw so far, without making the scenes.

    Raises:
        MissingDependencyError: EGL is asked for and not there.
        ModuleNotFoundError: no PyBullet.
    """

    def __init__(self, egl: bool = False) -> None:
        import pybullet

        self._bullet: Any = pybullet
        self._egl = egl
        self.drawing_s = 0.0
        self._client = -1
        self._connect()

    def __enter__(self) -> BulletRenderer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _connect(self) -> None:
        if not self._egl:
            self._client = self._bullet.connect(self._bullet.DIRECT)
            return
        library, name = egl_library(), "_eglRendererPlugin"
        with _silence():
            self._client = self._bullet.connect(self._bullet.DIRECT)
            plugin = self._bullet.loadPlugin(library, name, physicsClientId=self._client)
        if plugin < 0:
            self.close()
            raise MissingDependencyError(
                "EGL cannot be started here: wanted libEGL with a GPU's driver or Mesa's "
                "(apt install libegl1 libgl1-mesa-dri); or take --renderer tiny"
            )

    def _clear(self) -> None:
        """Forget the scene. EGL's textures outlive their simulation, so its GL ends with it."""
        if self._egl:
            self.close()
        else:
            self._bullet.resetSimulation(physicsClientId=self._client)

    def close(self) -> None:
        """Let PyBullet go; drawing again starts it again."""
        if self._client >= 0:
            with _silence():
                self._bullet.disconnect(self._client)
            self._client = -1

    def render(
        self,
        scenes: SceneBatch,
        views: ViewBatch,
        textures: NDArray[np.uint8],
        width: int,
        height: int,
    ) -> Rendering:
        """Draw N views of a batch of scenes at `width` x `height` pixels.

        Args:
            textures: the pool, uint8 (T, 128, 128, 3).

        Returns:
            As the ray caster: linear intensities up to a factor an image, which exposure takes
            out again.
        """
        count, primitives = views.size, scenes.shape.shape[1]
        color = np.empty((count, height, width, 3), dtype=np.float32)
        instance = np.empty((count, height, width), dtype=np.int32)
        seen = np.zeros((count, primitives), dtype=np.int32)
        covered = np.zeros((count, primitives), dtype=np.int32)
        for number in range(count):
            view = BulletView.of(
                views, number, width, height, EGL_WINDOW if self._egl else NO_WINDOW
            )
            if self._client < 0:
                self._connect()
            with tempfile.TemporaryDirectory() as folder:
                bodies = self._build(scenes, view, textures, Path(folder))
                self._draw(scenes, view, textures, bodies, color[number], instance[number])
            self._clear()
            seen[number] = np.bincount(instance[number].ravel() + 1, minlength=primitives + 1)[1:]
            for slot in np.flatnonzero(scenes.is_block[view.scene]):
                covered[number, slot] = round(view.covered(scenes, int(slot)))
        return Rendering(color, instance, seen, covered)

    def _build(
        self, scenes: SceneBatch, view: BulletView, textures: NDArray[np.uint8], folder: Path
    ) -> list[int]:
        """Make the scene's bodies; returns the slot of each, in the order of their numbers."""
        slots: list[int] = []
        for slot in map(int, np.flatnonzero(scenes.shape[view.scene] != EMPTY)):
            half = scenes.half_size[view.scene, slot]
            shape = int(scenes.shape[view.scene, slot])
            pixels = view.pixels(scenes, slot)
            parts: list[tuple[Mesh, NDArray[np.uint8]]] = []
            if shape == BOX and pixels > LARGEST_CELL:
                pixel_m = view.pixel_m(scenes, slot)
                for face in range(FACES):
                    tile = face_tile(scenes, view.scene, slot, face, textures, pixel_m)
                    parts.append((box_face(face, half.astype(np.float64), tile), tile.image))
            else:
                atlas = face_atlas(scenes, view.scene, slot, textures, pixels)
                parts.append((primitive_mesh(shape, half, atlas), atlas.image))
            pose = Pose.from_rotation(
                scenes.rotation[view.scene, slot], scenes.position[view.scene, slot]
            )
            gloss = float(min(scenes.specular[view.scene, slot], 1.0))
            for mesh, image in parts:
                self._add(mesh, image, pose, gloss, folder / f"{len(slots)}")
                slots.append(slot)
        return slots

    def _add(
        self, mesh: Mesh, image: NDArray[np.uint8], pose: Pose, gloss: float, file: Path
    ) -> None:
        """Put a body into PyBullet's world; it goes by way of files (`file` without suffix)."""
        bullet, client = self._bullet, self._client
        texture = file.with_suffix(".bmp")
        cv2.imwrite(str(texture), image[..., ::-1])
        if self._egl:  # takes no meshes from memory
            model = file.with_suffix(".obj")
            model.write_text(mesh.wavefront(), encoding="ascii")
            visual = bullet.createVisualShape(
                bullet.GEOM_MESH, fileName=str(model), physicsClientId=client
            )
        else:
            visual = bullet.createVisualShape(
                bullet.GEOM_MESH,
                vertices=mesh.vertices.tolist(),
                indices=mesh.indices.ravel().tolist(),
                uvs=mesh.uvs.tolist(),
                normals=mesh.normals.tolist(),
                physicsClientId=client,
            )
        body = bullet.createMultiBody(
            0, -1, visual, pose.position.tolist(), pose.orientation.tolist(),
            physicsClientId=client,
        )  # fmt: skip
        bullet.changeVisualShape(
            body,
            -1,
            textureUniqueId=bullet.loadTexture(str(texture), physicsClientId=client),
            rgbaColor=(1, 1, 1, 1),
            specularColor=[gloss] * 3,
            physicsClientId=client,
        )

    def _draw(
        self,
        scenes: SceneBatch,
        view: BulletView,
        textures: NDArray[np.uint8],
        slots: list[int],
        color: Floats,
        instance: NDArray[np.int32],
    ) -> None:
        """Draw what was built into `color` (H, W, 3) and `instance` (H, W)."""
        wide, bullet = view.pinhole, self._bullet
        light = strongest_light(scenes, view.scene)
        # OpenGL's depth is short of digits for sheets of paper; TinyRenderer's is not.
        near = view.near_m(scenes, slots) if self._egl else NEAR_M
        start = time.perf_counter()
        with _silence() if self._egl else nullcontext():  # it names the GL it found
            _, _, pixels, _, bodies = bullet.getCameraImage(
                wide.width,
                wide.height,
                view_matrix(view.pose).T.reshape(-1).tolist(),
                projection_matrix(wide, near, FAR_M, self._egl).T.reshape(-1).tolist(),
                lightDirection=light.direction.tolist(),
                lightColor=light.tint.tolist(),
                lightDistance=light.distance,
                lightAmbientCoeff=light.ambient,
                lightDiffuseCoeff=light.diffuse,
                lightSpecularCoeff=SPECULAR,
                shadow=1,
                renderer=(
                    bullet.ER_BULLET_HARDWARE_OPENGL if self._egl else bullet.ER_TINY_RENDERER
                ),
                physicsClientId=self._client,
            )
        self.drawing_s += time.perf_counter() - start
        shape = (wide.height, wide.width)
        rgb = np.asarray(pixels, dtype=np.uint8).reshape(*shape, 4)[..., :3]
        table = np.power(np.arange(256, dtype=np.float32) / 255.0, GAMMA)
        linear = table[rgb]
        body = np.asarray(bodies, dtype=np.int32).reshape(shape)
        slot_of = np.array([*slots, -1], dtype=np.int32)
        slot = slot_of[np.where(body < 0, len(slots), body)]
        behind = slot < 0
        if behind.any():
            rays = view.rays[behind]
            linear[behind] = backdrop_colors(scenes, view.scene, textures, rays) * light.scale
        if view.source is None:
            color[:], instance[:] = linear, slot
            return
        color[:] = cv2.remap(
            linear, view.source, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        nearest = np.rint(view.source).astype(int)
        instance[:] = slot[
            nearest[..., 1].clip(0, shape[0] - 1), nearest[..., 0].clip(0, shape[1] - 1)
        ]
