"""What a pose network in training would have said of crops: poses, their errors, an image."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from simreal_common.shapes.lines import shown_lines
from simreal_common.shapes.shape import CUBE, Shape
from simreal_perception.labelled_batches.keypoints import center_and_edge
from simreal_perception.labelled_batches.pose_data import CropBatch
from simreal_perception.networks.pose_network import ExportedPoseNetwork, PoseNetwork
from simreal_perception.pose_estimation.crop_camera import CROP_SIZE, MIDDLE_PX, CropCamera
from simreal_perception.pose_estimation.edge_alignment import align_to_edges
from simreal_perception.pose_estimation.pnp import solve_pose

Array = NDArray[np.float64]

REFERENCE_M = 0.9  # errors of position are told as if all blocks were this far away
COLUMNS, ROWS, ZOOM = 8, 3, 3  # of the image
TRUE, FOUND = (0, 220, 0), (255, 0, 255)


@dataclass(frozen=True, eq=False)
class CropPoses:
    """Poses, block -> crop's camera, of the M crops of a batch that show a block and gave a pose.

    Attributes:
        index: (M,), which crops.
        rotation: (M, 3, 3); position: (M, 3), metres.
        position_mm: (M,), errors, scaled to a distance of 0.9 m.
        rotation_deg: (M,), errors modulo the block's symmetry.
        edge: (M,), of the blocks, metres.
    """

    index: NDArray[np.int64]
    rotation: Array
    position: Array
    position_mm: Array
    rotation_deg: Array
    edge: Array


def crop_poses(network: nn.Module, batch: CropBatch, shape: Shape = CUBE) -> CropPoses:
    """Corners to poses, aligned to the edge field, as the estimator has them before it refines them."""
    assert isinstance(network, PoseNetwork)
    device = next(network.parameters()).device
    with torch.no_grad():
        answers = ExportedPoseNetwork(network)(torch.as_tensor(batch.images, device=device))
    corners, predicted_error, _, field = (
        a.float().cpu().numpy().astype(np.float64) for a in answers
    )
    points = batch.points.astype(np.float64)
    center, edge = center_and_edge(points, shape)
    focal = batch.focal.astype(np.float64)
    index, rotation, position = [], [], []
    for n in np.flatnonzero(batch.target == 1):
        pose = solve_pose(corners[n], CropCamera(np.eye(3), float(focal[n])), float(edge[n]), shape)
        if pose is not None:
            index.append(n)
            rotation.append(pose[0])
            position.append(pose[1] / edge[n])
    chosen = np.array(index, dtype=np.int64)
    if not index:
        nothing = np.zeros(0)
        return CropPoses(chosen, np.zeros((0, 3, 3)), np.zeros((0, 3)), nothing, nothing, nothing)
    aligned = align_to_edges(
        np.stack(rotation), np.stack(position), 1.0, focal[chosen], corners[chosen],
        predicted_error[chosen], field[chosen], shape,
    )  # fmt: skip
    found = aligned.position * edge[chosen, None]
    true = center[chosen]
    off = np.linalg.norm(found - true, axis=1) / np.linalg.norm(true, axis=1)
    turn = [
        shape.symmetry.distance(ours, theirs)
        for ours, theirs in zip(aligned.rotation, batch.rotation[chosen], strict=True)
    ]
    return CropPoses(
        chosen,
        aligned.rotation,
        found,
        off * REFERENCE_M * 1000.0,
        np.degrees(np.array(turn)),
        edge[chosen],
    )


def draw_crops(batch: CropBatch, poses: CropPoses, shape: Shape = CUBE) -> NDArray[np.uint8]:
    """The first crops of a batch with edges drawn in: true ones green, found ones magenta."""
    side = CROP_SIZE * ZOOM
    canvas = np.zeros((ROWS * side, COLUMNS * side, 3), np.uint8)
    place_of = {int(n): m for m, n in enumerate(poses.index)}
    for n in range(min(len(batch.images), ROWS * COLUMNS)):
        tile = cv2.resize(batch.images[n], (side, side), interpolation=cv2.INTER_NEAREST)
        if batch.target[n] == 1:
            (center,), (size,) = center_and_edge(batch.points[n : n + 1].astype(float), shape)
            turn = batch.rotation[n].astype(np.float64)
            _draw_edges(tile, shape, turn, center, float(size), float(batch.focal[n]), TRUE)
        if n in place_of:
            m = place_of[n]
            turn, size = poses.rotation[m], float(poses.edge[m])
            focal = float(batch.focal[n])
            _draw_edges(tile, shape, turn, poses.position[m], size, focal, FOUND)
            words = f"{poses.position_mm[m]:.0f} mm {poses.rotation_deg[m]:.0f} deg"
            cv2.putText(tile, words, (4, 14), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (255, 255, 255), 1)
        row, column = divmod(n, COLUMNS)
        canvas[row * side : (row + 1) * side, column * side : (column + 1) * side] = tile
    return canvas


def _draw_edges(
    tile: NDArray[np.uint8],
    shape: Shape,
    rotation: Array,
    position: Array,
    edge: float,
    focal: float,
    color: tuple[int, int, int],
) -> None:
    ends, faces = shown_lines(shape, rotation[None], position[None], edge)
    points = ends[0] + position
    pixels = points[..., :2] / np.maximum(points[..., 2:], 1e-6) * focal + MIDDLE_PX
    pixels = np.rint((pixels + 0.5) * ZOOM - 0.5).astype(int)
    for line, shown in zip(pixels, faces[0], strict=True):
        if shape.is_round and not shown:
            continue
        start, end = line.tolist()
        cv2.line(tile, start, end, color, 1, cv2.LINE_AA)
