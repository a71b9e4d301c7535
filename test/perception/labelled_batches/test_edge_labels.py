"""Fields of edges: nothing of them is left to what was in memory before."""

from __future__ import annotations

import numpy as np

from simreal_common.geometry import cube_corners
from simreal_perception.labelled_batches.edge_labels import NO_EDGE_PX, edge_fields


def test_a_body_around_the_camera_has_no_edges() -> None:
    points = np.add(cube_corners(0.4), [0.0, 0.02, 0.05]).astype(np.float32)[None].repeat(3, axis=0)
    rotation, focal = np.tile(np.eye(3, dtype=np.float32), (3, 1, 1)), np.full(3, 250.0, np.float32)
    for _ in range(3):
        junk = np.full((3, 2, 32, 32), -7e7, np.float32)  # what memory may hold
        del junk
        offset, distance = edge_fields(points, rotation, focal)
        assert (offset == 0).all()
        assert (distance == np.float32(NO_EDGE_PX)).all()
