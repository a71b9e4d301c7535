"""The estimator: an image of a calibrated camera in, block poses out.

A detector finds blocks in copies of the image, coarser ones for nearer blocks. Each is then looked
at through a crop camera of its own, made from the full image, and a pose network says where its
corners and its edges lie: PnP on the corners gives a pose, which is aligned to these edges and then
to those of the image.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from simreal_common.block_estimate import BlockEstimate
from simreal_common.camera import Camera
from simreal_common.errors import CalibrationError, ConfigurationError, ImageError, ModelError
from simreal_common.geometry import Pose
from simreal_perception.model_files.model_card import ModelCard, load_model_card
from simreal_perception.model_files.onnx_session import (
    InferenceSession,
    Signature,
    Tensor,
    open_network,
)
from simreal_perception.pose_estimation.block_color import block_colors
from simreal_perception.pose_estimation.calibration import Calibration, Evidence, evidence_of_pose
from simreal_perception.pose_estimation.crop_camera import (
    CROP_SIZE,
    CropCamera,
    crop_cameras,
    crop_image,
)
from simreal_perception.pose_estimation.depth_range import fuse_depth
from simreal_perception.pose_estimation.detection import DETECTOR, Detections, Region, detect
from simreal_perception.pose_estimation.edge_alignment import align_to_edges
from simreal_perception.pose_estimation.image_edges import refine_on_image
from simreal_perception.pose_estimation.image_pyramid import Search, image_pyramid
from simreal_perception.pose_estimation.mirrored_crops import judge_again
from simreal_perception.pose_estimation.pnp import solve_pose
from simreal_perception.pose_estimation.support_plane import SupportPlane, fuse_plane
from simreal_perception.pose_estimation.suppression import distinct

Array = NDArray[np.float64]

FARTHEST_EDGES, NEAREST_EDGES = 60.0, 1.5  # distances, in edges, that a pose may have


# What the pose network is given: crops; what it says of each.
POSE = Signature(
    inputs=(Tensor("crops", "uint8", (None, CROP_SIZE, CROP_SIZE, 3)),),
    outputs=(
        Tensor("corners", "float", (None, 8, 2)),
        Tensor("spread", "float", (None,)),
        Tensor("score", "float", (None,)),
        Tensor("field", "float", (None, 3, None, None)),
    ),
)


@dataclass(frozen=True, eq=False)
class CropEstimate:
    """One crop, what the network said of it, and the pose that follows.

    Attributes:
        pose: block -> camera's optical frame.
        covariance: of position (m) and small rotation (rad), (6, 6), in the optical frame, as if
            all measurements were independent: too small, see `Calibration.covariance`.
        score: what the network gives for this being a block.
        normalized_residual, distance, edge_contrast: how well it fits the edges that the network
            and that the image shows, see `edge_alignment.Alignment` and `image_edges.Refined`.
    """

    pose: Pose
    covariance: Array
    score: float
    normalized_residual: float
    distance: float
    edge_contrast: float


@dataclass(frozen=True, eq=False)
class PoseCandidate:
    """What may be a block: estimate of its crop, the detector's score, edge (m), focal length (px)."""

    crop: CropEstimate
    detection: float
    edge: float
    focal: float

    @property
    def evidence(self) -> Evidence:
        """What its score and covariance are made of."""
        crop = self.crop
        return Evidence(
            detection=self.detection,
            block=crop.score,
            normalized_residual=crop.normalized_residual,
            distance=crop.distance,
            edge_contrast=crop.edge_contrast,
            **evidence_of_pose(crop.pose, crop.covariance, self.edge, self.focal),
        )


