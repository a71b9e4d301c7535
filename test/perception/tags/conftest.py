"""Images of blocks with tags, made by warping the prints into place: no renderer."""

from __future__ import annotations

from collections.abc import Collection

import cv2
import numpy as np
import pytest

from simreal_common.camera import Camera
from simreal_common.geometry import Pose
from simreal_perception.tags.tag_layout import FACES, TagLayout

PRINT = 200  # pixels of a print


class Tagged:
    """Blocks with tags before a camera."""

    edge = 0.05
    camera = Camera(640, 480, np.array([[900.0, 0, 320], [0, 900.0, 240], [0, 0, 1]]), np.zeros(0))

    def draw(
        self, layout: TagLayout, poses: dict[int, Pose], faces: Collection[int] = range(FACES)
    ) -> np.ndarray:
        """Grey image of blocks that do not hide one another: `faces` as far as the camera sees them."""
        image = np.full((480, 640), 110, np.uint8)
        for block, pose in poses.items():
            for face in faces:
                normal = np.zeros(3)
                normal[face // 2] = 1 if face % 2 else -1
                middle = pose.transform_points(normal * self.edge / 2)
                if (pose.rotation @ normal) @ middle >= 0:
                    continue
                pixels = self.camera.project(pose.transform_points(layout.corners(face, self.edge)))
                margin = PRINT / layout.cells
                low, high = margin - 0.5, PRINT - margin - 0.5
                source = np.array([[low, low], [high, low], [high, high], [low, high]], np.float32)
                warp = cv2.getPerspectiveTransform(source, pixels.astype(np.float32))
                print_ = layout.print_of(block, face, PRINT)
                flags = cv2.INTER_AREA
                warped = cv2.warpPerspective(print_, warp, (640, 480), flags=flags)
                inside = cv2.warpPerspective(np.full_like(print_, 255), warp, (640, 480)) > 127
                image[inside] = warped[inside]
        return np.repeat(cv2.GaussianBlur(image, (0, 0), 0.7)[..., None], 3, axis=2)


@pytest.fixture
def tagged() -> Tagged:
    return Tagged()