class BlockEstimator:
    """Finds blocks of a known edge in images of any calibrated camera.

    Args:
        detector, pose: ONNX sessions of the two networks.
        card: the model's card.
        search: how far blocks are looked for, and what it may cost.
        calibration: in place of the card's.
    """

    def __init__(
        self,
        detector: InferenceSession,
        pose: InferenceSession,
        card: ModelCard,
        search: Search | None = None,
        calibration: Calibration | None = None,
    ) -> None:
        self._detector, self._pose, self.card = detector, pose, card
        self.search = search or Search()
        self.calibration = calibration or Calibration.of(card)

    @property
    def providers(self) -> tuple[str, ...]:
        """What computes the networks, as ONNX Runtime calls it."""
        found = [self._detector.get_providers()[0], self._pose.get_providers()[0]]
        return tuple(dict.fromkeys(found))

    @staticmethod
    def load(
        name_or_path: str,
        threads: int = 2,
        search: Search | None = None,
        calibration: Calibration | None = None,
    ) -> BlockEstimator:
        """Load a model by name (out of models/) or by path, checking it against its card.

        Raises:
            ModelError: missing, not what its card describes, or not to be run.
        """
        card = load_model_card(name_or_path)
        networks = load_networks(card, threads)
        return BlockEstimator(networks["detector"], networks["pose"], card, search, calibration)

    def estimate(
        self,
        image: NDArray[np.uint8],
        camera: Camera,
        block_edge: float,
        plane: SupportPlane | None = None,
        depth: NDArray[np.floating[Any]] | None = None,
        *,
        detections: Detections | None = None,
    ) -> list[BlockEstimate]:
        """Find the blocks in an image, best first.

        Args:
            image: RGB, uint8, shape (H, W, 3), as the camera gave it (not rectified).
            camera: calibration for that image size.
            block_edge: edge of the blocks, metres.
            plane: what the blocks stand on, in the camera's optical frame, where that is known.
            depth: aligned with the image, metres along the optical axis, 0 or not finite where
                there is no value, shape (H, W), where a camera gives that.
            detections: where to look, if that is known; otherwise the detector says it.

        Raises:
            ImageError: not such an image, or a depth image of another size.
            CalibrationError: the calibration is for another size.
            ConfigurationError: an edge that no block has.
        """
        _check(image, camera, block_edge)
        calibration = self.calibration
        blocks = [
            BlockEstimate(
                pose=crop.pose,
                covariance=calibration.covariance(evidence, crop.covariance, crop.pose.position),
                score=calibration.score(evidence),
                edge=block_edge,
            )
            for candidate in self.pose_candidates(image, camera, block_edge, detections)
            for crop, evidence in ((candidate.crop, candidate.evidence),)
        ]
        if depth is not None:
            blocks = fuse_depth(blocks, depth, camera)
        if plane is not None:
            blocks = fuse_plane(blocks, plane)
        found = distinct(sorted(blocks, key=lambda block: -block.score))
        colors = block_colors(image, camera, [block.pose for block in found], block_edge)
        return [
            dataclasses.replace(block, color=color)
            for block, color in zip(found, colors, strict=True)
        ]

    def pose_candidates(
        self,
        image: NDArray[np.uint8],
        camera: Camera,
        block_edge: float,
        detections: Detections | None = None,
    ) -> list[PoseCandidate]:
        """Everything the detector pointed at for which a pose fits, block or not."""
        if detections is None:
            detections = self.detect(image, camera, block_edge)
        centers, radii, confidence = detections
        estimates = self.estimate_crops(
            image, camera, crop_cameras(camera, centers, radii), block_edge
        )
        focal = float(np.sqrt(camera.matrix[0, 0] * camera.matrix[1, 1]))
        return [
            PoseCandidate(crop, float(seen), block_edge, focal)
            for crop, seen in zip(estimates, confidence, strict=True)
            if crop is not None
        ]

    def detect(
        self,
        image: NDArray[np.uint8],
        camera: Camera,
        block_edge: float,
        region: Region | None = None,
    ) -> Detections:
        """Where blocks may be, at all scales that camera and edge (m) ask for.

        Args:
            region: look at this part of the image only.
        """
        scales = image_pyramid(camera, block_edge, self.search).scales
        if region is None:
            return detect(self._detector, image, scales)
        part = np.ascontiguousarray(image[region.y0 : region.y1, region.x0 : region.x1])
        found = detect(self._detector, part, scales)
        return found._replace(centers=found.centers + np.array([region.x0, region.y0]))

    def estimate_crops(
        self,
        image: NDArray[np.uint8],
        camera: Camera,
        crops: Sequence[CropCamera],
        block_edge: float,
    ) -> list[CropEstimate | None]:
        """Run the pose network on crops; None where no pose fits."""
        if not crops:
            return []
        images = np.stack([crop_image(image, camera, crop) for crop in crops])
        corners, predicted_error, score, field = self._pose.run(None, {"crops": images})
        score = judge_again(self._pose, images, score)
        starts = [solve_pose(c, crop, block_edge) for c, crop in zip(corners, crops, strict=True)]
        fit = [index for index, pose in enumerate(starts) if pose is not None]
        estimates: list[CropEstimate | None] = [None] * len(crops)
        if not fit:
            return estimates
        rotations, places = zip(*(pose for pose in starts if pose is not None), strict=True)
        aligned = align_to_edges(
            rotation=np.stack(rotations),
            position=np.stack(places),
            block_edge=block_edge,
            focal=np.array([crops[index].focal for index in fit]),
            corners=corners[fit].astype(np.float64),
            predicted_error=predicted_error[fit].astype(np.float64),
            field=field[fit],
        )
        refined = refine_on_image(
            image, camera, [crops[index] for index in fit], aligned.rotation, aligned.position,
            block_edge, aligned.information,
        )  # fmt: skip
        turns = np.stack([crops[index].rotation for index in fit])
        orientations = Rotation.from_matrix(turns @ refined.rotation).as_quat()
        positions = np.einsum("nij,nj->ni", turns, refined.position)
        distances = np.linalg.norm(positions, axis=1) / block_edge
        both = np.zeros((len(fit), 6, 6))
        both[:, :3, :3] = both[:, 3:, 3:] = turns
        covariances = both @ np.linalg.inv(refined.information) @ both.transpose(0, 2, 1)
        for row, index in enumerate(fit):
            if not NEAREST_EDGES < distances[row] < FARTHEST_EDGES:
                continue
            estimates[index] = CropEstimate(
                pose=Pose(positions[row], orientations[row]),
                covariance=covariances[row],
                score=float(score[index]),
                normalized_residual=float(aligned.normalized_residual[row]),
                distance=float(refined.distance[row]),
                edge_contrast=float(refined.edge_contrast[row]),
            )
        return estimates


def load_networks(card: ModelCard, threads: int) -> dict[str, InferenceSession]:
    """ONNX sessions of a model's networks, "detector" and "pose".

    Raises:
        ModelError: one is missing, cannot be run, or is another network.
    """
    signatures = {"detector": DETECTOR, "pose": POSE}
    files = {file.stem.rsplit("_", 1)[-1]: file for file in card.files}
    missing = set(signatures) - set(files)
    if missing:
        raise ModelError(
            f"model {card.name} has no {' and no '.join(sorted(missing))} network: wanted "
            "files NAME_detector.onnx and NAME_pose.onnx; export it again"
        )
    return {name: open_network(files[name], threads, s) for name, s in signatures.items()}


def _check(image: NDArray[np.uint8], camera: Camera, block_edge: float) -> None:
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
        raise ImageError(
            f"image of shape {image.shape} and type {image.dtype}: wanted RGB, (H, W, 3), uint8"
        )
    if (image.shape[1], image.shape[0]) != (camera.width, camera.height):
        raise CalibrationError(
            f"the image is {image.shape[1]}x{image.shape[0]}, its calibration is for "
            f"{camera.width}x{camera.height}: give the calibration of this size, or the image "
            "as the camera took it"
        )
    if not (np.isfinite(block_edge) and block_edge > 0):
        raise ConfigurationError(f"block edge {block_edge}: wanted a length above 0, in metres")
